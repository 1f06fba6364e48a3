import { useReading } from '../../language';
import { Facts, Panel } from '../../parts/page';
import type { PlanTerms } from '../billing/plan-draft';
import { PlanTermsView } from '../billing/plan-terms';
import { tenantIdOf, TenantName } from './subject';

/** What the server has judged and keeps for the approval of a price plan. */
export interface PlanProposal {
  tenant_id: string;
  valid_from: string;
  terms: PlanTerms;
}

/** A price plan as whoever pays by it would read it; each of its fields stands below. */
export function ProposedPlan({ after }: { after: PlanProposal }) {
  const { t, format } = useReading();
  return (
    <Panel title={t('approvals.noun_price_plan')}>
      <Facts
        facts={[
          [t('prices.tenant_id'), <TenantName id={tenantIdOf(after.tenant_id)} />],
          [t('prices.valid_from'), format.date(after.valid_from)],
        ]}
      />
      <PlanTermsView terms={after.terms} />
    </Panel>
  );
}
