import type { EntityManager } from 'typeorm';
import type { AskedKinds, ConclusionCode, ToldFacts, ToldStatus } from '#lib/persons';
import type { ListsSummary } from '#lib/revocation';

export const SWEEP_STATES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;
export type SweepState = (typeof SWEEP_STATES)[number];
export const SWEEP_METHODS = ['crl', 'ocsp'] as const;
export type SweepMethod = (typeof SWEEP_METHODS)[number];
/** `references`: an uploaded file of the tenant's own references. */
export const SWEEP_SELECTIONS = ['all', 'not_checked_since', 'persons', 'references'] as const;
export type SweepSelection = (typeof SWEEP_SELECTIONS)[number];

/** How many persons by conclusion. */
export type SweepSummary = Partial<Record<ConclusionCode, number>>;

/** A status sweep (現況確認). Times in milliseconds. */
export interface Sweep {
  id: string;
  selection: SweepSelection;
  notCheckedSince?: number;
  certificates: AskedKinds;
  method: SweepMethod;
  state: SweepState;
  /** By the clock of the mode; so is `checkedAt`. The others are real time: test time can be moved. */
  createdAt: number;
  beganAt?: number;
  endedAt?: number;
  /** As of when all lists were asked. Of OCSP: when it began. */
  checkedAt?: number;
  /** The lists that were asked, whatever was accepted meanwhile. Absent for OCSP, and before it began. */
  snapshot?: { epoch: string; sign: ListsSummary; auth: ListsSummary };
  /** Absent before it began. */
  total?: number;
  done: number;
  summary: SweepSummary;
  /** Lines of the request that stand for nobody. */
  rejected: number;
  failure?: string;
  /** Since then nothing about persons is told: their time is over. */
  resultsErasedAt?: number;
  /** Real time of the database at which all this held. */
  now: number;
}

export interface SweepRow {
  id: string;
  selection: SweepSelection;
  not_checked_since: Date | null;
  certificates: AskedKinds;
  method: SweepMethod;
  state: SweepState;
  created_at: Date;
  began_at: Date | null;
  ended_at: Date | null;
  checked_at: Date | null;
  crl_epoch: string | null;
  snapshot: { sign: ListsSummary; auth: ListsSummary } | null;
  total: number | null;
  done: number;
  summary: SweepSummary;
  rejected: number;
  failure: string | null;
  results_erased_at: Date | null;
  now: Date;
}

export const SWEEP_COLUMNS = `id, selection, not_checked_since, certificates, method, state, created_at, began_at, ended_at, checked_at,
  crl_epoch, snapshot, total, done, summary, rejected, failure, results_erased_at, clock_timestamp() as now`;

const optional = <K extends string, V>(name: K, value: V | null): Partial<Record<K, V>> =>
  value === null ? {} : ({ [name]: value } as Record<K, V>);
const ms = (date: Date | null): number | null => date?.getTime() ?? null;

export const toSweep = (row: SweepRow): Sweep => ({
  id: row.id,
  selection: row.selection,
  ...optional('notCheckedSince', ms(row.not_checked_since)),
  certificates: row.certificates,
  method: row.method,
  state: row.state,
  createdAt: row.created_at.getTime(),
  ...optional('beganAt', ms(row.began_at)),
  ...optional('endedAt', ms(row.ended_at)),
  ...optional('checkedAt', ms(row.checked_at)),
  ...optional('snapshot', row.snapshot && { epoch: row.crl_epoch!, ...row.snapshot }),
  ...optional('total', row.total),
  done: row.done,
  summary: row.summary,
  rejected: row.rejected,
  ...optional('failure', row.failure),
  ...optional('resultsErasedAt', ms(row.results_erased_at)),
  now: row.now.getTime(),
});

/** In the caller's transaction of the tenant, as are the others. */
export async function findSweep(manager: EntityManager, id: string): Promise<Sweep | undefined> {
  const rows: SweepRow[] = await manager.query(`select ${SWEEP_COLUMNS} from status_sweep where id = $1`, [id]);
  return rows[0] && toSweep(rows[0]);
}

