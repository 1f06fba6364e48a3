import type { ExportExpectation, ExportReport } from './export-report.js';
import { ExportCheck } from './check-export.js';
import { exportAudit, type AuditSource, type ExportRange } from './export-audit.js';

/** Events looked at by one statement. */
const PAGE = 20_000;
const MAX_REPORTED = 100;

/**
 * Holds the stored chain against the stored events, and looks for events that the chain should have and has not.
 * Operators' role.
 * @throws NothingSealed
 */
export async function verifyAudit(
  source: AuditSource,
  range: ExportRange,
  expected: ExportExpectation,
  nowMs: number,
): Promise<ExportReport> {
  const check = new ExportCheck(expected);
  for await (const line of exportAudit(source, range, nowMs)) check.line(line);
  const report = check.report();
  let found = 0;
  for await (const id of neverSealed(source)) {
    found++;
    if (report.faults.length < MAX_REPORTED) report.faults.push({ code: 'never_sealed', id });
  }
  return { ...report, whole: report.whole && found === 0, fault_count: report.fault_count + found };
}

/** Events of transactions up to which everything has been sealed, and that are not. */
async function* neverSealed(source: AuditSource): AsyncGenerator<string> {
  const [chain]: { watermark: string }[] = await source.query(
    // Numbers of another cluster's transactions say nothing; the worker looks everything through there.
    `select case when c.cluster = s.system_identifier then c.watermark::text else '0' end as watermark
     from audit_chain c, pg_control_system() s`,
  );
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows: { id: string; missed: boolean }[] = await source.query(
      `select e.id, e.xact < $2::xid8 and s.event_id is null as missed
       from (select id, xact from audit_event where id > $1 order by id limit ${PAGE}) e
       left join audit_seal s on s.event_id = e.id order by e.id`,
      [after, chain!.watermark],
    );
    for (const { id, missed } of rows) if (missed) yield id;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.id;
  }
}
