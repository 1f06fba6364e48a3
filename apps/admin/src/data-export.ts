import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { appendAudit, type Origin } from '#lib/audit';
import { newId, Problem, type ProblemCode, type Tenancy, toPublicId, withTenant } from '#lib/platform';

export const DATA_EXPORT_FORMAT = 'shomei-tenant-data/1';

/** What a line of an export can be, in the order of the file. */
export const DATA_EXPORT_KINDS = [
  'api_key',
  'person',
  'certificate',
  'certificate_link',
  'consent',
  'verification',
  'presentation',
  'serial_linkage',
  'counterpart_lookup',
  'age_check',
  'attribute_update',
  'usage_event',
  'webhook_endpoint',
  'audit_event',
] as const;
type Kind = (typeof DATA_EXPORT_KINDS)[number];

/** Lines that are in memory at once. */
export const DATA_EXPORT_PAGE = 500;
/** A reader who takes nothing for so long is gone: his transaction holds back the database's cleaning. Milliseconds. */
const IDLE_MS = 60_000;

/** Who wants the data of a tenant in one mode. */
export interface DataExportRequest {
  tenancy: Tenancy;
  /** 3–500 characters; kept in the audit trail, which the tenant sees. */
  reason: string;
  /** SHA-256 of the token of a session with both factors. */
  tokenSha256: Buffer;
  operatorId: string;
  origin: Origin;
}

/** An export that is on record and may be read for an hour. */
export interface OpenedDataExport extends DataExportRequest {
  /** UUID of the audit event of its opening. */
  id: string;
}

type Refusal = 'session_invalid' | 'permission_missing' | 'reason_missing' | 'tenant_unknown';
const REFUSALS: Record<Refusal, [ProblemCode, Record<string, unknown>?]> = {
  session_invalid: ['session_missing'],
  permission_missing: ['permission_missing', { permission: 'tenant_data:export' }],
  reason_missing: ['request_invalid', { field: 'reason' }],
  tenant_unknown: ['not_found'],
};

/**
 * Records that the data of a tenant is taken, by whom and why. Committed before anything is read. As role shomei_admin.
 * @throws Problem `session_missing`, `permission_missing`, `request_invalid`, `not_found`
 */
export async function openDataExport(dataSource: DataSource, request: DataExportRequest): Promise<OpenedDataExport> {
  const { tenancy, reason, tokenSha256, origin } = request;
  const id = newId(Date.now());
  const [{ refusal }] = await withTenant<[{ refusal: Refusal | null }]>(dataSource, tenancy, (manager) =>
    manager.query('select open_data_export($1, $2, $3, $4, $5) as refusal', [
      tokenSha256,
      reason,
      id,
      origin.requestId ?? null,
      origin.ip ?? null,
    ]),
  );
  if (refusal !== null) throw new Problem(...REFUSALS[refusal]);
  return { ...request, id };
}

/**
 * The file, line by line with their ends: a header, a line a thing, and a trailer with the SHA-256 of every octet
 * before it. All of one moment. What was taken is recorded by its hash before the trailer is given: a file that has one is
 * on record. Ends early with an error when the database refuses or is lost.
 * @param nowMs real time
 */
export async function* dataExportLines(
  dataSource: DataSource,
  { id, tenancy, tokenSha256, operatorId, origin }: OpenedDataExport,
  nowMs: number,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const counts = Object.fromEntries(DATA_EXPORT_KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  const hashed = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield hashed(
    `${JSON.stringify({
      kind: 'header',
      format: DATA_EXPORT_FORMAT,
      export_id: toPublicId('aud', id),
      tenant_id: toPublicId('ten', tenancy.tenantId),
      mode: tenancy.mode,
      exported_at: new Date(nowMs).toISOString(),
    })}\n`,
  );
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction('REPEATABLE READ');
    await runner.query(
      `select set_config('app.tenant_id', $1, true), set_config('app.mode', $2, true),
         set_config('idle_in_transaction_session_timeout', $3, true), set_config('transaction_read_only', 'on', true)`,
      [tenancy.tenantId, tenancy.mode, String(IDLE_MS)],
    );
    for (const kind of DATA_EXPORT_KINDS) {
      for (let after: string | null = null; ;) {
        const page = (await runner.query('select id, line from data_export_page($1, $2, $3, $4, $5)', [
          tokenSha256,
          id,
          kind,
          after,
          DATA_EXPORT_PAGE,
        ])) as { id: string; line: string }[];
        for (const { line } of page) {
          counts[kind]++;
          yield hashed(`${line}\n`);
        }
        if (page.length < DATA_EXPORT_PAGE) break;
        after = page.at(-1)!.id;
      }
    }
    await runner.commitTransaction();
  } finally {
    try {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
    } finally {
      await runner.release();
    }
  }
  const sha256 = hash.digest('hex');
  await appendAudit(dataSource, {
    actor: `operator:${operatorId}`,
    action: 'tenant.data_export',
    target: `tenant:${tenancy.tenantId}`,
    tenancy,
    detail: { export: id, format: DATA_EXPORT_FORMAT, counts, sha256 },
    ...origin,
  });
  yield `${JSON.stringify({ kind: 'trailer', counts, sha256 })}\n`;
}
