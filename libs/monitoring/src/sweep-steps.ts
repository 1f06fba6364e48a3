import { setImmediate as turn } from 'node:timers/promises';
import { type DataSource, type EntityManager, QueryFailedError, type QueryRunner } from 'typeorm';
import { appendAudit } from '#lib/audit';
import {
  askResponders,
  CertificateOpener,
  judgeByLists,
  judgePerson,
  readCounterpartDisclosure,
  type AskedKinds,
} from '#lib/persons';
import { leave, readInIndexOrder, withTenant, type Mode, type Tenancy } from '#lib/platform';
import { ListsAt, ListsDamaged, type OcspSources, readEpoch } from '#lib/revocation';
import type { TenantKeys } from '#lib/tenancy';
import { appendEvent, type EventType } from '#lib/webhook';
import { type ChunkPlace, type ChunkRows, chunkRows, moveOn, storeChunk, type SweptResult } from './store-chunk.js';
import { findSweep, type Sweep, type SweepSummary } from './sweep.js';
import { type Chunk, readChunk, SweepFailed, type SweptPerson } from './sweep-chunk.js';
import { uncheckedSql } from './sweep-selection.js';

/** Persons that one transaction is about. */
const CRL_CHUNK = 2_500;
/** Persons judged before the connections have a turn. */
const JUDGED_AT_ONCE = 250;
/** Each certificate is a request over the network. */
const OCSP_CHUNK = 200;
/** Requests of one chunk under way at once. */
const OCSP_LANES = 16;
/** Longest wait for what another process has locked, milliseconds: only one that is at the same sweep keeps it for long. */
const LOCK_TIMEOUT_MS = 5_000;
/** After that long the next tenant has its turn, milliseconds. */
const TURN_MS = 4_000;

export interface SweepJob extends Tenancy {
  id: string;
}

/** `taken`: another process is ahead, or the sweep was cancelled. */
export type StepOutcome = 'more' | 'completed' | 'failed' | 'taken';

/** The sweep has moved on without us: what we found is not written. */
class Overtaken extends Error {}

export interface SweepSources {
  listsAt(mode: Mode, epoch: string): Promise<ListsAt>;
  ocsp(mode: Mode): Promise<OcspSources>;
}

/** What is to be written of a chunk. */
interface JudgedChunk {
  rows: ChunkRows;
  place: ChunkPlace;
  /** The writing of the chunk before. */
  before: Promise<void>;
  /** Of the last chunk: when it ended, milliseconds by the clock of the mode. */
  endedAt?: number;
}

/**
 * Carries sweeps out, a turn at a time. All that a turn found and how far the sweep has come is written in the same
 * transaction, from the place where the sweep stood: whoever is killed has written all of a chunk or nothing, and of two
 * at the same chunk one writes.
 */
