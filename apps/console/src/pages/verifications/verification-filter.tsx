import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { type SyntheticEvent, useState } from 'react';
import { instantOf, localOf } from '../../format';
import { useReading } from '../../language';

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
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
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
  const any = { value: '', label: t('common.all') };
  return (
    <form role="search" onSubmit={submit}>
      <Group p="sm" gap="xs" align="flex-end">
        <TextInput label={t('verifications.id')} placeholder="ver_…" maxLength={64} w={170} {...bind('id')} />
        <TextInput label={t('tenants.id')} placeholder="ten_…" maxLength={64} w={170} {...bind('tenant_id')} />
        <TextInput label={t('verifications.reference')} maxLength={128} w={200} {...bind('reference')} />
        <NativeSelect
          label={t('verifications.outcome')}
          data={[any, ...OUTCOMES.map((value) => ({ value, label: t(`verifications.outcome_${value}`) }))]}
          {...bind('outcome')}
        />
        <NativeSelect
          label={t('common.mode')}
          data={[any, ...MODES.map((value) => ({ value, label: t(`common.mode_${value}`) }))]}
          {...bind('mode')}
        />
        <TextInput type="datetime-local" label={t('common.from')} {...bind('after')} />
        <TextInput type="datetime-local" label={t('common.to')} {...bind('before')} />
        <Button type="submit">{t('common.search')}</Button>
        <Button variant="subtle" onClick={() => onSearch({})}>
          {t('common.clear')}
        </Button>
      </Group>
    </form>
  );
}
