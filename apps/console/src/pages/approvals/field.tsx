import { Code } from '@mantine/core';
import type { ReactNode } from 'react';
import { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { type Field, isAmount, isDay, nameKey, wordKey } from './fields';
import { InvoiceLink, invoiceIdOf, tenantIdOf, TenantName } from './subject';

/** Prices › 2 › Price of one */
export function Name({ path }: { path: readonly string[] }) {
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

/** A value in words. */
export function Said({ field }: { field: Field | undefined }): ReactNode {
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
