import type { EntityManager } from 'typeorm';
import type { Tenancy } from '#lib/platform';
import { type Disclosure, DISCLOSURES, readContract } from '#lib/tenancy';
import type { KnownCertificate } from './known-certificates.js';

/**
 * What a tenant may be told of certificates known by a counterpart lookup only: what the platform's policy in force
 * allows, and no more than its contract says.
 * @param manager of a transaction of this tenant
 * @param at milliseconds
 */
export async function readCounterpartDisclosure(
  manager: EntityManager,
  tenancy: Tenancy,
  at: number,
): Promise<Disclosure> {
  const rows: { disclosure: Disclosure }[] = await manager.query(
    'select disclosure from counterpart_disclosure where valid_from <= $1 order by valid_from desc limit 1',
    [new Date(at)],
  );
  // Nothing in force is no permission.
  const policy = rows[0]?.disclosure ?? 'none';
  const { disclosure } = await readContract(manager, tenancy);
  return DISCLOSURES.indexOf(disclosure) < DISCLOSURES.indexOf(policy) ? disclosure : policy;
}

export const disclosureOf = (
  certificate: Pick<KnownCertificate, 'provenance'>,
  counterpartOnly: Disclosure,
): Disclosure => (certificate.provenance === 'counterpart' ? counterpartOnly : 'status');
