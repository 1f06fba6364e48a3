import { Alert, Button, Group, Text } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { waitingApprovals } from '../../approvals';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { useMay } from '../../session';
import { Difference } from '../approvals/difference';

type Tenant = Schemas['TenantDetail'];
type Change = Schemas['ContractProposal']['change'];

/** Whether two people change the live contract of a tenant, as far as its state tells. */
export const hasGoneLive = ({ state, suspended_from }: Tenant): boolean =>
  state === 'live' || suspended_from === 'live';

interface ProposeProps {
  tenant: Tenant;
  contract: Schemas['Contract'];
  change: Change;
  onProposed: () => void;
  onClose: () => void;
}

/** Puts a change of a live contract before a second person. */
export function ProposeContract({ tenant, contract, change, onProposed, onClose }: ProposeProps) {
  const { t } = useReading();
  const queries = useQueryClient();
  const before = Object.fromEntries(Object.keys(change).map((name) => [name, contract[name as keyof typeof contract]]));
  return (
    <Confirm
      title={t('contract.propose')}
      thing={tenant.name}
      confirm={t('common.propose')}
      size="lg"
      words={{ field: 'reason', label: t('common.reason'), required: true }}
      act={async (reason) => {
        await ask(() =>
          client.POST('/v1/tenants/{id}/contract-changes', {
            params: { path: { id: tenant.id } },
            body: { change, reason },
          }),
        );
        onProposed();
        await queries.invalidateQueries({ queryKey: ['approvals'] });
      }}
      done={t('contract.proposed', { name: tenant.name })}
      onClose={onClose}
    >
      <Text size="sm">{t('contract.propose_effect')}</Text>
      <Difference before={before} after={change} />
    </Confirm>
  );
}

/** That two people change this contract, and what waits for the second one. */
export function TwoPeople({ tenant }: { tenant: Tenant }) {
  const { t } = useReading();
  const may = useMay();
  const { data } = useQuery({ ...waitingApprovals, enabled: may('approvals:read') });
  const waiting = data?.data.find(
    ({ kind, subject }) => kind === 'contract_change' && subject === `tenant:${tenant.id}`,
  );
  return (
    <Alert color="blue" icon={<IconUsers />}>
      <Group justify="space-between">
        <Text size="sm" c="var(--mantine-color-text)">
          {t(waiting ? 'contract.waiting' : 'contract.two_people')}
        </Text>
        {waiting && (
          <Button component={Link} to={`/approvals/${waiting.id}`} variant="default" size="xs">
            {t('tenants.open_proposal')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
