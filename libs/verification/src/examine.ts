import {
  checkProfile,
  checkValidity,
  validatePath,
  type Certificate,
  type Evidence,
  type Hierarchy,
  type PathResult,
  type Profile,
  type ReasonCode,
  type TrustAnchor,
} from '#lib/pki';

/** What the first three checks of a certificate found. Steps after the first failing one are absent. */
export type Examination = Pick<Evidence, 'path' | 'profile' | 'validity'> & { anchor?: TrustAnchor };

/**
 * Path, then profile, then validity at `at`. An issuer that only the other mode knows is named as such: the commonest
 * mistake of an integration is a test card against live.
 */
export function examine(input: {
  certificate: Certificate;
  hierarchy: Hierarchy;
  profile: Profile;
  anchors: readonly TrustAnchor[];
  anchorsOfOtherMode: readonly TrustAnchor[];
  at: number;
}): Examination {
  const { certificate, hierarchy, at } = input;
  const path = validatePath({ certificate, anchors: input.anchors, hierarchy, at });
  if (path.anchor === undefined) {
    const wrongMode = hasUnknownIssuer(path) && isKnownTo(input.anchorsOfOtherMode, input);
    return { path: wrongMode ? [{ code: 'wrong_mode' }] : path.reasons };
  }
  const profile = checkProfile(certificate, input.profile);
  if (profile.length > 0) return { path: [], profile };
  const validity = checkValidity(certificate, at);
  return { path: [], profile, validity, ...(validity.length === 0 ? { anchor: path.anchor } : {}) };
}

const hasUnknownIssuer = (path: PathResult): boolean => path.reasons.some((reason) => reason.code === 'issuer_unknown');

/** True when one of `anchors` made the certificate, whatever else may be wrong with it. */
function isKnownTo(
  anchors: readonly TrustAnchor[],
  input: { certificate: Certificate; hierarchy: Hierarchy; at: number },
): boolean {
  const unproved = new Set<ReasonCode>([
    'issuer_unknown',
    'issuer_signature_invalid',
    'algorithm_refused',
    'algorithm_mismatch',
  ]);
  return !validatePath({ ...input, anchors }).reasons.some((reason) => unproved.has(reason.code));
}
