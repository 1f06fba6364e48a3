import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Logger, type Mode } from '#lib/platform';
import { overviewStarts } from './check-counts.js';

/** Between two writings, milliseconds; a killed process loses so much of what it measured. */
const WRITE_MS = 5_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Steps of a doubling: a time is known to a tenth. */
const STEPS = 8;
const SMALLEST_MS = 2 ** -8;
const LARGEST_MS = 2 ** 24;

/** The step that a time belongs to: it took at most 2^(step/8) milliseconds. */
export const stepOf = (ms: number): number =>
  Math.ceil(STEPS * Math.log2(Math.min(Math.max(ms, SMALLEST_MS), LARGEST_MS)));

/**
 * How long the verifications took that this process answered, from the arrival of the request until its answer was handed
 * over, the durable write included. A measure and no record: counted in memory, and added to the counts of all processes now
 * and then.
 */
@Injectable()
export class AnswerTimes implements OnApplicationBootstrap, OnModuleDestroy {
  /** Answers by mode, hour and step. */
  private counts = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.writing = this.writing.then(() => this.write());
    }, WRITE_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.write();
  }

  /** @param ms how long it took @param now milliseconds, real time */
  add(mode: Mode, ms: number, now: number): void {
    const key = `${mode} ${now - (now % HOUR_MS)} ${stepOf(ms)}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** Never throws: what could not be written is written with what comes. */
  private async write(): Promise<void> {
    if (this.counts.size === 0) return;
    const counts = this.counts;
    this.counts = new Map();
    const times = [...counts].map(([key, answers]) => {
      const [mode, hour, step] = key.split(' ');
      return { mode, hour: new Date(Number(hour)).toISOString(), octave_eighth: Number(step), answers };
    });
    try {
      await this.dataSource.query('select add_answer_times($1)', [JSON.stringify(times)]);
    } catch (error) {
      this.logger.warn('answer_times_not_written', { error });
      for (const [key, answers] of counts) this.counts.set(key, (this.counts.get(key) ?? 0) + answers);
    }
  }
}

/** Answers of some time: how many, and how long at most half and 99 of 100 of them took. */
export interface AnswerQuantiles {
  answers: number;
  /** Milliseconds; at most a tenth too high. */
  p50Ms: number;
  p99Ms: number;
}

export interface SlotQuantiles extends AnswerQuantiles {
  /** When the hour or the day in Japan begins. */
  from: Date;
}

interface Step {
  step: number;
  answers: number;
}

/** @returns undefined when there were no answers */
export function quantilesOf(steps: readonly Step[]): AnswerQuantiles | undefined {
  const sorted = [...steps].sort((one, other) => one.step - other.step);
  const answers = sorted.reduce((sum, each) => sum + each.answers, 0);
  if (answers === 0) return undefined;
  const at = (share: number): number => {
    let below = 0;
    const found = sorted.find((each) => (below += each.answers) >= share * answers)!;
    return 2 ** (found.step / STEPS);
  };
  return { answers, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Of the last hours and days, real time; slots without answers are left out. Role of the admin process. @param now milliseconds */
export async function readAnswerTimes(
  dataSource: DataSource,
  mode: Mode,
  now: number,
): Promise<{ whole?: AnswerQuantiles; hours: SlotQuantiles[]; days: SlotQuantiles[] }> {
  const starts = overviewStarts(now);
  // A month has some 70,000 rows: each slot is a stretch of the primary key, and no row is asked which day it is of.
  const read = async (since: number, slotMs: number): Promise<(Step & { from: Date })[]> => {
    const rows: { from: Date; step: number; answers: string }[] = await dataSource.query(
      `select "from", octave_eighth as step, sum(answers) as answers
       from generate_series($2::timestamptz, $3::timestamptz, $4::int * interval '1 millisecond') as "from"
       join answer_time on mode = $1 and hour >= "from" and hour < "from" + $4::int * interval '1 millisecond'
       group by 1, 2 order by 1, 2`,
      [mode, new Date(since), new Date(now), slotMs],
    );
    return rows.map((row) => ({ ...row, answers: Number(row.answers) }));
  };
  const hours = await read(starts.hours, HOUR_MS);
  const whole = quantilesOf(hours);
  return { ...(whole ? { whole } : {}), hours: bySlot(hours), days: bySlot(await read(starts.days, DAY_MS)) };
}

function bySlot(steps: readonly (Step & { from: Date })[]): SlotQuantiles[] {
  const slots = new Map<number, Step[]>();
  for (const { from, ...step } of steps) slots.set(from.getTime(), [...(slots.get(from.getTime()) ?? []), step]);
  return [...slots].flatMap(([from, each]) => {
    const quantiles = quantilesOf(each);
    return quantiles ? [{ from: new Date(from), ...quantiles }] : [];
  });
}
