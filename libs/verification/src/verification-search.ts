import type { DataSource } from 'typeorm';
import type { Outcome } from '#lib/pki';
import { firstIdOf, type Mode } from '#lib/platform';
import type { VerdictFacts } from './evidence.js';

/** A decided check as operators see it: whose it is and what was found, nothing of the person. */
export interface FoundVerification {
  id: string;
  tenantId: string;
  mode: Mode;
  apiKeyId: string;
  kind: 'signature' | 'authentication';
  /** By the clock of the mode. */
  decidedAt: Date;
  /** Real time. */
  recordedAt: Date;
  outcome: Outcome;
  reasonCode?: string;
  reference?: string;
  facts: VerdictFacts;
}

export interface VerificationSearch {
  tenantId?: string;
  mode?: Mode;
  /** Only together with `tenantId`. */
  reference?: string;
  outcome?: Outcome;
  /** Real time, half-open; without a tenant the two bound what is read, which must be days and not years. */
  createdAfter: Date;
  createdBefore: Date;
  /** Id of the last one of the page before. */
  after?: string;
  limit: number;
}

interface Row {
  id: string;
  tenant_id: string;
  mode: Mode;
  api_key_id: string;
  kind: FoundVerification['kind'];
  decided_at: Date;
  recorded_at: Date;
  outcome: Outcome;
  reason_code: string | null;
  reference: string | null;
  verdict: VerdictFacts;
}

const COLUMNS =
  'id, tenant_id, mode, api_key_id, kind, decided_at, recorded_at, outcome, reason_code, reference, verdict';
/** Between the making of an id and its commit; far more than any request may take. */
const COMMIT_MS = 3_600_000;

/** Verifications of any tenants, newest first. Role of the admin process: evidence is not among the columns. */
export async function searchVerifications(
  dataSource: DataSource,
  search: VerificationSearch,
): Promise<FoundVerification[]> {
  const { createdAfter, createdBefore } = search;
  const values: unknown[] = [
    firstIdOf(createdAfter.getTime()),
    firstIdOf(createdBefore.getTime()),
    search.outcome ?? null,
    search.after ?? null,
    search.limit,
  ];
  // Of one tenant the primary key has the order; of all of them the block ranges of the time of recording.
  let where: string;
  if (search.tenantId === undefined) {
    values.push(
      new Date(createdAfter.getTime() - COMMIT_MS),
      new Date(createdBefore.getTime() + COMMIT_MS),
      search.mode ?? null,
    );
    where = 'recorded_at >= $6 and recorded_at < $7 and ($8::tenant_mode is null or mode = $8)';
  } else {
    values.push(
      search.tenantId,
      search.mode === undefined ? ['live', 'test'] : [search.mode],
      search.reference ?? null,
    );
    where = 'tenant_id = $6 and mode = any($7::tenant_mode[]) and ($8::text is null or reference = $8)';
  }
  const rows: Row[] = await dataSource.query(
    `select ${COLUMNS} from verification
     where id >= $1 and id < $2 and ($3::outcome is null or outcome = $3) and ($4::uuid is null or id < $4) and ${where}
     order by id desc limit $5`,
    values,
  );
  return rows.map(toFound);
}

/** One verification of whichever tenant. The id says when it was made, so that nothing else is looked through. */
export async function findVerification(dataSource: DataSource, id: string): Promise<FoundVerification | undefined> {
  const madeAt = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  const rows: Row[] = await dataSource.query(
    `select ${COLUMNS} from verification where id = $1 and recorded_at >= $2 and recorded_at < $3`,
    [id, ...[-COMMIT_MS, COMMIT_MS].map((off) => new Date(clampMs(madeAt + off)))],
  );
  return rows[0] && toFound(rows[0]);
}

/** Within what PostgreSQL and JavaScript both have dates for. */
const clampMs = (ms: number): number => Math.min(Math.max(ms, 0), 8_000_000_000_000);

const toFound = (row: Row): FoundVerification => ({
  id: row.id,
  tenantId: row.tenant_id,
  mode: row.mode,
  apiKeyId: row.api_key_id,
  kind: row.kind,
  decidedAt: row.decided_at,
  recordedAt: row.recorded_at,
  outcome: row.outcome,
  facts: row.verdict,
  ...(row.reason_code === null ? {} : { reasonCode: row.reason_code }),
  ...(row.reference === null ? {} : { reference: row.reference }),
});
