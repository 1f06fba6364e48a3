import { firstIdOf, type Mode, MODES, type PageOrder, readingByTime } from '#lib/platform';
import type { AuditSource } from './export-audit.js';

/** An event is recorded this soon after its id was made, milliseconds: no transaction takes longer. */
const ID_SLACK_MS = 60 * 60_000;

/** An event as it is stored. */
export interface AuditEvent {
  id: string;
  tenantId: string | null;
  mode: Mode | null;
  actor: string;
  action: string;
  schemaVersion: number;
  target: string;
  requestId: string | null;
  ip: string | null;
  detail: Record<string, unknown>;
  change: Record<string, unknown> | null;
  /** UTC to the microsecond. */
  recordedAt: string;
}

/** What to look for; what is absent does not narrow. */
export interface AuditSearch {
  /** Whose data it concerns. */
  tenantId?: string;
  /** The history of a tenant: what concerns its data, what was done to it, and what was proposed about it. */
  about?: string;
  mode?: Mode;
  /** Whole: `operator:<name>`. */
  actor?: string;
  /** Whole, `verification.create`, or all of a noun, `verification.*`. */
  action?: string;
  /** Left out: all of a noun, `jlis.*`. */
  exceptActions?: `${string}.*`;
  /** Whole: `<noun>:<id>`. */
  target?: string;
  requestId?: string;
  /** Recorded at or after, and before: milliseconds. */
  from?: number;
  to?: number;
  /** Id of the last event of the page before. */
  after?: string;
  /** Newest first unless asked otherwise. */
  order?: PageOrder;
  limit: number;
}

/** Whether an action is the one asked for, or of its noun. */
export const fitsAction = (action: string, wanted: string): boolean =>
  wanted.endsWith('.*') ? action.startsWith(wanted.slice(0, -1)) : action === wanted;

/** The conditions of a search and their values, for a `where` over `audit_event`; but for `about`. */
function conditionsOf(search: AuditSearch): { conditions: string[]; values: unknown[] } {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (condition: (value: string) => string, value: unknown): void => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  const { tenantId, mode, actor, action, exceptActions, target, requestId, from, to, after, order } = search;
  if (tenantId !== undefined) add((value) => `tenant_id = ${value}`, tenantId);
  if (mode !== undefined) add((value) => `mode = ${value}`, mode);
  if (actor !== undefined) add((value) => `actor = ${value}`, actor);
  if (action?.endsWith('.*')) add((value) => `starts_with(action, ${value})`, action.slice(0, -1));
  else if (action !== undefined) add((value) => `action = ${value}`, action);
  if (exceptActions !== undefined) add((value) => `not starts_with(action, ${value})`, exceptActions.slice(0, -1));
  if (target !== undefined) add((value) => `target = ${value}`, target);
  if (requestId !== undefined) add((value) => `request_id = ${value}`, requestId);
  // Ids are in the order of time: they bound what the index has to give.
  if (from !== undefined) {
    add((value) => `recorded_at >= ${value}`, new Date(from));
    add((value) => `id >= ${value}`, firstIdOf(from - ID_SLACK_MS));
  }
  if (to !== undefined) {
    add((value) => `recorded_at < ${value}`, new Date(to));
    add((value) => `id < ${value}`, firstIdOf(to + ID_SLACK_MS));
  }
  if (after !== undefined) add((value) => `id ${readingByTime(order).beyond} ${value}`, after);
  return { conditions, values };
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';

/** The kinds of events that are about a tenant, none of them in two: each is read from an index in the order of ids. */
const aboutOf = (tenantId: string): string[] => [
  ...MODES.map((mode) => `tenant_id = ${tenantId} and mode = '${mode}'`),
  `target = 'tenant:' || ${tenantId}::text and tenant_id is null`,
  `target in (select target from audit_event where action = 'approval.propose'
     and coalesce(detail->'after'->>'tenant_id', substr(detail->>'subject', 8)) = ${tenantId}::text)
   and tenant_id is null`,
];

const COLUMNS = `id, tenant_id as "tenantId", mode, actor, action, schema_version as "schemaVersion", target,
  request_id as "requestId", host(ip) as ip, detail, change,
  to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "recordedAt"`;

/** Events that fit, in the order of their ids. Shows what the role and the tenancy of `source` may see. */
export async function searchAudit(source: AuditSource, search: AuditSearch): Promise<AuditEvent[]> {
  const { conditions, values } = conditionsOf(search);
  const page = `order by id ${readingByTime(search.order).direction} limit $${values.push(search.limit)}`;
  if (search.about === undefined)
    return source.query(`select ${COLUMNS} from audit_event ${whereOf(conditions)} ${page}`, values);
  const kinds = aboutOf(`$${values.push(search.about)}::uuid`).map(
    (kind) => `(select * from audit_event ${whereOf([kind, ...conditions])} ${page})`,
  );
  return source.query(`select ${COLUMNS} from (${kinds.join(' union all ')}) as e ${page}`, values);
}

/** Where an event stands in the chain. */
export interface EventSeal {
  seq: number;
  /** Of Japan, on which it was sealed. */
  day: string;
  /** Hex. */
  rowHash: string;
  head: string;
}

/** One event, and its seal unless it still waits for one. Operators' role. */
export async function findAuditEvent(
  source: AuditSource,
  id: string,
): Promise<{ event: AuditEvent; seal?: EventSeal } | undefined> {
  const [event]: AuditEvent[] = await source.query(`select ${COLUMNS} from audit_event where id = $1`, [id]);
  if (event === undefined) return undefined;
  const [seal]: { seq: string; day: string; row_hash: string; head: string }[] = await source.query(
    `select seq, day::text, encode(row_hash, 'hex') as row_hash, encode(head, 'hex') as head
     from audit_seal where event_id = $1`,
    [id],
  );
  if (seal === undefined) return { event };
  return { event, seal: { seq: Number(seal.seq), day: seal.day, rowHash: seal.row_hash, head: seal.head } };
}

/** How many events fit, counted up to `limit`. */
export async function countAudit(source: AuditSource, search: Omit<AuditSearch, 'about'>): Promise<number> {
  const { conditions, values } = conditionsOf(search);
  const rows: { n: string }[] = await source.query(
    `select count(*) as n from (select 1 from audit_event ${whereOf(conditions)} limit $${values.length + 1}) e`,
    [...values, search.limit],
  );
  return Number(rows[0]!.n);
}
