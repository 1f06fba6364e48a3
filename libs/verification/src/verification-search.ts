import type { DataSource } from 'typeorm';
import type { Outcome } from '#lib/pki';
import { firstIdOf, type Mode, MODES, type PageOrder, readInIndexOrder, readingByTime } from '#lib/platform';
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
  /** Real time, half-open. */
  createdAfter: Date;
  createdBefore: Date;
  /** Newest first unless asked otherwise. */
  order?: PageOrder;
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

/**
 * Verifications of any tenants, newest or oldest first. Role of the admin process: evidence is not among the columns. The
 * first of each tenant and mode are read in the order of the primary key, and of those the first of all: a page costs
 * what it shows of each, however much there is behind it.
 */
export async function searchVerifications(
  dataSource: DataSource,
  search: VerificationSearch,
): Promise<FoundVerification[]> {
  const { sql, values } = firstOf(search);
  const { direction } = readingByTime(search.order);
  return dataSource.transaction(async (manager) => {
    await readInIndexOrder(manager);
    const rows: Row[] = await manager.query(
      `with first as (${sql})
       select ${COLUMNS} from first join verification using (tenant_id, mode, id) order by id ${direction}`,
      values,
    );
    return rows.map(toFound);
  });
}

/** How many there are, counted up to the limit. */
export async function countVerifications(dataSource: DataSource, search: VerificationSearch): Promise<number> {
  const { sql, values } = firstOf(search);
  const rows: { n: number }[] = await dataSource.query(`select count(*)::int as n from (${sql}) as found`, values);
  return rows[0]!.n;
}

/** Keys of the first ones in their order. Behind row-level security only the whole key is known to be the index's order. */
function firstOf(search: VerificationSearch): { sql: string; values: unknown[] } {
  const { direction, beyond } = readingByTime(search.order);
  return {
    sql: `select v.tenant_id, v.mode, v.id
      from tenant t cross join unnest($6::tenant_mode[]) as m (mode) cross join lateral (
        select tenant_id, mode, id from verification
        where tenant_id = t.id and mode = m.mode and id >= $1 and id < $2 and ($3::outcome is null or outcome = $3)
          and ($4::uuid is null or id ${beyond} $4) and ($7::text is null or reference = $7)
        order by tenant_id ${direction}, mode ${direction}, id ${direction} limit $5) as v
      where $8::uuid is null or t.id = $8
      order by v.id ${direction} limit $5`,
    values: [
      firstIdOf(search.createdAfter.getTime()),
      firstIdOf(search.createdBefore.getTime()),
      search.outcome ?? null,
      search.after ?? null,
      search.limit,
      search.mode === undefined ? MODES : [search.mode],
      search.reference ?? null,
      search.tenantId ?? null,
    ],
  };
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
