import { fromPublicId, type Mode, newRandomId } from '#lib/platform';
import type { JlisCallRecord } from './jlis-call-record.js';
import { type ServiceName, type ServiceRow, serviceRow } from './service-contract.js';
import type { ServiceLine } from './service-line.js';
import type { TlsRequest } from './tls-exchange.js';

/** For whom and how J-LIS is asked. */
export interface JlisCaller {
  mode: Mode;
  /** Public id of the tenant, `ten_…`: J-LIS has been notified of each service provider. */
  serviceId: string;
  /** As in an audit event. */
  actor: string;
  /** Of the request of ours that needs it. */
  requestId?: string;
  /** Keyed hash of the certificate asked about, for the audit trail. */
  subjectHash?: Buffer;
  /** UUID of this call; the same one again is the same call. Absent: a new one. */
  callId?: string;
  /** Less time than `JLIS_TIMEOUT_MS`, milliseconds. */
  timeoutMs?: number;
}
/** Of the platform itself. */
export type PlatformCaller = Omit<JlisCaller, 'serviceId' | 'subjectHash'>;

/** One logical call: what stays the same over its attempts. */
export class JlisCall {
  readonly row: ServiceRow;
  readonly record: JlisCallRecord;
  /** Whom its connections count against. */
  readonly party: string;
  /** Made so far. */
  attempts = 0;
  private readonly serviceId: string | undefined;

  /** @throws TypeError for what our own code must not ask; it names the field and shows no value. */
  constructor(
    service: ServiceName,
    caller: JlisCaller | PlatformCaller,
    private readonly request: Record<string, unknown>,
  ) {
    this.row = serviceRow(service);
    this.serviceId = 'serviceId' in caller ? caller.serviceId : undefined;
    const tenantId = this.serviceId === undefined ? undefined : fromPublicId('ten', this.serviceId);
    if ((tenantId === undefined) !== (this.row.platformWide ?? false))
      throw new TypeError(`J-LIS ${service}: serviceId`);
    const parsed = this.row.request.safeParse(request);
    if (!parsed.success)
      throw new TypeError(`J-LIS ${service}: ${parsed.error.issues[0]!.path.map(String).join('.') || 'request'}`);
    this.party = this.serviceId ?? 'platform';
    this.record = {
      service,
      mode: caller.mode,
      actor: caller.actor,
      callId: caller.callId ?? newRandomId(),
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(caller.requestId === undefined ? {} : { requestId: caller.requestId }),
      ...('subjectHash' in caller && caller.subjectHash !== undefined ? { subjectHash: caller.subjectHash } : {}),
    };
  }

  message({ endpoint, kept, fresh }: ServiceLine): TlsRequest {
    const { method, path, metered } = this.row;
    const url = new URL(`${endpoint.url}${path}`);
    const headers: Record<string, string> = {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'x-request-id': this.record.callId,
      ...(this.serviceId === undefined ? {} : { 'x-service-id': this.serviceId }),
    };
    const agent = metered ? fresh : kept;
    if (method === 'GET') {
      for (const [name, value] of Object.entries(this.request)) url.searchParams.set(name, String(value));
      return { url, method, headers, agent };
    }
    const body = Buffer.from(JSON.stringify(this.request));
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(body.length) });
    return { url, method, headers, body, agent };
  }
}
