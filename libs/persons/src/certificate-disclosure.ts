import type { EntityManager } from 'typeorm';
import type { KnownCertificate } from './known-certificates.js';

/**
 * What a tenant may be told about a certificate. `conclusion_only`: it counts in what is concluded about the person, and
 * its own status is not told. `none`: it is not asked about.
 */
export type Disclosure = 'status' | 'conclusion_only' | 'none';

/** The platform's policy for certificates known by a counterpart lookup only. @param at milliseconds */
export async function readCounterpartDisclosure(manager: EntityManager, at: number): Promise<Disclosure> {
  const rows: { disclosure: Disclosure }[] = await manager.query(
    'select disclosure from counterpart_disclosure where valid_from <= $1 order by valid_from desc limit 1',
    [new Date(at)],
  );
  // Nothing in force is no permission.
  return rows[0]?.disclosure ?? 'none';
}

export const disclosureOf = (certificate: KnownCertificate, counterpartOnly: Disclosure): Disclosure =>
  certificate.provenance === 'counterpart' ? counterpartOnly : 'status';
