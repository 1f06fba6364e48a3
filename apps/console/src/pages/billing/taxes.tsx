import { NativeSelect, SimpleGrid, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { Facts } from '../../parts/page';
import { oneOf } from '../../search';
import { binding, FirstDay } from './fields';
import { ProposePrices } from './propose';
import { SettingsHistory } from './settings-history';
import { sourceText } from './source-text';

type Terms = Schemas['InvoiceSettings']['tax_settings'][number]['terms'];
const ROUNDINGS = ['floor', 'half_up', 'ceiling'] as const;

/** Rates of consumption tax since there is one. */
export function Taxes({ mode }: { mode: Mode }) {
  const { t } = useReading();
  return (
    <SettingsHistory
      mode={mode}
      noun="tax_setting"
      title={t('prices.tab_taxes')}
      none={t('prices.no_taxes')}
      propose={t('prices.propose_tax')}
      of={({ tax_settings: rates }) => rates}
      show={(terms) => <Rates terms={terms} />}
      form={(before, onClose) => <ProposeTax mode={mode} before={before} onClose={onClose} />}
    />
  );
}

function Rates({ terms: { rates, rounding, source } }: { terms: Terms }) {
  const { t, language } = useReading();
  return (
    <Facts
      facts={[
        [t('prices.rate_standard'), rates.standard],
        ...(rates.reduced === undefined ? [] : [[t('prices.rate_reduced'), rates.reduced] as const]),
        [t('prices.rounding'), t(`prices.rounding_${rounding}`)],
        [t('prices.source'), sourceText(language, source)],
      ]}
    />
  );
}

function ProposeTax({ mode, before, onClose }: { mode: Mode; before: Terms | undefined; onClose: () => void }) {
  const { t } = useReading();
  const [form, setForm] = useState({
    valid_from: '',
    standard: before?.rates.standard ?? '',
    reduced: before?.rates.reduced ?? '',
    rounding: before?.rounding ?? 'floor',
    source: '',
  });
  const send = (reason: string) =>
    ask(() =>
      client.POST('/v1/invoice-settings/{mode}/tax-settings', {
        params: { path: { mode } },
        body: {
          valid_from: form.valid_from,
          terms: {
            rates: { standard: form.standard, ...(form.reduced.trim() === '' ? {} : { reduced: form.reduced }) },
            rounding: oneOf(ROUNDINGS, form.rounding) ?? 'floor',
            source: form.source,
          },
          reason,
        },
      }),
    );
  return (
    <ProposePrices what="tax" mode={mode} send={send} onClose={onClose}>
      {(faultOf) => {
        const bind = binding(form, setForm, faultOf);
        return (
          <>
            <SimpleGrid cols={2} spacing="xs">
              <FirstDay {...bind('valid_from')} />
              <NativeSelect
                label={t('prices.rounding')}
                data={ROUNDINGS.map((value) => ({ value, label: t(`prices.rounding_${value}`) }))}
                {...bind('rounding')}
              />
              <TextInput
                label={t('prices.rate_standard')}
                required
                inputMode="decimal"
                {...bind('standard', 'rates.standard')}
              />
              <TextInput label={t('prices.rate_reduced')} inputMode="decimal" {...bind('reduced', 'rates.reduced')} />
            </SimpleGrid>
            <TextInput label={t('prices.source')} required {...bind('source')} />
          </>
        );
      }}
    </ProposePrices>
  );
}