/** The newest first. @param before the id after which the page begins */
export async function listSweeps(
  manager: EntityManager,
  { before, limit }: { before?: string; limit: number },
): Promise<Sweep[]> {
  const rows: SweepRow[] = await manager.query(
    `select ${SWEEP_COLUMNS} from status_sweep where $1::uuid is null or id < $1 order by id desc limit $2`,
    [before ?? null, limit],
  );
  return rows.map(toSweep);
}

/** What a sweep found about one person. Times in milliseconds by the clock of the mode. */
export interface SweepResult {
  personId: string;
  conclusion: ConclusionCode;
  aliveAsOf?: number;
  /** When what may be told of was revoked. */
  since?: number;
  checkedAt: number;
  sign?: ToldStatus;
  auth?: ToldStatus;
  /** Of the uploaded file. */
  line?: number;
  reference?: string;
}

interface ResultRow {
  person_id: string;
  conclusion: ConclusionCode;
  alive_as_of: Date | null;
  since: Date | null;
  checked_at: Date;
  /** With their ids, of sweeps made before the ids had columns. */
  certificates: { sign?: ToldFacts | ToldStatus; auth?: ToldFacts | ToldStatus };
  sign_certificate_id: string | null;
  auth_certificate_id: string | null;
  line: number | null;
  reference: string | null;
}

/**
 * Results so far, by person. The line of each is looked up by its key: joined, each result of a sweep that the statistics do
 * not know yet is compared with all lines.
 * @param after the person after whom the page begins
 */
export async function listSweepResults(
  manager: EntityManager,
  sweepId: string,
  { after, conclusion, limit }: { after?: string; conclusion?: ConclusionCode; limit: number },
): Promise<SweepResult[]> {
  const rows: ResultRow[] = await manager.query(
    `select r.person_id, r.conclusion, r.alive_as_of, r.since, r.checked_at, r.certificates,
       r.sign_certificate_id, r.auth_certificate_id, p.line, p.reference
     from status_sweep_result r left join lateral (
       select line, reference from status_sweep_person
       where tenant_id = r.tenant_id and mode = r.mode and sweep_id = r.sweep_id and person_id = r.person_id offset 0) p on true
     where r.sweep_id = $1 and r.tenant_id = current_tenant() and r.mode = current_mode()
       and ($2::uuid is null or r.person_id > $2) and ($3::text is null or r.conclusion = $3)
     order by r.person_id limit $4`,
    [sweepId, after ?? null, conclusion ?? null, limit],
  );
  return rows.map((row) => ({
    personId: row.person_id,
    conclusion: row.conclusion,
    ...optional('aliveAsOf', ms(row.alive_as_of)),
    ...optional('since', ms(row.since)),
    checkedAt: row.checked_at.getTime(),
    ...optional('sign', toldStatus(row.sign_certificate_id, row.certificates.sign)),
    ...optional('auth', toldStatus(row.auth_certificate_id, row.certificates.auth)),
    ...optional('line', row.line),
    ...optional('reference', row.reference),
  }));
}

const toldStatus = (id: string | null, told: ToldFacts | ToldStatus | undefined): ToldStatus | null =>
  told === undefined ? null : { certificateId: id!, ...told };

/** A line of an uploaded file, or of a list, that stands for nobody. */
export interface Rejection {
  line: number;
  code: string;
  /** The line that holds the same, where that is why. */
  firstLine?: number;
}

export async function listRejections(
  manager: EntityManager,
  sweepId: string,
  { after, limit }: { after: number; limit: number },
): Promise<Rejection[]> {
  const rows: { line: number; code: string; first_line: number | null }[] = await manager.query(
    'select line, code, first_line from status_sweep_rejection where sweep_id = $1 and line > $2 order by line limit $3',
    [sweepId, after, limit],
  );
  return rows.map(({ line, code, first_line: firstLine }) => ({ line, code, ...optional('firstLine', firstLine) }));
}
