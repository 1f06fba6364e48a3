import { Button, Group, List, Stack, Stepper, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../../api';
import { waitingApprovals } from '../../approvals';
import { useReading } from '../../language';
import { Facts, Panel } from '../../parts/page';
import { useMay } from '../../session';
import { DataExport } from './data-export';
import { GoLiveDialog, StepDialog, type TenantStepName } from './step-dialogs';

type Tenant = Schemas['TenantDetail'];
type State = Tenant['state'];

/** The way to live, and where on it each state stands. */
const WAY = ['applied', 'in_review', 'test', 'notified', 'live'] as const;
const reached = (tenant: Tenant): number => {
  const state: State = tenant.state === 'suspended' ? (tenant.suspended_from ?? 'test') : tenant.state;
  const at = WAY.findIndex((each) => each === state);
  return at === WAY.length - 1 ? WAY.length : Math.max(at, 0);
};
/** The step that leads on; the others are ways out. */
const ONWARD: Partial<Record<State, TenantStepName>> = {
  applied: 'review',
  in_review: 'accept',
  test: 'notify',
  suspended: 'resume',
};
const DANGEROUS: readonly TenantStepName[] = ['reject', 'suspend', 'terminate'];

/** Where the tenant stands, what comes next, and what else can be done. */
export function WayTab({ tenant }: { tenant: Tenant }) {
  const { t, format } = useReading();
  const narrow = useMediaQuery('(max-width: 48em)');
  return (
    <Stack>
      <Panel title={t('tenants.way')} padded>
        <Stepper active={reached(tenant)} size="sm" iconSize={30} orientation={narrow ? 'vertical' : 'horizontal'}>
          {WAY.map((state) => (
            <Stepper.Step
              key={state}
              label={t(`tenants.state_${state}`)}
              description={state === tenant.state ? format.day(tenant.state_since) : undefined}
            />
          ))}
        </Stepper>
      </Panel>
      <Next tenant={tenant} />
      <Panel title={t('tenants.facts')}>
        <Facts
          facts={[
            [t('tenants.created_at'), format.minute(tenant.created_at)],
            [t('tenants.state_since'), format.minute(tenant.state_since)],
            [
              t('tenants.notification'),
              tenant.notification
                ? `${format.day(tenant.notification.notified_on)} · ${tenant.notification.reference}`
                : t('common.not_yet'),
            ],
            ...(tenant.terminated_at === null
              ? []
              : [[t('tenants.terminated_at'), format.minute(tenant.terminated_at)] as const]),
          ]}
        />
      </Panel>
      <DataExport tenant={tenant} />
    </Stack>
  );
}

/** What else belongs to this stage, and where it is done. */
function Hint({ tenant }: { tenant: Tenant }) {
  const { t } = useReading();
  const may = useMay();
  const params = { tenantId: tenant.id };
  if (tenant.state === 'in_review')
    return (
      <Text size="sm">
        {t('tenants.papers_later')}{' '}
        {may('checklist:read') && (
          <Link to="/tenants/$tenantId" params={params} search={{ tab: 'checklist' }} className="within-words">
            {t('tenants.open_checklist')}
          </Link>
        )}
      </Text>
    );
  if (tenant.state === 'test')
    return (
      <List type="ordered" size="sm">
        <List.Item>
          {t('tenants.then_key')}{' '}
          {may('api_keys:read') && (
            <Link to="/tenants/$tenantId" params={params} search={{ tab: 'keys' }} className="within-words">
              {t('tenants.open_keys')}
            </Link>
          )}
        </List.Item>
        <List.Item>
          {t('tenants.then_checklist')}{' '}
          {may('checklist:read') && (
            <Link to="/tenants/$tenantId" params={params} search={{ tab: 'checklist' }} className="within-words">
              {t('tenants.open_checklist')}
            </Link>
          )}
        </List.Item>
        <List.Item>{t('tenants.then_notify')}</List.Item>
      </List>
    );
  return null;
}

function Next({ tenant }: { tenant: Tenant }) {
  const { t } = useReading();
  const may = useMay();
  const [step, setStep] = useState<TenantStepName | 'go_live'>();
  const { data: waiting } = useQuery({ ...waitingApprovals, enabled: may('approvals:read') });
  const onward = ONWARD[tenant.state];
  const others = tenant.steps.filter((each) => each !== onward);
  const proposal = waiting?.data.find(
    ({ kind, subject }) => kind === 'tenant_go_live' && subject === `tenant:${tenant.id}`,
  );
  return (
    <Panel title={t('tenants.what_next')} padded>
      <Text size="sm">{t(`tenants.explain_${tenant.state}`)}</Text>
      <Hint tenant={tenant} />
      <Group justify="space-between">
        <Group gap="xs">
          {onward !== undefined && may('tenants:write') && (
            <Button onClick={() => setStep(onward)}>{t(`tenants.step_${onward}`)}</Button>
          )}
          {proposal ? (
            <Button component={Link} to={`/approvals/${proposal.id}`} variant="default">
              {t('tenants.open_proposal')}
            </Button>
          ) : (
            tenant.state === 'notified' &&
            may('go_live:propose') && <Button onClick={() => setStep('go_live')}>{t('tenants.propose_go_live')}</Button>
          )}
        </Group>
        {may('tenants:write') && (
          <Group gap="xs">
            {others.map((each) => (
              <Button
                key={each}
                variant="default"
                c={DANGEROUS.includes(each) ? 'var(--console-bad)' : undefined}
                onClick={() => setStep(each)}
              >
                {t(`tenants.step_${each}`)}
              </Button>
            ))}
          </Group>
        )}
      </Group>
      {step === 'go_live' && <GoLiveDialog tenant={tenant} onClose={() => setStep(undefined)} />}
      {step !== undefined && step !== 'go_live' && (
        <StepDialog tenant={tenant} step={step} danger={DANGEROUS.includes(step)} onClose={() => setStep(undefined)} />
      )}
    </Panel>
  );
}
