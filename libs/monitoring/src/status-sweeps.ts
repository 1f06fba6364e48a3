import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { readCounterpartDisclosure, type AskedKinds, type By, type ConclusionCode } from '#lib/persons';
import {
  claimKey,
  Clock,
  findMade,
  fitsCp932,
  InFlight,
  newId,
  Problem,
  withTenant,
  type Call,
  type Tenancy,
} from '#lib/platform';
import { readContract, requireMethod, type Principal } from '#lib/tenancy';
import { appendEvent } from '#lib/webhook';
import {
  findSweep,
  listRejections,
  listSweepResults,
  listSweeps,
  type Rejection,
  type Sweep,
  type SweepMethod,
  type SweepResult,
} from './sweep.js';
import { estimateSweep, type SweepEstimate } from './sweep-estimate.js';
import type { FileEncoding } from './sweep-file.js';
import { forecast, type SweepForecast } from './sweep-forecast.js';
import { livingPersons, storePeople, storeRejections, type SelectedPerson } from './sweep-selection.js';

/** Sweeps of a tenant that wait or run, at most: they are worked on one after the other. */
const MAX_UNFINISHED = 20;

/** Whom a sweep is about. */
export type SweepChoice =
  | { kind: 'all' }
  /** Milliseconds. */
  | { kind: 'not_checked_since'; since: number }
  | { kind: 'persons'; personIds: readonly string[] }
  | { kind: 'references'; people: readonly SelectedPerson[]; rejections: readonly Rejection[] };

export interface SweepRequest {
  choice: SweepChoice;
  certificates: AskedKinds;
  method: SweepMethod;
  /** What becomes of a request some of whose lines stand for nobody. */
  onBadRows: 'refuse' | 'skip';
}

/** What such a sweep would ask, how long that took before, and which lines stand for nobody. */
export interface SweepPreview extends SweepForecast {
  /** Absent when no comparable sweep has been completed lately. */
  estimate?: SweepEstimate;
  rejections: readonly Rejection[];
}

/** Lines that a refusal names. */
const MAX_NAMED = 100;

