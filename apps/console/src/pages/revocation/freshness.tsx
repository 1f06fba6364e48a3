import { Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { State, type Tone } from '../../parts/state';

type Revocation = Schemas['Revocation'];
type Fresh = Schemas['RevocationFreshness'];
const FAULTS = ['missing', 'stale', 'failing', 'late'] as const;

/** The worst that is true of a hierarchy's lists. */
export function freshnessState(fresh: Fresh): { tone: Tone; text: (typeof FAULTS)[number] | 'fresh' } {
  const worst = FAULTS.find((fault) => fresh[fault] > 0);
  if (worst === undefined) return { tone: 'good', text: 'fresh' };
  return { tone: worst === 'late' ? 'warn' : 'bad', text: worst };
}

/** Of each hierarchy and generation: how old the data are, what is amiss, how the last refresh went. */
export function Freshness({ revocation }: { revocation: Revocation }) {
  const { t } = useReading();
  if (revocation.freshness.length === 0)
    return (
      <div className="panel">
        <Empty>{t('revocation.no_data')}</Empty>
      </div>
    );
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      {revocation.freshness.map((fresh) => (
        <OneHierarchy key={`${fresh.hierarchy} ${fresh.generation}`} fresh={fresh} revocation={revocation} />
      ))}
    </SimpleGrid>
  );
}

function OneHierarchy({ fresh, revocation }: { fresh: Fresh; revocation: Revocation }) {
  const { t, format } = useReading();
  const { tone, text } = freshnessState(fresh);
  return (
    <Panel
      title={t('revocation.hierarchy_generation', {
        hierarchy: t(`revocation.hierarchy_${fresh.hierarchy}`),
        generation: fresh.generation,
      })}
      actions={<State tone={tone}>{t(`revocation.state_${text}`)}</State>}
    >
      <Facts
        facts={[
          [t('revocation.partitions'), format.number(fresh.partitions)],
          [t('revocation.entries'), format.number(fresh.entries)],
          [
            t('revocation.amiss'),
            <Group gap={6} component="span">
              {FAULTS.filter((fault) => fresh[fault] > 0).map((fault) => (
                <Link
                  key={fault}
                  to="/revocation"
                  search={{ mode: revocation.mode, tab: 'partitions', hierarchy: fresh.hierarchy, state: fault }}
                >
                  {t(`revocation.state_${fault}`)} {format.number(fresh[fault])}
                </Link>
              ))}
              {text === 'fresh' && t('common.none')}
            </Group>,
          ],
          [t('revocation.oldest_success'), format.time(fresh.oldest_success_at)],
          [t('revocation.soonest_next_update'), format.time(fresh.soonest_next_update)],
          [t('revocation.run'), <Run key="run" run={fresh.run} />],
        ]}
      />
    </Panel>
  );
}

function Run({ run }: { run: Fresh['run'] }) {
  const { t, format } = useReading();
  const share = run.total === 0 ? 0 : (100 * run.done) / run.total;
  const over = run.total > 0 && run.done >= run.total;
  return (
    <Stack gap={4}>
      <Text size="sm" className="numbers">
        {format.time(run.started_at)} ·{' '}
        {t('revocation.run_counts', {
          good: format.number(run.done - run.failed),
          total: format.number(run.total),
          failed: format.number(run.failed),
        })}
      </Text>
      {!over && run.total > 0 && <Progress value={share} aria-label={t('revocation.run')} />}
      <Text size="xs" c="dimmed" className="numbers">
        {t('revocation.run_seconds', { seconds: format.number(Math.round(run.seconds_taken)) })}
        {run.partitions_a_second !== null &&
          ` · ${t('revocation.run_speed', { speed: format.number(Math.round(run.partitions_a_second * 10) / 10) })}`}
        {run.seconds_left !== null &&
          !over &&
          ` · ${t('revocation.run_left', { seconds: format.number(Math.round(run.seconds_left)) })}`}
      </Text>
    </Stack>
  );
}
