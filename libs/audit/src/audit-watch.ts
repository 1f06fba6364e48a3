import { Inject, Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { Logger, METRICS } from '#lib/platform';
import type { AuditSource } from './export-audit.js';

/** An event that has waited this long for its seal is an alarm, milliseconds. */
const LATE_MS = 5 * 60_000;
/** An alarm that persists is told again after this long, milliseconds. */
const REMIND_MS = 60 * 60_000;

/** How far the chain is behind. Times in milliseconds. */
export interface AuditBacklog {
  /** Events that wait, counted up to 100,000. */
  unsealed: number;
  oldestUnsealedAt: number | undefined;
  lastSealedAt: number | undefined;
  /** Events in the chain. */
  seq: number;
  /** Days that are over and not closed. */
  unclosedDays: number;
  now: number;
}

/** Role of the worker or of the operators' REST. */
export async function readBacklog(source: AuditSource): Promise<AuditBacklog> {
  const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;
  const rows: {
    events: string;
    oldest: number | null;
    sealed_at: number | null;
    seq: string;
    unclosed: number | null;
    now: number;
  }[] = await source.query(
    `select b.events, ${ms('b.oldest')} as oldest, ${ms('c.sealed_at')} as sealed_at, c.seq,
       (clock_timestamp() at time zone 'Asia/Tokyo')::date - c.day as unclosed, ${ms('clock_timestamp()')} as now
     from audit_chain c, pg_control_system() s,
       audit_backlog(case when c.cluster is not distinct from s.system_identifier then c.watermark else '0' end) b`,
  );
  const { events, oldest, sealed_at, seq, unclosed, now } = rows[0]!;
  return {
    unsealed: Number(events),
    oldestUnsealedAt: oldest ?? undefined,
    lastSealedAt: sealed_at ?? undefined,
    seq: Number(seq),
    unclosedDays: Math.max(0, unclosed ?? 0),
    now,
  };
}

const GAUGES: Record<string, { help: string; value: (of: AuditBacklog) => number | undefined }> = {
  shomei_audit_unsealed: { help: 'Audit events that wait for their seal.', value: (of) => of.unsealed },
  shomei_audit_oldest_unsealed_age_seconds: {
    help: 'Age of the audit event that has waited longest for its seal.',
    value: (of) => (of.oldestUnsealedAt === undefined ? 0 : (of.now - of.oldestUnsealedAt) / 1000),
  },
  shomei_audit_last_seal_timestamp_seconds: {
    help: 'When audit events were last sealed.',
    value: (of) => of.lastSealedAt && of.lastSealedAt / 1000,
  },
  shomei_audit_chain_length: { help: 'Audit events in the chain.', value: (of) => of.seq },
  shomei_audit_unclosed_days: { help: 'Days that are over and not signed.', value: (of) => of.unclosedDays },
};

/** Shows how far the audit chain is behind, and raises an alarm when it does not follow. */
@Injectable()
export class AuditWatch {
  private toldAt: number | undefined;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
    @Inject(METRICS) registry: Registry,
  ) {
    let reading: Promise<AuditBacklog> | undefined;
    // One query fills all of them; the first in the registry asks.
    const read = (): Promise<AuditBacklog> =>
      (reading ??= readBacklog(dataSource).finally(() => (reading = undefined)));
    for (const [name, { help, value }] of Object.entries(GAUGES))
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          const now = value(await read());
          this.reset();
          if (now !== undefined) this.set(now);
        },
      });
  }

  /** Looks once. Call it every minute or so. */
  async look(): Promise<void> {
    const { unsealed, oldestUnsealedAt, unclosedDays, lastSealedAt, now } = await readBacklog(this.dataSource);
    const waitedMs = oldestUnsealedAt === undefined ? 0 : now - oldestUnsealedAt;
    const facts = {
      unsealed,
      waited_seconds: Math.round(waitedMs / 1000),
      unclosed_days: unclosedDays,
      last_sealed_at: lastSealedAt === undefined ? null : new Date(lastSealedAt).toISOString(),
    };
    if (waitedMs < LATE_MS) {
      if (this.toldAt !== undefined) this.logger.log('audit_unsealed_over', facts);
      this.toldAt = undefined;
      return;
    }
    if (this.toldAt !== undefined && now - this.toldAt < REMIND_MS) return;
    this.toldAt = now;
    this.logger.error('audit_unsealed', facts);
  }
}
