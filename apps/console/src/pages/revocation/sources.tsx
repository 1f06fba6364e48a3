import { SimpleGrid } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { State } from '../../parts/state';
import { Failure } from './failure';

/** Where the lists come from. */
export function Sources({ revocation }: { revocation: Schemas['Revocation'] }) {
  const { t, format } = useReading();
  if (revocation.sources.length === 0)
    return (
      <div className="panel">
        <Empty>{t('revocation.no_sources')}</Empty>
      </div>
    );
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      {revocation.sources.map((source) => (
        <Panel
          key={source.hierarchy}
          title={t(`revocation.hierarchy_${source.hierarchy}`)}
          actions={
            <State tone={source.enabled ? 'good' : 'calm'}>
              {t(source.enabled ? 'revocation.enabled' : 'revocation.disabled')}
            </State>
          }
        >
          <Facts
            facts={[
              [t('revocation.index_url'), source.crl_index_url],
              [t('revocation.ocsp_url'), source.ocsp_url ?? '—'],
              [t('revocation.layout'), t(`revocation.layout_${source.layout}`)],
              [t('revocation.next_due'), format.minute(source.next_due_at)],
              [t('revocation.last_attempt'), format.time(source.last_attempt_at)],
              [t('revocation.last_listed'), format.time(source.last_listed_at)],
              [t('revocation.index_failure'), <Failure failures={source.failures} last={source.last_failure} />],
              [t('revocation.list_failures'), <FailingLists revocation={revocation} hierarchy={source.hierarchy} />],
              [t('revocation.skipped'), format.number(source.skipped)],
            ]}
          />
        </Panel>
      ))}
    </SimpleGrid>
  );
}

/** The lists themselves, leading to them: an index that was read says nothing of what it names. */
function FailingLists({
  revocation: { mode, freshness },
  hierarchy,
}: {
  revocation: Schemas['Revocation'];
  hierarchy: 'sign' | 'auth';
}) {
  const { t, format } = useReading();
  const count = freshness.reduce((sum, fresh) => sum + (fresh.hierarchy === hierarchy ? fresh.failing : 0), 0);
  if (count === 0) return t('common.none');
  return (
    <Link to="/revocation" search={{ mode, tab: 'partitions', hierarchy, state: 'failing' }}>
      {t('revocation.lists_failing', { count: format.number(count) })}
    </Link>
  );
}
