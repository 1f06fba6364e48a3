import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy, toPublicId } from '#lib/platform';
import type { StatementAnswer, UsageAnswer, UsageEventAnswer } from './answer-schemas.js';
import { invoiceOfStatement } from './invoices.js';
import type { Month } from './japan-month.js';
import { findStatement, type Statement, type StatementSummary } from './statements.js';
import {
  type EventPlace,
  listUsageEvents,
  monthOfEvent,
  type SeenUsageEvent,
  traceUsageEvent,
  type WhichEvents,
} from './usage-list.js';
import { openUsageMonth, rateUsage, type Reader, readUsage, type UsageMonth, type UsageOfDay } from './usage-view.js';

/** Public id of what an event was metered for; a status or repeated check has none of its own. */
export const SOURCE_PREFIX = { counterpart_lookup: 'cpl', attribute_update: 'atu', presentation: 'prs' } as const;

const orNull = <T>(value: T | undefined): T | null => value ?? null;

export const usageOfDayAnswer = (usage: UsageOfDay): UsageAnswer['data'][number] => ({
  day: usage.day,
  meter: usage.meter,
  method: usage.method,
  purpose: usage.purpose,
  outcome: usage.outcome,
  certificate_kind: usage.certificateKind,
  late: usage.late,
  jlis_unbilled: orNull(usage.jlisReason),
  contract_unbilled: orNull(usage.contractReason),
  jlis_count: usage.jlis,
  events: usage.events,
});

export function usageEventAnswer(event: SeenUsageEvent): UsageEventAnswer {
  const prefix = SOURCE_PREFIX[event.source as keyof typeof SOURCE_PREFIX];
  return {
    id: toPublicId('use', event.id),
    occurred_at: event.occurredAt.toISOString(),
    meter: event.meter,
    method: event.method,
    purpose: event.purpose,
    outcome: event.outcome,
    certificate_kind: event.certificateKind,
    late: event.late,
    jlis_unbilled: orNull(event.jlisReason),
    contract_unbilled: orNull(event.contractReason),
    jlis_count: event.jlis,
    source: event.source,
    source_id: prefix && event.sourceId !== undefined ? toPublicId(prefix, event.sourceId) : null,
    verification_id: event.verificationId === undefined ? null : toPublicId('ver', event.verificationId),
  };
}

export const statementSummaryAnswer = (statement: StatementSummary) => ({
  id: toPublicId('stm', statement.id),
  tenant_id: toPublicId('ten', statement.tenantId),
  mode: statement.mode,
  month: statement.month,
  sha256: statement.sha256,
  written_at: statement.writtenAt.toISOString(),
  contract_yen: statement.contractYen,
  jlis_yen: statement.jlisYen,
  billed_yen: statement.billedYen,
});

export function statementAnswer({ content, ...statement }: Statement): StatementAnswer {
  const { totals } = content;
  return {
    id: toPublicId('stm', statement.id),
    tenant_id: toPublicId('ten', statement.tenantId),
    mode: statement.mode,
    month: statement.month,
    sha256: statement.sha256,
    written_at: statement.writtenAt.toISOString(),
    contract_yen: totals.contract_yen,
    jlis_yen: totals.jlis_yen,
    billed_yen: totals.billed_yen,
    from: content.from,
    until: content.until,
    events: totals.events,
    late_events: totals.late_events,
    lines: content.lines.map(({ events, ...line }) => ({ ...line, has_events: events !== null })),
    unbilled: content.unbilled,
    billed_by_tax_category: totals.billed_by_tax_category,
  };
}

/** The event a page ends with. */
const writePlace = ({ given, micros, id }: EventPlace): string => `${given}_${micros}_${id.replaceAll('-', '')}`;

/** @throws Problem `cursor_malformed` */
function readPlace(cursor: string | undefined): EventPlace | undefined {
  if (cursor === undefined) return undefined;
  const match = /^([0-9]{1,12})_(-?[0-9]{1,17})_([0-9a-f]{32})$/.exec(cursor);
  if (!match) throw new Problem('cursor_malformed', { field: 'cursor' });
  return { given: Number(match[1]), micros: match[2]!, id: match[3]! };
}

type Queries = Pick<EntityManager, 'query'>;

