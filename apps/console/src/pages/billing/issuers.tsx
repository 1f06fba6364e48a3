import { SimpleGrid, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { Facts } from '../../parts/page';
import { binding, FirstDay, useEarliestDay } from './fields';
import { ProposePrices } from './propose';
import { SettingsHistory } from './settings-history';

type Terms = Schemas['InvoiceSettings']['issuers'][number]['terms'];

/** Who sends the invoices, as it is printed on them. */
export function Issuers({ mode }: { mode: Mode }) {
  const { t } = useReading();
  return (
    <SettingsHistory
      mode={mode}
      noun="invoice_issuer"
      title={t('prices.tab_issuers')}
      none={t('prices.no_issuers')}
      propose={t('prices.propose_issuer')}
      of={({ issuers }) => issuers}
      show={(terms) => <Issuer terms={terms} />}
      form={(before, onClose) => <ProposeIssuer mode={mode} before={before} onClose={onClose} />}
    />
  );
}

function Issuer({ terms }: { terms: Terms }) {
  const { t } = useReading();
  return (
    <Facts
      facts={[
        [t('prices.issuer_name'), terms.name],
        [t('prices.registration_number'), <span className="numbers">{terms.registration_number}</span>],
        [t('prices.address'), terms.address],
        [t('prices.payment'), <span style={{ whiteSpace: 'pre-wrap' }}>{terms.payment}</span>],
        [t('prices.fiscal_year_start'), terms.fiscal_year_start],
      ]}
    />
  );
}

const EMPTY: Terms = { name: '', registration_number: 'T', address: '', payment: '', fiscal_year_start: '04-01' };

function ProposeIssuer({ mode, before, onClose }: { mode: Mode; before: Terms | undefined; onClose: () => void }) {
  const { t } = useReading();
  const earliest = useEarliestDay(mode);
  const [typed, setForm] = useState<Terms & { valid_from?: string }>(before ?? EMPTY);
  const form = { ...typed, valid_from: typed.valid_from ?? earliest };
  const send = (reason: string) => {
    const { valid_from, ...terms } = form;
    const params = { path: { mode } };
    return ask(() =>
      client.POST('/v1/invoice-settings/{mode}/issuers', { params, body: { valid_from, terms, reason } }),
    );
  };
  return (
    <ProposePrices what="issuer" mode={mode} hint={t('prices.issuer_hint')} send={send} onClose={onClose}>
      {(faultOf) => {
        const bind = binding(form, setForm, faultOf);
        return (
          <>
            <SimpleGrid cols={2} spacing="xs">
              <FirstDay {...bind('valid_from')} />
              <TextInput
                label={t('prices.fiscal_year_start')}
                placeholder="MM-DD"
                required
                {...bind('fiscal_year_start')}
              />
              <TextInput label={t('prices.issuer_name')} required {...bind('name')} />
              <TextInput label={t('prices.registration_number')} required {...bind('registration_number')} />
            </SimpleGrid>
            <TextInput label={t('prices.address')} required {...bind('address')} />
            <Textarea label={t('prices.payment')} required autosize minRows={2} {...bind('payment')} />
          </>
        );
      }}
    </ProposePrices>
  );
}
