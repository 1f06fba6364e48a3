import type { Approval, OperatorAccounts, OperatorSession } from '#lib/operators';
import { toPublicId } from '#lib/platform';
import { APPROVAL_KINDS } from './approval-kinds.js';
import { publicActor } from './contract.js';
import type { ApprovalAnswer } from './schemas.js';

/** Names by id: a platform has tens of operators. */
export async function operatorNames(accounts: OperatorAccounts): Promise<ReadonlyMap<string, string>> {
  return new Map((await accounts.list()).map(({ id, name }) => [id, name]));
}

const iso = (at: Date | undefined): string | null => at?.toISOString() ?? null;

/** Whether who is signed in may approve it: by right, and as a second person. */
export function mayApprove(approval: Approval, session: OperatorSession): boolean {
  const needed = APPROVAL_KINDS[approval.kind]?.approve;
  return (
    approval.state === 'proposed' &&
    needed !== undefined &&
    session.permissions.includes(needed) &&
    approval.proposedBy !== session.operatorId &&
    approval.subject !== `operator:${session.operatorId}`
  );
}

export function approvalAnswer(
  approval: Approval,
  session: OperatorSession,
  names: ReadonlyMap<string, string>,
): ApprovalAnswer {
  const person = (id: string): { id: string; name: string | null } => ({
    id: toPublicId('opr', id),
    name: names.get(id) ?? null,
  });
  return {
    id: toPublicId('apr', approval.id),
    kind: approval.kind,
    subject: publicActor(approval.subject),
    before: approval.before,
    after: approval.after,
    payload_sha256: approval.payloadSha256,
    reason: approval.reason,
    state: approval.state,
    proposed_by: person(approval.proposedBy),
    proposed_at: approval.proposedAt.toISOString(),
    expires_at: approval.expiresAt.toISOString(),
    decided_by: approval.decidedBy === undefined ? null : person(approval.decidedBy),
    decided_at: iso(approval.decidedAt),
    note: approval.note ?? null,
    executed_at: iso(approval.executedAt),
    may_approve: mayApprove(approval, session),
  };
}
