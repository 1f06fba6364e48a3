import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { japanDay, type Mode, newId, Problem, type Tenancy } from '#lib/platform';
import { inForceOn } from './dated.js';
import { composeInvoice, type InvoiceContent, type InvoiceItem, type InvoiceReference } from './invoice-content.js';
import { mustBePrintable } from './invoice-pdf.js';
import type { Month } from './japan-month.js';
import { mustBeClosed } from './jlis-report.js';
import { readInvoiceTerms, readIssuers, readTaxSettings } from './price-book.js';
import { hasUnexplainedDifference } from './reconciliations.js';
import { findStatement } from './statements.js';

type Queries = Pick<EntityManager, 'query'>;

/** An invoice that has no number yet. */
export interface InvoiceDraft {
  id: string;
  tenantId: string;
  mode: Mode;
  month: Month;
  statementId: string;
  state: 'open' | 'discarded' | 'finalized';
  /** Hex; what two people agree on. */
  sha256: string;
  totalYen: number;
  content: InvoiceContent;
  madeBy: string;
  madeAt: Date;
}

interface DraftRow {
  id: string;
  tenant_id: string;
  mode: Mode;
  month: Month;
  statement_id: string;
  state: InvoiceDraft['state'];
  sha256: string;
  total_yen: string;
  content: string;
  made_by: string;
  made_at: Date;
}

const DRAFT = `select id, tenant_id, mode, month, statement_id, state, encode(content_sha256, 'hex') as sha256, total_yen,
  content, made_by, made_at from invoice_draft`;

const toDraft = (row: DraftRow): InvoiceDraft => ({
  id: row.id,
  tenantId: row.tenant_id,
  mode: row.mode,
  month: row.month,
  statementId: row.statement_id,
  state: row.state,
  sha256: row.sha256,
  totalYen: Number(row.total_yen),
  content: JSON.parse(row.content) as InvoiceContent,
  madeBy: row.made_by,
  madeAt: row.made_at,
});

/** Operators' role. @throws Problem `not_found` */
export async function getInvoiceDraft(manager: Queries, id: string): Promise<InvoiceDraft> {
  const rows: DraftRow[] = await manager.query(`${DRAFT} where id = $1`, [id]);
  if (!rows[0]) throw new Problem('not_found');
  return toDraft(rows[0]);
}

/** Drafts of a mode that are open, oldest month first. `after`: the last one of the page before. */
export async function listInvoiceDrafts(
  manager: Queries,
  filter: { mode: Mode; month?: Month; tenantId?: string; after?: string; limit: number },
): Promise<InvoiceDraft[]> {
  const rows: DraftRow[] = await manager.query(
    `${DRAFT} where mode = $1 and state = 'open' and ($2::text is null or month = $2)
       and ($3::uuid is null or tenant_id = $3) and ($4::uuid is null or id > $4) order by id limit $5`,
    [filter.mode, filter.month ?? null, filter.tenantId ?? null, filter.after ?? null, filter.limit],
  );
  return rows.map(toDraft);
}

/** What to draft. `nowMs`: by the clock of the statement's mode. */
export interface InvoiceDraftRequest extends Acting {
  statementId: string;
  /** Of the credits, the UUID of the invoice they are of. */
  items: readonly (Omit<InvoiceItem, 'credits'> & { creditsInvoice?: string })[];
  nowMs: (mode: Mode) => number;
}

/**
 * Drafts the invoice of a statement; an open draft of it is put aside. Where the last invoice of the statement is void,
 * the new one comes in its place. Within the caller's transaction, operators' role.
 * @throws Problem `not_found`, `month_not_closed`, `difference_unexplained`, `statement_invoiced`, `invoice_issuer_missing`,
 *   `invoice_terms_missing`, `characters_unprintable` and those of `composeInvoice`
 */
