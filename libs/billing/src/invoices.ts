import type { EntityManager } from 'typeorm';
import { type Mode, Problem, readingOf, type Tenancy } from '#lib/platform';
import type { InvoiceContent, InvoiceDocument } from './invoice-content.js';
import type { InvoiceFileKind } from './invoice-files.js';
import type { Day, Month } from './japan-month.js';

type Queries = Pick<EntityManager, 'query'>;

export const INVOICE_STATES = ['finalized', 'void'] as const;
export type InvoiceState = (typeof INVOICE_STATES)[number];

/** What a list shows of an invoice. */
export interface InvoiceSummary extends Tenancy {
  /** UUID */
  id: string;
  number: string;
  state: InvoiceState;
  month: Month;
  statementId: string;
  issuedOn: Day;
  dueOn: Day;
  recipient: string;
  totalYen: number;
  corrects: string | undefined;
  finalizedAt: Date;
  voidedAt: Date | undefined;
  voidReason: string | undefined;
}

export interface Invoice extends InvoiceSummary {
  document: InvoiceDocument;
}

interface Row {
  id: string;
  tenant_id: string;
  mode: Mode;
  number: string;
  month: Month;
  statement_id: string;
  issued_on: Day;
  due_on: Day;
  recipient: string;
  total_yen: string;
  corrects: string | null;
  finalized_at: Date;
  voided_at: Date | null;
  void_reason: string | null;
  content: string;
}

const COLUMNS = `i.id, i.tenant_id, i.mode, i.number, i.month, i.statement_id, to_char(i.issued_on, 'YYYY-MM-DD') as issued_on,
  to_char(i.due_on, 'YYYY-MM-DD') as due_on, i.recipient, i.total_yen, i.corrects, i.finalized_at, v.voided_at,
  v.reason as void_reason`;
const FROM = `from invoice i left join invoice_void v on v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id`;

const toSummary = (row: Row): InvoiceSummary => ({
  id: row.id,
  tenantId: row.tenant_id,
  mode: row.mode,
  number: row.number,
  state: row.voided_at === null ? 'finalized' : 'void',
  month: row.month,
  statementId: row.statement_id,
  issuedOn: row.issued_on,
  dueOn: row.due_on,
  recipient: row.recipient,
  totalYen: Number(row.total_yen),
  corrects: row.corrects ?? undefined,
  finalizedAt: row.finalized_at,
  voidedAt: row.voided_at ?? undefined,
  voidReason: row.void_reason ?? undefined,
});

const documentOf = ({ id, number, issued_on, content }: Row): InvoiceDocument => ({
  id,
  number,
  issued_on,
  ...(JSON.parse(content) as InvoiceContent),
});

/** What the law on electronic books asks to search by (電子帳簿保存法): day, amount and counterparty, with ranges, together. */
export interface InvoiceSearch {
  tenantId?: string;
  mode?: Mode;
  month?: Month;
  state?: InvoiceState;
  number?: string;
  /** Part of the recipient's name. */
  counterparty?: string;
  /** Both included. */
  issuedFrom?: Day;
  issuedTo?: Day;
  amountMin?: number;
  amountMax?: number;
}

const WHERE = `($1::uuid is null or i.tenant_id = $1) and ($2::tenant_mode is null or i.mode = $2)
  and ($3::text is null or i.month = $3) and ($4::text is null or ($4 = 'void') = (v.invoice_id is not null))
  and ($5::text is null or i.number = $5) and ($6::text is null or strpos(lower(i.recipient), lower($6)) > 0)
  and ($7::date is null or i.issued_on >= $7) and ($8::date is null or i.issued_on <= $8)
  and ($9::bigint is null or i.total_yen >= $9) and ($10::bigint is null or i.total_yen <= $10)`;

const valuesOf = (search: InvoiceSearch): unknown[] => [
  search.tenantId ?? null,
  search.mode ?? null,
  search.month ?? null,
  search.state ?? null,
  search.number ?? null,
  search.counterparty ?? null,
  search.issuedFrom ?? null,
  search.issuedTo ?? null,
  search.amountMin ?? null,
  search.amountMax ?? null,
];

/** By what invoices are sorted; within a mode each has an index. */
export const INVOICE_KEYS = ['issued_on', 'total_yen'] as const;
export type InvoiceKey = (typeof INVOICE_KEYS)[number];

/**
 * Newest first unless asked otherwise. Row-level security shows a tenant its own; operators see all.
 * @param page `after`: the last one of the page before
 */
export async function listInvoices(
  manager: Queries,
  search: InvoiceSearch,
  page: { after?: string; sort?: { by: InvoiceKey; descending: boolean }; limit: number },
): Promise<InvoiceSummary[]> {
  const { by, descending } = page.sort ?? { by: 'issued_on', descending: true };
  const { direction, beyond } = readingOf(descending);
  const rows: Row[] = await manager.query(
    `select ${COLUMNS} ${FROM} where ${WHERE}
       and ($11::uuid is null or (i.${by}, i.id) ${beyond} (select a.${by}, a.id from invoice a where a.id = $11))
     order by i.${by} ${direction}, i.id ${direction} limit $12`,
    [...valuesOf(search), page.after ?? null, page.limit],
  );
  return rows.map(toSummary);
}

/** Invoices of one CSV: what is beyond is asked for in parts. */
export const MOST_EXPORTED = 5_000;

/** What is found, by number. @throws Problem `too_many_invoices` */
export async function invoicesToExport(manager: Queries, search: InvoiceSearch): Promise<InvoiceDocument[]> {
  const rows: Row[] = await manager.query(
    `select ${COLUMNS}, i.content ${FROM} where ${WHERE} order by i.mode, i.series, i.series_number limit $11`,
    [...valuesOf(search), MOST_EXPORTED + 1],
  );
  if (rows.length > MOST_EXPORTED) throw new Problem('too_many_invoices');
  return rows.map(documentOf);
}

/** @throws Problem `not_found` */
export async function getInvoice(manager: Queries, id: string): Promise<Invoice> {
  const rows: Row[] = await manager.query(`select ${COLUMNS}, i.content ${FROM} where i.id = $1`, [id]);
  if (!rows[0]) throw new Problem('not_found');
  return { ...toSummary(rows[0]), document: documentOf(rows[0]) };
}

/** What was handed out when the invoice was finalized. */
export interface KeptFile {
  number: string;
  bytes: Buffer;
  /** Hex. */
  sha256: string;
}

/** @throws Problem `not_found` */
export async function getInvoiceFile(manager: Queries, id: string, kind: InvoiceFileKind): Promise<KeptFile> {
  const rows: KeptFile[] = await manager.query(
    `select i.number, f.bytes, encode(f.sha256, 'hex') as sha256 from invoice i
     join invoice_file f on f.tenant_id = i.tenant_id and f.mode = i.mode and f.invoice_id = i.id
     where i.id = $1 and f.kind = $2`,
    [id, kind],
  );
  if (!rows[0]) throw new Problem('not_found');
  return rows[0];
}

/** The invoice of a statement that is not void. */
export async function invoiceOfStatement(
  manager: Queries,
  { tenantId, mode }: Tenancy,
  statementId: string,
): Promise<string | undefined> {
  const rows: { id: string }[] = await manager.query(
    `select i.id ${FROM} where i.tenant_id = $1 and i.mode = $2 and i.statement_id = $3 and v.invoice_id is null`,
    [tenantId, mode, statementId],
  );
  return rows[0]?.id;
}
