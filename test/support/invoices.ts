import type { DataSource, EntityManager } from 'typeorm';
import {
  addPrices,
  draftInvoice,
  finalizationProposal,
  finalizeInvoices,
  findStatement,
  getInvoice,
  type Invoice,
  type InvoiceDraft,
  type InvoiceDraftRequest,
  type InvoiceIssuerTerms,
  type InvoiceTermsTerms,
  type Month,
  type PriceRow,
  voidInvoice,
  voidProposal,
} from '#lib/billing';
import type { Approval, OperatorSession, Proposal } from '#lib/operators';
import { ISSUER, TERMS } from './invoice-terms.js';
import { TestPeople } from './operators.js';

const ORIGIN = { requestId: 'req_test', ip: '127.0.0.1' };
const ACTING = { actor: 'operator:test' };

type Execute = (manager: EntityManager, approval: Approval) => Promise<void>;

/** Two people who make invoices of the statements of test mode. */
export class InvoiceOffice {
  private constructor(
    /** Pools of those roles. */
    private readonly rig: { admin: DataSource; operator: DataSource },
    readonly people: TestPeople,
    private readonly first: OperatorSession,
    private readonly second: OperatorSession,
  ) {}

  static async open(rig: { admin: DataSource; operator: DataSource }): Promise<InvoiceOffice> {
    const people = new TestPeople(rig.admin, rig.operator);
    const [first, second] = [await people.firstAdmin(), await people.firstAdmin()];
    return new InvoiceOffice(rig, people, await people.session(first), await people.session(second));
  }

  /** Of test mode, in force since before there was anything to bill. */
  async issuer(terms: Partial<InvoiceIssuerTerms> = {}, from = '2020-01-01'): Promise<void> {
    await this.add({ table: 'invoice_issuer', mode: 'test', valid_from: from, terms: { ...ISSUER, ...terms } });
  }

  async terms(tenantId: string, terms: Partial<InvoiceTermsTerms> = {}, from = '2020-01-01'): Promise<void> {
    const row = { table: 'invoice_terms', tenant_id: tenantId, mode: 'test', valid_from: from } as const;
    await this.add({ ...row, terms: { ...TERMS, ...terms } });
  }

  async draft(tenantId: string, month: Month, items: InvoiceDraftRequest['items'] = []): Promise<InvoiceDraft> {
    const statement = (await findStatement(this.rig.admin, { tenantId, mode: 'test', month }))!;
    return this.rig.admin.transaction((manager) =>
      draftInvoice(manager, { statementId: statement.id, items, nowMs: () => Date.now(), ...ACTING }),
    );
  }

  private async add(row: PriceRow): Promise<void> {
    await this.rig.operator.transaction((manager) => addPrices(manager, { row, ...ACTING }));
  }

  /** Proposed by the one, approved by the other. */
  async agreed(proposal: Omit<Proposal, 'reason'>, execute: Execute): Promise<Approval> {
    const { approvals } = this.people;
    const proposed = await approvals.propose(this.first, { ...proposal, reason: 'test' }, ORIGIN, Date.now());
    const seenSha256 = Buffer.from(proposed.payloadSha256, 'hex');
    return approvals.approve(this.second, { id: proposed.id, seenSha256 }, ORIGIN, execute);
  }

  async finalize(...drafts: readonly InvoiceDraft[]): Promise<Invoice[]> {
    const proposal = await finalizationProposal(
      this.rig.admin,
      drafts.map(({ id }) => id),
    );
    await this.agreed(proposal, finalizes);
    return Promise.all(drafts.map(({ id }) => getInvoice(this.rig.admin, id)));
  }

  async void(invoice: Invoice, reason = '宛名の誤り'): Promise<Invoice> {
    await this.agreed(await voidProposal(this.rig.admin, invoice.id, reason), voids);
    return getInvoice(this.rig.admin, invoice.id);
  }
}

export const finalizes: Execute = (manager, { id, after }) =>
  finalizeInvoices(manager, { approvalId: id, approved: after, ...ACTING });
export const voids: Execute = (manager, { id, subject, after }) =>
  voidInvoice(manager, { id: subject.slice('invoice:'.length), approvalId: id, approved: after, ...ACTING });

/** Bytes of a kept file, as the owner of the database sees them. */
export async function keptBytes(admin: DataSource, id: string, kind: string): Promise<Buffer> {
  const rows: { bytes: Buffer }[] = await admin.query(
    'select bytes from invoice_file where invoice_id = $1 and kind = $2',
    [id, kind],
  );
  return rows[0]!.bytes;
}
