import { Button, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Loaded } from '../../parts/loaded';
import { modeOf, ModeChoice } from '../../parts/mode-choice';
import { Facts, Panel } from '../../parts/page';
import { useMay } from '../../session';
import { History } from './history';
import { PlanTermsView } from './plan-terms';
import { ProposePlan } from './propose-plan';
import { ProposeTerms } from './propose-terms';
import { WaitingPrices } from './waiting';

type Terms = Schemas['InvoiceTermsList']['data'][number]['terms'];

interface TenantPricesProps {
  tenant: Schemas['TenantDetail'];
  mode: string | undefined;
  onMode: (mode: string) => void;
}

/** What a tenant pays, and where its invoices go. */
export function TenantPrices({ tenant, mode: named, onMode }: TenantPricesProps) {
  const { t } = useReading();
  const may = useMay();
  const mode = modeOf(named);
  const [proposing, setProposing] = useState<'plan' | 'terms'>();
  const close = (): void => setProposing(undefined);
  const params = { path: { id: tenant.id, mode } };
  const plans = useQuery({
    queryKey: ['price-plans', tenant.id, mode],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}/price-plans/{mode}', { params })),
  });
  const terms = useQuery({
    queryKey: ['invoice-terms', tenant.id, mode],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}/invoice-terms/{mode}', { params })),
  });
  const propose = (what: 'plan' | 'terms') =>
    may('prices:propose') && (
      <Button size="xs" variant="default" onClick={() => setProposing(what)}>
        {t(`prices.propose_${what}`)}
      </Button>
    );
  return (
    <Stack>
      <ModeChoice mode={mode} onMode={onMode} />
      <Panel title={t('prices.plans')} actions={plans.data && propose('plan')}>
        <Loaded query={plans}>
          {({ today, data }) => (
            <>
              <Text size="xs" c="dimmed" px="md" pt="sm">
                {t('prices.plans_hint')}
              </Text>
              <WaitingPrices noun="price_plan" mode={mode} tenantId={tenant.id} />
              <History today={today} rows={data} none={t('prices.no_plans')}>
                {(each) => <PlanTermsView terms={each} />}
              </History>
              {proposing === 'plan' && (
                <ProposePlan tenant={tenant} mode={mode} before={data.at(-1)?.terms} onClose={close} />
              )}
            </>
          )}
        </Loaded>
      </Panel>
      <Panel title={t('prices.invoice_terms')} actions={terms.data && propose('terms')}>
        <Loaded query={terms}>
          {({ today, data }) => (
            <>
              <WaitingPrices noun="invoice_terms" mode={mode} tenantId={tenant.id} />
              <History today={today} rows={data} none={t('prices.no_invoice_terms')}>
                {(each) => <InvoiceTerms terms={each} />}
              </History>
              {proposing === 'terms' && (
                <ProposeTerms tenant={tenant} mode={mode} before={data.at(-1)?.terms} onClose={close} />
              )}
            </>
          )}
        </Loaded>
      </Panel>
    </Stack>
  );
}

function InvoiceTerms({ terms }: { terms: Terms }) {
  const { t } = useReading();
  const { closing_day: closing, due_day: due } = terms;
  return (
    <Facts
      facts={[
        [t('prices.recipient_name'), terms.recipient_name],
        [t('prices.recipient_address'), terms.recipient_address],
        [
          t('prices.closing_day'),
          closing === 'end' ? t('prices.closing_end') : t('prices.closing_next', { day: closing }),
        ],
        [
          t('prices.due_day'),
          t('prices.due_in', {
            months: terms.due_months,
            day: due === 'end' ? t('prices.day_end') : t('prices.day_of_month', { day: due }),
            shift: t(`prices.due_shift_${terms.due_shift}`),
          }),
        ],
      ]}
    />
  );
}
