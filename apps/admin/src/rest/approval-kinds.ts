import type { EntityManager } from 'typeorm';
import type { Acting } from '#lib/audit';
import {
  addPrices,
  finalizeInvoices,
  INVOICE_FINALIZATION,
  INVOICE_VOID,
  PRICE_CHANGE,
  proposedRow,
  voidInvoice,
} from '#lib/billing';
import { type Approval, changeRoles, type Permission, type Role } from '#lib/operators';
import { changeApprovedContract, CONTRACT_CHANGE, goLive, TENANT_GO_LIVE } from '#lib/tenancy';
import { importApprovedAnchor, LIVE_ANCHOR } from '../anchor-store.js';

export const OPERATOR_ROLES = 'operator_roles';

interface ApprovalKind {
  /** What the first person needed, and must still have when the second one approves. */
  propose: Permission;
  /** What the second person needs; who proposed may withdraw without it. */
  approve: Permission;
  /** Writes what was approved, with the approval's id; the database compares. */
  execute(manager: EntityManager, approval: Approval, acting: Acting): Promise<void>;
}

/** Everything that needs two people. A proposal of a kind that is not here is carried out by nobody. */
export const APPROVAL_KINDS: Readonly<Record<string, ApprovalKind>> = {
  [LIVE_ANCHOR]: { propose: 'anchors:propose', approve: 'anchors:approve', execute: importApprovedAnchor },
  [TENANT_GO_LIVE]: {
    propose: 'go_live:propose',
    approve: 'go_live:approve',
    execute: (manager, { id, subject, before }, acting) =>
      goLive(manager, { subject, before, approvalId: id, ...acting }),
  },
  [CONTRACT_CHANGE]: {
    propose: 'contracts:propose',
    approve: 'contracts:approve',
    execute: (manager, { id, subject, before, after }, acting) =>
      changeApprovedContract(manager, { subject, before, after, approvalId: id, ...acting }),
  },
  [PRICE_CHANGE]: {
    propose: 'prices:propose',
    approve: 'prices:approve',
    execute: (manager, { id, subject, after }, acting) =>
      addPrices(manager, { row: proposedRow(subject, after), approvalId: id, ...acting }),
  },
  [INVOICE_FINALIZATION]: {
    propose: 'invoices:propose',
    approve: 'invoices:approve',
    execute: (manager, { id, after }, acting) =>
      finalizeInvoices(manager, { approvalId: id, approved: after, ...acting }),
  },
  [INVOICE_VOID]: {
    propose: 'invoices:propose',
    approve: 'invoices:approve',
    execute: (manager, { id, subject, after }, acting) =>
      voidInvoice(manager, { id: subject.slice('invoice:'.length), approvalId: id, approved: after, ...acting }),
  },
  [OPERATOR_ROLES]: {
    propose: 'operator_roles:propose',
    approve: 'operator_roles:approve',
    execute: (manager, approval) =>
      changeRoles(manager, {
        id: approval.subject.slice('operator:'.length),
        roles: (approval.after as { roles: Role[] }).roles,
        approvalId: approval.id,
      }),
  },
};
