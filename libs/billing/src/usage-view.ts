import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import { type Day, type Month, periodOf, startOf } from './japan-month.js';
import { readPlans } from './price-book.js';
import { contractReason } from './rate-contract.js';
import { rateTenant } from './close-month.js';
import {
  type EventSelection,
  type StatementContent,
  unbilledByJlis,
  type UnbilledReason,
  type UsageCount,
} from './statement.js';
import type { MonthScope } from './month-counts.js';
import {
  jlisStarts,
  readModePrices,
  type Sight,
  tenantPrices,
  type TenantPrices,
  usageArguments,
  usageParameters,
} from './usage-scope.js';
import type { UsageEvent } from './usage-event.js';

type Queries = Pick<EntityManager, 'query'>;

/** Under whose eyes: a tenant's process reads its own events, the operators' reads any through the door. */
export type Reader = 'tenant' | 'operators';
const SOURCE: Record<Reader, string> = { tenant: 'tenant_usage', operators: 'any_tenant_usage' };

/** A month of one tenant, as its events and prices are seen. */
export interface UsageMonth {
  reader: Reader;
  tenancy: Tenancy;
  scope: MonthScope;
  tenant: TenantPrices;
  /** Undefined: not closed, so that everything is an estimate. */
  closed: boolean;
}

/** What was used on a day, and what it costs in each layer or why it costs nothing. */
export interface UsageOfDay extends Omit<UsageCount, 'jlisDay' | 'contractDay'> {
  day: Day;
  jlisReason: UnbilledReason | undefined;
  contractReason: UnbilledReason | undefined;
}

/**
 * The month of a tenant.
 * @param manager of a transaction of this tenant, or of operators
 * @throws Problem `not_found` for a tenant that does not exist
 */
export async function openUsageMonth(
  manager: Queries,
  reader: Reader,
  tenancy: Tenancy,
  month: Month,
): Promise<UsageMonth> {
  const { tenantId, mode } = tenancy;
  const period = periodOf(month);
  const ended: { terminated_at: Date | null }[] = await manager.query(
    'select terminated_at from tenant where id = $1',
    [tenantId],
  );
  if (!ended[0]) throw new Problem('not_found');
  const terminatedAt = ended[0].terminated_at?.getTime();
  const tenant = tenantPrices(tenantId, await readPlans(manager, tenancy), period, terminatedAt);
  const { sight, closed } = await readSight(manager, tenancy, month);
  const prices = await readModePrices(manager, mode);
  return { reader, tenancy, scope: { mode, month: period, sight, prices, tenants: [tenant] }, tenant, closed };
}

/** An open month goes on from the last that was closed; one further on is seen by itself. */
export async function readSight(
  manager: Queries,
  { mode }: Pick<Tenancy, 'mode'>,
  month: Month,
): Promise<{ sight: Sight; closed: boolean }> {
  const rows: {
    month: Month;
    seen: string;
    seen_before: string | null;
    seen_before_at: Date | null;
    begun_at: Date;
    follows: boolean;
    closed: boolean;
  }[] = await manager.query(
    `select month, seen, seen_before, seen_before_at, begun_at, closed_at is not null as closed,
         to_char(ends_at at time zone 'Asia/Tokyo', 'YYYY-MM') = $2 as follows
       from month_close where mode = $1 and month <= $2 order by month desc limit 1`,
    [mode, month],
  );
  const latest = rows[0];
  if (latest?.month === month)
    return {
      sight: { seen: latest.seen, seenBefore: latest.seen_before, seenBeforeAt: latest.seen_before_at },
      closed: latest.closed,
    };
  const follows = latest?.follows ?? false;
  return {
    sight: {
      seen: null,
      seenBefore: follows ? latest!.seen : null,
      seenBeforeAt: follows ? latest!.begun_at : null,
    },
    closed: false,
  };
}

/** What to select the events of a month from, as `e`, and the parameters of it. */
export const eventsOf = ({ reader }: UsageMonth): string => `${SOURCE[reader]}($1, ${usageParameters(2)}) e`;
export const argumentsOf = ({ tenancy, scope }: UsageMonth): unknown[] => [
  tenancy.tenantId,
  ...usageArguments(tenancy.mode, scope.month, scope.sight, scope.prices, scope.tenants),
];
/** The parameter behind those of {@link eventsOf}. */
const NEXT = 11;

/** What was used, day by day in Japan. */
export async function readUsage(manager: Queries, month: UsageMonth): Promise<UsageOfDay[]> {
  const rows: (Omit<UsageCount, 'events' | 'certificateKind' | 'contractAgain' | 'jlisDay' | 'contractDay'> & {
    day: Day;
    certificate_kind: UsageCount['certificateKind'];
    contract_again: boolean;
    events: string;
  })[] = await manager.query(
    `select to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD') as day, e.meter, e.method, e.purpose, e.outcome,
       e.billable, e.certificate_kind, e.late, e.jlis, e.contract_again, count(*) as events
     from ${eventsOf(month)} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`,
    argumentsOf(month),
  );
  return rows.map(({ certificate_kind, contract_again, events, ...row }) => {
    const usage = { ...row, certificateKind: certificate_kind, contractAgain: contract_again, events: Number(events) };
    return { ...usage, ...reasonsOf(month, usage) };
  });
}

