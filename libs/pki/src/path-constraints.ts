import type { Certificate } from './certificate.js';
import { contextPrimitive, DerReader, Malformed, TAG } from './der.js';
import { readOid } from './known-oid.js';

/** What a certificate of a path asks of the certificates below it (RFC 5280 §4.2.1.5, .10, .11, .14). */
export interface PathConstraints {
  /** issuerDomainPolicy → the subjectDomainPolicies said to be equal to it. */
  policyMappings?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Certificates to skip before the rule holds. */
  requireExplicitPolicy?: number;
  inhibitPolicyMapping?: number;
  inhibitAnyPolicy?: number;
  /** The extension is present; what it says is not read. */
  nameConstraints: boolean;
}

const NAME_CONSTRAINTS = '2.5.29.30';
const POLICY_MAPPINGS = '2.5.29.33';
const POLICY_CONSTRAINTS = '2.5.29.36';
const INHIBIT_ANY_POLICY = '2.5.29.54';

/** Critical extensions that path validation honours in addition to those every certificate reader here honours. */
export const UNDERSTOOD_IN_PATHS: ReadonlySet<string> = new Set([
  NAME_CONSTRAINTS,
  POLICY_MAPPINGS,
  POLICY_CONSTRAINTS,
  INHIBIT_ANY_POLICY,
]);

/** As many as a certificate may have policies. */
const MAX_MAPPINGS = 64;

/** The constraints of a certificate, or why they cannot be read. */
export function readPathConstraints(certificate: Certificate): PathConstraints | Malformed {
  const constraints: PathConstraints = { nameConstraints: false };
  try {
    for (const { oid, value } of certificate.extensions.list) {
      const reader = new DerReader(value, 'certificate');
      if (oid === NAME_CONSTRAINTS) constraints.nameConstraints = true;
      else if (oid === POLICY_MAPPINGS) constraints.policyMappings = readMappings(reader);
      else if (oid === POLICY_CONSTRAINTS) Object.assign(constraints, readPolicyConstraints(reader));
      else if (oid === INHIBIT_ANY_POLICY) {
        constraints.inhibitAnyPolicy = reader.smallInteger();
        reader.finish();
      }
    }
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
  return constraints;
}

function readMappings(reader: DerReader): Map<string, Set<string>> {
  const mappings = new Map<string, Set<string>>();
  const list = reader.enter(TAG.SEQUENCE);
  reader.finish();
  if (list.atEnd) list.fail('empty_list');
  for (let count = 0; !list.atEnd; count++) {
    if (count === MAX_MAPPINGS) list.fail('too_many_elements');
    const pair = list.enter(TAG.SEQUENCE);
    const issuerDomain = readOid(pair);
    const subjectDomain = readOid(pair);
    pair.finish();
    const known = mappings.get(issuerDomain);
    if (known) known.add(subjectDomain);
    else mappings.set(issuerDomain, new Set([subjectDomain]));
  }
  return mappings;
}

function readPolicyConstraints(
  reader: DerReader,
): Pick<PathConstraints, 'requireExplicitPolicy' | 'inhibitPolicyMapping'> {
  const fields = reader.enter(TAG.SEQUENCE);
  reader.finish();
  // RFC 5280 §4.2.1.11: not empty.
  if (fields.atEnd) fields.fail('empty_list');
  const skip = (n: number): number | undefined =>
    fields.peek() === contextPrimitive(n) ? fields.smallInteger(contextPrimitive(n)) : undefined;
  const requireExplicitPolicy = skip(0);
  const inhibitPolicyMapping = skip(1);
  fields.finish();
  return {
    ...(requireExplicitPolicy === undefined ? {} : { requireExplicitPolicy }),
    ...(inhibitPolicyMapping === undefined ? {} : { inhibitPolicyMapping }),
  };
}
