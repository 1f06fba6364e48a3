import { Table } from '@mantine/core';
import { useReading } from '../../language';
import { Name, Said } from './field';
import { type Field, fieldsOf, inOrder } from './fields';

/** What is and what would be, field by field; what stays is not coloured. */
export function Difference({ before, after }: { before: unknown; after: unknown }) {
  const { t } = useReading();
  const [was, becomes] = [byPath(before), byPath(after)];
  const differs = (path: string): boolean =>
    becomes.has(path) && JSON.stringify(was.get(path)?.value) !== JSON.stringify(becomes.get(path)?.value);
  const all = [...new Set([...was.keys(), ...becomes.keys()])];
  // What changes stands first.
  const paths = before === null ? all : [...all.filter(differs), ...all.filter((path) => !differs(path))];
  return (
    <div className="scroll" role="group" tabIndex={0} aria-label={t('approvals.difference')}>
      <Table className="table" layout="fixed" miw={300}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="34%">{t('approvals.field')}</Table.Th>
            {before !== null && <Table.Th>{t('approvals.before')}</Table.Th>}
            <Table.Th>{t('approvals.after')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {paths.map((path) => {
            const [old, next] = [was.get(path), becomes.get(path)];
            const changed = before !== null && differs(path);
            return (
              <Table.Tr key={path}>
                <Table.Td style={WRAP}>
                  <Name path={(next ?? old)!.path} />
                </Table.Td>
                {before !== null && (
                  <Table.Td className={changed ? 'diff-before' : undefined} style={WRAP}>
                    <Said field={old} />
                  </Table.Td>
                )}
                <Table.Td className={changed ? 'diff-after' : undefined} style={WRAP}>
                  {next || before === null ? <Said field={next} /> : t('approvals.stays')}
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
const byPath = (value: unknown): Map<string, Field> =>
  new Map(value === null ? [] : inOrder(fieldsOf(value)).map((field) => [field.path.join('.'), field]));