/** Why an event costs nothing in each layer; undefined: it is in a line. */
export function reasonsOf(
  { tenant, scope }: UsageMonth,
  usage: Omit<UsageCount, 'jlisDay' | 'contractDay'> & { day: Day },
): Pick<UsageOfDay, 'jlisReason' | 'contractReason'> {
  const contractDay = usage.day > scope.month.from ? usage.day : scope.month.from;
  return {
    jlisReason: unbilledByJlis(usage),
    contractReason: contractReason(tenant.segments, { ...usage, contractDay, jlisDay: usage.day }),
  };
}

/**
 * What the month comes to, from what there is: for a closed month its statement over again, for an open one an estimate.
 * Shares of reductions of the whole platform are not in it.
 * @throws Problem `rate_missing`
 */
export function rateUsage({ scope, tenant }: UsageMonth, usage: readonly UsageOfDay[]): StatementContent {
  const starts = jlisStarts(scope.prices, scope.month);
  const counts = usage.map(({ day, ...count }) => ({
    ...count,
    jlisDay: starts.findLast((start) => start <= day)!,
    contractDay: day > scope.month.from ? day : scope.month.from,
  }));
  return rateTenant(scope, tenant, counts);
}

/** A usage event with what each layer makes of it. */
export interface SeenUsageEvent extends UsageEvent {
  occurredAt: Date;
  certificateKind: 'sign' | 'auth';
  late: boolean;
  jlis: UsageCount['jlis'];
  jlisReason: UnbilledReason | undefined;
  contractReason: UnbilledReason | undefined;
  verificationId: string | undefined;
  source: string;
  sourceId: string | undefined;
}

interface EventRow extends UsageEvent {
  occurred_at: Date;
  certificate_kind: 'sign' | 'auth';
  late: boolean;
  jlis: UsageCount['jlis'];
  contract_again: boolean;
  verification_id: string | null;
  source: string;
  source_id: string | null;
  day: Day;
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

/**
 * Events of a month in the order of time, or those of one line: the same ones every time.
 * @param page so many are left out, so many given
 */
export async function listUsageEvents(
  manager: Queries,
  month: UsageMonth,
  page: { skip: number; take: number },
  of: { line?: EventSelection; meter?: UsageEvent['meter']; day?: Day } = {},
): Promise<SeenUsageEvent[]> {
  const { line } = of;
  const { where, values } = line
    ? selected(month.scope.month.from, line)
    : {
        where: `($11::text is null or e.meter = $11)
          and ($12::text is null or to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD') = $12)`,
        values: [of.meter ?? null, of.day ?? null],
      };
  const skip = (line?.skip ?? 0) + page.skip;
  const take = line ? Math.min(page.take, line.take - page.skip) : page.take;
  if (take <= 0) return [];
  return readEvents(manager, month, `where ${where} order by e.occurred_at, e.id offset ${skip} limit ${take}`, values);
}

async function readEvents(
  manager: Queries,
  month: UsageMonth,
  clause: string,
  values: unknown[],
): Promise<SeenUsageEvent[]> {
  const rows: EventRow[] = await manager.query(
    `select e.*, to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD') as day, u.verification_id, u.source, u.source_id
     from (select e.* from ${eventsOf(month)} ${clause}) e
     join usage_event u on u.tenant_id = $1 and u.mode = $2 and u.id = e.id order by e.occurred_at, e.id`,
    [...argumentsOf(month), ...values],
  );
  return rows.map(
    ({ occurred_at, certificate_kind, contract_again, verification_id, source_id, day, ...row }): SeenUsageEvent => ({
      ...row,
      occurredAt: occurred_at,
      certificateKind: certificate_kind,
      verificationId: verification_id ?? undefined,
      sourceId: source_id ?? undefined,
      ...reasonsOf(month, {
        ...row,
        day,
        certificateKind: certificate_kind,
        contractAgain: contract_again,
        events: 1,
      }),
    }),
  );
}

/** Where an event is in its month, and the numbers of the lines it is in; of an open month none yet. */
export interface TracedUsageEvent {
  event: SeenUsageEvent;
  month: UsageMonth;
  lines: number[];
}

/**
 * An event by its id, from the side of the bill.
 * @param lines of the statement of its month, once it is closed
 * @throws Problem `not_found`
 */
export async function traceUsageEvent(
  manager: Queries,
  month: UsageMonth,
  id: string,
  content: StatementContent | undefined,
): Promise<TracedUsageEvent> {
  const [event] = await readEvents(manager, month, `where e.id = $11`, [id]);
  if (!event) throw new Problem('not_found');
  const lines: number[] = [];
  for (const { number, events } of content?.lines ?? [])
    if (events && (await isIn(manager, month, events, event))) lines.push(number);
  return { event, month, lines };
}

async function isIn(
  manager: Queries,
  month: UsageMonth,
  line: EventSelection,
  { id, occurredAt }: SeenUsageEvent,
): Promise<boolean> {
  const { where, values } = selected(month.scope.month.from, line);
  const at = NEXT + values.length;
  const rows: { among: boolean; before: string }[] = await manager.query(
    `select coalesce(bool_or(e.id = $${at}), false) as among,
       count(*) filter (where (e.occurred_at, e.id) < ($${at + 1}::timestamptz, $${at}::uuid)) as before
     from ${eventsOf(month)} where ${where}`,
    [...argumentsOf(month), ...values, id, occurredAt],
  );
  const { among, before } = rows[0]!;
  return among && Number(before) >= line.skip && Number(before) < line.skip + line.take;
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
