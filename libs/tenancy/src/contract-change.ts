import type { DataSource } from 'typeorm';
import { type Acting, appendAudit, changedFields } from '#lib/audit';
import type { Tenancy } from '#lib/platform';
import { readContract, type Contract } from './contract.js';
import { mustHaveContract } from './onboard.js';

/** Terms to change; what is absent stays as it is. `signUpConsent` null: no sign-up text counts as consent. */
export type ContractChange = Partial<
  Omit<Contract, 'referenceFormat' | 'signUpConsent'> & { signUpConsent: Contract['signUpConsent'] | null }
>;

/** Changes what a tenant's contract of one mode includes, and gives all of its terms. Operators' role. */
export async function changeContract(
  dataSource: DataSource,
  { change, tenantId, mode, ...acting }: Tenancy & Acting & { change: ContractChange },
): Promise<Contract> {
  const tenancy = { tenantId, mode };
  return dataSource.transaction(async (manager) => {
    await mustHaveContract(manager, tenancy);
    // Two operators at once: the second one's "before" is the first one's "after".
    await manager.query('select 1 from contract where tenant_id = $1 and mode = $2 for update', [
      tenancy.tenantId,
      tenancy.mode,
    ]);
    const before = await readContract(manager, tenancy);
    const { signUpConsent = before.signUpConsent, ...terms } = change;
    const after: Contract = { ...before, ...terms, signUpConsent: signUpConsent ?? undefined };
    const changed = changedFields({ ...before }, { ...after });
    if (changed === undefined) return after;
    await manager.query(
      `update contract set identify = $3, counterpart = $4, latest_attributes = $5, allowed_ages = $6, age_dates = $7,
         age_questions_a_year = $8, age_legal_day_inclusive = $9, sign_up_consent_version = $10,
         sign_up_consent_purposes = $11, revocation_methods = $12
       where tenant_id = $1 and mode = $2`,
      [
        tenancy.tenantId,
        tenancy.mode,
        after.identify,
        after.counterpart,
        after.latestAttributes,
        after.allowedAges,
        after.ageDates,
        after.ageQuestionsAYear,
        after.ageLegalDayInclusive,
        after.signUpConsent?.textVersion ?? null,
        after.signUpConsent?.purposes ?? [],
        after.revocationMethods,
      ],
    );
    await appendAudit(manager, {
      ...acting,
      action: 'contract.change',
      target: `tenant:${tenancy.tenantId}`,
      change: changed,
      tenancy,
    });
    return after;
  });
}
