import { Button, Group, NativeSelect } from '@mantine/core';
import type { ReactNode, SyntheticEvent } from 'react';
import { useReading } from '../language';

interface SearchFormProps {
  onSearch: () => void;
  onClear: () => void;
  /** The fields. */
  children: ReactNode;
}

/** What to look for in a list: nothing is asked for before all of it is typed. */
export function SearchForm({ onSearch, onClear, children }: SearchFormProps) {
  const { t } = useReading();
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    onSearch();
  };
  return (
    <form role="search" onSubmit={submit}>
      <Group p="sm" gap="xs" align="flex-end">
        {children}
        <Button type="submit">{t('common.search')}</Button>
        <Button variant="subtle" onClick={onClear}>
          {t('common.clear')}
        </Button>
      </Group>
    </form>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  values: readonly Value[];
  text: (value: Value) => string;
  /** Undefined or empty: any. */
  value: string | undefined;
  onChoose: (value: string | undefined) => void;
}

/** One of some values, or any of them. */
export function Choice<Value extends string>({ label, values, text, value, onChoose }: ChoiceProps<Value>) {
  const { t } = useReading();
  return (
    <NativeSelect
      label={label}
      value={value ?? ''}
      data={[{ value: '', label: t('common.all') }, ...values.map((each) => ({ value: each, label: text(each) }))]}
      onChange={(event) => onChoose(event.currentTarget.value || undefined)}
    />
  );
}
