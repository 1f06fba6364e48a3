import { type AlgorithmPolicy, checkKey, DEFAULT_ALGORITHM_POLICY } from './algorithms.js';
import type { Certificate } from './certificate.js';
import { KEY_USAGE } from './extensions.js';
import { wholeSecond } from './validity.js';
import type { Reason } from './verdict.js';

/** The issuer's validity period at `at` (RFC 5280 §6.1.3 (a)(2)). */
export function checkIssuerValidity(issuer: Certificate, at: number): Reason[] {
  const second = wholeSecond(at);
  if (second < issuer.notBefore)
    return [{ code: 'issuer_not_yet_valid', operands: { not_before: new Date(issuer.notBefore).toISOString() } }];
  if (second > issuer.notAfter)
    return [{ code: 'issuer_expired', operands: { not_after: new Date(issuer.notAfter).toISOString() } }];
  return [];
}

/** What a certificate must be to issue others, whatever the time (RFC 5280 §6.1.4 (k), (n), (o)). */
export function checkIssuerForm(issuer: Certificate, policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY): Reason[] {
  const reasons: Reason[] = [];
  const { basicConstraints, keyUsage, unknownCritical } = issuer.extensions;
  if (issuer.version !== 3) reasons.push({ code: 'issuer_not_ca', operands: { field: 'version' } });
  if (!basicConstraints?.ca) reasons.push({ code: 'issuer_not_ca', operands: { field: 'basic_constraints' } });
  if (((keyUsage?.bits ?? 0) & KEY_USAGE.keyCertSign) === 0)
    reasons.push({ code: 'issuer_not_ca', operands: { field: 'key_usage' } });
  for (const oid of unknownCritical) reasons.push({ code: 'critical_extension_unknown', operands: { oid } });
  const refused = checkKey(issuer.publicKey, policy);
  if (refused) reasons.push(refused);
  return reasons;
}

/** Everything an issuer must be at `at` to have issued a certificate or a list. */
export function checkIssuer(
  issuer: Certificate,
  at: number,
  policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY,
): Reason[] {
  return [...checkIssuerValidity(issuer, at), ...checkIssuerForm(issuer, policy)];
}
