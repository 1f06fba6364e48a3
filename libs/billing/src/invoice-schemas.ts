import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type KeptOctets, MODES, toPublicId } from '#lib/platform';
import { CSV_ENCODINGS, type CsvEncoding, inEncoding } from './invoice-csv.js';
import { type InvoiceFileKind, publicDocument } from './invoice-files.js';
import { invoiceIssuerTerms, TAX_ROUNDINGS } from './invoice-settings.js';
import { type Invoice, INVOICE_STATES, type InvoiceSearch, type InvoiceSummary, type KeptFile } from './invoices.js';
import { monthText } from './answer-schemas.js';
import { TAX_CATEGORIES } from './jlis-tariff.js';
import { LINE_KINDS } from './statement.js';

/** How the SP API and the operators' REST answer about invoices. */
const day = z.iso.date();
const rate = z.string().nullable().meta({ description: 'Percent; null: no tax is reckoned.' });
const text = z.object({ ja: z.string(), en: z.string() });
const reference = z.object({ id: z.string(), number: z.string(), issued_on: day }).nullable();

export const invoiceLine = z
  .object({
    number: z.int(),
    kind: z.enum([...LINE_KINDS, 'credit', 'extra']),
    layer: z.enum(['jlis', 'contract']).nullable(),
    statement_line: z.int().nullable().meta({
      description: 'Line of the statement, whose events can be listed; null: put on the invoice itself.',
    }),
    description: text,
    from: day,
    until: day.meta({ description: 'The first day that is not in it.' }),
    quantity: z.int(),
    unit_price: z.string(),
    amount_yen: z.int(),
    tax_category: z.enum(TAX_CATEGORIES),
    tax_rate: rate,
    credits: reference.meta({ description: 'The invoice that a credit is of.' }),
  })
  .meta({ id: 'InvoiceLine' });

/** What a draft and an invoice both say. */
export const invoiceBody = {
  from: day,
  until: day,
  closed_on: day,
  due_on: day,
  corrects: reference.meta({ description: 'The void invoice in whose place it comes.' }),
  issuer: invoiceIssuerTerms,
  recipient: z.object({ name: z.string(), address: z.string() }),
  lines: z.array(invoiceLine),
  taxes: z.array(
    z.object({ tax_category: z.enum(TAX_CATEGORIES), tax_rate: rate, amount_yen: z.int(), tax_yen: z.int() }),
  ),
  tax_rounding: z.enum(TAX_ROUNDINGS),
  totals: z.object({ amount_yen: z.int(), tax_yen: z.int(), total_yen: z.int() }),
};

const summary = {
  id: z.string(),
  number: z.string(),
  state: z.enum(INVOICE_STATES),
  tenant_id: z.string(),
  mode: z.enum(MODES),
  month: z.string(),
  statement_id: z.string(),
  issued_on: day,
  due_on: day,
  recipient_name: z.string(),
  total_yen: z.int(),
  corrects_id: z.string().nullable(),
  finalized_at: z.iso.datetime(),
  voided_at: z.iso.datetime().nullable(),
  void_reason: z.string().nullable(),
};
export const invoiceSummary = z.object(summary).meta({ id: 'InvoiceSummary' });
export const invoiceList = z
  .object({ data: z.array(invoiceSummary), next_cursor: z.string().nullable() })
  .meta({ id: 'InvoiceList' });
export const invoiceSchema = z.object({ ...summary, ...invoiceBody }).meta({ id: 'Invoice' });
export type InvoiceAnswer = z.output<typeof invoiceSchema>;

/** What both sides search invoices by. */
export const invoiceSearchFields = {
  month: monthText.optional(),
  state: z.enum(INVOICE_STATES).optional(),
  number: z.string().max(40).optional(),
  issued_from: day.optional().meta({ description: 'Included.' }),
  issued_to: day.optional().meta({ description: 'Included.' }),
  amount_min: z.coerce.number().int().optional().meta({ description: 'Total with tax, yen, included.' }),
  amount_max: z.coerce.number().int().optional(),
};
export const invoiceSearchOf = (query: InvoiceSearchQuery): InvoiceSearch => ({
  ...(query.month === undefined ? {} : { month: query.month }),
  ...(query.state === undefined ? {} : { state: query.state }),
  ...(query.number === undefined ? {} : { number: query.number }),
  ...(query.issued_from === undefined ? {} : { issuedFrom: query.issued_from }),
  ...(query.issued_to === undefined ? {} : { issuedTo: query.issued_to }),
  ...(query.amount_min === undefined ? {} : { amountMin: query.amount_min }),
  ...(query.amount_max === undefined ? {} : { amountMax: query.amount_max }),
});
type InvoiceSearchQuery = z.output<z.ZodObject<typeof invoiceSearchFields>>;
export const csvEncoding = z.enum(CSV_ENCODINGS).default('utf-8');
export const invoiceCsvQuery = z.strictObject({ encoding: csvEncoding });

export const invoiceSummaryAnswer = (invoice: InvoiceSummary): z.output<typeof invoiceSummary> => ({
  id: toPublicId('inv', invoice.id),
  number: invoice.number,
  state: invoice.state,
  tenant_id: toPublicId('ten', invoice.tenantId),
  mode: invoice.mode,
  month: invoice.month,
  statement_id: toPublicId('stm', invoice.statementId),
  issued_on: invoice.issuedOn,
  due_on: invoice.dueOn,
  recipient_name: invoice.recipient,
  total_yen: invoice.totalYen,
  corrects_id: invoice.corrects === undefined ? null : toPublicId('inv', invoice.corrects),
  finalized_at: invoice.finalizedAt.toISOString(),
  voided_at: invoice.voidedAt?.toISOString() ?? null,
  void_reason: invoice.voidReason ?? null,
});

export const invoiceAnswer = (invoice: Invoice): InvoiceAnswer => ({
  ...publicDocument(invoice.document),
  ...invoiceSummaryAnswer(invoice),
});

const CSV_TYPES: Record<CsvEncoding, string> = {
  'utf-8': 'text/csv; charset=utf-8; header=present',
  cp932: 'text/csv; charset=windows-31j; header=present',
};
const TYPES: Record<InvoiceFileKind, string> = {
  json: 'application/json; charset=utf-8',
  csv: CSV_TYPES['utf-8'],
  pdf: 'application/pdf',
};

export const EVENT_CSV_TYPE = CSV_TYPES['utf-8'];

/** A file as it goes out. */
export interface OutgoingFile extends KeptOctets {
  bytes: Buffer;
}

/** A kept file of an invoice. @throws Problem `characters_unmappable` for a CSV in CP932 */
export function outgoingFile(
  { number, ...file }: KeptFile,
  kind: InvoiceFileKind,
  encoding?: CsvEncoding,
): OutgoingFile {
  if (kind === 'csv' && encoding === 'cp932') return outgoingCsv(file.bytes, number, encoding);
  return { ...file, name: `${number}.${kind}`, type: TYPES[kind] };
}

/** A CSV in the encoding that is asked for. @throws Problem `characters_unmappable` */
export function outgoingCsv(csv: Buffer, name: string, encoding: CsvEncoding): OutgoingFile {
  const bytes = inEncoding(csv, encoding);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, sha256, name: `${name}.csv`, type: CSV_TYPES[encoding] };
}
