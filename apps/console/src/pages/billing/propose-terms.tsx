import { NativeSelect, SimpleGrid, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { oneOf } from '../../search';
import { binding, FirstDay, useEarliestDay } from './fields';
import { ProposePrices } from './propose';

type Terms = Schemas['InvoiceTermsList']['data'][number]['terms'];
const SHIFTS = ['previous', 'next', 'none'] as const;
const MONTHS = ['1', '2', '3', '4', '5', '6'];
/** Days that every month has. */
const DAYS = Array.from({ length: 28 }, (_, index) => String(index + 1));
const dayOf = (text: string): Terms['closing_day'] => (text === 'end' ? 'end' : Number(text));

interface ProposeTermsProps {
  tenant: Pick<Schemas['TenantDetail'], 'id' | 'name'>;
  mode: Mode;
  before: Terms | undefined;
  onClose: () => void;
}

/** To whom a tenant's invoices go, and when they are due. */
export function ProposeTerms({ tenant, mode, before, onClose }: ProposeTermsProps) {
  const { t } = useReading();
  const earliest = useEarliestDay(mode);
  const [typed, setForm] = useState<Record<keyof Terms, string> & { valid_from?: string }>({
    recipient_name: before?.recipient_name ?? tenant.name,
    recipient_address: before?.recipient_address ?? '',
    closing_day: String(before?.closing_day ?? 'end'),
    due_months: String(before?.due_months ?? 1),
    due_day: String(before?.due_day ?? 'end'),
    due_shift: before?.due_shift ?? 'previous',
  });
  const form = { ...typed, valid_from: typed.valid_from ?? earliest };
  const send = (reason: string) =>
    ask(() =>
      client.POST('/v1/tenants/{id}/invoice-terms/{mode}', {
        params: { path: { id: tenant.id, mode } },
        body: {
          valid_from: form.valid_from,
          terms: {
            recipient_name: form.recipient_name,
            recipient_address: form.recipient_address,
            closing_day: dayOf(form.closing_day),
            due_months: Number(form.due_months),
            due_day: dayOf(form.due_day),
            due_shift: oneOf(SHIFTS, form.due_shift) ?? 'previous',
          },
          reason,
        },
      }),
    );
  return (
    <ProposePrices what="terms" mode={mode} tenant={tenant} hint={t('prices.terms_hint')} send={send} onClose={onClose}>
      {(faultOf) => {
        const bind = binding(form, setForm, faultOf);
        const days = DAYS.map((value) => ({ value, label: t('prices.day_of_month', { day: value }) }));
        return (
          <>
            <FirstDay {...bind('valid_from')} />
            <TextInput label={t('prices.recipient_name')} required {...bind('recipient_name')} />
            <TextInput label={t('prices.recipient_address')} required {...bind('recipient_address')} />
            <SimpleGrid cols={2} spacing="xs">
              <NativeSelect
                label={t('prices.closing_day')}
                data={[
                  { value: 'end', label: t('prices.closing_end') },
                  ...DAYS.map((value) => ({ value, label: t('prices.closing_next', { day: value }) })),
                ]}
                {...bind('closing_day')}
              />
              <NativeSelect label={t('prices.due_months')} data={MONTHS} {...bind('due_months')} />
              <NativeSelect
                label={t('prices.due_day')}
                data={[{ value: 'end', label: t('prices.day_end') }, ...days]}
                {...bind('due_day')}
              />
              <NativeSelect
                label={t('prices.due_shift')}
                data={SHIFTS.map((value) => ({ value, label: t(`prices.due_shift_${value}`) }))}
                {...bind('due_shift')}
              />
            </SimpleGrid>
          </>
        );
      }}
    </ProposePrices>
  );
}
