import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import { type Day, dayAfter, type Month, startOf } from './japan-month.js';
import {
  type EventSelection,
  isAmong,
  type StatementContent,
  type UnbilledReason,
  type UsageCount,
} from './statement.js';
import type { UsageEvent } from './usage-event.js';
import { windowRules } from './usage-scope.js';
import { argumentsOf, eventsOf, NEXT, type Reader, reasonsOf, type UsageMonth } from './usage-view.js';

type Queries = Pick<EntityManager, 'query'>;

/** Where a page ends: how many were given up to it, and the last of them. */
export interface EventPlace {
  given: number;
  /** Microseconds since 1970. */
  micros: string;
  id: string;
}

/** A usage event with what each layer makes of it. */
export interface SeenUsageEvent extends UsageEvent {
  occurredAt: Date;
  /** The same, in microseconds since 1970. */
  micros: string;
  day: Day;
  certificateKind: 'sign' | 'auth';
  late: boolean;
  jlis: UsageCount['jlis'];
  contractAgain: boolean;
  jlisReason: UnbilledReason | undefined;
  contractReason: UnbilledReason | undefined;
  verificationId: string | undefined;
  source: string;
  sourceId: string | undefined;
}

interface EventRow extends UsageEvent {
  occurred_at: Date;
  micros: string;
  certificate_kind: 'sign' | 'auth';
  late: boolean;
  jlis: UsageCount['jlis'];
  contract_again: boolean;
  verification_id: string | null;
  source: string;
  source_id: string | null;
  day: Day;
}

/** Which events: those of a line, or of a meter, of a day of their decision, of an id. */
export interface WhichEvents {
  line?: EventSelection;
  meter?: UsageEvent['meter'];
  day?: Day;
  id?: string;
}

interface Page {
  skip: number;
  take: number;
  after: EventPlace | undefined;
}

/**
 * Events of a month in the order of time, or those of one line: the same ones every time.
 * @param page so many at most, behind a place
 */
export async function listUsageEvents(
  manager: Queries,
  month: UsageMonth,
  { after, take }: { after?: EventPlace | undefined; take: number },
  of: WhichEvents = {},
): Promise<SeenUsageEvent[]> {
  const { line } = of;
  const page = {
    after,
    skip: after ? 0 : (line?.skip ?? 0),
    take: line ? Math.min(take, line.take - (after?.given ?? 0)) : take,
  };
  if (page.take <= 0) return [];
  const rows = mustGather(month, line) ? await gather(manager, month, page, of) : await walk(manager, month, page, of);
  return rows.map(({ occurred_at, certificate_kind, contract_again, verification_id, source_id, ...row }) => {
    const event = { ...row, certificateKind: certificate_kind, contractAgain: contract_again };
    return {
      ...event,
      occurredAt: occurred_at,
      verificationId: verification_id ?? undefined,
      sourceId: source_id ?? undefined,
      ...reasonsOf(month, { ...event, events: 1 }),
    };
  });
}

/** Whether which events they are depends on all before them: whom a window of the contract or of J-LIS has counted. */
const mustGather = ({ tenancy, tenant, scope }: UsageMonth, line: EventSelection | undefined): boolean =>
  windowRules([tenant]).length > 0 ||
  (line?.layer === 'jlis' &&
    scope.prices.recognitions.some(({ tenantId }) => (tenantId ?? tenancy.tenantId) === tenancy.tenantId));

const AS_TOLD = `e.*, to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD') as day,
  (extract(epoch from e.occurred_at) * 1000000)::bigint as micros`;
const LIST: Record<Reader, string> = { tenant: 'list_tenant_usage', operators: 'list_any_tenant_usage' };

/** Goes along the index as far as the page ends. */
function walk(manager: Queries, month: UsageMonth, { skip, take, after }: Page, of: WhichEvents): Promise<EventRow[]> {
  const which = {
    ...(of.line ? walkedAs(of.line) : {}),
    ...(of.meter === undefined ? {} : { meter: of.meter }),
    ...(of.day === undefined ? {} : { from: atStart(of.day), until: atStart(dayAfter(of.day)) }),
    ...(of.id === undefined ? {} : { ids: [of.id] }),
    ...(after === undefined ? {} : { after_at: after.micros, after_id: after.id }),
  };
  const call = eventsOf(month, LIST[month.reader], `, $${NEXT}, $${NEXT + 1}, $${NEXT + 2}`);
  return manager.query(`select ${AS_TOLD} from ${call} order by e.occurred_at, e.id`, [
    ...argumentsOf(month),
    JSON.stringify(which),
    skip,
    take,
  ]);
}

const atStart = (day: Day): string => new Date(startOf(day)).toISOString();

const walkedAs = ({
  layer,
  meter,
  outcomes,
  purposes,
  late,
  from,
  until,
}: EventSelection): Record<string, unknown> => ({
  meter,
  outcomes,
  from: atStart(from),
  until: atStart(until),
  ...(layer === 'jlis' ? { late } : { purposes, charged_at: 'month' }),
});

