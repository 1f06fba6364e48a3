import { getRouteApi, Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { download } from '../../parts/download';
import { Page } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { ModeState, Outcome } from '../../parts/state';
import type { Column } from '../../parts/table';
import { Take } from '../../parts/take';
import { oneOf } from '../../search';
import { TenantName } from '../approvals/subject';
import { isTextKey } from '../../texts';
import { MODES, OUTCOMES, VerificationFilter } from './verification-filter';

const route = getRouteApi('/verifications');
const SORTS = ['recorded_at', '-recorded_at'] as const;

/** Finds checks of any tenant; nothing here names a person. */
export function VerificationsPage() {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = {
    tenant_id: search.tenant_id,
    mode: oneOf(MODES, search.mode),
    reference: search.reference,
    outcome: oneOf(OUTCOMES, search.outcome),
    created_after: search.after,
    created_before: search.before,
  };
  const sort = oneOf(SORTS, search.sort) ?? '-recorded_at';
  const query = { ...filter, sort };
  const columns: Column<Schemas['FoundVerification']>[] = [
    {
      name: 'id',
      title: t('verifications.id'),
      cell: ({ id }) => (
        <Link to="/verifications/$verificationId" params={{ verificationId: id }} className="numbers">
          {shortId(id)}
        </Link>
      ),
    },
    { name: 'outcome', title: t('verifications.outcome'), cell: ({ outcome }) => <Outcome outcome={outcome} /> },
    {
      name: 'reason',
      title: t('verifications.reason'),
      cell: ({ reason }) => {
        if (reason === null) return '—';
        const key = `reasons.name_${reason}`;
        return isTextKey(key) ? <span title={reason}>{t(key)}</span> : <code>{reason}</code>;
      },
    },
    { name: 'kind', title: t('verifications.kind'), cell: ({ kind }) => t(`verifications.kind_${kind}`) },
    { name: 'tenant', title: t('tenants.tenant'), cell: ({ tenant_id: id }) => <TenantName id={id} /> },
    { name: 'mode', title: t('common.mode'), cell: ({ mode }) => <ModeState mode={mode} /> },
    { name: 'reference', title: t('verifications.reference'), cell: ({ reference }) => reference ?? '—' },
    { name: 'recorded_at', title: t('verifications.recorded_at'), cell: ({ recorded_at: at }) => format.time(at) },
  ];
  return (
    <Page title={t('verifications.title')} lead={t('verifications.lead')}>
      <div className="panel">
        <VerificationFilter
          key={JSON.stringify(search)}
          search={search}
          onSearch={(next) => void navigate({ search: next })}
          onId={(verificationId) => void navigate({ to: '/verifications/$verificationId', params: { verificationId } })}
        />
        <Paged
          of={['verifications', query]}
          load={(cursor, limit) =>
            ask(() => client.GET('/v1/verifications', { params: { query: { ...query, cursor, limit } } }))
          }
          none={t('common.nothing_found')}
          label={t('verifications.title')}
          columns={columns}
          keyOf={({ id }) => id}
          sorts={SORTS}
          sort={sort}
          onSort={(to) => void navigate({ search: { ...search, sort: to, cursor: undefined } })}
          cursor={search.cursor}
          onCursor={(cursor) => void navigate({ search: { ...search, cursor } })}
          file={{
            button: (
              <Take
                name={t('common.csv')}
                size="xs"
                done={t('common.downloaded')}
                take={() =>
                  download(
                    () => client.GET('/v1/verifications.csv', { params: { query: filter }, parseAs: 'blob' }),
                    'verifications.csv',
                  )
                }
              />
            ),
          }}
        />
      </div>
    </Page>
  );
}
