import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { instantOf, localOf } from '../../format';
import { useReading } from '../../language';
import { Choice, SearchForm } from '../../parts/search-form';
import { TenantPicker } from '../../parts/tenant-picker';

export const MODES = ['live', 'test'] as const;
export const OUTCOMES = ['valid', 'invalid', 'indeterminate'] as const;

type Field = 'id' | 'tenant_id' | 'mode' | 'reference' | 'outcome' | 'after' | 'before';
type Search = { [F in Field]?: string };

interface FilterProps {
  search: Search;
  onSearch: (search: Search) => void;
  onId: (id: string) => void;
}

const LONGEST_MS = 7 * 86_400_000;
type Wanting = 'reference' | 'time';

/** What of a search needs a service provider that is not chosen: the server would refuse it. */
function tenantWantedFor({ tenant_id, reference, after, before }: Record<Field, string>): Wanting | undefined {
  if (tenant_id.trim() !== '') return undefined;
  if (reference.trim() !== '') return 'reference';
  const [from, to] = [instantOf(after), instantOf(before)].map((at) => (at === undefined ? undefined : Date.parse(at)));
  if (from === undefined) return undefined;
  return Math.min(to ?? Infinity, Date.now()) - from > LONGEST_MS ? 'time' : undefined;
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
  const [wanting, setWanting] = useState<Wanting>();
  const submit = (): void => {
    if (form.id.trim() !== '') {
      onId(form.id.trim());
      return;
    }
    const missing = tenantWantedFor(form);
    setWanting(missing);
    if (missing !== undefined) return;
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
      <TenantPicker
        value={form.tenant_id}
        error={wanting ? t(`verifications.tenant_for_${wanting}`) : undefined}
        onPick={(id) => setForm((now) => ({ ...now, tenant_id: id }))}
      />
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