export class SweepSteps {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tenantKeys: TenantKeys,
    private readonly sources: SweepSources,
  ) {}

  /**
   * One turn of a sweep.
   * @param now milliseconds by the clock of the mode, at each call
   */
  async step(job: SweepJob, now: () => number, goOn: () => boolean): Promise<StepOutcome> {
    try {
      await this.begin(job, now);
      return await this.advance(job, now, goOn);
    } catch (error) {
      if (error instanceof Overtaken) return 'taken';
      const code =
        error instanceof SweepFailed
          ? error.code
          : error instanceof ListsDamaged
            ? 'revocation_data_damaged'
            : undefined;
      if (code === undefined) throw error;
      return (await this.fail(job, code, now())) ? 'failed' : 'taken';
    }
  }

  /** Fixes what the sweep is asked by: the lists in force now, and the time. */
  private async begin(job: SweepJob, now: () => number): Promise<void> {
    const sweep = await withTenant(this.dataSource, job, (manager) => findSweep(manager, job.id));
    if (sweep?.state !== 'queued') return;
    const at = now();
    let epoch: string | null = null;
    let snapshot: string | null = null;
    if (sweep.method === 'crl') {
      epoch = await readEpoch(this.dataSource, job.mode);
      const lists = await this.sources.listsAt(job.mode, epoch);
      snapshot = JSON.stringify({ sign: lists.summary('sign', at), auth: lists.summary('auth', at) });
    }
    await withTenant(this.dataSource, job, async (manager) => {
      await readInIndexOrder(manager);
      const everybody = `select 1 from person where tenant_id = $4 and mode = $5 and merged_into is null and deleted_at is null`;
      const listed = `select 1 from status_sweep_person where tenant_id = $4 and mode = $5 and sweep_id = $1`;
      const { notCheckedSince } = sweep;
      const chosen =
        notCheckedSince !== undefined
          ? uncheckedSql({ tenancy: job, since: new Date(notCheckedSince).toISOString() })
          : sweep.selection === 'all'
            ? everybody
            : listed;
      await manager.query(
        `update status_sweep set state = 'running', began_at = clock_timestamp(), checked_at = $2, crl_epoch = $3,
           snapshot = $6, total = (select count(*) from (${chosen}) p)
         where id = $1 and tenant_id = $4 and mode = $5 and state = 'queued'`,
        [job.id, new Date(at), epoch, job.tenantId, job.mode, snapshot],
      );
    });
  }

  private async advance(job: SweepJob, now: () => number, goOn: () => boolean): Promise<StepOutcome> {
    const state = await withTenant(this.dataSource, job, async (manager) => {
      const sweep = await findSweep(manager, job.id);
      const [row]: { last_person: string | null; began_at: string }[] = await manager.query(
        'select last_person, began_at::text as began_at from status_sweep where id = $1',
        [job.id],
      );
      const counterpartOnly = await readCounterpartDisclosure(manager, job, Date.now());
      return sweep && row && { sweep, row, counterpartOnly, openers: await this.openersOf(manager, job) };
    });
    if (state?.sweep.state !== 'running') return 'taken';
    const { sweep, row, counterpartOnly, openers } = state;
    const source =
      sweep.method === 'crl'
        ? await this.sources.listsAt(job.mode, sweep.snapshot!.epoch)
        : await this.sources.ocsp(job.mode);
    const limit = sweep.method === 'crl' ? CRL_CHUNK : OCSP_CHUNK;
    const chunk = { tenancy: job, sweep, beganAt: row.began_at, counterpartOnly, limit };
    const read = (after: string | undefined): Promise<Chunk> =>
      this.inTransaction(job, (runner) => readChunk(runner, { ...chunk, after }, openers));
    let { summary } = sweep;
    let after = row.last_person ?? undefined;
    const end = performance.now() + TURN_MS;
    let reading = read(after);
    let before: Promise<void> = Promise.resolve();
    let writing: Promise<void> = Promise.resolve();
    try {
      for (;;) {
        const { persons, octets, last = after, isLast } = await reading;
        const more = !isLast && goOn() && performance.now() < end;
        // The server reads the next chunk and writes those before while this one is judged and made into rows.
        const next = more ? read(last) : undefined;
        if (next) leave(next);
        const results = await this.judge(persons, sweep.certificates, { source, at: sweep.checkedAt!, now });
        const rows = chunkRows({ results, octets }, sweep.method, counterpartOnly);
        summary = summaryWith(summary, results);
        // Of two under way, one has its rows written while the other is committed.
        await before;
        before = writing;
        const place = { sweepId: job.id, after, last, count: results.length, summary, isLast };
        writing = this.write(job, sweep, { rows, place, before, ...(isLast ? { endedAt: now() } : {}) });
        leave(writing);
        if (next === undefined) {
          await writing;
          return isLast ? 'completed' : 'more';
        }
        reading = next;
        after = last;
      }
    } finally {
      // Nothing of a turn goes on after it.
      await Promise.allSettled([before, writing, reading]);
    }
  }

  /** @param at as of when lists are asked; each answer of a responder has its own time */
  private async judge(
    persons: readonly SweptPerson[],
    kinds: AskedKinds,
    { source, at, now }: { source: ListsAt | OcspSources; at: number; now: () => number },
  ): Promise<SweptResult[]> {
    const results: SweptResult[] = [];
    if (source instanceof ListsAt) {
      const lists = { lists: source, at };
      for (const [index, { idAt, certificates }] of persons.entries()) {
        if (index % JUDGED_AT_ONCE === 0) await turn();
        results.push({ idAt, judged: judgeByLists(certificates, kinds, lists), checkedAt: at });
      }
      return results;
    }
    const waiting = persons.values();
    const lane = async (): Promise<void> => {
      for (const { idAt, certificates } of waiting) {
        const checkedAt = now();
        const judged = await judgePerson(certificates, kinds, (one) => askResponders(source, one, checkedAt));
        results.push({ idAt, judged, checkedAt });
      }
    };
    await Promise.all(Array.from({ length: OCSP_LANES }, lane));
    return results;
  }

  /** Stores a chunk at once, and moves the sweep on over it as soon as it stands there: behind the chunk `before`. */
  private async write(job: SweepJob, { method }: Sweep, { rows, place, before, endedAt }: JudgedChunk): Promise<void> {
    try {
      await withTenant(this.dataSource, job, async (manager) => {
        await manager.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        await storeChunk(manager, job, { id: job.id, method }, rows);
        await before;
        if (!(await moveOn(manager, place))) throw new Overtaken();
        if (endedAt !== undefined) await tellEnd(manager, job, 'complete', { summary: place.summary }, endedAt);
      });
    } catch (error) {
      throw isOvertaken(error) ? new Overtaken() : error;
    }
  }

  private async fail(job: SweepJob, code: string, at: number): Promise<boolean> {
    return withTenant(this.dataSource, job, async (manager) => {
      const [, ended] = await manager.query<[unknown, number]>(
        `update status_sweep set state = 'failed', failure = $2, ended_at = clock_timestamp()
         where id = $1 and state in ('queued', 'running')`,
        [job.id, code],
      );
      if (ended === 0) return false;
      await tellEnd(manager, job, 'fail', { code }, at);
      return true;
    });
  }

  private async openersOf(manager: EntityManager, tenancy: Tenancy): Promise<Map<string, CertificateOpener>> {
    const rows: { id: string }[] = await manager.query('select id from tenant_key where tenant_id = $1 and mode = $2', [
      tenancy.tenantId,
      tenancy.mode,
    ]);
    const openers = new Map<string, CertificateOpener>();
    for (const { id } of rows) {
      try {
        openers.set(id, new CertificateOpener(await this.tenantKeys.get(tenancy, id, manager), tenancy));
      } catch (cause) {
        throw new SweepFailed('tenant_key_unavailable', { cause });
      }
    }
    return openers;
  }

  /** As `withTenant`, for what needs the driver's connection. */
  private async inTransaction<T>(tenancy: Tenancy, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return withTenant(this.dataSource, tenancy, (manager) => work(manager.queryRunner!));
  }
}

