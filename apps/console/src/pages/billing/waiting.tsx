import { Alert, Button, Group, Text } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { waitingApprovals } from '../../approvals';
import { useReading } from '../../language';
import { useMay } from '../../session';
import type { Mode } from '../../parts/mode-choice';
import {
  type FinalizationProposal,
  invoiceIdOf,
  type PriceNoun,
  type PriceProposal,
  tenantIdOf,
} from '../approvals/subject';

type Approval = Schemas['Approval'];

function useProposals(isIt: (approval: Approval) => boolean): Approval[] {
  const may = useMay();
  const { data } = useQuery({ ...waitingApprovals, enabled: may('approvals:read') });
  return data?.data.filter(isIt) ?? [];
}

/** What waits for a second person about an invoice: that it is void. */
export const useWaitingVoid = (invoiceId: string): Approval | undefined =>
  useProposals(({ kind, subject }) => kind === 'invoice_void' && subject === `invoice:${invoiceId}`)[0];

/** What waits about a draft: that it becomes an invoice, which keeps its id. */
export const useWaitingFinalization = (draftId: string): Approval | undefined =>
  useProposals(({ kind, after }) => {
    if (kind !== 'invoice_finalization') return false;
    const { invoices } = after as FinalizationProposal;
    return Object.keys(invoices).some((each) => invoiceIdOf(each) === draftId);
  })[0];

interface WaitingPricesProps {
  noun: PriceNoun;
  mode: Mode;
  /** Whose they are; undefined: all that are not of one. */
  tenantId?: string;
}

/** Which proposal of these prices of a tenant, or of everybody, waits for a second person. */
export function useWaitingPrices(mode: Mode): (noun: PriceNoun, tenantId?: string) => Approval | undefined {
  const waiting = useProposals(({ kind, after }) => kind === 'price_change' && (after as PriceProposal).mode === mode);
  return (noun, tenantId) =>
    waiting.find(({ subject, after }) => {
      const { tenant_id: of } = after as PriceProposal;
      return subject.startsWith(`${noun}:`) && (tenantId === undefined || (!!of && tenantIdOf(of) === tenantId));
    });
}

/** Each proposal of these prices that waits for a second person, where they will stand. */
export function WaitingPrices({ noun, mode, tenantId }: WaitingPricesProps) {
  const { t, format } = useReading();
  const waiting = useProposals(({ kind, subject, after }) => {
    if (kind !== 'price_change' || !subject.startsWith(`${noun}:`)) return false;
    const of = after as PriceProposal;
    return of.mode === mode && (tenantId === undefined || (!!of.tenant_id && tenantIdOf(of.tenant_id) === tenantId));
  });
  return waiting.map((approval) => (
    <div key={approval.id} className="waiting">
      <Waiting approval={approval}>
        {t('prices.waiting', {
          what: t(`approvals.noun_${noun}`),
          day: format.date((approval.after as PriceProposal).valid_from),
        })}
      </Waiting>
    </div>
  ));
}

/** Says that it waits, and leads there. */
export function Waiting({ approval, children }: { approval: Approval; children: string }) {
  const { t } = useReading();
  return (
    <Alert color="blue" icon={<IconUsers />}>
      <Group justify="space-between">
        <Text size="sm" c="var(--mantine-color-text)">
          {children}
        </Text>
        <Button component={Link} to={`/approvals/${approval.id}`} variant="default" size="xs">
          {t('tenants.open_proposal')}
        </Button>
      </Group>
    </Alert>
  );
}
