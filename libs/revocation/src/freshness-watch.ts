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

/** Raises alarms when lists are not renewed, cannot be had or are no longer offered. */
@Injectable()
export class FreshnessWatch {
  /** Alarms that stand: how many partitions, and when that was last told. */
  private readonly standing = new Map<string, { count: number; toldAt: number }>();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) private readonly logger: Logger,
    @Inject(LATE_MS) private readonly lateMs: number,
  ) {}

  /** Looks once. Call it every minute or so. */
  async look(): Promise<void> {
    for (const mode of MODES)
      for (const source of await readFreshness(this.dataSource, mode, this.clock.now(mode), this.lateMs))
        for (const alarm of Object.keys(ALARMS) as Alarm[]) this.judge(alarm, mode, source, ALARMS[alarm](source));
  }

  private judge(alarm: Alarm, mode: Mode, source: Freshness, count: number): void {
    const { hierarchy, generation, soonestNextUpdate, partitions, now } = source;
    const key = `${alarm} ${mode} ${hierarchy} ${generation}`;
    const before = this.standing.get(key);
    const facts = { mode, hierarchy, generation, partitions: count, of: partitions };
    if (count === 0) {
      if (before !== undefined) this.logger.log(`${alarm}_over`, facts);
      this.standing.delete(key);
      return;
    }
    if (before !== undefined && count <= before.count && now - before.toldAt < REMIND_MS) return;
    this.standing.set(key, { count, toldAt: now });
    const nextUpdate = soonestNextUpdate === undefined ? undefined : new Date(soonestNextUpdate).toISOString();
    this.logger.error(alarm, { ...facts, soonest_next_update: nextUpdate });
  }
}
