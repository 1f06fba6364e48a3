import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit, changedFields } from '#lib/audit';
import { OperatorMustAct, Problem, type Tenancy } from '#lib/platform';
import { type Contract, type ContractFeatures, featuresOf, readContract, toContract } from './contract.js';
import { mergeLimits, storeLimits, type LimitsChange } from './limits.js';
import { mustHaveContract } from './onboard.js';

/** Terms to change; what is absent stays as it is. `signUpConsent` null: no sign-up text counts as consent. */
export type ContractChange = Partial<
  Omit<Contract, 'referenceFormat' | 'signUpConsent' | 'limits'> & {
    signUpConsent: Contract['signUpConsent'] | null;
    limits: LimitsChange;
  }
>;

/** Kind of the approval by which the contract of a live tenant is changed. */
export const CONTRACT_CHANGE = 'contract_change';

/** What a live tenant may use is changed by two people: proposed and approved in the operators' REST. */
export class ContractNeedsApproval extends OperatorMustAct {
  override readonly name = 'ContractNeedsApproval';
  constructor(tenantId: string) {
    super(`tenant ${tenantId} is live: propose the change in the operators' REST, where a second operator approves it`);
  }
}

/**
 * Changes what a tenant's contract of one mode includes, and gives all of its terms. Operators' role.
 * @throws NoSuchThing, or ContractNeedsApproval for live mode once the tenant has gone live.
 */
export async function changeContract(
  dataSource: DataSource,
  { change, tenantId, mode, ...acting }: Tenancy & Acting & { change: ContractChange },
): Promise<Contract> {
  const tenancy = { tenantId, mode };
  return dataSource.transaction(async (manager) => {
    await mustHaveContract(manager, tenancy);
    const before = await lockContract(manager, tenancy);
    const after = withChange(before, change);
    if (changedFields({ ...before }, { ...after }) === undefined) return after;
    // How much may be asked is not for two: a limit may have to be changed at once.
    const features = changedFields({ ...featuresOf(before) }, { ...featuresOf(after) });
    if (features && mode === 'live' && (await hasGoneLive(manager, tenantId)))
      throw new ContractNeedsApproval(tenantId);
    await writeFeatures(manager, tenancy, { before, after, ...acting });
    return after;
  });
}

/** What a second operator is asked before a live contract changes: all that it includes, as it is and as it will be. */
export interface ContractProposal {
  kind: typeof CONTRACT_CHANGE;
  subject: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

/** @throws Problem `not_found`, `nothing_to_change`, `tenant_not_live` for a tenant whose contract one person changes */
export async function contractProposal(
  dataSource: DataSource,
  { tenantId, change }: { tenantId: string; change: ContractChange },
): Promise<ContractProposal> {
  return dataSource.transaction(async (manager) => {
    const found: unknown[] = await manager.query('select 1 from tenant where id = $1', [tenantId]);
    if (found.length === 0) throw new Problem('not_found');
    if (!(await hasGoneLive(manager, tenantId))) throw new Problem('tenant_not_live');
    const contract = await readContract(manager, { tenantId, mode: 'live' });
    const before = { ...featuresOf(contract) };
    const after = { ...featuresOf(withChange(contract, change)) };
    if (changedFields(before, after) === undefined) throw new Problem('nothing_to_change');
    return { kind: CONTRACT_CHANGE, subject: `tenant:${tenantId}`, before, after };
  });
}

/**
 * Carries out an approved proposal, in the transaction in which it was executed. The database compares the two.
 * @throws Problem `approval_stale` when the contract is no longer as it was proposed
 */
export async function changeApprovedContract(
  manager: EntityManager,
  {
    subject,
    before: proposed,
    after,
    approvalId,
    ...acting
  }: Acting & { subject: string; before: unknown; after: unknown; approvalId: string },
): Promise<void> {
  const tenancy = { tenantId: subject.slice('tenant:'.length), mode: 'live' } as const;
  const before = await lockContract(manager, tenancy);
  if (changedFields(proposed as Record<string, unknown>, { ...featuresOf(before) }) !== undefined)
    throw new Problem('approval_stale');
  const approved = toContract({
    ...(after as ContractFeatures),
    reference_format: before.referenceFormat,
    limits: storeLimits(before.limits),
  });
  await writeFeatures(manager, tenancy, { before, after: approved, approvalId, ...acting });
}

const withChange = (before: Contract, { signUpConsent, limits, ...terms }: ContractChange): Contract => ({
  ...before,
  ...terms,
  signUpConsent: signUpConsent === undefined ? before.signUpConsent : (signUpConsent ?? undefined),
  limits: mergeLimits(before.limits, limits ?? {}),
});

/** Two operators at once: the second one's "before" is the first one's "after". */
async function lockContract(manager: EntityManager, tenancy: Tenancy): Promise<Contract> {
  await manager.query('select 1 from contract where tenant_id = $1 and mode = $2 for update', [
    tenancy.tenantId,
    tenancy.mode,
  ]);
  return readContract(manager, tenancy);
}

/** A suspended tenant may be served again: what two people decided stays theirs to change. */
async function hasGoneLive(manager: EntityManager, tenantId: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    'select 1 from tenant where id = $1 and go_live_approval_id is not null',
    [tenantId],
  );
  return rows.length > 0;
}

async function writeFeatures(
  manager: EntityManager,
  tenancy: Tenancy,
  { before, after, approvalId, ...acting }: Acting & { before: Contract; after: Contract; approvalId?: string },
): Promise<void> {
  const columns = [
    ...Object.entries({ ...featuresOf(after), limits: storeLimits(after.limits) }),
    ...(approvalId ? [['change_approval_id', approvalId]] : []),
  ];
  await manager.query(
    `update contract set ${columns.map(([column], index) => `${column} = $${index + 3}`).join(', ')}
     where tenant_id = $1 and mode = $2`,
    [tenancy.tenantId, tenancy.mode, ...columns.map(([, value]) => value as unknown)],
  );
  const change = changedFields({ ...before }, { ...after });
  await appendAudit(manager, {
    ...acting,
    action: 'contract.change',
    target: `tenant:${tenancy.tenantId}`,
    ...(approvalId ? { detail: { approval: approvalId } } : {}),
    ...(change ? { change } : {}),
    tenancy,
  });
}
