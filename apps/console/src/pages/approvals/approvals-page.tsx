import { Group } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Page } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { Choice } from '../../parts/search-form';
import { ApprovalState } from '../../parts/state';
import type { Column } from '../../parts/table';
import { oneOf } from '../../search';
import { kindText, KINDS, Subject, whatText } from './subject';

const route = getRouteApi('/approvals');
const STATES = ['proposed', 'executed', 'refused', 'expired', 'approved'] as const;

/** What waits for a second person, and what was decided. */
export function ApprovalsPage() {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const state = oneOf(STATES, search.state);
  const query = { state, kind: search.kind };
  const columns: Column<Schemas['Approval']>[] = [
    {
      name: 'kind',
      title: t('approvals.kind'),
      cell: (approval) => (
        <Link to="/approvals/$approvalId" params={{ approvalId: approval.id }}>
          {whatText(t, approval)}
        </Link>
      ),
      text: (approval) => whatText(t, approval),
    },
    {
      name: 'subject',
      title: t('approvals.subject'),
      cell: (approval) => <Subject approval={approval} />,
      text: ({ subject }) => subject,
    },
    {
      name: 'state',
      title: t('approvals.state'),
      cell: ({ state: each }) => <ApprovalState state={each} />,
      text: ({ state: each }) => t(`approvals.state_${each}`),
    },
    {
      name: 'by',
      title: t('approvals.proposed_by'),
      cell: ({ proposed_by: { name, id } }) => name ?? id,
    },
    { name: 'at', title: t('approvals.proposed_at'), cell: ({ proposed_at: at }) => format.minute(at) },
    {
      name: 'until',
      title: t('approvals.expires_at'),
      cell: ({ state: each, expires_at: at }) => (each === 'proposed' ? format.minute(at) : '—'),
    },
    { name: 'decided', title: t('approvals.decided_by'), cell: ({ decided_by: by }) => by?.name ?? by?.id ?? '—' },
  ];
  return (
    <Page title={t('approvals.title')} lead={t('approvals.lead')}>
      <div className="panel">
        <Group p="sm" gap="xs" align="flex-end">
          <Choice
            label={t('approvals.state')}
            values={STATES}
            text={(each) => t(`approvals.state_${each}`)}
            value={state}
            onChoose={(to) => void navigate({ search: { kind: search.kind, state: to } })}
          />
          <Choice
            label={t('approvals.kind')}
            values={KINDS}
            text={(each) => kindText(t, each)}
            value={search.kind}
            onChoose={(to) => void navigate({ search: { state: search.state, kind: to } })}
          />
        </Group>
        <Paged
          of={['approvals', query]}
          load={(cursor, limit) =>
            ask(() => client.GET('/v1/approvals', { params: { query: { ...query, cursor, limit } } }))
          }
          none={t('approvals.none')}
          label={t('approvals.title')}
          columns={columns}
          keyOf={({ id }) => id}
          cursor={search.cursor}
          onCursor={(cursor) => void navigate({ search: { ...search, cursor } })}
          file="approvals"
        />
      </div>
    </Page>
  );
}
