import { toPublicId } from '#lib/platform';
import type { InvoiceDocument, InvoiceReference } from './invoice-content.js';
import { invoiceCsv } from './invoice-csv.js';
import { invoicePdf } from './invoice-pdf.js';

export const INVOICE_FILE_KINDS = ['json', 'csv', 'pdf'] as const;
export type InvoiceFileKind = (typeof INVOICE_FILE_KINDS)[number];

export interface InvoiceFile {
  kind: InvoiceFileKind;
  bytes: Buffer;
}

const reference = (of: InvoiceReference | null) => of && { ...of, id: toPublicId('inv', of.id) };

/** An invoice as it is told: ids as they go out, members in this order. */
export const publicDocument = (invoice: InvoiceDocument) => ({
  id: toPublicId('inv', invoice.id),
  number: invoice.number,
  issued_on: invoice.issued_on,
  tenant_id: toPublicId('ten', invoice.tenant_id),
  mode: invoice.mode,
  month: invoice.month,
  from: invoice.from,
  until: invoice.until,
  closed_on: invoice.closed_on,
  due_on: invoice.due_on,
  corrects: reference(invoice.corrects),
  statement_id: toPublicId('stm', invoice.statement.id),
  issuer: invoice.issuer,
  recipient: invoice.recipient,
  lines: invoice.lines.map(({ credits, ...line }) => ({ ...line, credits: reference(credits) })),
  taxes: invoice.taxes,
  tax_rounding: invoice.tax_rounding,
  totals: invoice.totals,
});

/** What is handed out of an invoice; made once, when it is finalized. */
export const invoiceFiles = async (invoice: InvoiceDocument): Promise<InvoiceFile[]> => [
  { kind: 'json', bytes: Buffer.from(`${JSON.stringify(publicDocument(invoice))}\n`) },
  { kind: 'csv', bytes: invoiceCsv([invoice]) },
  { kind: 'pdf', bytes: await invoicePdf(invoice) },
];
