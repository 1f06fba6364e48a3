import { NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { monthCloses } from './month-closes';
import type { FaultOf } from './propose';

/** One text of a form: its name in the request, what it says, and what becomes of it. */
export interface Bound {
  value: string;
  error: string | undefined;
  onChange: (event: { currentTarget: { value: string } }) => void;
}

/** Ties the fields of a form to their names in the request. */
export const binding =
  <Form extends Record<string, string>>(form: Form, setForm: (form: Form) => void, faultOf: FaultOf) =>
  (name: keyof Form & string, field: string = name): Bound => ({
    value: form[name]!,
    error: faultOf(field),
    onChange: (event) => setForm({ ...form, [name]: event.currentTarget.value }),
  });

/** The first day of the month whose turn it is: the earliest that is not in a closed month. Empty while that is not known. */
export function useEarliestDay(mode: Mode): string {
  const { data } = useQuery(monthCloses(mode));
  // One that is being closed may have its prices fixed already.
  if (!data?.next_month || data.data.some(({ state }) => state === 'closing')) return '';
  return `${data.next_month}-01`;
}

/** The first day something is in force: what a form about it begins with. */
export function FirstDay(bound: Bound) {
  const { t } = useReading();
  return <TextInput type="date" required label={t('prices.valid_from')} data-autofocus {...bound} />;
}

export const TAX_CATEGORIES = ['standard', 'reduced', 'exempt', 'out_of_scope'] as const;

export function TaxCategory(bound: Bound) {
  const { t } = useReading();
  return (
    <NativeSelect
      label={t('prices.tax_category')}
      data={TAX_CATEGORIES.map((value) => ({ value, label: t(`prices.tax_${value}`) }))}
      {...bound}
    />
  );
}