function summaryWith(before: SweepSummary, results: readonly SweptResult[]): SweepSummary {
  const summary = { ...before };
  for (const { judged } of results) summary[judged.code] = (summary[judged.code] ?? 0) + 1;
  return summary;
}

/**
 * SQLSTATE of what tells two processes at one sweep apart: what one stores is there already (23505), or each waits for the
 * other (40P01; 55P03 where one waits within this process).
 */
function isOvertaken(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code, constraint = '' } = error.driverError as { code?: string; constraint?: string };
  return code === '40P01' || code === '55P03' || (code === '23505' && ONCE.has(constraint));
}
/** Keys of a sweep's results and of what they are metered as. */
const ONCE: ReadonlySet<string> = new Set(['status_sweep_result_pkey', 'usage_event_checked_person']);

const END_TYPES: Record<'complete' | 'fail', EventType> = { complete: 'sweep.completed', fail: 'sweep.failed' };

/** Puts the end of a sweep on record, and tells the tenant. @param at milliseconds by the clock of the mode */
async function tellEnd(
  manager: EntityManager,
  { tenantId, mode, id }: SweepJob,
  how: 'complete' | 'fail',
  detail: Record<string, unknown>,
  at: number,
): Promise<void> {
  const tenancy = { tenantId, mode };
  await appendAudit(manager, {
    actor: 'system:worker',
    action: `status_sweep.${how}`,
    target: `status_sweep:${id}`,
    detail,
    tenancy,
  });
  await appendEvent(manager, tenancy, { type: END_TYPES[how], at, data: { status_sweep_id: id } });
}