export async function draftInvoice(
  manager: EntityManager,
  { statementId, items, nowMs, ...acting }: InvoiceDraftRequest,
): Promise<InvoiceDraft> {
  const statement = await findStatement(manager, { id: statementId });
  if (!statement) throw new Problem('not_found');
  const { tenantId, mode, month } = statement;
  const tenancy = { tenantId, mode };
  await mustBeClosed(manager, mode, month);
  if (await hasUnexplainedDifference(manager, mode, month)) throw new Problem('difference_unexplained');
  const last = await lastInvoice(manager, tenancy, statementId);
  if (last && !last.is_void) throw new Problem('statement_invoiced', { number: last.number });
  const now = nowMs(mode);
  const today = japanDay(now);
  const issuer = inForceOn(await readIssuers(manager, mode), today);
  if (!issuer) throw new Problem('invoice_issuer_missing', { day: today });
  const terms = inForceOn(await readInvoiceTerms(manager, tenancy), today);
  if (!terms) throw new Problem('invoice_terms_missing', { day: today });
  const content = composeInvoice({
    statement,
    items: await Promise.all(items.map((item) => withReference(manager, tenancy, item))),
    issuer: issuer.terms,
    terms: terms.terms,
    taxSettings: await readTaxSettings(manager, mode),
    ...(last ? { corrects: { id: last.id, number: last.number, issued_on: last.issued_on } } : {}),
  });
  await mustBePrintable(textsOf(content));
  const before: { id: string }[] = await manager.query(
    `select id from invoice_draft where tenant_id = $1 and mode = $2 and statement_id = $3 and state = 'open'`,
    [tenantId, mode, statementId],
  );
  for (const { id } of before) await discardInvoiceDraft(manager, { id, ...acting });
  const id = newId(Date.now());
  const text = JSON.stringify(content);
  const sha256 = createHash('sha256').update(text).digest();
  await manager.query(
    `insert into invoice_draft (tenant_id, mode, id, statement_id, month, corrects, content, content_sha256, total_yen, made_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [tenantId, mode, id, statementId, month, last?.id ?? null, text, sha256, content.totals.total_yen, acting.actor],
  );
  await appendAudit(manager, {
    ...acting,
    action: 'invoice.draft',
    target: `invoice:${id}`,
    tenancy,
    detail: { month, statement: statementId, sha256: sha256.toString('hex'), total_yen: content.totals.total_yen },
  });
  return getInvoiceDraft(manager, id);
}

const textsOf = ({ issuer, recipient, lines }: InvoiceContent): string[] => [
  ...Object.values(issuer),
  ...Object.values(recipient),
  ...lines.map(({ description }) => description.ja),
];

async function lastInvoice(
  manager: Queries,
  { tenantId, mode }: Tenancy,
  statementId: string,
): Promise<(InvoiceReference & { is_void: boolean }) | undefined> {
  const rows: (InvoiceReference & { is_void: boolean })[] = await manager.query(
    `select i.id, i.number, to_char(i.issued_on, 'YYYY-MM-DD') as issued_on, v.invoice_id is not null as is_void
     from invoice i left join invoice_void v on v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id
     where i.tenant_id = $1 and i.mode = $2 and i.statement_id = $3 order by i.finalized_at desc, i.id desc limit 1`,
    [tenantId, mode, statementId],
  );
  return rows[0];
}

/** @throws Problem `not_found` for an invoice that is not the tenant's */
async function withReference(
  manager: Queries,
  { tenantId, mode }: Tenancy,
  { creditsInvoice, ...item }: InvoiceDraftRequest['items'][number],
): Promise<InvoiceItem> {
  if (creditsInvoice === undefined) return item;
  const rows: InvoiceReference[] = await manager.query(
    `select id, number, to_char(issued_on, 'YYYY-MM-DD') as issued_on from invoice
     where tenant_id = $1 and mode = $2 and id = $3`,
    [tenantId, mode, creditsInvoice],
  );
  if (!rows[0]) throw new Problem('not_found');
  return { ...item, credits: rows[0] };
}

/** Puts a draft aside. @throws Problem `not_found`, `draft_not_open` */
export async function discardInvoiceDraft(
  manager: EntityManager,
  { id, ...acting }: Acting & { id: string },
): Promise<void> {
  const { tenantId, mode } = await getInvoiceDraft(manager, id);
  const [, changed]: [unknown, number] = await manager.query(
    `update invoice_draft set state = 'discarded' where id = $1 and state = 'open'`,
    [id],
  );
  if (changed === 0) throw new Problem('draft_not_open');
  await appendAudit(manager, {
    ...acting,
    action: 'invoice.discard_draft',
    target: `invoice:${id}`,
    tenancy: { tenantId, mode },
    detail: {},
  });
}

/** Statements of a month that are charged for and have neither an open draft nor an invoice, by tenant. */
export async function statementsToInvoice(
  manager: Queries,
  mode: Mode,
  month: Month,
): Promise<{ id: string; tenantId: string }[]> {
  const rows: { id: string; tenant_id: string }[] = await manager.query(
    `select s.id, s.tenant_id from statement s where s.mode = $1 and s.month = $2 and s.billed_yen <> 0
       and not exists (select 1 from invoice_draft d where d.tenant_id = s.tenant_id and d.mode = s.mode
         and d.statement_id = s.id and d.state = 'open')
       and not exists (select 1 from invoice i left join invoice_void v on v.tenant_id = i.tenant_id and v.mode = i.mode
         and v.invoice_id = i.id where i.tenant_id = s.tenant_id and i.mode = s.mode and i.statement_id = s.id
         and v.invoice_id is null)
     order by s.tenant_id`,
    [mode, month],
  );
  return rows.map(({ id, tenant_id }) => ({ id, tenantId: tenant_id }));
}
