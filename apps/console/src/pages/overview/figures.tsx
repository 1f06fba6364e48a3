import { SimpleGrid, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { State } from '../../parts/state';
import { countOf } from './slots';

type Overview = Schemas['Overview'];

/** What one wants to know first, each as one figure. */
export function Figures({ overview: { checks, revenue, mode } }: { overview: Overview }) {
  if (!checks && !revenue) return null;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: checks && revenue ? 4 : 3 }}>
      {checks && <ChecksFigures checks={checks} />}
      {revenue && <Revenue revenue={revenue} mode={mode} />}
    </SimpleGrid>
  );
}

function Figure({
  name,
  value,
  beside,
  children,
}: {
  name: string;
  value: string;
  beside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="panel figure" aria-label={name}>
      <Text size="sm" c="dimmed" component="h2" fw={500}>
        {name} {beside}
      </Text>
      <div className="figure-value">{value}</div>
      <Text size="xs" c="dimmed" className="numbers" component="div">
        {children}
      </Text>
    </section>
  );
}

function ChecksFigures({
  checks: { hours, answer_times: times, counted_at: countedAt },
}: {
  checks: Schemas['OverviewChecks'];
}) {
  const { t, format } = useReading();
  const all = countOf(hours);
  const undecided = countOf(hours, ({ outcome }) => outcome === 'indeterminate');
  const ofKind = (kind: 'signature' | 'authentication') => format.number(countOf(hours, (row) => row.kind === kind));
  const { whole } = times;
  return (
    <>
      <Figure name={t('overview.checks_24h')} value={format.number(all)}>
        {countedAt === null
          ? t('overview.not_counted')
          : t('overview.by_kind_counts', {
              signatures: ofKind('signature'),
              authentications: ofKind('authentication'),
              at: format.time(countedAt).slice(-8),
            })}
      </Figure>
      <Figure name={t('overview.undecided')} value={all === 0 ? '—' : format.share(undecided / all)}>
        {t('overview.undecided_count', { count: format.number(undecided) })}
      </Figure>
      <Figure
        name={t('overview.answer_time')}
        value={whole ? `${format.number(whole.p50_ms)} / ${format.number(whole.p99_ms)} ms` : '—'}
      >
        {whole ? t('overview.answers', { count: format.number(whole.answers) }) : t('overview.no_answers')}
      </Figure>
    </>
  );
}

function Revenue({
  revenue: { estimate },
  mode,
}: {
  revenue: NonNullable<Overview['revenue']>;
  mode: Overview['mode'];
}) {
  const { t, format } = useReading();
  return (
    <Figure
      name={t('overview.revenue')}
      value={estimate ? format.yen(estimate.billed_yen) : '—'}
      beside={<State tone="info">{t('overview.estimate')}</State>}
    >
      {estimate ? (
        <>
          {t('overview.estimate_of', {
            month: format.month(estimate.month),
            at: format.minute(estimate.made_at).slice(-5),
          })}
          {estimate.unpriced > 0 && ` · ${t('overview.unpriced', { count: estimate.unpriced })}`}
          {' · '}
          <Link to="/months" search={{ mode }} className="within-words">
            {t('months.title')}
          </Link>
        </>
      ) : (
        t('overview.no_estimate')
      )}
    </Figure>
  );
}