/** Looks at everything there is in the month, and what may have used it up. */
function gather(
  manager: Queries,
  month: UsageMonth,
  { skip, take, after }: Page,
  of: WhichEvents,
): Promise<EventRow[]> {
  const { where, values } = of.line
    ? selected(month.scope.month.from, of.line)
    : {
        where: `($11::text is null or e.meter = $11) and ($12::uuid is null or e.id = $12)
          and ($13::text is null or to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD') = $13)`,
        values: [of.meter ?? null, of.id ?? null, of.day ?? null],
      };
  const at = NEXT + values.length;
  const behind = `($${at}::bigint is null or (e.occurred_at, e.id) > ('epoch'::timestamptz + $${at} * interval '1 microsecond', $${at + 1}::uuid))`;
  return manager.query(
    `select ${AS_TOLD}, u.verification_id, u.source, u.source_id
     from (select e.* from ${eventsOf(month)} where ${where} and ${behind}
       order by e.occurred_at, e.id offset ${skip} limit ${take}) e
     join usage_event u on u.tenant_id = $1 and u.mode = $2 and u.id = e.id order by e.occurred_at, e.id`,
    [...argumentsOf(month), ...values, after?.micros ?? null, after?.id ?? null],
  );
}

/** The condition that makes an event one of a line's, and its parameters from `$NEXT` on. */
function selected(month: Day, { layer, ...line }: EventSelection): { where: string; values: unknown[] } {
  const values = [
    line.meter,
    line.outcomes,
    new Date(startOf(line.from)),
    new Date(startOf(line.until)),
    ...(layer === 'jlis' ? [line.again, line.late] : [line.purposes, new Date(startOf(month))]),
  ];
  const at = (offset: number): string => `$${NEXT + offset}`;
  const where =
    layer === 'jlis'
      ? `e.occurred_at >= ${at(2)} and e.occurred_at < ${at(3)} and (e.jlis = 'again') = ${at(4)} and e.late = ${at(5)}`
      : `greatest(e.occurred_at, ${at(5)}::timestamptz) >= ${at(2)} and greatest(e.occurred_at, ${at(5)}::timestamptz) < ${at(3)}
         and e.purpose = any(${at(4)}) and not e.contract_again`;
  return { where: `e.meter = ${at(0)} and e.billable and e.outcome::text = any(${at(1)}) and ${where}`, values };
}

/** Where an event is in its month, and the numbers of the lines it is in; of an open month none yet. */
export interface TracedUsageEvent {
  event: SeenUsageEvent;
  month: UsageMonth;
  lines: number[];
}

/**
 * An event by its id, from the side of the bill.
 * @param content of the statement of its month, once it is closed
 * @throws Problem `not_found`
 */
export async function traceUsageEvent(
  manager: Queries,
  month: UsageMonth,
  id: string,
  content: StatementContent | undefined,
): Promise<TracedUsageEvent> {
  const [event] = await listUsageEvents(manager, month, { take: 1 }, { id });
  if (!event) throw new Problem('not_found');
  const among = (content?.lines ?? []).flatMap(({ number, events }) =>
    events && isAmong(events, event, month.scope.month.from) ? [{ number, events }] : [],
  );
  const lines: number[] = [];
  for (const layer of ['jlis', 'contract'] as const) {
    const of = among.filter(({ events }) => events.layer === layer);
    // Lines cut from the same events share them out by their order.
    const place = of.length > 1 ? await countBefore(manager, month, of[0]!.events, event) : of[0]?.events.skip;
    for (const { number, events } of of)
      if (place! >= events.skip && place! < events.skip + events.take) lines.push(number);
  }
  return { event, month, lines: lines.sort((a, b) => a - b) };
}

/** How many of the events that lines are cut from come before one of them. */
async function countBefore(
  manager: Queries,
  month: UsageMonth,
  line: EventSelection,
  { id, micros }: SeenUsageEvent,
): Promise<number> {
  const { where, values } = selected(month.scope.month.from, line);
  const at = NEXT + values.length;
  const before = `(e.occurred_at, e.id) < ('epoch'::timestamptz + $${at} * interval '1 microsecond', $${at + 1}::uuid)`;
  const source = mustGather(month, line) ? eventsOf(month) : eventsOf(month, 'plain_tenant_usage');
  const rows: { n: string }[] = await manager.query(
    `select count(*) as n from ${source} where ${where} and ${before}`,
    [...argumentsOf(month), ...values, micros, id],
  );
  return Number(rows[0]!.n);
}

/** The month an event belongs to: the first closed one that sees it, else that of its decision. @throws Problem `not_found` */
export async function monthOfEvent(manager: Queries, { tenantId, mode }: Tenancy, id: string): Promise<Month> {
  const rows: { month: Month }[] = await manager.query(
    `select coalesce(
       (select c.month from month_close c where c.mode = u.mode and c.ends_at > u.occurred_at
          and (u.xact is null or pg_visible_in_snapshot(u.xact, c.seen)) order by c.month limit 1),
       greatest(to_char(u.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM'),
         (select to_char(max(c.ends_at) at time zone 'Asia/Tokyo', 'YYYY-MM') from month_close c where c.mode = u.mode))) as month
     from usage_event u where u.tenant_id = $1 and u.mode = $2 and u.id = $3`,
    [tenantId, mode, id],
  );
  if (!rows[0]) throw new Problem('not_found');
  return rows[0].month;
}
