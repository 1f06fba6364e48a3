import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, Logger, type Mode, MODES } from '#lib/platform';
import { type Freshness, readFreshness } from './freshness.js';
import { LATE_MS } from './refresh-metrics.js';

/** An alarm that persists is told again after this long, milliseconds. */
const REMIND_MS = 60 * 60_000;

/** What is told, and how many lists it is about. */
const ALARMS = {
  /** Close to its nextUpdate without a successor. */
  revocation_late: ({ late }: Freshness) => late,
  /** Past it. */
  revocation_stale: ({ stale }: Freshness) => stale,
  /** Named in the index and never had: certificates of such a partition have no status. */
  revocation_unobtainable: ({ unobtainable }: Freshness) => unobtainable,
  /** Gone from the index, as after a damaged one, while its last list is in force. */
  revocation_unlisted: ({ unlisted }: Freshness) => unlisted,
};
type Alarm = keyof typeof ALARMS;

interface Finding {
  alarm: Alarm;
  /** Lists it is about. */
  count: number;
  facts: Record<string, unknown>;
  /** Real time, milliseconds. */
  at: number;
}

/** Raises alarms when lists are not renewed, cannot be had or are no longer offered. */
@Injectable()
export class FreshnessWatch {
  /** Alarms that stand, as they were told last. */
  private readonly standing = new Map<string, Finding>();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) private readonly logger: Logger,
    @Inject(LATE_MS) private readonly lateMs: number,
  ) {}

  /** Looks once. Call it every minute or so. */
  async look(): Promise<void> {
    const found = new Map<string, Finding>();
    for (const mode of MODES)
      for (const source of await readFreshness(this.dataSource, mode, this.clock.now(mode), this.lateMs))
        for (const finding of findings(mode, source))
          found.set(`${finding.alarm} ${mode} ${source.hierarchy} ${source.generation}`, finding);
    for (const [key, { alarm, facts }] of this.standing) {
      if (found.has(key)) continue;
      this.standing.delete(key);
      this.logger.log(`${alarm}_over`, { ...facts, partitions: 0 });
    }
    for (const [key, finding] of found) this.tell(key, finding);
  }

  private tell(key: string, finding: Finding): void {
    const told = this.standing.get(key);
    if (told !== undefined && finding.count <= told.count && finding.at - told.at < REMIND_MS) return;
    this.standing.set(key, finding);
    this.logger.error(finding.alarm, finding.facts);
  }
}

function findings(mode: Mode, source: Freshness): Finding[] {
  const { hierarchy, generation, soonestNextUpdate, partitions: of, now: at } = source;
  const next = soonestNextUpdate === undefined ? undefined : new Date(soonestNextUpdate).toISOString();
  return (Object.keys(ALARMS) as Alarm[]).flatMap((alarm) => {
    const count = ALARMS[alarm](source);
    const facts = { mode, hierarchy, generation, partitions: count, of, soonest_next_update: next };
    return count === 0 ? [] : [{ alarm, count, facts, at }];
  });
}
