import { z } from 'zod';
import {
  INVOICE_NEEDS,
  JLIS_ITEMS,
  jlisRecognitionTerms,
  jlisReductionTerms,
  jlisTariffTerms,
  METERS,
  monthText,
  pricePlanTerms,
  reconciliationResult,
  tracedUsageEvent,
} from '#lib/billing';
import { cursor, id, limit, mode, reason, text, time } from './schemas.js';
import { foundVerification } from './search-schemas.js';

const day = z.iso.date();
/** By which it is told what is in force. */
export const today = day.meta({ description: 'Today in Japan, by the clock of the mode.' });
const tenantId = id.nullable().meta({ description: 'Null: of the whole platform.' });

export const tariffProposal = z
  .strictObject({
    valid_from: day,
    valid_until: day.nullable().default(null).meta({ description: 'Where it ends; has to meet the next one.' }),
    terms: jlisTariffTerms,
    reason,
  })
  .meta({ id: 'TariffProposal' });
export const reductionProposal = z
  .strictObject({ tenant_id: tenantId, valid_from: day, valid_until: day, terms: jlisReductionTerms, reason })
  .meta({ id: 'ReductionProposal' });
export const recognitionProposal = z
  .strictObject({ tenant_id: tenantId, valid_from: day, valid_until: day, terms: jlisRecognitionTerms, reason })
  .meta({ id: 'RecognitionProposal' });
export const planProposal = z
  .strictObject({ valid_from: day, terms: pricePlanTerms, reason })
  .meta({ id: 'PricePlanProposal' });

const scoped = { id: z.string(), tenant_id: z.string().nullable(), from: day, until: day };
export const jlisPrices = z
  .object({
    mode,
    today,
    tariffs: z.array(z.object({ valid_from: day, terms: jlisTariffTerms })),
    reductions: z.array(z.object({ ...scoped, terms: jlisReductionTerms })),
    recognitions: z.array(z.object({ ...scoped, terms: jlisRecognitionTerms })),
  })
  .meta({ id: 'JlisPrices' });
export const planList = z
  .object({ today, data: z.array(z.object({ valid_from: day, terms: pricePlanTerms })) })
  .meta({ id: 'PricePlanList' });

export const closeRequest = z.strictObject({ mode, month: monthText }).meta({ id: 'MonthCloseRequest' });
export const monthCloseAnswer = z
  .object({
    mode,
    month: z.string(),
    state: z.enum(['closing', 'closed']),
    begun_at: time,
    begun_by: z.string(),
    closed_at: time.nullable(),
    statements: z.int().meta({ description: 'Written so far.' }),
    statements_due: z
      .int()
      .nullable()
      .meta({ description: 'How many there will be; null until all tenants are rated.' }),
    billed_yen: z.int(),
    invoices: z.object({ issued: z.int(), drafts: z.int(), undrafted: z.int() }).meta({
      description: 'Of its statements: with an invoice that is not void, an open draft, or still to be drafted.',
    }),
    unexplained_difference: z.boolean(),
    without_fee: z
      .object({ meter: z.enum(JLIS_ITEMS), day, noticed_at: time })
      .nullable()
      .meta({
        description:
          'Why it was not closed when that was tried last: used in a stretch of days, beginning with `day`, without a fee of J-LIS.',
      }),
  })
  .meta({ id: 'MonthClose' });
export const monthCloseList = z
  .object({
    data: z.array(monthCloseAnswer),
    next_month: z.string().nullable(),
    next_month_ends_at: time.nullable().meta({ description: 'From then on it can be closed.' }),
    next_month_is_over: z
      .boolean()
      .meta({ description: 'By the clock of the mode; false where there is no next month.' }),
  })
  .meta({ id: 'MonthCloseList' });
export const invoiceNeeds = z
  .object({
    day: day.meta({ description: 'The earliest day on which its invoices can be drafted.' }),
    has_issuer: z.boolean().meta({ description: 'Whether an issuer is in force on that day.' }),
    tenants: z.int().meta({ description: 'How many will be invoiced, or are still to be.' }),
    incomplete: z
      .array(z.object({ tenant_id: z.string(), tenant_name: z.string(), missing: z.array(z.enum(INVOICE_NEEDS)) }))
      .meta({ description: 'Those that something is missing of, by name. Of a closed month prices are settled.' }),
  })
  .meta({ id: 'InvoiceNeeds' });
export const monthClosesQuery = z.strictObject({ mode });

export const reconciliationRequest = z
  .strictObject({ file: z.string().min(1).max(60_000).meta({ description: 'The CSV file as text.' }) })
  .meta({ id: 'ReconciliationRequest' });
export const explanationRequest = z.strictObject({ explanation: text(2_000) }).meta({ id: 'DifferenceExplanation' });
export const reconciliationAnswer = z
  .object({
    id: z.string(),
    mode,
    month: z.string(),
    file_sha256: z.string(),
    explanation: z.string().nullable(),
    made_by: z.string(),
    made_at: time,
    ...reconciliationResult.shape,
  })
  .meta({ id: 'Reconciliation' });
export type ReconciliationAnswer = z.output<typeof reconciliationAnswer>;
export const reconciliationList = z.object({ data: z.array(reconciliationAnswer) }).meta({ id: 'ReconciliationList' });

export const statementQuery = z.strictObject({
  tenant_id: id.optional(),
  mode: mode.optional(),
  month: monthText.optional(),
  cursor: z.string().max(64).optional(),
  limit,
});
export const tenantUsageQuery = z.strictObject({ mode, month: monthText.optional() });
export const tenantEventsQuery = z.strictObject({
  mode,
  month: monthText.optional(),
  meter: z.enum(METERS).optional(),
  day: day.optional(),
  cursor,
  limit,
});
export const verificationUsage = z
  .object({
    verification: foundVerification
      .pick({ id: true, tenant_id: true, mode: true, kind: true, outcome: true, decided_at: true })
      .meta({ id: 'BilledVerification', description: 'What was decided, not about whom.' }),
    data: z.array(tracedUsageEvent),
  })
  .meta({ id: 'VerificationUsage' });
export const pageQuery = z.strictObject({ cursor, limit });
