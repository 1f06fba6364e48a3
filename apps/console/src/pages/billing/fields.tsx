import { NativeSelect, TextInput } from '@mantine/core';
import { useReading } from '../../language';
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
