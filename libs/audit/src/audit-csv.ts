import { CSV_BOM, csvRow } from '#lib/platform';
import { type AuditSource, type ExportRange, planExport, sealedRows } from './export-audit.js';

const COLUMNS = [
  'seq',
  'day',
  'recorded_at',
  'id',
  'tenant_id',
  'mode',
  'actor',
  'action',
  'schema_version',
  'target',
  'request_id',
  'ip',
  'detail',
  'change',
  'row_hash',
];

/**
 * The sealed events of a range as a table, for reading: it is not checked offline. Rows come as texts with their CRLF,
 * the first with the byte order mark. Operators' role.
 * @throws NothingSealed
 */
export async function* exportAuditCsv(source: AuditSource, range: ExportRange): AsyncGenerator<string> {
  const { after, closings, checkpoint } = await planExport(source, range);
  const to = (checkpoint ?? closings.at(-1)!).statement.seq;
  yield CSV_BOM + csvRow(COLUMNS);
  const { tenant } = range;
  for await (const { seq, day, hash, event } of sealedRows(source, after.seq, to)) {
    if (event === null) continue;
    if (tenant && event.tenant_id !== tenant.tenantId) continue;
    if (tenant?.mode !== undefined && event.mode !== tenant.mode) continue;
    const { recorded_at, id, tenant_id, mode, actor, action, schema_version, target, request_id, ip } = event;
    yield csvRow([
      seq,
      day,
      recorded_at,
      id,
      tenant_id,
      mode,
      actor,
      action,
      schema_version,
      target,
      request_id,
      ip,
      event.detail,
      event.change,
      hash,
    ]);
  }
}
