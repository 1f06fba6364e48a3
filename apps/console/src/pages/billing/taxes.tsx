import { Button, NativeSelect, SimpleGrid, TextInput } from '@mantine/core';
import { useState } from 'react';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Facts, Panel } from '../../parts/page';
import { oneOf } from '../../search';
import { useMay } from '../../session';
import { binding, FirstDay } from './fields';
import { History } from './history';
import { ProposePrices } from './propose';

type Terms = Schemas['InvoiceSettings']['tax_settings'][number]['terms'];
const ROUNDINGS = ['floor', 'half_up', 'ceiling'] as const;

/** Rates of tax and issuers of a mode. */
export const invoiceSettings = (mode: Mode) =>
  queryOptions({
    queryKey: ['invoice-settings', mode],
    queryFn: () => ask(() => client.GET('/v1/invoice-settings/{mode}', { params: { path: { mode } } })),
  });

/** Rates of consumption tax since there is one. */
export function Taxes({ mode }: { mode: Mode }) {
  const { t } = useReading();
  const may = useMay();
  const [proposing, setProposing] = useState(false);
  const found = useQuery(invoiceSettings(mode));
  return (
    <Loaded query={found}>
      {({ tax_settings: rows }) => (
        <Panel
          title={t('prices.tab_taxes')}
          actions={
            may('prices:propose') && (
              <Button size="xs" variant="default" onClick={() => setProposing(true)}>
                {t('prices.propose_tax')}
              </Button>
            )
          }
        >
          <History rows={rows} none={t('prices.no_taxes')}>
            {(terms) => <Rates terms={terms} />}
          </History>
          {proposing && <ProposeTax mode={mode} before={rows.at(-1)?.terms} onClose={() => setProposing(false)} />}
        </Panel>
      )}
    </Loaded>
  );
}

function Rates({ terms: { rates, rounding, source } }: { terms: Terms }) {
  const { t } = useReading();
  return (
    <Facts
      facts={[
        [t('prices.rate_standard'), rates.standard],
        ...(rates.reduced === undefined ? [] : [[t('prices.rate_reduced'), rates.reduced] as const]),
        [t('prices.rounding'), t(`prices.rounding_${rounding}`)],
        [t('prices.source'), source],
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
