import { readBacklog } from './audit-watch.js';
import type { AuditSource } from './export-audit.js';
import type { ExportReport } from './export-report.js';
import { type AuditEvent, searchAudit } from './search-audit.js';
import { appendAudit, type Acting } from './append-audit.js';

/** What every event about the chain itself has as its target. */
export const CHAIN_TARGET = 'audit:chain';

/** Where the chain stands. Days are of Japan, times milliseconds. */
export interface ChainStatus {
  /** Events in the chain, and the hash that its last row leads to (hex). */
  seq: number;
  head: string;
  /** The day that is open; absent before the first sealing. */
  openDay?: string;
  sealedAt?: number;
  /** Of the statement that vouches for the open day so far. */
  signedAt?: number;
  closedDays: number;
  firstDay?: string;
  lastClosedDay?: string;
  /** Days that are over and not closed. */
  unclosedDays: number;
  /** Events that wait, counted up to 100,000. */
  unsealed: number;
  oldestUnsealedAt?: number;
  keyIds: string[];
  /** The event `audit.verify` of the last run, by whomever. */
  lastVerification?: AuditEvent;
}

/** Operators' role. */
export async function readChainStatus(source: AuditSource): Promise<ChainStatus> {
  const backlog = await readBacklog(source);
  const [chain]: { seq: string; head: string; day: string | null; signed_at: Date | null }[] = await source.query(
    `select seq, encode(head, 'hex') as head, day::text, signed_at from audit_chain`,
  );
  const [closed]: { days: string; first: string | null; last: string | null }[] = await source.query(
    'select count(*) as days, min(day)::text as first, max(day)::text as last from audit_closing',
  );
  const keys: { id: string }[] = await source.query('select id from audit_signing_key order by id');
  const [verified] = await searchAudit(source, { action: 'audit.verify', target: CHAIN_TARGET, limit: 1 });
  const firstDay = closed!.first ?? chain!.day;
  return {
    seq: Number(chain!.seq),
    head: chain!.head,
    ...(chain!.day === null ? {} : { openDay: chain!.day }),
    ...(backlog.lastSealedAt === undefined ? {} : { sealedAt: backlog.lastSealedAt }),
    ...(chain!.signed_at === null ? {} : { signedAt: chain!.signed_at.getTime() }),
    closedDays: Number(closed!.days),
    ...(firstDay === null ? {} : { firstDay }),
    ...(closed!.last === null ? {} : { lastClosedDay: closed!.last }),
    unclosedDays: backlog.unclosedDays,
    unsealed: backlog.unsealed,
    ...(backlog.oldestUnsealedAt === undefined ? {} : { oldestUnsealedAt: backlog.oldestUnsealedAt }),
    keyIds: keys.map(({ id }) => id),
    ...(verified === undefined ? {} : { lastVerification: verified }),
  };
}

/** What a verification found, as an audit event: so the next one is held against it, and so it can be shown. */
export async function recordVerification(source: AuditSource, report: ExportReport, acting: Acting): Promise<void> {
  const { whole, fault_count, keys_confirmed, from, to, seq, signed_at } = report;
  await appendAudit(source, {
    ...acting,
    action: 'audit.verify',
    target: CHAIN_TARGET,
    detail: {
      whole,
      fault_count,
      codes: [...new Set(report.faults.map(({ code }) => code))],
      keys_confirmed,
      from,
      to,
      seq,
      signed_at,
    },
  });
}
