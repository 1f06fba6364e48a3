import { Table } from '@mantine/core';
import { useReading } from '../../language';

/** What a value says, in one cell. */
function say(value: unknown): string {
  if (value === null || value === undefined) return '—';
  if (Array.isArray(value)) return value.length === 0 ? '—' : value.map(say).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : { value };

/** What is and what would be, field by field; what stays is not coloured. */
export function Difference({ before, after }: { before: unknown; after: unknown }) {
  const { t } = useReading();
  const [was, becomes] = [before === null ? {} : fieldsOf(before), after === null ? {} : fieldsOf(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(becomes)])];
  return (
    <div className="scroll" role="group" tabIndex={0} aria-label={t('approvals.difference')}>
      <Table className="table" layout="fixed" miw={520}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={180}>{t('approvals.field')}</Table.Th>
            <Table.Th>{t('approvals.before')}</Table.Th>
            <Table.Th>{t('approvals.after')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {names.map((name) => {
            const differs = name in becomes && say(was[name]) !== say(becomes[name]);
            return (
              <Table.Tr key={name}>
                <Table.Td>
                  <code>{name}</code>
                </Table.Td>
                <Table.Td className={differs ? 'diff-before' : undefined} style={WRAP}>
                  {say(was[name])}
                </Table.Td>
                <Table.Td className={differs ? 'diff-after' : undefined} style={WRAP}>
                  {name in becomes ? say(becomes[name]) : t('approvals.stays')}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const WRAP = { overflowWrap: 'anywhere' } as const;
