import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { Clock, METRICS, type Mode, MODES } from '#lib/platform';
import { type Freshness, readFreshness } from './freshness.js';
import { nextNightly } from './refresh-queue.js';

/** Injection token: how long before its nextUpdate a list is late, milliseconds. */
export const LATE_MS = Symbol('LATE_MS');

const SOURCE = ['mode', 'hierarchy', 'generation'] as const;
type SourceLabel = (typeof SOURCE)[number];

/** Of one authority key's lists, read from the database when the metrics are. */
const SOURCE_GAUGES: Record<string, { help: string; value: (freshness: Freshness) => number | undefined }> = {
  shomei_crl_partitions: { help: 'Partitions named in the last index.', value: (of) => of.partitions },
  shomei_crl_entries: { help: 'Revoked serials in the lists held.', value: (of) => of.entries },
  shomei_crl_partitions_missing: { help: 'Partitions never fetched.', value: (of) => of.missing },
  shomei_crl_partitions_unobtainable: { help: 'Never fetched though tried for long.', value: (of) => of.unobtainable },
  shomei_crl_partitions_unlisted: { help: 'Gone from the index while in force.', value: (of) => of.unlisted },
  shomei_crl_partitions_failing: { help: 'Partitions whose last attempt failed.', value: (of) => of.failing },
  shomei_crl_partitions_late: { help: 'Lists close to their nextUpdate.', value: (of) => of.late },
  shomei_crl_partitions_stale: { help: 'Lists past their nextUpdate.', value: (of) => of.stale },
  shomei_crl_oldest_success_age_seconds: {
    help: 'Age of the partition refreshed longest ago.',
    value: (of) => of.oldestSuccessAt && (of.now - of.oldestSuccessAt) / 1000,
  },
  shomei_crl_soonest_next_update_timestamp_seconds: {
    help: 'The first nextUpdate of the lists held.',
    value: (of) => of.soonestNextUpdate && of.soonestNextUpdate / 1000,
  },
  shomei_crl_next_due_timestamp_seconds: {
    help: 'The next nightly refresh.',
    value: (of) => nextNightly(of.nightlyMinute, of.now) / 1000,
  },
  shomei_crl_run_done: { help: 'Partitions attempted since the last index.', value: (of) => of.run.done },
  shomei_crl_run_failed: { help: 'Those of them that failed.', value: (of) => of.run.failed },
};

/** What the refreshing process counts, and what the database tells of the lists' state. */
@Injectable()
export class RefreshMetrics {
  private readonly attempts: Counter<'mode' | 'outcome'>;
  private readonly rollbacks: Counter<'mode'>;
  private readonly seconds: Histogram<'mode'>;

  constructor(
    @Inject(METRICS) registry: Registry,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(LATE_MS) private readonly lateMs: number,
  ) {
    const registers = [registry];
    this.attempts = new Counter({
      name: 'shomei_crl_refresh_total',
      help: 'Attempts to refresh a partition by their end.',
      labelNames: ['mode', 'outcome'],
      registers,
    });
    this.rollbacks = new Counter({
      name: 'shomei_crl_rollback_total',
      help: 'Lists refused because they are older than the one held.',
      labelNames: ['mode'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'shomei_crl_refresh_seconds',
      help: 'Duration of one attempt to refresh a partition.',
      labelNames: ['mode'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600],
      registers,
    });
    this.registerSourceGauges(registry);
  }

  /** Starts timing an attempt; call the answer with an outcome or a failure's code. */
  begin(mode: Mode): (end: string) => void {
    const stop = this.seconds.startTimer({ mode });
    return (end) => {
      stop();
      // The part before the colon is of a closed set; what follows quotes the outside.
      this.attempts.inc({ mode, outcome: end.split(':', 1)[0]! });
      if (end.includes('went_back')) this.rollbacks.inc({ mode });
    };
  }

  /** One query for each mode fills all of them; the first in the registry asks. */
  private registerSourceGauges(registry: Registry): void {
    const gauges = new Map<string, Gauge<SourceLabel>>();
    const fill = async (): Promise<void> => {
      const states = await Promise.all(
        MODES.map(async (mode) => ({
          mode,
          sources: await readFreshness(this.dataSource, mode, this.clock.now(mode), this.lateMs),
        })),
      );
      for (const [name, gauge] of gauges) {
        gauge.reset();
        for (const { mode, sources } of states)
          for (const source of sources) {
            const value = SOURCE_GAUGES[name]!.value(source);
            const { hierarchy, generation } = source;
            if (value !== undefined) gauge.set({ mode, hierarchy, generation }, value);
          }
      }
    };
    let filling: Promise<void> | undefined;
    for (const [name, { help }] of Object.entries(SOURCE_GAUGES))
      gauges.set(
        name,
        new Gauge({
          name,
          help,
          labelNames: SOURCE,
          registers: [registry],
          collect: async () => {
            filling ??= fill().finally(() => (filling = undefined));
            await filling;
          },
        }),
      );
  }
}
