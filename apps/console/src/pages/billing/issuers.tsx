import { Button, SimpleGrid, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Facts, Panel } from '../../parts/page';
import { useMay } from '../../session';
import { binding, FirstDay } from './fields';
import { History } from './history';
import { ProposePrices } from './propose';
import { invoiceSettings } from './taxes';

type Terms = Schemas['InvoiceSettings']['issuers'][number]['terms'];

/** Who sends the invoices, as it is printed on them. */
export function Issuers({ mode }: { mode: Mode }) {
  const { t } = useReading();
  const may = useMay();
  const [proposing, setProposing] = useState(false);
  const found = useQuery(invoiceSettings(mode));
  return (
    <Loaded query={found}>
      {({ issuers }) => (
        <Panel
          title={t('prices.tab_issuers')}
          actions={
            may('prices:propose') && (
              <Button size="xs" variant="default" onClick={() => setProposing(true)}>
                {t('prices.propose_issuer')}
              </Button>
            )
          }
        >
          <History rows={issuers} none={t('prices.no_issuers')}>
            {(terms) => <Issuer terms={terms} />}
          </History>
          {proposing && (
            <ProposeIssuer mode={mode} before={issuers.at(-1)?.terms} onClose={() => setProposing(false)} />
          )}
        </Panel>
      )}
    </Loaded>
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
  const [form, setForm] = useState({ valid_from: '', ...(before ?? EMPTY) });
  const send = (reason: string) => {
    const { valid_from, ...terms } = form;
    const params = { path: { mode } };
    return ask(() =>
      client.POST('/v1/invoice-settings/{mode}/issuers', { params, body: { valid_from, terms, reason } }),
    );
  };
  return (
    <ProposePrices what="issuer" mode={mode} send={send} onClose={onClose}>
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
