import type { EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { newId } from '#lib/platform';
import type { InvoiceSummary } from './invoices.js';
import type { Day } from './japan-month.js';

type Queries = Pick<EntityManager, 'query'>;

/** The ways an invoice goes out. */
export const DISPATCH_METHODS = ['email', 'post', 'portal', 'other'] as const;
export type DispatchMethod = (typeof DISPATCH_METHODS)[number];

/** That an invoice was sent, as an operator says. */
export interface InvoiceDispatch {
  /** UUID */
  id: string;
  sentOn: Day;
  method: DispatchMethod;
  /** Address, or whoever took it. */
  recipient: string;
  /** `operator:<uuid>` */
  recordedBy: string;
  recordedAt: Date;
}

interface Row {
  id: string;
  sent_on: Day;
  method: DispatchMethod;
  recipient: string;
  recorded_by: string;
  recorded_at: Date;
}

/** In the order in which they were recorded. */
export async function listDispatches(
  manager: Queries,
  { tenantId, mode, id }: Pick<InvoiceSummary, 'tenantId' | 'mode' | 'id'>,
): Promise<InvoiceDispatch[]> {
  const rows: Row[] = await manager.query(
    `select id, to_char(sent_on, 'YYYY-MM-DD') as sent_on, method, recipient, recorded_by, recorded_at
     from invoice_dispatch where tenant_id = $1 and mode = $2 and invoice_id = $3 order by id`,
    [tenantId, mode, id],
  );
  return rows.map((row) => ({
    id: row.id,
    sentOn: row.sent_on,
    method: row.method,
    recipient: row.recipient,
    recordedBy: row.recorded_by,
    recordedAt: row.recorded_at,
  }));
}

/** Puts down that an invoice was sent. The database refuses a day before that of its issue (`invoice_dispatch_day`). */
export async function recordDispatch(
  manager: EntityManager,
  { tenantId, mode, id: invoiceId }: Pick<InvoiceSummary, 'tenantId' | 'mode' | 'id'>,
  { sentOn, method, recipient }: Pick<InvoiceDispatch, 'sentOn' | 'method' | 'recipient'>,
  acting: Acting,
): Promise<void> {
  const id = newId(Date.now());
  await manager.query(
    `insert into invoice_dispatch (tenant_id, mode, id, invoice_id, sent_on, method, recipient, recorded_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenantId, mode, id, invoiceId, sentOn, method, recipient, acting.actor],
  );
  // Whom it went to may be a person's address: it is in the row, and not in the trail as well.
  await appendAudit(manager, {
    ...acting,
    action: 'invoice.dispatch',
    target: `invoice:${invoiceId}`,
    tenancy: { tenantId, mode },
    detail: { dispatch: id, sent_on: sentOn, method },
  });
}
