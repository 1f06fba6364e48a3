import type { DataSource, EntityManager } from 'typeorm';
import { OperatorMustAct, type Mode } from '#lib/platform';
import { canonical, type Head, type SealedEvent, type Statement } from './audit-form.js';
import { EXPORT_FORMAT, type ExportLine, type HeaderLine, type RowLine, type StatementLine } from './export-form.js';

/** Seals read by one statement. */
const PAGE = 2_000;

/** Anything with the operators' role that can ask the database; no transaction is needed, as nothing asked for changes. */
export type AuditSource = DataSource | EntityManager;

/** Days of the chain, both included; absent: from its beginning, to the day that is open. */
export interface ExportRange {
  from?: string;
  to?: string;
  /** Whose events are shown; those of others keep their place by their hash. Absent: all. */
  tenant?: { tenantId: string; mode?: Mode };
}

/** There is no day of the chain in the range. */
export class NothingSealed extends OperatorMustAct {
  override readonly name = 'NothingSealed';
}

interface Signed {
  statement: Statement;
  signature: string;
}

/** The part of the chain that a range names, as it stood at one moment. */
export interface ExportPlan {
  from: string;
  to: string;
  after: Head;
  closings: Signed[];
  /** Vouches for the open day, where that is in the range. */
  checkpoint: Signed | undefined;
  keys: Record<string, string>;
}

const STATEMENT = `after_seq::text, encode(after_head, 'hex') as after_head, seq::text, encode(head, 'hex') as head,
  to_char(signed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as signed_at, key_id,
  encode(signature, 'base64') as signature`;

interface StatementRow {
  day: string;
  after_seq: string;
  after_head: string;
  seq: string;
  head: string;
  signed_at: string;
  key_id: string;
  signature: string;
}

/** Before the first run of a worker. */
type NoStatement = { day: string | null; signed_at: null };

function signedOf(row: StatementRow, kind: Statement['kind']): Signed {
  const { day, after_head, head, signed_at, key_id: key } = row;
  const statement = {
    kind,
    day,
    after_seq: Number(row.after_seq),
    after_head,
    seq: Number(row.seq),
    head,
    signed_at,
    key,
  };
  return { statement, signature: Buffer.from(row.signature, 'base64').toString('base64url') };
}

/** @throws NothingSealed */
export async function planExport(source: AuditSource, { from, to }: ExportRange): Promise<ExportPlan> {
  // The end first: a day that is closed meanwhile is then still the open one of this export.
  const ends: (StatementRow | NoStatement)[] = await source.query(`select day::text, ${STATEMENT} from audit_chain`);
  const end = ends[0];
  if (end === undefined || end.day === null || end.signed_at === null)
    throw new NothingSealed('nothing has been sealed yet');
  const closings: StatementRow[] = await source.query(
    `select day::text, ${STATEMENT} from audit_closing
     where day < $1::date and ($2::date is null or day >= $2) and ($3::date is null or day <= $3) order by day`,
    [end.day, from ?? null, to ?? null],
  );
  const open = (from === undefined || from <= end.day) && (to === undefined || to >= end.day);
  const statements = closings.map((row) => signedOf(row, 'closing'));
  const checkpoint = open ? signedOf(end, 'checkpoint') : undefined;
  const [first, last] = [statements[0] ?? checkpoint, checkpoint ?? statements.at(-1)];
  if (!first || !last) throw new NothingSealed('no day of the audit chain is in that range');
  const keys: { id: string; public_key: string }[] = await source.query(
    `select id, translate(encode(public_key, 'base64'), E'\\n', '') as public_key from audit_signing_key order by id`,
  );
  return {
    from: first.statement.day,
    to: last.statement.day,
    after: { seq: first.statement.after_seq, head: first.statement.after_head },
    closings: statements,
    checkpoint,
    keys: Object.fromEntries(keys.map((key) => [key.id, key.public_key])),
  };
}

/** A seal and its event, which is null when the database no longer has it. */
export interface SealedRow {
  seq: number;
  day: string;
  hash: string;
  head: string;
  id: string;
  event: SealedEvent | null;
}

/** The seals after `afterSeq` up to `toSeq` in their order, read by pages. */
export async function* sealedRows(source: AuditSource, afterSeq: number, toSeq: number): AsyncGenerator<SealedRow> {
  for (let after = afterSeq; after < toSeq;) {
    const rows: (Omit<SealedRow, 'event' | 'seq'> & { seq: string; present: boolean } & SealedEvent)[] =
      await source.query(
        `select s.seq::text, s.day::text, encode(s.row_hash, 'hex') as hash, encode(s.head, 'hex') as head,
           s.event_id as id, e.id is not null as present, e.tenant_id, e.mode, e.actor, e.action, e.schema_version,
           e.target, e.request_id, host(e.ip) as ip, e.detail::text as detail, e.change::text as change,
           to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as recorded_at
         from audit_seal s left join audit_event e on e.id = s.event_id
         where s.seq > $1 and s.seq <= $2 order by s.seq limit $3`,
        [after, toSeq, PAGE],
      );
    for (const { seq, day, hash, head, present, ...event } of rows)
      yield { seq: Number(seq), day, hash, head, id: event.id, event: present ? event : null };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Number(last.seq);
  }
}

/**
 * The export of a range, line by line without newlines, for `ExportCheck`. It tells what is stored, whether or not that
 * holds together. Operators' role.
 * @throws NothingSealed
 */
export async function* exportAudit(source: AuditSource, range: ExportRange, nowMs: number): AsyncGenerator<string> {
  const plan = await planExport(source, range);
  const { from, to, after, keys } = plan;
  const tenant = range.tenant ? { tenant_id: range.tenant.tenantId, mode: range.tenant.mode ?? null } : null;
  const line = (value: ExportLine): string => canonical(value);
  const header: HeaderLine = {
    type: 'header',
    format: EXPORT_FORMAT,
    from,
    to,
    tenant,
    after_seq: after.seq,
    after_head: after.head,
    keys,
    made_at: new Date(nowMs).toISOString(),
  };
  yield line(header);
  let end = after;
  for (const { statement, signature } of plan.checkpoint ? [...plan.closings, plan.checkpoint] : plan.closings) {
    for await (const row of sealedRows(source, end.seq, statement.seq)) {
      yield line(rowLine(row, range.tenant));
      end = row;
    }
    yield line({ type: 'statement', statement, signature } satisfies StatementLine);
  }
  yield line({ type: 'end', seq: end.seq, head: end.head });
}

function rowLine({ seq, day, hash, head, id, event }: SealedRow, tenant: ExportRange['tenant']): RowLine {
  const place = { seq, day, hash, head };
  if (event === null) return { type: 'lost', ...place, id };
  const shown =
    tenant === undefined ||
    (event.tenant_id === tenant.tenantId && (tenant.mode === undefined || event.mode === tenant.mode));
  return shown ? { type: 'event', ...place, event } : { type: 'hidden', ...place };
}
