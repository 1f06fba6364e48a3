import { CSV_BOM, csvRow } from '#lib/platform';
import type { SealedEvent } from './audit-form.js';
import { type AuditSource, type ExportRange, planExport, sealedRows } from './export-audit.js';
import { type AuditSearch, fitsAction } from './search-audit.js';

/** Which events a table shows, besides those of a tenant; what is absent does not narrow. */
export type TableFilter = Pick<AuditSearch, 'actor' | 'action' | 'target' | 'requestId'>;

const fits = (event: SealedEvent, { actor, action, target, requestId }: TableFilter): boolean =>
  (actor === undefined || event.actor === actor) &&
  (action === undefined || fitsAction(event.action, action)) &&
  (target === undefined || event.target === target) &&
  (requestId === undefined || event.request_id === requestId);

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
export async function* exportAuditCsv(
  source: AuditSource,
  range: ExportRange,
  filter: TableFilter = {},
): AsyncGenerator<string> {
  const { after, closings, checkpoint } = await planExport(source, range);
  const to = (checkpoint ?? closings.at(-1)!).statement.seq;
  yield CSV_BOM + csvRow(COLUMNS);
  const { tenant } = range;
  for await (const { seq, day, hash, event } of sealedRows(source, after.seq, to)) {
    if (event === null || !fits(event, filter)) continue;
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
