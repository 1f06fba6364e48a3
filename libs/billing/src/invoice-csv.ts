import { CSV_BOM, csvRow, encodeCp932, inSignsOfCp932, Problem, toPublicId, unmappableInCp932 } from '#lib/platform';
import type { InvoiceDocument } from './invoice-content.js';
import { dayBefore } from './japan-month.js';

/** Columns of the invoice CSV, in order; docs/billing.md says what each holds. New ones are added at the end. */
export const INVOICE_CSV_COLUMNS = [
  'row_type',
  'invoice_number',
  'issued_on',
  'due_on',
  'closed_on',
  'period_from',
  'period_to',
  'tenant_id',
  'recipient_name',
  'issuer_name',
  'issuer_registration_number',
  'mode',
  'invoice_id',
  'corrects_number',
  'invoice_amount_yen',
  'invoice_tax_yen',
  'invoice_total_yen',
  'line_number',
  'layer',
  'kind',
  'description_ja',
  'description_en',
  'line_from',
  'line_to',
  'quantity',
  'unit_price_yen',
  'amount_yen',
  'tax_category',
  'tax_rate_percent',
  'taxable_yen',
  'tax_yen',
  'statement_id',
  'statement_line',
  'credits_number',
] as const;

export const CSV_ENCODINGS = ['utf-8', 'cp932'] as const;
export type CsvEncoding = (typeof CSV_ENCODINGS)[number];

/** What a spreadsheet would turn into a number or a date, and so lose leading zeros or digits of. */
const LIKE_A_NUMBER = /^[\s]*[0-9０-９][0-9０-９.,:/\-\s]*(?:[eE][+-]?[0-9]+)?%?\s*$/u;

/** Text that somebody typed, kept a text: led by an apostrophe where it looks like a number. */
const typed = (text: string): string => (LIKE_A_NUMBER.test(text) ? `'${text}` : text);

/** Rates and unit prices have at most 15 digits, which numbers of a spreadsheet keep. */
const decimal = (text: string | null): number | null => (text === null ? null : Number(text));

/** The rows of one invoice: its lines, then its taxes, each with what belongs to the whole. */
export function invoiceCsvRows(invoice: InvoiceDocument): string {
  const { issuer, recipient, totals } = invoice;
  const head = [
    invoice.number,
    invoice.issued_on,
    invoice.due_on,
    invoice.closed_on,
    invoice.from,
    dayBefore(invoice.until),
    toPublicId('ten', invoice.tenant_id),
    typed(recipient.name),
    typed(issuer.name),
    issuer.registration_number,
    invoice.mode,
    toPublicId('inv', invoice.id),
    invoice.corrects?.number ?? null,
    totals.amount_yen,
    totals.tax_yen,
    totals.total_yen,
  ];
  const statement = toPublicId('stm', invoice.statement.id);
  const lines = invoice.lines.map((line) =>
    csvRow([
      'line',
      ...head,
      line.number,
      line.layer,
      line.kind,
      typed(line.description.ja),
      typed(line.description.en),
      line.from,
      dayBefore(line.until),
      line.quantity,
      decimal(line.unit_price),
      line.amount_yen,
      line.tax_category,
      decimal(line.tax_rate),
      null,
      null,
      line.statement_line === null ? null : statement,
      line.statement_line,
      line.credits?.number ?? null,
    ]),
  );
  const none = (count: number): null[] => Array.from({ length: count }, () => null);
  const taxes = invoice.taxes.map((tax) =>
    csvRow([
      'tax',
      ...head,
      ...none(10),
      tax.tax_category,
      decimal(tax.tax_rate),
      tax.amount_yen,
      tax.tax_yen,
      ...none(3),
    ]),
  );
  return [...lines, ...taxes].join('');
}

/** The CSV of invoices, UTF-8 with a byte order mark. */
export const invoiceCsv = (invoices: readonly InvoiceDocument[]): Buffer =>
  Buffer.from(CSV_BOM + csvRow(INVOICE_CSV_COLUMNS) + invoices.map(invoiceCsvRows).join(''));

/**
 * A CSV that was made in UTF-8 in the encoding that is asked for.
 * @throws Problem `characters_unmappable` with every character that CP932 lacks
 */
export function inEncoding(csv: Buffer, encoding: CsvEncoding): Buffer {
  if (encoding === 'utf-8') return csv;
  const text = inSignsOfCp932(csv.toString('utf8').slice(CSV_BOM.length));
  const characters = unmappableInCp932(text);
  if (characters.length > 0) throw new Problem('characters_unmappable', { characters });
  return encodeCp932(text);
}