/** One page of events. */
export interface EventPage {
  cursor?: string | undefined;
  limit: number;
}
export interface EventPageAnswer {
  month: string;
  data: UsageEventAnswer[];
  next_cursor: string | null;
}

/** Usage of a month with what it comes to. */
export async function usageOfMonth(
  manager: Queries,
  reader: Reader,
  tenancy: Tenancy,
  month: Month,
): Promise<UsageAnswer> {
  const opened = await openUsageMonth(manager, reader, tenancy, month);
  const usage = await readUsage(manager, opened);
  return {
    mode: tenancy.mode,
    month,
    closed: opened.closed,
    amounts: await amountsOf(manager, opened, usage, month),
    data: usage.map(usageOfDayAnswer),
  };
}

/** Of a closed month what its statement says. */
async function amountsOf(
  manager: Queries,
  opened: UsageMonth,
  usage: readonly UsageOfDay[],
  month: Month,
): Promise<UsageAnswer['amounts']> {
  const statement = opened.closed ? await findStatement(manager, { ...opened.tenancy, month }) : undefined;
  try {
    const { totals } = statement?.content ?? rateUsage(opened, usage);
    return {
      is_estimate: statement === undefined,
      contract_yen: totals.contract_yen,
      jlis_yen: totals.jlis_yen,
      billed_yen: totals.billed_yen,
    };
  } catch (error) {
    // A fee that has still to be recorded keeps nobody from seeing the usage.
    if (error instanceof Problem && error.code === 'rate_missing') return null;
    throw error;
  }
}

/** Events of a month. @throws Problem `cursor_malformed` */
export async function eventsOfMonth(
  manager: Queries,
  reader: Reader,
  tenancy: Tenancy,
  month: Month,
  { cursor, limit }: EventPage,
  of: WhichEvents = {},
): Promise<EventPageAnswer> {
  const after = readPlace(cursor);
  const opened = await openUsageMonth(manager, reader, tenancy, month);
  // One more than asked for tells whether there are more.
  const found = await listUsageEvents(manager, opened, { after, take: limit + 1 }, of);
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  return {
    month,
    data: data.map(usageEventAnswer),
    next_cursor: last ? writePlace({ given: (after?.given ?? 0) + limit, micros: last.micros, id: last.id }) : null,
  };
}

/** Events of a line. @throws Problem `not_found`, `cursor_malformed` */
export async function eventsOfLine(
  manager: Queries,
  reader: Reader,
  { content, tenantId, mode, month }: Statement,
  number: string,
  page: EventPage,
): Promise<EventPageAnswer> {
  const line = content.lines.find((each) => String(each.number) === number);
  if (!line) throw new Problem('not_found');
  if (!line.events) return { month, data: [], next_cursor: null };
  return eventsOfMonth(manager, reader, { tenantId, mode }, month, page, { line: line.events });
}

/** An event with the lines it is in. @throws Problem `not_found` */
export async function traceOfEvent(manager: Queries, reader: Reader, tenancy: Tenancy, id: string) {
  const month = await monthOfEvent(manager, tenancy, id);
  const opened = await openUsageMonth(manager, reader, tenancy, month);
  const statement = await findStatement(manager, { ...tenancy, month });
  const invoice = statement && (await invoiceOfStatement(manager, tenancy, statement.id));
  const { event, lines } = await traceUsageEvent(manager, opened, id, statement?.content);
  return {
    ...usageEventAnswer(event),
    month,
    statement_id: statement ? toPublicId('stm', statement.id) : null,
    invoice_id: invoice === undefined ? null : toPublicId('inv', invoice),
    lines,
  };
}

/** Every event of a verification as {@link traceOfEvent} tells it, oldest first: at most one of each meter and method. */
export async function traceOfVerification(
  manager: Queries,
  reader: Reader,
  tenancy: Tenancy,
  verificationId: string,
): Promise<Awaited<ReturnType<typeof traceOfEvent>>[]> {
  const rows: { id: string }[] = await manager.query(
    'select id from usage_event where tenant_id = $1 and mode = $2 and verification_id = $3 order by occurred_at, id',
    [tenancy.tenantId, tenancy.mode, verificationId],
  );
  const traced = [];
  for (const { id } of rows) traced.push(await traceOfEvent(manager, reader, tenancy, id));
  return traced;
}
