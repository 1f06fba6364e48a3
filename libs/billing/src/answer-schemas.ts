import { z } from 'zod';
import { MODES } from '#lib/platform';
import { isMonth } from './japan-month.js';
import { TAX_CATEGORIES } from './jlis-tariff.js';
import { LINE_KINDS, UNBILLED_REASONS } from './statement.js';
import { METERS, METHODS, PURPOSES } from './usage-event.js';

/** How the SP API and the operators' REST answer about usage and statements. */
export const monthText = z
  .string()
  .refine(isMonth, 'must be a month, YYYY-MM')
  .meta({ description: 'A month in Japan, YYYY-MM; by default the present one by the clock of the mode.' });
const day = z.iso.date();
const meter = z.enum(METERS);
const purpose = z.enum(PURPOSES);
const outcome = z.enum(['valid', 'invalid', 'indeterminate']);
const kind = z.enum(['sign', 'auth']);
const unbilled = z
  .enum(UNBILLED_REASONS)
  .nullable()
  .meta({ description: 'Why it costs nothing; null: it is in a line of the statement.' });
const layer = z.enum(['jlis', 'contract']);

const counted = {
  meter,
  method: z.enum(METHODS),
  purpose,
  outcome,
  certificate_kind: kind,
  late: z.boolean().meta({ description: 'Decided in a month that was closed before the event was stored.' }),
  jlis_unbilled: unbilled,
  contract_unbilled: unbilled,
  jlis_count: z.enum(['each', 'first', 'again']).meta({
    description: 'Status checks that count once a year: the first of the year, or counted before.',
  }),
};

const totals = {
  contract_yen: z.int(),
  jlis_yen: z.int(),
  billed_yen: z.int().meta({ description: 'What an invoice adds up, without tax.' }),
};

export const usageAnswer = z
  .object({
    mode: z.enum(MODES),
    month: z.string(),
    closed: z.boolean(),
    amounts: z
      .object({ is_estimate: z.boolean(), ...totals })
      .nullable()
      .meta({ description: 'From what there is now; null while something used has no price.' }),
    data: z.array(z.object({ day, ...counted, events: z.int() }).meta({ id: 'UsageOfDay' })),
  })
  .meta({ id: 'Usage' });
export type UsageAnswer = z.output<typeof usageAnswer>;

export const usageEvent = z
  .object({
    id: z.string(),
    occurred_at: z.iso.datetime(),
    ...counted,
    source: z.string().meta({ description: 'What it was metered for.' }),
    source_id: z
      .string()
      .nullable()
      .meta({ description: 'Of a counterpart lookup, attribute update or presentation.' }),
    verification_id: z.string().nullable(),
  })
  .meta({ id: 'UsageEvent' });
export type UsageEventAnswer = z.output<typeof usageEvent>;
export const usageEventList = z
  .object({ month: z.string(), data: z.array(usageEvent), next_cursor: z.string().nullable() })
  .meta({ id: 'UsageEventList' });

export const tracedUsageEvent = usageEvent
  .extend({
    month: z.string(),
    statement_id: z.string().nullable().meta({ description: 'Null: the month is not closed yet.' }),
    invoice_id: z.string().nullable().meta({ description: 'Of the statement, the invoice that is not void.' }),
    lines: z.array(z.int()).meta({ description: 'Numbers of the lines it is in, at most one of each layer.' }),
  })
  .meta({ id: 'TracedUsageEvent' });

const line = z
  .object({
    number: z.int(),
    layer,
    kind: z.enum(LINE_KINDS),
    billed: z.boolean().meta({ description: 'False: shown, not charged.' }),
    meter: meter.nullable(),
    purpose: purpose.nullable(),
    description: z.object({ ja: z.string(), en: z.string() }),
    from: day,
    until: day.meta({ description: 'The first day that is not in it.' }),
    quantity: z.int(),
    unit_price: z.string().meta({ description: 'Yen with at most three decimals.' }),
    amount_yen: z.int(),
    tax_category: z.enum(TAX_CATEGORIES),
    price_reference: z.string(),
    has_events: z.boolean(),
  })
  .meta({ id: 'StatementLine' });

const summary = {
  id: z.string(),
  tenant_id: z.string(),
  mode: z.enum(MODES),
  month: z.string(),
  sha256: z.string().meta({ description: 'Hex, over the bytes that were stored.' }),
  written_at: z.iso.datetime(),
  ...totals,
};
export const statementSummary = z.object(summary).meta({ id: 'StatementSummary' });
export const statementList = z
  .object({ data: z.array(statementSummary), next_cursor: z.string().nullable() })
  .meta({ id: 'StatementList' });
export const statementSchema = z
  .object({
    ...summary,
    from: day,
    until: day,
    events: z.int(),
    late_events: z.int(),
    lines: z.array(line),
    unbilled: z.array(z.object({ layer, meter, reason: z.enum(UNBILLED_REASONS), events: z.int() })),
    billed_by_tax_category: z.array(z.object({ tax_category: z.enum(TAX_CATEGORIES), amount_yen: z.int() })),
  })
  .meta({ id: 'Statement' });
export type StatementAnswer = z.output<typeof statementSchema>;
