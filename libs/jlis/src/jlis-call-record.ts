import type { DataSource } from 'typeorm';
import { appendAudit, type AuditEntry } from '#lib/audit';
import { type Mode, withTenant } from '#lib/platform';
import type { ServiceName } from './service-contract.js';

/** One call, or its beginning. No serial, certificate, attribute or answer about a person is in it. */
export interface JlisCallRecord {
  service: ServiceName;
  mode: Mode;
  /** Whose call it is; absent: the platform's own. */
  tenantId?: string;
  actor: string;
  /** Of the request of ours for which J-LIS is asked. */
  requestId?: string;
  /** The `X-Request-Id` that J-LIS sees. */
  callId: string;
  /** Keyed hash of what is asked about. */
  subjectHash?: Buffer;
  /** Absent while the call is only about to be sent. */
  end?: { outcome: string; fact?: string | number; attempts: number; durationMs: number };
}
export type RecordJlisCall = (record: JlisCallRecord) => Promise<void>;

/** Writes each record as an audit event, in a transaction of its own: whatever the caller then does, the call happened. */
export function auditedRecord(dataSource: DataSource): RecordJlisCall {
  return (record) => {
    const { tenantId, mode } = record;
    if (tenantId === undefined) return dataSource.transaction((manager) => appendAudit(manager, entryOf(record)));
    const tenancy = { tenantId, mode };
    return withTenant(dataSource, tenancy, (manager) => appendAudit(manager, { ...entryOf(record), tenancy }));
  };
}

function entryOf({ service, mode, actor, requestId, callId, subjectHash, end }: JlisCallRecord): AuditEntry {
  return {
    actor,
    action: end === undefined ? 'jlis.call_begun' : 'jlis.call',
    target: `jlis:${service}`,
    ...(requestId === undefined ? {} : { requestId }),
    detail: {
      service,
      mode,
      call_id: callId,
      ...(subjectHash === undefined ? {} : { subject_hash: subjectHash.toString('hex') }),
      ...(end === undefined
        ? {}
        : { outcome: end.outcome, fact: end.fact, attempts: end.attempts, duration_ms: Math.round(end.durationMs) }),
    },
  };
}
