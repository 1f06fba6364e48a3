import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useReading } from '../../language';
import { Choice, SearchForm } from '../../parts/search-form';
import { TenantPicker } from '../../parts/tenant-picker';
import { INVOICE_SEARCH, type InvoiceSearch } from './invoice-search';

export const STATES = ['finalized', 'void'] as const;
type Field = keyof InvoiceSearch;

interface FilterProps {
  search: InvoiceSearch;
  onSearch: (search: InvoiceSearch) => void;
}

/** What to look for; each part of it is in the address. */
export function InvoiceFilter({ search, onSearch }: FilterProps) {
  const { t } = useReading();
  const [form, setForm] = useState(
    () => Object.fromEntries(INVOICE_SEARCH.map((field) => [field, search[field] ?? ''])) as Record<Field, string>,
  );
  const submit = (): void => {
    const given = INVOICE_SEARCH.flatMap((field) => {
      // 「1,000」 is how people write a thousand.
      const text = field.startsWith('amount') ? form[field].replaceAll(',', '') : form[field];
      return text.trim() === '' ? [] : [[field, text.trim()]];
    });
    onSearch(Object.fromEntries(given) as InvoiceSearch);
  };
  const bind = (field: Field) => ({
    value: form[field],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value }),
  });
  return (
    <SearchForm onSearch={submit} onClear={() => onSearch({})}>
      <TextInput label={t('invoices.counterparty')} maxLength={200} w={190} {...bind('counterparty')} />
      <TextInput type="date" label={t('invoices.issued_from')} {...bind('issued_from')} />
      <TextInput type="date" label={t('invoices.issued_to')} {...bind('issued_to')} />
      <TextInput label={t('invoices.amount_min')} inputMode="numeric" w={140} {...bind('amount_min')} />
      <TextInput label={t('invoices.amount_max')} inputMode="numeric" w={140} {...bind('amount_max')} />
      <TextInput type="month" label={t('invoices.month')} {...bind('month')} />
      <TextInput label={t('invoices.number')} maxLength={40} w={170} {...bind('number')} />
      <TenantPicker value={form.tenant_id} onPick={(id) => setForm((now) => ({ ...now, tenant_id: id }))} />
      <Choice
        label={t('invoices.state')}
        values={STATES}
        text={(each) => t(`invoices.state_${each}`)}
        value={form.state}
        onChoose={(state = '') => setForm({ ...form, state })}
      />
    </SearchForm>
  );
}