/** Status sweeps as a tenant asks for them and reads them. The worker carries them out. */
@Injectable()
export class StatusSweeps {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * Queues a sweep: its row is what the worker takes up.
   * @throws Problem `feature_not_contracted`, `sweep_rows_refused`, `too_many_sweeps`
   */
  create(principal: Principal, request: SweepRequest, call: Call): Promise<{ sweep: Sweep; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const lost = new Error('another request was first');
      const made = await withTenant(this.dataSource, principal, async (manager) => {
        const before = call.idempotency && (await findMade(manager, call.idempotency, 'status_sweep'));
        if (before !== undefined) return { id: before, replayed: true };
        const id = await this.store(manager, principal, request, call.requestId);
        if (
          call.idempotency &&
          !(await claimKey(manager, principal, call.idempotency, { resource: 'status_sweep', id }))
        )
          throw lost;
        return { id, replayed: false };
      }).catch(async (error: unknown) => {
        if (error !== lost) throw error;
        const id = await withTenant(this.dataSource, principal, (manager) =>
          findMade(manager, call.idempotency!, 'status_sweep'),
        );
        return { id: id!, replayed: true };
      });
      return { sweep: await this.get(principal, made.id), replayed: made.replayed };
    });
  }

  /** Nothing is written. @throws Problem `feature_not_contracted` */
  forecast(principal: Principal, { choice, certificates: kinds, method }: SweepRequest): Promise<SweepPreview> {
    return withTenant(this.dataSource, principal, async (manager) => {
      requireMethod(await readContract(manager, principal), method);
      const { people, rejections } = await selectedBy(manager, choice);
      const chosen =
        choice.kind === 'all' || choice.kind === 'not_checked_since'
          ? choice
          : ({ kind: 'named', personIds: people.map(({ personId }) => personId) } as const);
      const found = await forecast(manager, principal, chosen, {
        kinds,
        counterpartOnly: await readCounterpartDisclosure(manager, principal, Date.now()),
        at: this.clock.now(principal.mode),
      });
      const estimate = await estimateSweep(manager, principal, { persons: found.persons, method, kinds });
      return { ...found, rejections, ...(estimate && { estimate }) };
    });
  }

  private async store(
    manager: EntityManager,
    principal: Principal,
    { choice, certificates, method, onBadRows }: SweepRequest,
    requestId: string,
  ): Promise<string> {
    const { tenantId, mode, apiKeyId } = principal;
    requireMethod(await readContract(manager, principal), method);
    const { people, rejections } = await selectedBy(manager, choice);
    if (rejections.length > 0 && onBadRows === 'refuse') throw refusal(rejections);
    // Two at once see each other's rows: whoever comes second counts the first.
    await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`status_sweep|${tenantId}|${mode}`]);
    const unfinished: { n: number }[] = await manager.query(
      `select count(*)::int as n from status_sweep where state in ('queued', 'running')`,
    );
    if (unfinished[0]!.n >= MAX_UNFINISHED) throw new Problem('too_many_sweeps');
    const id = newId(Date.now());
    const notCheckedSince = choice.kind === 'not_checked_since' ? choice.since : undefined;
    await manager.query(
      `insert into status_sweep (tenant_id, mode, id, api_key_id, selection, not_checked_since, certificates, method,
         created_at, rejected)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tenantId,
        mode,
        id,
        apiKeyId,
        choice.kind,
        notCheckedSince === undefined ? null : new Date(notCheckedSince),
        certificates,
        method,
        new Date(this.clock.now(mode)),
        rejections.length,
      ],
    );
    await storePeople(manager, principal, id, people);
    await storeRejections(manager, principal, id, rejections);
    await appendAudit(manager, {
      actor: `api_key:${apiKeyId}`,
      action: 'status_sweep.create',
      target: `status_sweep:${id}`,
      requestId,
      detail: { selection: choice.kind, certificates, method, rejected: rejections.length },
      tenancy: principal,
    });
    return id;
  }

  /** @throws Problem `not_found` */
  get(tenancy: Tenancy, id: string): Promise<Sweep> {
    return withTenant(this.dataSource, tenancy, (manager) => mustFind(manager, id));
  }

  /** The newest first. */
  list(tenancy: Tenancy, page: { before?: string; limit: number }): Promise<Sweep[]> {
    return withTenant(this.dataSource, tenancy, (manager) => listSweeps(manager, page));
  }

  /**
   * Ends a sweep that waits or runs. What it has found by then stays, and was metered.
   * @throws Problem `not_found`, `sweep_ended`
   */
  cancel(tenancy: Tenancy, id: string, by: By): Promise<Sweep> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      await mustFind(manager, id);
      const [, changed] = await manager.query<[unknown, number]>(
        `update status_sweep set state = 'cancelled', ended_at = clock_timestamp()
         where id = $1 and state in ('queued', 'running')`,
        [id],
      );
      if (changed === 0) throw new Problem('sweep_ended');
      await appendAudit(manager, { ...by, action: 'status_sweep.cancel', target: `status_sweep:${id}`, tenancy });
      const at = this.clock.now(tenancy.mode);
      await appendEvent(manager, tenancy, { type: 'sweep.cancelled', at, data: { status_sweep_id: id } });
      return mustFind(manager, id);
    });
  }

  /** A page of what it has found so far, by person. The read is recorded. @throws Problem `not_found`, `sweep_results_erased` */
  results(
    tenancy: Tenancy,
    id: string,
    page: { after?: string; conclusion?: ConclusionCode; limit: number },
    by: By,
  ): Promise<SweepResult[]> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      await mustHaveResults(manager, id);
      const found = await listSweepResults(manager, id, page);
      await appendAudit(manager, {
        ...by,
        action: 'status_sweep.read_results',
        target: `status_sweep:${id}`,
        detail: { persons: found.length },
        tenancy,
      });
      return found;
    });
  }

  /**
   * Before the first octet of a table is sent.
   * @throws Problem `not_found`, `sweep_results_erased`, `csv_unmappable` when a reference of the tenant's has no form in CP932
   */
  async checkTable(tenancy: Tenancy, id: string, encoding: FileEncoding): Promise<void> {
    const rows = await withTenant(this.dataSource, tenancy, async (manager) => {
      await mustHaveResults(manager, id);
      if (encoding !== 'cp932') return [];
      const found: { line: number; reference: string }[] = await manager.query(
        `select line, reference from status_sweep_person where sweep_id = $1 and reference ~ '[^ -~]' order by line`,
        [id],
      );
      return found;
    });
    const unfit = rows.filter(({ reference }) => !fitsCp932(reference));
    if (unfit.length > 0)
      throw new Problem('csv_unmappable', { lines: unfit.slice(0, MAX_NAMED).map(({ line }) => line) });
  }

  /** Lines of the request that stand for nobody. @throws Problem `not_found`, `sweep_results_erased` */
  rejections(tenancy: Tenancy, id: string, page: { after: number; limit: number }): Promise<Rejection[]> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      await mustHaveResults(manager, id);
      return listRejections(manager, id, page);
    });
  }
}

async function mustFind(manager: EntityManager, id: string): Promise<Sweep> {
  const sweep = await findSweep(manager, id);
  if (!sweep) throw new Problem('not_found');
  return sweep;
}

async function mustHaveResults(manager: EntityManager, id: string): Promise<void> {
  if ((await mustFind(manager, id)).resultsErasedAt !== undefined) throw new Problem('sweep_results_erased');
}

/** The persons a request names, each once, and its lines that name nobody or somebody again. */
async function selectedBy(
  manager: EntityManager,
  choice: SweepChoice,
): Promise<{ people: readonly SelectedPerson[]; rejections: readonly Rejection[] }> {
  if (choice.kind === 'references') return choice;
  if (choice.kind !== 'persons') return { people: [], rejections: [] };
  const living = await livingPersons(manager, choice.personIds);
  const lines = new Map<string, number>();
  const rejections: Rejection[] = [];
  choice.personIds.forEach((id, index) => {
    const line = index + 1;
    const root = living.get(id);
    const firstLine = root === undefined ? undefined : lines.get(root);
    if (root === undefined) rejections.push({ line, code: 'person_unknown' });
    else if (firstLine !== undefined) rejections.push({ line, code: 'person_repeated', firstLine });
    else lines.set(root, line);
  });
  return { people: [...lines].map(([personId, line]) => ({ personId, line })), rejections };
}

const refusal = (rejections: readonly Rejection[]): Problem =>
  new Problem('sweep_rows_refused', {
    rejected: rejections.length,
    errors: rejections.slice(0, MAX_NAMED).map(({ line, code, firstLine }) => ({
      field: `line ${line}`,
      message: firstLine === undefined ? code : `${code}: line ${firstLine}`,
    })),
  });
