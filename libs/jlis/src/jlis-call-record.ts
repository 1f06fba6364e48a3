import type { DataSource, EntityManager } from 'typeorm';
import { type Mode, type Tenancy, withTenant } from '#lib/platform';
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

/** `appendAudit` of the audit lib, which this lib does not import: whoever builds the module hands it in. */
export type AppendAudit = (
  manager: EntityManager,
  entry: {
    actor: string;
    action: string;
    target: string;
    requestId?: string;
    detail: Record<string, unknown>;
    tenancy?: Tenancy;
  },
) => Promise<void>;

/** Writes each record as an audit event, in a transaction of its own: whatever the caller then does, the call happened. */
export function auditedRecord(dataSource: DataSource, appendAudit: AppendAudit): RecordJlisCall {
  return (record) => {
    const { tenantId, mode } = record;
    if (tenantId === undefined) return dataSource.transaction((manager) => appendAudit(manager, entryOf(record)));
    const tenancy = { tenantId, mode };
    return withTenant(dataSource, tenancy, (manager) => appendAudit(manager, { ...entryOf(record), tenancy }));
  };
}

function entryOf({ service, mode, actor, requestId, callId, subjectHash, end }: JlisCallRecord) {
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
