import { createHash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { type Mode, newId, Problem, toPublicId } from '#lib/platform';
import { type Month, periodOf, startOf } from './japan-month.js';
import { mustBeClosed } from './jlis-report.js';
import {
  type ItemCount,
  readJlisFile,
  reconcile,
  RECONCILED,
  type ReconciledItem,
  reconciliationResult,
  type ReconciliationResult,
} from './reconcile.js';

type Queries = Pick<EntityManager, 'query'>;

/** A bill of J-LIS held against what was metered. */
export interface Reconciliation {
  id: string;
  mode: Mode;
  month: Month;
  /** Hex. */
  fileSha256: string;
  result: ReconciliationResult;
  /** What the operator says about the differences. */
  explanation: string | null;
  madeBy: string;
  madeAt: Date;
}

interface Row {
  id: string;
  mode: Mode;
  month: Month;
  file_sha256: string;
  result: unknown;
  explanation: string | null;
  made_by: string;
  made_at: Date;
}

const SELECT = `select id, mode, month, encode(file_sha256, 'hex') as file_sha256, result, explanation, made_by, made_at
  from jlis_reconciliation`;

const toReconciliation = (row: Row): Reconciliation => ({
  id: row.id,
  mode: row.mode,
  month: row.month,
  fileSha256: row.file_sha256,
  result: reconciliationResult.parse(row.result),
  explanation: row.explanation,
  madeBy: row.made_by,
  madeAt: row.made_at,
});

/**
 * Holds a bill of J-LIS against the events decided in that month, and keeps both. Operators' role.
 * @throws Problem `month_not_closed`, `jlis_file_malformed`
 */
export async function importJlisFile(
  dataSource: DataSource,
  { mode, month, file, ...acting }: Acting & { mode: Mode; month: Month; file: string },
): Promise<Reconciliation> {
  const theirs = readJlisFile(file, month);
  const id = newId(Date.now());
  return dataSource.transaction(async (manager) => {
    await mustBeClosed(manager, mode, month);
    const { ours, selfReported } = await countEvents(manager, mode, month);
    const result = reconcile(ours, theirs, selfReported);
    const sha256 = createHash('sha256').update(file).digest();
    await manager.query(
      `insert into jlis_reconciliation (mode, id, month, file, file_sha256, result, made_by) values ($1, $2, $3, $4, $5, $6, $7)`,
      [mode, id, month, file, sha256, JSON.stringify(result), acting.actor],
    );
    await appendAudit(manager, {
      ...acting,
      action: 'jlis_reconciliation.import',
      target: `month:${mode}:${month}`,
      detail: { sha256: sha256.toString('hex'), differences: result.differences },
    });
    const rows: Row[] = await manager.query(`${SELECT} where mode = $1 and id = $2`, [mode, id]);
    return toReconciliation(rows[0]!);
  });
}

async function countEvents(
  manager: Queries,
  mode: Mode,
  month: Month,
): Promise<{ ours: ItemCount[]; selfReported: ReconciliationResult['self_reported'] }> {
  const { from, until } = periodOf(month);
  const rows: { tenant_id: string; meter: string; method: string; events: string }[] = await manager.query(
    `select tenant_id, meter, method, count(*) as events from usage_event
     where mode = $1 and occurred_at >= $2 and occurred_at < $3 group by 1, 2, 3 order by 1, 2, 3`,
    [mode, new Date(startOf(from)), new Date(startOf(until))],
  );
  const items = Object.entries(RECONCILED) as [ReconciledItem, string][];
  const reported = new Map<string, ReconciliationResult['self_reported'][number]>();
  for (const { meter, method, events } of rows.filter((row) => row.method === 'crl')) {
    const before = reported.get(meter)?.events ?? 0;
    reported.set(meter, { item: meter, method, events: before + Number(events) });
  }
  return {
    ours: rows.flatMap(({ tenant_id, meter, events }) => {
      const item = items.find(([, each]) => each === meter)?.[0];
      return item === undefined ? [] : [{ service_id: toPublicId('ten', tenant_id), item, count: Number(events) }];
    }),
    selfReported: [...reported.values()],
  };
}

/** Newest first. */
export async function listReconciliations(manager: Queries, mode: Mode, month: Month): Promise<Reconciliation[]> {
  const rows: Row[] = await manager.query(
    `${SELECT} where mode = $1 and month = $2 order by made_at desc, id desc limit 100`,
    [mode, month],
  );
  return rows.map(toReconciliation);
}

/** Says why a bill differs, once. @throws Problem `not_found`, `nothing_to_change` */
export async function explainDifferences(
  dataSource: DataSource,
  { id, explanation, ...acting }: Acting & { id: string; explanation: string },
): Promise<Reconciliation> {
  return dataSource.transaction(async (manager) => {
    const rows: Row[] = await manager.query(`${SELECT} where id = $1 for update`, [id]);
    if (!rows[0]) throw new Problem('not_found');
    const { result, explanation: before, mode, month } = toReconciliation(rows[0]);
    if (result.differences === 0 || before !== null) throw new Problem('nothing_to_change');
    await manager.query('update jlis_reconciliation set explanation = $2 where id = $1', [id, explanation]);
    await appendAudit(manager, {
      ...acting,
      action: 'jlis_reconciliation.explain',
      target: `month:${mode}:${month}`,
      detail: { reconciliation: id, explanation },
    });
    const after: Row[] = await manager.query(`${SELECT} where id = $1`, [id]);
    return toReconciliation(after[0]!);
  });
}

/** Whether the newest bill of a month differs and nobody has said why: nothing may be invoiced for it yet. */
export async function hasUnexplainedDifference(manager: Queries, mode: Mode, month: Month): Promise<boolean> {
  const [newest] = await listReconciliations(manager, mode, month);
  return newest !== undefined && newest.result.differences > 0 && newest.explanation === null;
}
