import { Alert, Button, Group, Text } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { waitingApprovals } from '../../approvals';
import { useReading } from '../../language';
import { useMay } from '../../session';
import { invoiceIdOf } from '../approvals/subject';

/** Whether a proposal is about an invoice, or about drafts among which it is. */
function isAbout({ kind, subject, after }: Schemas['Approval'], id: string): boolean {
  if (kind === 'invoice_void') return subject === `invoice:${id}`;
  if (kind !== 'invoice_finalization') return false;
  const { invoices } = after as { invoices: Record<string, string> };
  return Object.keys(invoices).some((each) => invoiceIdOf(each) === id);
}

/** What waits for a second person about an invoice. */
export function useWaiting(id: string): Schemas['Approval'] | undefined {
  const may = useMay();
  const { data } = useQuery({ ...waitingApprovals, enabled: may('approvals:read') });
  return data?.data.find((approval) => isAbout(approval, id));
}

/** Says that it waits, and leads there. */
export function Waiting({ approval, children }: { approval: Schemas['Approval']; children: string }) {
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
