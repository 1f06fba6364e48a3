import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Loaded } from '../../parts/loaded';
import { Facts } from '../../parts/page';
import { Window } from '../../parts/window';
import { useMay } from '../../session';
import { isTextKey } from '../../texts';
import { TenantName } from '../approvals/subject';

type Sweep = Schemas['FoundSweep'];

/** One sweep: what it was asked for, by which lists it judged, and what came of it. */
export function OneSweep({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useReading();
  const found = useQuery({
    queryKey: ['status-sweep', id],
    queryFn: () => ask(() => client.GET('/v1/status-sweeps/{id}', { params: { path: { id } } })),
    // Until it has ended.
    refetchInterval: ({ state: { data } }) => (data && data.ended_at === null ? 5_000 : false),
  });
  return (
    <Window onClose={onClose} size="lg" title={t('sweeps.sweep')}>
      <Loaded query={found}>{(sweep) => <What sweep={sweep} />}</Loaded>
    </Window>
  );
}

function What({ sweep }: { sweep: Sweep }) {
  const { t, format } = useReading();
  const may = useMay();
  const { snapshot, summary } = sweep;
  /** In words; what this console does not know yet by its code. */
  const say = (key: string, code: string): string => (isTextKey(key) ? t(key) : code);
  const people = Object.entries(summary).filter(([, count]) => count > 0);
  const lists = (kind: 'sign' | 'auth') =>
    snapshot === null
      ? []
      : [
          [
            t('sweeps.lists', { kind: t(`sweeps.certificates_${kind}`) }),
            t('sweeps.lists_are', {
              lists: format.number(snapshot[kind].lists),
              missing: format.number(snapshot[kind].missing),
              stale: format.number(snapshot[kind].stale),
            }),
          ] as const,
        ];
  return (
    <Facts
      facts={[
        ['ID', <Copyable text={sweep.id} />],
        [t('tenants.tenant'), <TenantName id={sweep.tenant_id} />],
        [t('sweeps.state'), t(`sweeps.state_${sweep.state}`)],
        ...(sweep.failure === null
          ? []
          : [[t('sweeps.failure'), say(`sweeps.failure_${sweep.failure}`, sweep.failure)] as const]),
        [
          t('sweeps.progress'),
          sweep.total === null
            ? t('sweeps.so_far', { done: format.number(sweep.done) })
            : t('sweeps.of_total', { done: format.number(sweep.done), total: format.number(sweep.total) }),
        ],
        ...(sweep.seconds_left === null
          ? []
          : [[t('sweeps.seconds_left'), t('sweeps.seconds', { seconds: format.number(sweep.seconds_left) })] as const]),
        ...(sweep.persons_a_second === null
          ? []
          : [[t('sweeps.speed'), format.number(sweep.persons_a_second)] as const]),
        [t('sweeps.selection'), t(`sweeps.selection_${sweep.selection}`)],
        [t('sweeps.certificates'), t(`sweeps.certificates_${sweep.certificates}`)],
        [t('sweeps.method'), sweep.method.toUpperCase()],
        [t('sweeps.checked_at'), format.time(sweep.checked_at)],
        [t('sweeps.created_at'), format.time(sweep.created_at)],
        [t('sweeps.began_at'), format.time(sweep.began_at)],
        [t('sweeps.ended_at'), format.time(sweep.ended_at)],
        ...lists('sign'),
        ...lists('auth'),
        ...(sweep.rejected === 0 ? [] : [[t('sweeps.rejected'), format.number(sweep.rejected)] as const]),
        [
          t('sweeps.summary'),
          people.length === 0
            ? '—'
            : people.map(([code, count]) => (
                <div key={code} className="numbers">
                  {say(`sweeps.conclusion_${code}`, code)}: {format.number(count)}
                </div>
              )),
        ],
        [
          t('sweeps.results'),
          sweep.results_erased_at === null
            ? t('sweeps.results_kept')
            : t('sweeps.results_erased', { at: format.time(sweep.results_erased_at) }),
        ],
        ...(may('webhooks:read')
          ? [
              [
                t('sweeps.told'),
                <Link
                  to="/tenants/$tenantId/events"
                  params={{ tenantId: sweep.tenant_id }}
                  search={{ mode: sweep.mode }}
                >
                  {t('events.of_tenant')}
                </Link>,
              ] as const,
            ]
          : []),
      ]}
    />
  );
}
