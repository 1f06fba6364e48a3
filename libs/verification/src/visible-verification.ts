import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { Tenancy } from '#lib/platform';
import { VerificationRow } from './verification.entity.js';

/**
 * Checks made with the certificates of a person who was deleted stay under their retention clock and are shown to
 * nobody; what the same card does later is a new story.
 */
const ERASED = `exists (
  select 1 from certificate_tombstone t where t.tenant_id = v.tenant_id and t.mode = v.mode
    and t.certificate_hash = v.certificate_hash and t.severed_at > v.recorded_at)`;

/** The tenant's verifications, as `v`, that may be shown. */
export const visibleVerifications = (
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
): SelectQueryBuilder<VerificationRow> =>
  manager
    .createQueryBuilder(VerificationRow, 'v')
    // Tenant and mode are enforced by the database; named here they let the primary key serve the order.
    .where('v.tenant_id = :tenantId and v.mode = :mode', { tenantId, mode })
    .andWhere(`not v.hidden and not ${ERASED}`);

export async function findVisibleVerification(
  manager: EntityManager,
  tenancy: Tenancy,
  id: string,
): Promise<VerificationRow | undefined> {
  return (await visibleVerifications(manager, tenancy).andWhere('v.id = :id', { id }).getOne()) ?? undefined;
}
