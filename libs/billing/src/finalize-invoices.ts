import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { Problem, type ProblemCode } from '#lib/platform';
import { getInvoiceDraft, type InvoiceDraft } from './invoice-drafts.js';
import type { InvoiceDocument } from './invoice-content.js';
import { invoiceFiles } from './invoice-files.js';
import type { Day } from './japan-month.js';
import { hasUnexplainedDifference } from './reconciliations.js';

type Queries = Pick<EntityManager, 'query'>;

/** Kinds of approval by which drafts become invoices, and an invoice is taken back. */
export const INVOICE_FINALIZATION = 'invoice_finalization';
export const INVOICE_VOID = 'invoice_void';
/** Drafts that two people agree on at once: their files, each a tenth of a second of drawing, are made in one transaction. */
export const MOST_FINALIZED = 20;

/**
 * What is proposed so that drafts become invoices.
 * @throws Problem `not_found`, `draft_not_open`, `difference_unexplained`, `drafts_differ` when they are not of one month
 */
export async function finalizationProposal(manager: Queries, ids: readonly string[]) {
  const drafts = await Promise.all([...new Set(ids)].sort().map((id) => getInvoiceDraft(manager, id)));
  const [{ mode, month, id }] = drafts as [InvoiceDraft];
  for (const draft of drafts) {
    if (draft.state !== 'open') throw new Problem('draft_not_open');
    if (draft.mode !== mode || draft.month !== month) throw new Problem('drafts_differ');
  }
  if (await hasUnexplainedDifference(manager, mode, month)) throw new Problem('difference_unexplained');
  return {
    kind: INVOICE_FINALIZATION,
    subject: drafts.length === 1 ? `invoice:${id}` : `invoices:${mode}:${month}`,
    before: null,
    after: {
      mode,
      month,
      total_yen: drafts.reduce((sum, { totalYen }) => sum + totalYen, 0),
      invoices: Object.fromEntries(drafts.map((draft) => [draft.id, draft.sha256])),
    },
  };
}

const REFUSALS: Record<string, ProblemCode> = {
  draft_unknown: 'not_found',
  draft_not_open: 'draft_not_open',
  difference_unexplained: 'difference_unexplained',
  statement_invoiced: 'statement_invoiced',
};

/**
 * Numbers drafts that two people have agreed on and makes what is handed out, in one transaction.
 * @param approved `after` of the executed approval
 * @throws Problem as the rules say; then nothing has a number
 */
export async function finalizeInvoices(
  manager: EntityManager,
  { approvalId, approved, ...acting }: Acting & { approvalId: string; approved: unknown },
): Promise<void> {
  const { invoices } = approved as { invoices: Record<string, string> };
  for (const id of Object.keys(invoices).sort()) {
    const rows: { refusal: string | null; number: string; issued_on: Day }[] = await manager.query(
      'select refusal, number, issued_on from finalize_invoice($1, $2)',
      [id, approvalId],
    );
    const { refusal, number, issued_on } = rows[0]!;
    if (refusal !== null) throw new Problem(REFUSALS[refusal]!);
    const { tenantId, mode, content } = await getInvoiceDraft(manager, id);
    const document: InvoiceDocument = { id, number, issued_on, ...content };
    for (const { kind, bytes } of await invoiceFiles(document))
      await manager.query(
        `insert into invoice_file (tenant_id, mode, invoice_id, kind, bytes, sha256) values ($1, $2, $3, $4, $5, $6)`,
        [tenantId, mode, id, kind, bytes, createHash('sha256').update(bytes).digest()],
      );
    await appendAudit(manager, {
      ...acting,
      action: 'invoice.finalize',
      target: `invoice:${id}`,
      tenancy: { tenantId, mode },
      detail: { number, issued_on, total_yen: content.totals.total_yen, approval: approvalId },
    });
  }
}

/** What is proposed so that an invoice is taken back. @throws Problem `not_found`, `invoice_is_void` */
export async function voidProposal(manager: Queries, id: string, reason: string) {
  const rows: { number: string; is_void: boolean }[] = await manager.query(
    `select i.number, exists (select 1 from invoice_void v
       where v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id) as is_void
     from invoice i where i.id = $1`,
    [id],
  );
  if (!rows[0]) throw new Problem('not_found');
  const { number, is_void } = rows[0];
  if (is_void) throw new Problem('invoice_is_void');
  return {
    kind: INVOICE_VOID,
    subject: `invoice:${id}`,
    before: { number, state: 'finalized' },
    after: { number, state: 'void', reason },
  };
}

/** Takes an invoice back as two people have agreed; it keeps its number and stays. */
export async function voidInvoice(
  manager: EntityManager,
  { id, approvalId, approved, ...acting }: Acting & { id: string; approvalId: string; approved: unknown },
): Promise<void> {
  const { number, reason } = approved as { number: string; reason: string };
  const { tenantId, mode } = await getInvoiceDraft(manager, id);
  const done: unknown[] = await manager.query(
    `insert into invoice_void (tenant_id, mode, invoice_id, reason, approval_id) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, mode, invoice_id) do nothing returning 1`,
    [tenantId, mode, id, reason, approvalId],
  );
  if (done.length === 0) throw new Problem('invoice_is_void');
  await appendAudit(manager, {
    ...acting,
    action: 'invoice.void',
    target: `invoice:${id}`,
    tenancy: { tenantId, mode },
    detail: { number, reason, approval: approvalId },
  });
}
