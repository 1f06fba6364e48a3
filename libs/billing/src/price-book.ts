import type { EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { type Mode, Problem, type ProblemCode, type Tenancy } from '#lib/platform';
import { z } from 'zod';
import { checkTimeline, type Dated } from './dated.js';
import {
  type InvoiceIssuer,
  invoiceIssuerFaults,
  invoiceIssuerTerms,
  type InvoiceTerms,
  invoiceTermsTerms,
  type TaxSetting,
  taxSettingFaults,
  taxSettingTerms,
} from './invoice-settings.js';
import type { Day, Period } from './japan-month.js';
import { type JlisReduction, jlisReductionFaults, jlisReductionTerms } from './jlis-reduction.js';
import { type JlisTariff, jlisTariffFaults, jlisTariffTerms } from './jlis-tariff.js';
import { explainPriceFault, fault, type PriceFault } from './price-fault.js';
import { type PricePlan, pricePlanFaults, pricePlanTerms } from './price-plan.js';

type Queries = Pick<EntityManager, 'query'>;

/** Kind of the approval by which prices are added, and what else invoices are made of. */
export const PRICE_CHANGE = 'price_change';

/** J-LIS can tell status checks as such, on these days, of one tenant or of all. */
export interface JlisRecognition extends Period {
  id: string;
  tenantId?: string;
  terms: JlisRecognitionTerms;
}
export const jlisRecognitionTerms = z.strictObject({
  /** Of the letter by which J-LIS said so. */
  approval_reference: z.string().min(1).max(100),
});
export type JlisRecognitionTerms = z.output<typeof jlisRecognitionTerms>;

const day = z.iso.date();
const mode = z.enum(['live', 'test']);
const scoped = { mode, id: z.uuid(), tenant_id: z.uuid().nullable(), valid_from: day, valid_until: day };
const ofTenant = { tenant_id: z.uuid(), mode, valid_from: day };

/** A row of prices to add, as two people agree on it and as it is stored. */
export const priceRow = z.discriminatedUnion('table', [
  z.strictObject({ table: z.literal('jlis_tariff'), mode, valid_from: day, terms: jlisTariffTerms }),
  z.strictObject({ table: z.literal('jlis_reduction'), ...scoped, terms: jlisReductionTerms }),
  z.strictObject({ table: z.literal('jlis_recognition'), ...scoped, terms: jlisRecognitionTerms }),
  z.strictObject({ table: z.literal('price_plan'), ...ofTenant, terms: pricePlanTerms }),
  z.strictObject({ table: z.literal('tax_setting'), mode, valid_from: day, terms: taxSettingTerms }),
  z.strictObject({ table: z.literal('invoice_issuer'), mode, valid_from: day, terms: invoiceIssuerTerms }),
  z.strictObject({ table: z.literal('invoice_terms'), ...ofTenant, terms: invoiceTermsTerms }),
]);
export type PriceRow = z.output<typeof priceRow>;

/** What is proposed: the database compares it with the row. */
export function priceProposal(row: PriceRow): {
  kind: typeof PRICE_CHANGE;
  subject: string;
  before: null;
  after: Record<string, unknown>;
} {
  const { table, ...after } = row;
  const name =
    'id' in row ? row.id : ['tenant_id' in row ? row.tenant_id : [], row.mode, row.valid_from].flat().join(':');
  return { kind: PRICE_CHANGE, subject: `${table}:${name}`, before: null, after };
}

/** The row that was proposed under a subject. */
export const proposedRow = (subject: string, after: unknown): PriceRow =>
  priceRow.parse({ ...(after as object), table: subject.slice(0, subject.indexOf(':')) });

const isoDay = (column: string): string => `to_char(${column}, 'YYYY-MM-DD')`;

/** What a mode, or a tenant in it, has of a table, oldest first. */
async function readDated<T>(
  manager: Queries,
  table: 'jlis_tariff' | 'tax_setting' | 'invoice_issuer' | 'price_plan' | 'invoice_terms',
  of: Mode | Tenancy,
  terms: z.ZodType<T>,
): Promise<{ validFrom: Day; terms: T }[]> {
  const [where, values] =
    typeof of === 'string' ? ['mode = $1', [of]] : ['tenant_id = $1 and mode = $2', [of.tenantId, of.mode]];
  const rows: { valid_from: Day; terms: unknown }[] = await manager.query(
    `select ${isoDay('valid_from')} as valid_from, terms from ${table} where ${where} order by valid_from`,
    values,
  );
  return rows.map((row) => ({ validFrom: row.valid_from, terms: terms.parse(row.terms) }));
}

/** Fees of J-LIS in a mode, oldest first. */
export const readTariffs = (manager: Queries, of: Mode): Promise<JlisTariff[]> =>
  readDated(manager, 'jlis_tariff', of, jlisTariffTerms);

/** Rates of tax in a mode, oldest first. */
export const readTaxSettings = (manager: Queries, of: Mode): Promise<TaxSetting[]> =>
  readDated(manager, 'tax_setting', of, taxSettingTerms);

/** Who sent the invoices of a mode, oldest first. */
export const readIssuers = (manager: Queries, of: Mode): Promise<InvoiceIssuer[]> =>
  readDated(manager, 'invoice_issuer', of, invoiceIssuerTerms);

/** To whom a tenant's invoices went, oldest first. */
export const readInvoiceTerms = (manager: Queries, of: Tenancy): Promise<InvoiceTerms[]> =>
  readDated(manager, 'invoice_terms', of, invoiceTermsTerms);

interface ScopedRow {
  id: string;
  tenant_id: string | null;
  valid_from: Day;
  valid_until: Day;
  terms: unknown;
}

async function readScoped(manager: Queries, table: 'jlis_reduction' | 'jlis_recognition', of: Mode) {
  const rows: ScopedRow[] = await manager.query(
    `select id, tenant_id, ${isoDay('valid_from')} as valid_from, ${isoDay('valid_until')} as valid_until, terms
     from ${table} where mode = $1 order by valid_from, id`,
    [of],
  );
  return rows.map(({ id, tenant_id, valid_from, valid_until, terms }) => ({
    id,
    from: valid_from,
    until: valid_until,
    terms,
    ...(tenant_id === null ? {} : { tenantId: tenant_id }),
  }));
}

export const readReductions = async (manager: Queries, of: Mode): Promise<JlisReduction[]> =>
  (await readScoped(manager, 'jlis_reduction', of)).map((row) => ({
    ...row,
    terms: jlisReductionTerms.parse(row.terms),
  }));

export const readRecognitions = async (manager: Queries, of: Mode): Promise<JlisRecognition[]> =>
  (await readScoped(manager, 'jlis_recognition', of)).map((row) => ({
    ...row,
    terms: jlisRecognitionTerms.parse(row.terms),
  }));

/** The price plans of a tenant and mode, oldest first. */
export const readPlans = (manager: Queries, of: Tenancy): Promise<PricePlan[]> =>
  readDated(manager, 'price_plan', of, pricePlanTerms);

/**
 * Holds prices against the rules and against what there is.
 * @param validUntil of a tariff: where it is said to end
 * @throws Problem `prices_invalid`, `prices_in_closed_month`, `issuer_in_closed_month`, `invoice_terms_in_closed_month`,
 *   `not_found` for a tenant that does not exist
 */
export async function judgePrices(manager: Queries, row: PriceRow, validUntil: Day | null = null): Promise<void> {
  const faults = await faultsOf(manager, row, validUntil);
  if (faults.length > 0) throw new Problem('prices_invalid', { errors: faults.map(explainPriceFault) });
  const rows: { earliest: Day | null }[] = await manager.query(
    `select to_char(max(ends_at) at time zone 'Asia/Tokyo', 'YYYY-MM-DD') as earliest from month_close
     where mode = $1 and rated_at is not null`,
    [row.mode],
  );
  const earliest = rows[0]!.earliest;
  if (earliest !== null && row.valid_from < earliest) throw new Problem(closedMonthCode(row), { earliest });
  if (!('tenant_id' in row) || row.tenant_id === null) return;
  const known: unknown[] = await manager.query('select 1 from contract where tenant_id = $1 and mode = $2', [
    row.tenant_id,
    row.mode,
  ]);
  if (known.length === 0) throw new Problem('not_found');
}

/** What may not begin in a closed month, by its name: only prices are of that month. */
const closedMonthCode = ({ table }: PriceRow): ProblemCode =>
  table === 'invoice_issuer'
    ? 'issuer_in_closed_month'
    : table === 'invoice_terms'
      ? 'invoice_terms_in_closed_month'
      : 'prices_in_closed_month';

async function faultsOf(manager: Queries, row: PriceRow, validUntil: Day | null): Promise<PriceFault[]> {
  switch (row.table) {
    case 'jlis_tariff': {
      const broken = checkTimeline(await readTariffs(manager, row.mode), { validFrom: row.valid_from, validUntil });
      const field = broken?.day === row.valid_from ? 'valid_from' : 'valid_until';
      return [...jlisTariffFaults(row.terms), ...(broken ? [{ field, rule: broken.rule }] : [])];
    }
    case 'jlis_reduction':
      return jlisReductionFaults(row.terms, { from: row.valid_from, until: row.valid_until });
    case 'jlis_recognition':
      return fault('valid_until', row.valid_from < row.valid_until, 'period_empty');
    case 'price_plan':
      return [...pricePlanFaults(row.terms, row.valid_from), ...taken(row, await readPlans(manager, tenancyOf(row)))];
    case 'invoice_terms':
      return taken(row, await readInvoiceTerms(manager, tenancyOf(row)));
    case 'tax_setting':
      return [...taxSettingFaults(row.terms, row.valid_from), ...taken(row, await readTaxSettings(manager, row.mode))];
    case 'invoice_issuer':
      return [...invoiceIssuerFaults(row.terms), ...taken(row, await readIssuers(manager, row.mode))];
  }
}

const tenancyOf = (row: { tenant_id: string; mode: Mode }): Tenancy => ({ tenantId: row.tenant_id, mode: row.mode });
const taken = ({ valid_from }: { valid_from: Day }, there: readonly Dated[]): PriceFault[] =>
  fault('valid_from', !there.some(({ validFrom }) => validFrom === valid_from), 'overlap');

/**
 * Adds prices. Those of live mode need the executed approval of exactly this row; the database compares.
 * @throws Problem as `judgePrices`
 */
export async function addPrices(
  manager: EntityManager,
  { row, approvalId, ...acting }: Acting & { row: PriceRow; approvalId?: string },
): Promise<void> {
  await judgePrices(manager, row, row.table === 'jlis_tariff' ? await nextTariff(manager, row) : null);
  const { table, ...columns } = row;
  const values: Record<string, unknown> = {
    ...columns,
    terms: JSON.stringify(row.terms),
    approval_id: approvalId ?? null,
  };
  const names = Object.keys(values);
  await manager.query(
    `insert into ${table} (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(values),
  );
  const { subject } = priceProposal(row);
  await appendAudit(manager, {
    ...acting,
    action: `${table}.add`,
    target: subject,
    detail: { valid_from: row.valid_from, approval: approvalId ?? null },
    ...(row.table === 'price_plan' || row.table === 'invoice_terms' ? { tenancy: tenancyOf(row) } : {}),
  });
}

/** Where a tariff ends that is put before another one; what was agreed on says only where it begins. */
async function nextTariff(manager: Queries, row: PriceRow): Promise<Day | null> {
  const later = (await readTariffs(manager, row.mode)).find(({ validFrom }) => validFrom > row.valid_from);
  return later?.validFrom ?? null;
}
