import type { Certificate } from './certificate.js';
import { completeName, type IssuingDistributionPoint } from './crl-extensions.js';
import type { Crl } from './crl-reader.js';
import { Malformed } from './der.js';
import type { DistributionPoint } from './distribution-point.js';
import { type Name, sameName } from './name.js';

/** What keeps a list from being about a certificate, or from being understood; stable snake_case for the evidence. */
export interface ScopeFault {
  /** `unsupported`: the list may be about the certificate, in a way that is not processed here. */
  status: 'unavailable' | 'unsupported';
  detail: string;
}

interface PointNames {
  directoryNames: readonly Name[];
  uris: readonly string[];
}

/**
 * Whether a list of the certificate's own issuer covers the certificate for all reasons (RFC 5280 §6.3.3 (b), (d)).
 * Undefined when it does. Taking a list for one it is not would call every revoked certificate good, so a name of a form
 * that cannot be compared matches nothing.
 */
export function findScopeFault(crl: Crl, certificate: Certificate): ScopeFault | undefined {
  if (!sameName(crl.issuer, certificate.issuer)) return unavailable('issuer_mismatch');
  const scope = crl.issuingDistributionPoint;
  const isCa = certificate.extensions.basicConstraints?.ca === true;
  // (b)(2)(ii)–(iv)
  if (scope?.onlyContainsAttributeCerts) return unavailable('only_contains_attribute_certs');
  if (scope?.onlyContainsUserCerts && isCa) return unavailable('only_contains_user_certs');
  if (scope?.onlyContainsCACerts && !isCa) return unavailable('only_contains_ca_certs');
  const point = findPointFault(scope, certificate);
  if (point !== undefined) return point;
  if (scope?.indirectCrl || crl.entryFlags.certificateIssuerSeen) return unsupported('indirect_crl');
  if (scope?.onlySomeReasons) return unsupported('only_some_reasons');
  const [oid] = crl.unknownCritical;
  // §5.2: such a list must not be used to determine the status of any certificate.
  if (oid !== undefined) return unsupported(`critical_extension_${oid}`);
  const entryOid = crl.entryFlags.unknownCriticalEntryExtension;
  // §5.3: one entry that cannot be processed spoils the list for every certificate, not only for its own.
  if (entryOid !== undefined) return unsupported(`critical_entry_extension_${entryOid}`);
  return undefined;
}

const unavailable = (detail: string): ScopeFault => ({ status: 'unavailable', detail });
const unsupported = (detail: string): ScopeFault => ({ status: 'unsupported', detail });

/**
 * §6.3.3 (b)(2)(i): a name in common between the list's distribution point and one of the certificate's, or the point
 * assumed at the end of §6.3.3: the issuer's own name, with neither reasons nor cRLIssuer.
 */
function findPointFault(scope: IssuingDistributionPoint | undefined, certificate: Certificate): ScopeFault | undefined {
  if (!scope?.namesDistributionPoint) return undefined;
  const listed: PointNames = { directoryNames: scope.fullName ?? [], uris: scope.uris ?? [] };
  if (shareName(listed, { directoryNames: [certificate.issuer], uris: [] })) return undefined;
  const points = certificate.extensions.crlDistributionPoints ?? [];
  const matching = points.filter((point) => shareName(listed, namesOf(point, certificate.issuer)));
  if (matching.some((point) => !point.hasReasons && !point.hasCrlIssuer)) return undefined;
  if (matching.some((point) => point.hasReasons)) return unsupported('distribution_point_reasons');
  return unavailable('distribution_point');
}

function namesOf({ fullName, relativeName }: DistributionPoint, issuer: Name): PointNames {
  if (fullName !== undefined) return fullName;
  const completed = relativeName && findCompleteName(issuer, relativeName);
  return { directoryNames: completed ? [completed] : [], uris: [] };
}

/** A relative name comes from the certificate undecoded; one that completes to no name names no list. */
function findCompleteName(issuer: Name, relative: Uint8Array): Name | undefined {
  try {
    return completeName(issuer, relative);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function shareName(a: PointNames, b: PointNames): boolean {
  return (
    a.directoryNames.some((name) => b.directoryNames.some((other) => sameName(name, other))) ||
    a.uris.some((uri) => b.uris.some((other) => comparableUri(uri) === comparableUri(other)))
  );
}

/** RFC 5280 §7.4: scheme and host are compared without case, the rest exactly. */
function comparableUri(uri: string): string {
  return uri.replace(/^[a-z][a-z0-9+.-]*:(\/\/[^/?#]*)?/iu, (start) => start.toLowerCase());
}

/**
 * Whether the certificate says that its status is published by another CRL issuer or split by reasons, so that finding
 * no list of its own issuer is a matter of support and not of delivery.
 */
export function namesOtherLists(certificate: Certificate): ScopeFault | undefined {
  const points = certificate.extensions.crlDistributionPoints ?? [];
  if (points.some(({ hasCrlIssuer }) => hasCrlIssuer)) return unsupported('distribution_point_crl_issuer');
  if (points.some(({ hasReasons }) => hasReasons)) return unsupported('distribution_point_reasons');
  return undefined;
}
