import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Copyable } from '../../parts/copy';
import { Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { ApprovalState } from '../../parts/state';
import { useMay, useSession } from '../../session';
import { Difference } from './difference';
import { AfterDecision } from './outcome';
import { ProposedInvoices } from './proposed-invoices';
import { type PlanProposal, ProposedPlan } from './proposed-plan';
import { type FinalizationProposal, Subject, whatText } from './subject';

const route = getRouteApi('/approvals/$approvalId');
type Approval = Schemas['Approval'];
/** How often one that waits is looked at; a tab in the background does not ask. */
const WATCH_MS = 5_000;

/** One proposal: what changes, who wants it and why, and the decision. */
export function ApprovalPage() {
  const { t } = useReading();
  const { approvalId } = route.useParams();
  const found = useQuery({
    queryKey: ['approval', approvalId],
    queryFn: () => ask(() => client.GET('/v1/approvals/{id}', { params: { path: { id: approvalId } } })),
    // Another person decides meanwhile.
    refetchInterval: ({ state: { data } }) => (data?.state === 'proposed' ? WATCH_MS : false),
  });
  return (
    <Page
      title={found.data ? whatText(t, found.data) : t('approvals.approval')}
      crumbs={[{ label: t('approvals.title'), to: '/approvals' }]}
      beside={found.data && <ApprovalState state={found.data.state} />}
      lead={<Copyable text={approvalId} />}
    >
      <Loaded query={found}>{(approval) => <Proposal approval={approval} />}</Loaded>
    </Page>
  );
}

function Proposal({ approval }: { approval: Approval }) {
  const { t, format } = useReading();
  const may = useMay();
  const { decided_by: decider, proposed_by: proposer } = approval;
  return (
    <Stack>
      {approval.state === 'proposed' && <Decision approval={approval} />}
      {approval.state !== 'proposed' && <AfterDecision approval={approval} />}
      {approval.subject.startsWith('price_plan:') && <ProposedPlan after={approval.after as PlanProposal} />}
      {approval.kind === 'invoice_finalization' && may('billing:read') ? (
        <ProposedInvoices
          approvalId={approval.id}
          after={approval.after as FinalizationProposal}
          isIssued={approval.state === 'executed'}
        />
      ) : (
        <Panel title={t('approvals.change')}>
          <Difference before={approval.before} after={approval.after} />
        </Panel>
      )}
      <Panel title={t('approvals.proposal')}>
        <Facts
          facts={[
            [t('approvals.subject'), <Subject approval={approval} />],
            ...(approval.state === 'proposed'
              ? []
              : [[t('common.reason'), <span style={{ whiteSpace: 'pre-wrap' }}>{approval.reason}</span>] as const]),
            [t('approvals.proposed_by'), `${proposer.name ?? proposer.id} · ${format.minute(approval.proposed_at)}`],
            [t('approvals.expires_at'), format.minute(approval.expires_at)],
            [
              t('approvals.decided_by'),
              decider
                ? `${decider.name ?? decider.id} · ${format.minute(approval.decided_at)}`
                : t('approvals.undecided'),
            ],
            [t('approvals.note'), approval.note ?? '—'],
            [t('approvals.executed_at'), format.minute(approval.executed_at)],
            [t('approvals.payload'), <Copyable text={approval.payload_sha256} />],
          ]}
        />
      </Panel>
    </Stack>
  );
}

function Decision({ approval }: { approval: Approval }) {
  const { t } = useReading();
  const { operator } = useSession();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<'approve' | 'refuse' | 'withdraw'>();
  const own = approval.proposed_by.id === operator.id;
  const path = { id: approval.id };
  const act = async (note: string): Promise<void> => {
    const noted = note === '' ? {} : { note };
    await (asking === 'approve'
      ? ask(() =>
          client.POST('/v1/approvals/{id}/approve', {
            params: { path },
            body: { payload_sha256: approval.payload_sha256, ...noted },
          }),
        )
      : ask(() => client.POST('/v1/approvals/{id}/refuse', { params: { path }, body: noted })));
    await queries.invalidateQueries();
  };
  return (
    <Panel title={t('approvals.decision')} padded>
      <div>
        <Text size="sm" c="dimmed">
          {t('common.reason')}
        </Text>
        <Text style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{approval.reason}</Text>
      </div>
      <Text size="sm">
        {t(own ? 'approvals.own_hint' : approval.may_approve ? 'approvals.decide_hint' : 'approvals.not_yours_hint')}
      </Text>
      <Group gap="xs">
        {approval.may_approve && <Button onClick={() => setAsking('approve')}>{t('approvals.act_approve')}</Button>}
        {own ? (
          <Button variant="default" onClick={() => setAsking('withdraw')}>
            {t('approvals.act_withdraw')}
          </Button>
        ) : (
          approval.may_approve && (
            <Button variant="default" c="var(--console-bad)" onClick={() => setAsking('refuse')}>
              {t('approvals.act_refuse')}
            </Button>
          )
        )}
      </Group>
      {asking && (
        <Confirm
          title={t(`approvals.act_${asking}_title`)}
          thing={whatText(t, approval)}
          confirm={t(`approvals.act_${asking}`)}
          danger={asking !== 'approve'}
          words={{ field: 'note', label: t('approvals.note'), required: asking === 'refuse' }}
          act={act}
          done={t(`approvals.act_${asking}_done`)}
          onClose={() => setAsking(undefined)}
        >
          <Text size="sm" component="div">
            <Subject approval={approval} />
          </Text>
          <Text size="sm">{t(`approvals.act_${asking}_effect`)}</Text>
        </Confirm>
      )}
    </Panel>
  );
}
