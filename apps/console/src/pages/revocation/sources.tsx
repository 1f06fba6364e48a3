import { SimpleGrid } from '@mantine/core';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { State } from '../../parts/state';

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
              [
                t('revocation.last_failure'),
                source.failures === 0
                  ? t('common.none')
                  : `${format.number(source.failures)}× ${source.last_failure ?? ''}`,
              ],
              [t('revocation.skipped'), format.number(source.skipped)],
            ]}
          />
        </Panel>
      ))}
    </SimpleGrid>
  );
}
