import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit, changedFields } from '#lib/audit';
import { Problem } from '#lib/platform';
import { openItems, readConnectionTest } from './checklist-items.js';
import { type Notification, stateAfter, stepsFrom, type TenantStep } from './life-cycle.js';
import { findTenant, getForChange, type Tenant } from './tenant-list.js';

/** Kind of the approval by which a tenant goes live. */
export const TENANT_GO_LIVE = 'tenant_go_live';

export type StepRequest = { reason: string } & (
  { step: Exclude<TenantStep, 'notify'> } | { step: 'notify'; notification: Notification }
);

const shown = ({ state, notification }: Tenant): Record<string, unknown> => ({
  state,
  notified_on: notification?.on ?? null,
  notification_reference: notification?.reference ?? null,
});

/**
 * Takes one step in the life of a tenant. Suspension and termination stop its keys within a second. Operators' role.
 * @throws Problem `not_found`, `tenant_step_refused`, `application_missing`, `checklist_incomplete`
 */
export async function takeStep(
  dataSource: DataSource,
  { tenantId, request, ...acting }: Acting & { tenantId: string; request: StepRequest },
): Promise<Tenant> {
  return dataSource.transaction(async (manager) => {
    const before = await getForChange(manager, tenantId);
    const { step, reason } = request;
    const state = stateAfter(step, before);
    if (state === undefined)
      throw new Problem('tenant_step_refused', { state: before.state, allowed: stepsFrom(before.state) });
    if (request.step === 'notify') {
      await mustHaveApplied(manager, tenantId);
      await mustBeInOrder(manager, tenantId);
      const { on, reference } = request.notification;
      await manager.query('update tenant set state = $2, notified_on = $3, notification_reference = $4 where id = $1', [
        tenantId,
        state,
        on,
        reference,
      ]);
    } else await manager.query('update tenant set state = $2 where id = $1', [tenantId, state]);
    const proof = step === 'notify' ? { connection_test: await readConnectionTest(manager, tenantId) } : {};
    return record(manager, before, { ...acting, action: `tenant.${step}`, detail: { reason, ...proof } });
  });
}

/** What a second operator is asked before a tenant goes live. */
export interface GoLiveProposal {
  kind: typeof TENANT_GO_LIVE;
  subject: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

/**
 * @throws Problem `not_found`, `tenant_step_refused` for a tenant that is not notified to J-LIS, `checklist_incomplete`
 *   where something was taken back since
 */
export async function goLiveProposal(manager: Pick<EntityManager, 'query'>, tenantId: string): Promise<GoLiveProposal> {
  const tenant = await findTenant(manager, tenantId);
  if (!tenant) throw new Problem('not_found');
  if (tenant.state !== 'notified')
    throw new Problem('tenant_step_refused', { state: tenant.state, allowed: stepsFrom(tenant.state) });
  await mustBeInOrder(manager, tenantId);
  return { kind: TENANT_GO_LIVE, subject: `tenant:${tenantId}`, before: shown(tenant), after: { state: 'live' } };
}

/**
 * Carries out an approved proposal, in the transaction in which it was executed. The database compares the two.
 * @throws Problem `approval_stale` when the tenant is no longer as it was proposed, `checklist_incomplete`
 */
export async function goLive(
  manager: EntityManager,
  {
    subject,
    before: proposed,
    approvalId,
    ...acting
  }: Acting & { subject: string; before: unknown; approvalId: string },
): Promise<void> {
  const before = await getForChange(manager, subject.slice('tenant:'.length));
  if (changedFields(proposed as Record<string, unknown>, shown(before)) !== undefined)
    throw new Problem('approval_stale');
  await mustBeInOrder(manager, before.id);
  await manager.query(`update tenant set state = 'live', go_live_approval_id = $2 where id = $1`, [
    before.id,
    approvalId,
  ]);
  await record(manager, before, { ...acting, action: 'tenant.go_live', detail: { approval: approvalId } });
}

async function record(
  manager: EntityManager,
  before: Tenant,
  entry: Acting & { action: string; detail: Record<string, unknown> },
): Promise<Tenant> {
  const after = await getForChange(manager, before.id);
  const change = changedFields(shown(before), shown(after));
  await appendAudit(manager, { ...entry, target: `tenant:${before.id}`, ...(change ? { change } : {}) });
  return after;
}

async function mustHaveApplied(manager: EntityManager, tenantId: string): Promise<void> {
  const found: unknown[] = await manager.query('select 1 from tenant_application where tenant_id = $1', [tenantId]);
  if (found.length === 0) throw new Problem('application_missing');
}

async function mustBeInOrder(manager: Pick<EntityManager, 'query'>, tenantId: string): Promise<void> {
  const open = await openItems(manager, tenantId);
  if (open.length > 0) throw new Problem('checklist_incomplete', { open });
}
