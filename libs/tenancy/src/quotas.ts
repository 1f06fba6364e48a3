import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, endOfJapanMonth, isDatabaseUnavailable, japanMonth, Logger, Problem, withTenant } from '#lib/platform';
import { ENDPOINT_CLASSES, type EndpointClass } from './limits.js';
import type { Principal } from './principal.js';

/** A part that nobody needed for this long goes back, milliseconds. */
const IDLE_MS = 10_000;
/** How long a used-up quota is believed to be so, milliseconds: a flood asks the database once a second. */
const USED_UP_MS = 1_000;
/** What the door hands out at once. */
const GREATEST_PART = 100;

/** A part of a quota that this process holds. */
interface Part {
  principal: Principal;
  endpointClass: EndpointClass;
  /** First day, of Japan. */
  month: string;
  left: number;
  /** Besides what is held here; null: there is no quota. */
  unreserved: number | null;
  /** Of `performance.now()`. */
  usedUpUntil: number;
  /** Whether it was needed since it was last looked at. */
  needed: boolean;
}

/** A request that was counted in its month. */
export interface Taken {
  part: Part;
  /** What is left of the month as far as this process knows; null: there is no quota. */
  remaining: number | null;
  /** Until the month ends, milliseconds. */
  resetMs: number;
}

/**
 * Counts requests in a month per tenant, mode and class of endpoints. The count is in PostgreSQL and handed out in parts
 * (`reserve_quota`), so that the row is not written by each request; a quota is never exceeded, and a process that is
 * killed wastes at most the part it holds.
 */
@Injectable()
export class Quotas implements OnModuleInit, OnModuleDestroy {
  private readonly parts = new Map<string, Part>();
  /** Questions to the database under way, and how many requests wait for each. */
  private readonly asking = new Map<string, { waiting: number; answered: Promise<void> }>();
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.returnIdle(), IDLE_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    // Requests under way still come; what they reserve is brought back at once.
    this.stopping = true;
    await this.giveUp([...this.parts.values()]);
  }

  /** Counts one request. @throws Problem `quota_exceeded` with `retry_after` in seconds. */
  async take(principal: Principal, endpointClass: EndpointClass): Promise<Taken> {
    const now = this.clock.now(principal.mode);
    const month = japanMonth(now);
    const key = `${principal.tenantId}:${principal.mode}:${endpointClass}:${month}`;
    for (;;) {
      const part = this.parts.get(key);
      if (part && part.left > 0) {
        part.left -= 1;
        part.needed = true;
        if (this.stopping) void this.giveUp([part]);
        const remaining = part.unreserved === null ? null : part.unreserved + part.left;
        return { part, remaining, resetMs: untilNextMonth(now) };
      }
      if (part && part.usedUpUntil > performance.now()) throw new QuotaExceeded(endpointClass, untilNextMonth(now));
      await this.ask(key, { principal, endpointClass, month });
    }
  }

  /** The request turned out not to count. */
  giveBack({ part }: Taken): void {
    part.left += 1;
    part.usedUpUntil = 0;
  }

  /** What of this month is used: what is handed out, less what this process still holds. */
  async used(principal: Principal): Promise<Record<EndpointClass, number>> {
    const month = japanMonth(this.clock.now(principal.mode));
    const rows: { endpoint_class: EndpointClass; reserved: string }[] = await withTenant(
      this.dataSource,
      principal,
      (manager) =>
        manager.query(
          'select endpoint_class, reserved from quota_use where tenant_id = $1 and mode = $2 and month = $3',
          [principal.tenantId, principal.mode, month],
        ),
    );
    const used = new Map(rows.map((row) => [row.endpoint_class, Number(row.reserved)]));
    const here = (endpointClass: EndpointClass): number =>
      this.parts.get(`${principal.tenantId}:${principal.mode}:${endpointClass}:${month}`)?.left ?? 0;
    return Object.fromEntries(
      ENDPOINT_CLASSES.map((each) => [each, Math.max(0, (used.get(each) ?? 0) - here(each))]),
    ) as Record<EndpointClass, number>;
  }

  /** Requests that find nothing left at the same time ask once. */
  private async ask(key: string, of: Pick<Part, 'principal' | 'endpointClass' | 'month'>): Promise<void> {
    const known = this.asking.get(key);
    if (known) {
      known.waiting += 1;
      return known.answered;
    }
    const question = { waiting: 1, answered: Promise.resolve() };
    this.asking.set(key, question);
    // In the next turn, so that all who wait by then are counted.
    question.answered = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      try {
        await this.reserve(key, of, Math.min(question.waiting, GREATEST_PART));
      } finally {
        this.asking.delete(key);
      }
    });
    return question.answered;
  }

  private async reserve(
    key: string,
    of: Pick<Part, 'principal' | 'endpointClass' | 'month'>,
    wanted: number,
  ): Promise<void> {
    const { principal, endpointClass, month } = of;
    const rows: { granted: number; unreserved: string | null }[] = await this.dataSource.query(
      'select granted, unreserved from reserve_quota($1, $2, $3, $4)',
      [Buffer.from(principal.keyHash, 'hex'), endpointClass, month, wanted],
    );
    const row = rows[0];
    // Revoked a moment ago.
    if (!row) throw new Problem('api_key_invalid');
    const part = this.parts.get(key) ?? { ...of, left: 0, unreserved: null, usedUpUntil: 0, needed: true };
    part.principal = principal;
    part.left += row.granted;
    part.unreserved = row.unreserved === null ? null : Number(row.unreserved);
    part.usedUpUntil = row.granted > 0 ? 0 : performance.now() + USED_UP_MS;
    this.parts.set(key, part);
  }

  private async returnIdle(): Promise<void> {
    const idle = [...this.parts.values()].filter((part) => !part.needed);
    for (const part of this.parts.values()) part.needed = false;
    await this.giveUp(idle);
  }

  private async giveUp(parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      const { principal, endpointClass, month } = part;
      // What requests under way give back from now on is lost to the month: they are few.
      this.parts.delete(`${principal.tenantId}:${principal.mode}:${endpointClass}:${month}`);
      const keyHash = Buffer.from(principal.keyHash, 'hex');
      try {
        for (; part.left > 0; part.left -= GREATEST_PART)
          await this.dataSource.query('select return_quota($1, $2, $3, $4)', [
            keyHash,
            endpointClass,
            month,
            Math.min(part.left, GREATEST_PART),
          ]);
      } catch (error) {
        // The tenant has less of its month by what is in here; the requests themselves tell of an outage.
        if (!isDatabaseUnavailable(error)) this.logger.error('quota_not_returned', { error });
      }
    }
  }
}

const untilNextMonth = (now: number): number => endOfJapanMonth(now) - now;

/** Over the quota of a month. */
export class QuotaExceeded extends Problem {
  constructor(
    endpointClass: EndpointClass,
    /** Until the month ends, milliseconds. */
    readonly resetMs: number,
  ) {
    super('quota_exceeded', { endpoint_class: endpointClass, retry_after: Math.ceil(resetMs / 1_000) });
  }
}
