import { Group, SegmentedControl } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Chart } from '../../parts/chart';
import type { Series, Slot } from '../../parts/chart-data';
import type { Mode } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { oneOf } from '../../search';
import { type Span, SPANS, startsOf, sumsOf } from './slots';

const route = getRouteApi('/');
const DIVISIONS = ['outcome', 'kind'] as const;
interface ChecksProps {
  checks: Schemas['OverviewChecks'];
  /** The server's time. */
  now: string;
}

const useSpan = (): Span => oneOf(SPANS, route.useSearch().span) ?? 'hours';

/** How a place of the axis is called. */
function usePlaces(span: Span, now: string) {
  const { format } = useReading();
  return startsOf(span, now).map((from) => ({
    key: from,
    label: span === 'hours' ? format.minute(from).slice(-5) : format.day(from).slice(-5),
    title: span === 'hours' ? format.minute(from) : format.day(from),
  }));
}

/** How many checks there were, by what came of them or by their kind. */
export function ChecksPanel({ checks, now, mode }: ChecksProps & { mode: Mode }) {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const span = useSpan();
  const by = oneOf(DIVISIONS, search.by) ?? 'outcome';
  const sums = sumsOf(checks[span], (row) => row[by]);
  const series: Series[] =
    by === 'outcome'
      ? [
          { name: 'valid', title: t('verifications.outcome_valid'), tone: 'good' },
          { name: 'indeterminate', title: t('verifications.outcome_indeterminate'), tone: 'warn' },
          { name: 'invalid', title: t('verifications.outcome_invalid'), tone: 'bad' },
        ]
      : [
          { name: 'signature', title: t('verifications.kind_signature'), tone: 'one' },
          { name: 'authentication', title: t('verifications.kind_authentication'), tone: 'two' },
        ];
  return (
    <Panel
      title={t('overview.checks')}
      actions={
        <Link to="/verifications" search={{ mode }}>
          {t('overview.to_checks')}
        </Link>
      }
    >
      <Group gap="sm" px="md" pt="md">
        <SegmentedControl
          size="xs"
          aria-label={t('common.period')}
          value={span}
          data={SPANS.map((value) => ({ value, label: t(`overview.span_${value}`) }))}
          onChange={(next) => void navigate({ search: { ...search, span: next }, replace: true })}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('overview.division')}
          value={by}
          data={DIVISIONS.map((value) => ({ value, label: t(`overview.by_${value}`) }))}
          onChange={(next) => void navigate({ search: { ...search, by: next }, replace: true })}
        />
      </Group>
      <Chart
        label={t('overview.checks_chart', { span: t(`overview.span_${span}`), division: t(`overview.by_${by}`) })}
        slot={t(`overview.slot_${span}`)}
        kind="bars"
        series={series}
        slots={usePlaces(span, now).map((place) => ({ ...place, values: sums.get(place.key) ?? {} }))}
        text={format.number}
        nothing={t('overview.no_checks')}
      />
    </Panel>
  );
}

/** How long they took. */
export function AnswerTimesPanel({ checks, now }: ChecksProps) {
  const { t, format } = useReading();
  const span = useSpan();
  const times = new Map(checks.answer_times[span].map((slot) => [slot.from, slot]));
  return (
    <Panel title={t('overview.answer_times')}>
      <Chart
        label={t('overview.answer_times_chart', { span: t(`overview.span_${span}`) })}
        slot={t(`overview.slot_${span}`)}
        kind="lines"
        series={[
          { name: 'p50', title: t('overview.p50'), tone: 'one' },
          { name: 'p99', title: t('overview.p99'), tone: 'two' },
        ]}
        slots={usePlaces(span, now).map((place) => {
          const slot = times.get(place.key);
          const values: Slot['values'] = slot ? { p50: slot.p50_ms, p99: slot.p99_ms } : {};
          return { ...place, values };
        })}
        text={(ms) => `${format.number(ms)} ms`}
        nothing={t('overview.no_answers')}
      />
    </Panel>
  );
}
