import { NativeSelect, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { oneOf } from '../../search';
import { binding, FirstDay, TAX_CATEGORIES, TaxCategory } from './fields';
import { ProposePrices } from './propose';

export const METERS = ['sign_check', 'auth_check', 'counterpart_delivered', 'attributes_delivered'] as const;
export const ITEMS = [...METERS, 'serial_linkage', 'age_check'] as const;
type Tariff = Schemas['JlisPrices']['tariffs'][number]['terms'];

interface ProposeProps {
  mode: Mode;
  onClose: () => void;
}

/** Fees from a day on, beginning with those of now. */
export function ProposeTariff({ mode, before, onClose }: ProposeProps & { before: Tariff | undefined }) {
  const { t } = useReading();
  const [rates, setRates] = useState(
    Object.fromEntries(ITEMS.map((item) => [item, before?.rates[item] ?? ''])) as Record<
      (typeof ITEMS)[number],
      string
    >,
  );
  const [form, setForm] = useState({
    valid_from: '',
    year_start: before?.year_start ?? '04-01',
    tax_category: before?.tax_category ?? 'standard',
    source: '',
  } as Record<'valid_from' | 'year_start' | 'tax_category' | 'source', string>);
  const send = (reason: string) =>
    ask(() =>
      client.POST('/v1/jlis-prices/{mode}/tariffs', {
        params: { path: { mode } },
        body: {
          valid_from: form.valid_from,
          terms: {
            rates: Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate.trim() !== '')),
            year_start: form.year_start,
            tax_category: oneOf(TAX_CATEGORIES, form.tax_category) ?? 'standard',
            source: form.source,
          },
          reason,
        },
      }),
    );
  return (
    <ProposePrices what="tariff" mode={mode} send={send} onClose={onClose}>
      {(faultOf) => {
        const bind = binding(form, setForm, faultOf);
        const bindRate = binding(rates, setRates, faultOf);
        return (
          <>
            <FirstDay {...bind('valid_from')} />
            <Text size="sm">{t('prices.rates_hint')}</Text>
            <SimpleGrid cols={2} spacing="xs">
              {ITEMS.map((item) => (
                <TextInput
                  key={item}
                  label={t(`prices.meter_${item}`)}
                  inputMode="decimal"
                  {...bindRate(item, `rates.${item}`)}
                />
              ))}
              <TextInput label={t('prices.year_start')} placeholder="MM-DD" required {...bind('year_start')} />
              <TaxCategory {...bind('tax_category')} />
            </SimpleGrid>
            <TextInput label={t('prices.source')} required {...bind('source')} />
          </>
        );
      }}
    </ProposePrices>
  );
}

const KINDS = ['percent', 'amount'] as const;
const OF = ['unit_price', 'total'] as const;
const GROUNDS = ['volume', 'public_interest', 'other'] as const;
const SCOPE = { tenant_id: '', valid_from: '', valid_until: '', approval_reference: '' };

/** For whom, and on which days. */
const scopeOf = ({ tenant_id, valid_from, valid_until }: typeof SCOPE) => ({
  tenant_id: tenant_id.trim() || null,
  valid_from,
  valid_until,
});

function Scope({ bind }: { bind: (name: keyof typeof SCOPE) => ReturnType<ReturnType<typeof binding>> }) {
  const { t } = useReading();
  return (
    <SimpleGrid cols={2} spacing="xs">
      <TextInput
        label={t('prices.tenant_id')}
        placeholder={t('prices.whole')}
        maxLength={64}
        autoComplete="off"
        {...bind('tenant_id')}
      />
      <TextInput label={t('prices.approval_reference')} required {...bind('approval_reference')} />
      <FirstDay {...bind('valid_from')} />
      <TextInput type="date" required label={t('prices.valid_until')} {...bind('valid_until')} />
    </SimpleGrid>
  );
}

/** What J-LIS has granted. */
export function ProposeReduction({ mode, onClose }: ProposeProps) {
  const { t } = useReading();
  const [form, setForm] = useState({
    ...SCOPE,
    applies_to: 'unit_price',
    meter: '',
    kind: 'percent',
    value: '',
    ground: 'volume',
  });
  const send = (reason: string) => {
    const meter = oneOf(METERS, form.meter);
    return ask(() =>
      client.POST('/v1/jlis-prices/{mode}/reductions', {
        params: { path: { mode } },
        body: {
          ...scopeOf(form),
          terms: {
            applies_to: oneOf(OF, form.applies_to) ?? 'unit_price',
            ...(meter ? { meter } : {}),
            kind: oneOf(KINDS, form.kind) ?? 'percent',
            value: form.value,
            ground: oneOf(GROUNDS, form.ground) ?? 'other',
            approval_reference: form.approval_reference,
          },
          reason,
        },
      }),
    );
  };
  return (
    <ProposePrices what="reduction" mode={mode} send={send} onClose={onClose}>
      {(faultOf) => {
        const bind = binding(form, setForm, faultOf);
        return (
          <>
            <Scope bind={bind} />
            <SimpleGrid cols={2} spacing="xs">
              <NativeSelect
                label={t('prices.applies_to')}
                data={OF.map((value) => ({ value, label: t(`prices.applies_to_${value}`) }))}
                {...bind('applies_to')}
              />
              <NativeSelect
                label={t('prices.meter')}
                data={[
                  { value: '', label: t('prices.all_meters') },
                  ...METERS.map((value) => ({ value, label: t(`prices.meter_${value}`) })),
                ]}
                {...bind('meter')}
              />
              <NativeSelect
                label={t('prices.kind')}
                data={KINDS.map((value) => ({ value, label: t(`prices.kind_${value}`) }))}
                {...bind('kind')}
              />
              <TextInput label={t('prices.value')} required inputMode="decimal" {...bind('value')} />
              <NativeSelect
                label={t('prices.ground')}
                data={GROUNDS.map((value) => ({ value, label: t(`prices.ground_${value}`) }))}
                {...bind('ground')}
              />
            </SimpleGrid>
          </>
        );
      }}
    </ProposePrices>
  );
}

/** That J-LIS can tell status checks as such. */
export function ProposeRecognition({ mode, onClose }: ProposeProps) {
  const [form, setForm] = useState(SCOPE);
  const send = (reason: string) =>
    ask(() =>
      client.POST('/v1/jlis-prices/{mode}/recognitions', {
        params: { path: { mode } },
        body: { ...scopeOf(form), terms: { approval_reference: form.approval_reference }, reason },
      }),
    );
  return (
    <ProposePrices what="recognition" mode={mode} send={send} onClose={onClose}>
      {(faultOf) => <Scope bind={binding(form, setForm, faultOf)} />}
    </ProposePrices>
  );
}
