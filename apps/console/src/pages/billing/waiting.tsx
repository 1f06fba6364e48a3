import { Alert, Button, Group, Text } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { waitingApprovals } from '../../approvals';
import { useReading } from '../../language';
import { useMay } from '../../session';
import { invoiceIdOf } from '../approvals/subject';

type Approval = Schemas['Approval'];

function useProposal(isIt: (approval: Approval) => boolean): Approval | undefined {
  const may = useMay();
  const { data } = useQuery({ ...waitingApprovals, enabled: may('approvals:read') });
  return data?.data.find(isIt);
}

/** What waits for a second person about an invoice: that it is void. */
export const useWaitingVoid = (invoiceId: string): Approval | undefined =>
  useProposal(({ kind, subject }) => kind === 'invoice_void' && subject === `invoice:${invoiceId}`);

/** What waits about a draft: that it becomes an invoice, which keeps its id. */
export const useWaitingFinalization = (draftId: string): Approval | undefined =>
  useProposal(({ kind, after }) => {
    if (kind !== 'invoice_finalization') return false;
    const { invoices } = after as { invoices: Record<string, string> };
    return Object.keys(invoices).some((each) => invoiceIdOf(each) === draftId);
  });

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
