import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { instantOf, localOf } from '../../format';
import { useReading } from '../../language';
import { Choice, SearchForm } from '../../parts/search-form';

export const MODES = ['live', 'test'] as const;
export const OUTCOMES = ['valid', 'invalid', 'indeterminate'] as const;

type Field = 'id' | 'tenant_id' | 'mode' | 'reference' | 'outcome' | 'after' | 'before';
type Search = { [F in Field]?: string };

interface FilterProps {
  search: Search;
  onSearch: (search: Search) => void;
  onId: (id: string) => void;
}

/** What to look for. An id leads straight to the verification. */
export function VerificationFilter({ search, onSearch, onId }: FilterProps) {
  const { t } = useReading();
  const [form, setForm] = useState({
    id: '',
    tenant_id: search.tenant_id ?? '',
    mode: search.mode ?? '',
    reference: search.reference ?? '',
    outcome: search.outcome ?? '',
    after: localOf(search.after),
    before: localOf(search.before),
  });
  const submit = (): void => {
    if (form.id.trim() !== '') {
      onId(form.id.trim());
      return;
    }
    onSearch({
      tenant_id: form.tenant_id.trim() || undefined,
      mode: form.mode || undefined,
      reference: form.reference.trim() || undefined,
      outcome: form.outcome || undefined,
      after: instantOf(form.after),
      before: instantOf(form.before),
    });
  };
  const bind = (field: Field) => ({
    value: form[field],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value }),
  });
  return (
    <SearchForm onSearch={submit} onClear={() => onSearch({})}>
      <TextInput label={t('verifications.id')} placeholder="ver_…" maxLength={64} w={170} {...bind('id')} />
      <TextInput label={t('tenants.id')} placeholder="ten_…" maxLength={64} w={170} {...bind('tenant_id')} />
      <TextInput label={t('verifications.reference')} maxLength={128} w={200} {...bind('reference')} />
      <Choice
        label={t('verifications.outcome')}
        values={OUTCOMES}
        text={(each) => t(`verifications.outcome_${each}`)}
        value={form.outcome}
        onChoose={(outcome = '') => setForm({ ...form, outcome })}
      />
      <Choice
        label={t('common.mode')}
        values={MODES}
        text={(each) => t(`common.mode_${each}`)}
        value={form.mode}
        onChoose={(mode = '') => setForm({ ...form, mode })}
      />
      <TextInput type="datetime-local" label={t('common.from')} {...bind('after')} />
      <TextInput type="datetime-local" label={t('common.to')} {...bind('before')} />
    </SearchForm>
  );
}
