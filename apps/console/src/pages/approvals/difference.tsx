import { Code, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { type Field, fieldsOf, isAmount, isDay, nameKey, wordKey } from './fields';
import { InvoiceLink, invoiceIdOf, tenantIdOf, TenantName } from './subject';

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
  new Map(value === null ? [] : fieldsOf(value).map((field) => [field.path.join('.'), field]));

/** Prices › 2 › Price of one */
function Name({ path }: { path: readonly string[] }) {
  const { t } = useReading();
  return path.map((name, index) => {
    const key = nameKey(name);
    // Of a list of things: which one, as people count.
    const place = /^\d+$/.test(name) ? String(Number(name) + 1) : undefined;
    return (
      <span key={index}>
        {index > 0 && ' › '}
        {path[index - 1] === 'invoices' ? (
          <InvoiceLink id={invoiceIdOf(name)} isDraft />
        ) : key ? (
          t(key)
        ) : (
          (place ?? <Code>{name}</Code>)
        )}
      </span>
    );
  });
}

function Said({ field }: { field: Field | undefined }): ReactNode {
  const { t, format } = useReading();
  const name = field?.path.findLast((each) => !/^\d+$/.test(each)) ?? '';
  const say = (value: unknown): string => {
    if (value === null || value === undefined) return '—';
    if (typeof value === 'boolean') return t(value ? 'common.yes' : 'common.no');
    if (typeof value === 'number') return format.number(value);
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const key = wordKey(name, text);
    if (key) return t(key);
    if (name === 'month') return format.month(text);
    if (isAmount(name)) return format.yen(text);
    return isDay(name) ? format.day(`${text}T00:00:00+09:00`) : text;
  };
  if (field === undefined) return '—';
  const { value } = field;
  if (Array.isArray(value)) return value.length === 0 ? t('common.none') : format.list(value.map(say));
  if (typeof value === 'string' && name === 'tenant_id') return <TenantName id={tenantIdOf(value)} />;
  if (typeof value === 'string' && name === 'certificate')
    return <Copyable text={value} shown={`${value.slice(0, 16)}…`} />;
  if (typeof value === 'string' && name === 'id') return <Copyable text={value} shown={shortId(value)} />;
  return say(value);
}
