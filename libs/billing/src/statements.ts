import type { EntityManager } from 'typeorm';
import type { Mode, Tenancy } from '#lib/platform';
import type { Month } from './japan-month.js';
import type { StatementContent } from './statement.js';

type Queries = Pick<EntityManager, 'query'>;

/** A statement as it is stored. */
export interface Statement {
  id: string;
  tenantId: string;
  mode: Mode;
  month: Month;
  /** Hex; over `text`. */
  sha256: string;
  /** The bytes that were hashed, JSON. */
  text: string;
  content: StatementContent;
  writtenAt: Date;
}

/** What a list shows of it. */
export interface StatementSummary extends Omit<Statement, 'text' | 'content'> {
  contractYen: number;
  jlisYen: number;
  billedYen: number;
}

interface Row {
  id: string;
  tenant_id: string;
  mode: Mode;
  month: Month;
  sha256: string;
  written_at: Date;
  content: string;
  contract_yen: string;
  jlis_yen: string;
  billed_yen: string;
}

const SUMMARY = `id, tenant_id, mode, month, encode(content_sha256, 'hex') as sha256, written_at, contract_yen, jlis_yen, billed_yen`;

const toStatement = (row: Row): Statement => ({
  id: row.id,
  tenantId: row.tenant_id,
  mode: row.mode,
  month: row.month,
  sha256: row.sha256,
  writtenAt: row.written_at,
  text: row.content,
  content: JSON.parse(row.content) as StatementContent,
});

/** The statement of a month, or the one with an id. Row-level security shows a tenant its own; operators see all. */
export async function findStatement(
  manager: Queries,
  which: { id: string } | (Tenancy & { month: Month }),
): Promise<Statement | undefined> {
  const rows: Row[] =
    'id' in which
      ? await manager.query(`select ${SUMMARY}, content from statement where id = $1`, [which.id])
      : await manager.query(
          `select ${SUMMARY}, content from statement where tenant_id = $1 and mode = $2 and month = $3`,
          [which.tenantId, which.mode, which.month],
        );
  return rows[0] && toStatement(rows[0]);
}

/** Newest month first, tenants in the order of their ids. `after`: the last one of the page before. */
export async function listStatements(
  manager: Queries,
  filter: {
    tenantId?: string;
    mode?: Mode;
    month?: Month;
    after?: { month: Month; tenantId: string };
    limit: number;
  },
): Promise<StatementSummary[]> {
  const rows: Row[] = await manager.query(
    `select ${SUMMARY} from statement
     where ($1::uuid is null or tenant_id = $1) and ($2::tenant_mode is null or mode = $2)
       and ($3::text is null or month = $3)
       and ($4::text is null or month < $4 or (month = $4 and tenant_id > $5::uuid))
     order by month desc, tenant_id limit $6`,
    [
      filter.tenantId ?? null,
      filter.mode ?? null,
      filter.month ?? null,
      filter.after?.month ?? null,
      filter.after?.tenantId ?? null,
      filter.limit,
    ],
  );
  return rows.map((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    mode: row.mode,
    month: row.month,
    sha256: row.sha256,
    writtenAt: row.written_at,
    contractYen: Number(row.contract_yen),
    jlisYen: Number(row.jlis_yen),
    billedYen: Number(row.billed_yen),
  }));
}
