import type { EntityManager } from 'typeorm';
import { japanDay, type Mode } from '#lib/platform';
import { inForceOn } from './dated.js';
import { statementsToInvoice } from './invoice-drafts.js';
import { type Day, type Month, type Period, periodOf, startOf } from './japan-month.js';
import { readIssuers } from './price-book.js';

type Queries = Pick<EntityManager, 'query'>;

/** What a tenant's invoice may lack. */
export const INVOICE_NEEDS = ['price_plan', 'invoice_terms'] as const;
type InvoiceNeed = (typeof INVOICE_NEEDS)[number];

export interface InvoiceNeeds {
  /** The earliest day on which invoices of the month can be drafted: issuer and terms are those of that day. */
  day: Day;
  hasIssuer: boolean;
  /** Tenants that are looked at. */
  tenants: number;
  /** Those that something is missing of, by name. */
  incomplete: { tenantId: string; name: string; missing: InvoiceNeed[] }[];
}

/** Who will have a statement of a month that is not closed: whoever has prices in it or used something. By UUID. */
async function tenantsOfOpenMonth(manager: Queries, mode: Mode, { from, until }: Period): Promise<string[]> {
  const rows: { id: string }[] = await manager.query(
    `select t.id from tenant t
     where (t.terminated_at is null or t.terminated_at >= $3) and exists (
         select 1 from price_plan p where p.tenant_id = t.id and p.mode = $1 and p.valid_from < $2::date)
       or exists (select 1 from usage_event u
         where u.tenant_id = t.id and u.mode = $1 and u.occurred_at >= $3 and u.occurred_at < $4)`,
    [mode, until, new Date(startOf(from)), new Date(startOf(until))],
  );
  return rows.map(({ id }) => id);
}

/**
 * What is missing so that a month's statements can be invoiced, before it is closed and after. Operators' role.
 * @param nowMs by the clock of the mode
 */
export async function readInvoiceNeeds(
  manager: Queries,
  { mode, month, nowMs }: { mode: Mode; month: Month; nowMs: number },
): Promise<InvoiceNeeds> {
  const period = periodOf(month);
  const today = japanDay(nowMs);
  const day = today < period.until ? period.until : today;
  const closed: unknown[] = await manager.query(
    'select 1 from month_close where mode = $1 and month = $2 and closed_at is not null',
    [mode, month],
  );
  const isClosed = closed.length > 0;
  const tenants = isClosed
    ? (await statementsToInvoice(manager, mode, month)).map(({ tenantId }) => tenantId)
    : await tenantsOfOpenMonth(manager, mode, period);
  const rows: { id: string; name: string; has_plan: boolean; has_terms: boolean }[] = await manager.query(
    `select t.id, t.name,
       exists (select 1 from price_plan p where p.tenant_id = t.id and p.mode = $1 and p.valid_from < $2::date) as has_plan,
       exists (select 1 from invoice_terms i
         where i.tenant_id = t.id and i.mode = $1 and i.valid_from <= $3::date) as has_terms
     from tenant t where t.id = any($4::uuid[]) order by t.name, t.id`,
    [mode, period.until, day, tenants],
  );
  // What a closed month cost is settled: prices are no longer missing.
  const missing = (row: (typeof rows)[number]): InvoiceNeed[] =>
    INVOICE_NEEDS.filter((need) => (need === 'price_plan' ? !isClosed && !row.has_plan : !row.has_terms));
  return {
    day,
    hasIssuer: inForceOn(await readIssuers(manager, mode), day) !== undefined,
    tenants: rows.length,
    incomplete: rows
      .map((row) => ({ tenantId: row.id, name: row.name, missing: missing(row) }))
      .filter((tenant) => tenant.missing.length > 0),
  };
}
