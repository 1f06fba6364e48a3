import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { waitingCount } from '../../approvals';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { Panel } from '../../parts/page';
import { type FinalizationProposal, invoiceIdOf, type PriceProposal, tenantIdOf, whatText } from './subject';

type Approval = Schemas['Approval'];

/** Where one goes on once a proposal is decided: what came of it, and the next one that waits. */
export function AfterDecision({ approval }: { approval: Approval }) {
  const { t } = useReading();
  const { data: waiting } = useQuery(waitingCount);
  const next = waiting?.soonest.find(({ id }) => id !== approval.id);
  return (
    <Panel title={t('approvals.after_decision')} padded>
      <Stack gap="xs" fz="sm">
        {approval.state === 'executed' && <Outcome approval={approval} />}
        {next ? (
          <Link to="/approvals/$approvalId" params={{ approvalId: next.id }}>
            {t('approvals.next_waiting', {
              what: next.tenant_name === null ? whatText(t, next) : `${whatText(t, next)}（${next.tenant_name}）`,
            })}
          </Link>
        ) : (
          waiting && (
            <Text size="sm" c="dimmed">
              {t('approvals.none_waiting')}
            </Text>
          )
        )}
      </Stack>
    </Panel>
  );
}

function Outcome({ approval: { kind, subject, after } }: { approval: Approval }) {
  const { t } = useReading();
  const [noun, id = ''] = subject.split(':');
  switch (kind) {
    case 'invoice_finalization':
      return Object.keys((after as FinalizationProposal).invoices).map((uuid) => (
        <Link key={uuid} to="/invoices/$invoiceId" params={{ invoiceId: invoiceIdOf(uuid) }}>
          {t('approvals.to_invoice_of', { id: shortId(invoiceIdOf(uuid)) })}
        </Link>
      ));
    case 'invoice_void':
      return (
        <Link to="/invoices/$invoiceId" params={{ invoiceId: id }}>
          {t('approvals.to_invoice')}
        </Link>
      );
    case 'contract_change':
      return (
        <Link to="/tenants/$tenantId" params={{ tenantId: id }} search={{ tab: 'contract', mode: 'live' }}>
          {t('approvals.to_contract')}
        </Link>
      );
    case 'tenant_go_live':
      return (
        <Link to="/tenants/$tenantId" params={{ tenantId: id }}>
          {t('approvals.to_tenant')}
        </Link>
      );
    case 'price_change': {
      const { tenant_id: tenant, mode } = after as PriceProposal;
      return tenant && (noun === 'price_plan' || noun === 'invoice_terms') ? (
        <Link to="/tenants/$tenantId" params={{ tenantId: tenantIdOf(tenant) }} search={{ tab: 'prices', mode }}>
          {t('approvals.to_tenant_prices')}
        </Link>
      ) : (
        <Link to="/prices" search={{ mode }}>
          {t('approvals.to_prices')}
        </Link>
      );
    }
    case 'operator_roles':
      return <Link to="/operators">{t('approvals.to_operators')}</Link>;
    case 'live_anchor':
      return (
        <Link to="/revocation" search={{ mode: 'live', tab: 'anchors' }}>
          {t('approvals.to_anchors')}
        </Link>
      );
    default:
      return null;
  }
}
