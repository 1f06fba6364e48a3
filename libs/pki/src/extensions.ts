import { contextConstructed, contextPrimitive, type DerReader, TAG } from './der.js';
import { DISTRIBUTION_POINT_LIMIT, type DistributionPoint, readDistributionPoints } from './distribution-point.js';
import { type OtherName, readGeneralNames } from './general-name.js';
import { readOid } from './known-oid.js';
import type { Name } from './name.js';

export const EXTENSION_LIMITS = {
  extensions: 64,
  policies: 32,
  purposes: 32,
  distributionPoints: DISTRIBUTION_POINT_LIMIT,
  accessDescriptions: 32,
  keyIdentifierOctets: 64,
} as const;

export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  authorityInformationAccess: '1.3.6.1.5.5.7.1.1',
} as const;

/** Bits of KeyUsage (RFC 5280 §4.2.1.3) as `namedBits` numbers them. */
export const KEY_USAGE = {
  digitalSignature: 1 << 0,
  nonRepudiation: 1 << 1,
  keyEncipherment: 1 << 2,
  dataEncipherment: 1 << 3,
  keyAgreement: 1 << 4,
  keyCertSign: 1 << 5,
  cRLSign: 1 << 6,
  encipherOnly: 1 << 7,
  decipherOnly: 1 << 8,
} as const;

/**
 * Extensions a verifier may find critical and go on, because what they say is honoured here. Any other critical
 * extension makes a certificate unusable (RFC 5280 §4.2).
 */
export const UNDERSTOOD_CRITICAL: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.extendedKeyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.certificatePolicies,
  EXTENSION.subjectAltName,
  EXTENSION.crlDistributionPoints,
]);

export interface Extension {
  oid: string;
  critical: boolean;
  /** Content of the extnValue OCTET STRING. */
  value: Uint8Array;
}

export interface AuthorityKeyIdentifier {
  keyId?: Uint8Array;
  /** Directory names of authorityCertIssuer; present together with `serial`. */
  issuer?: Name[];
  /** Content octets of the INTEGER as encoded. */
  serial?: Uint8Array;
}

/** The extensions of one certificate: the known ones read, all of them kept. */
export class Extensions {
  readonly list: Extension[] = [];
  keyUsage?: { critical: boolean; bits: number };
  extendedKeyUsage?: { critical: boolean; oids: string[] };
  basicConstraints?: { critical: boolean; ca: boolean; pathLength?: number };
  subjectKeyIdentifier?: Uint8Array;
  authorityKeyIdentifier?: AuthorityKeyIdentifier;
  certificatePolicies?: { critical: boolean; oids: string[] };
  subjectAltName?: { critical: boolean; otherNames: OtherName[]; directoryNames: Name[]; uris: string[] };
  crlDistributionPoints?: DistributionPoint[];
  /** Locations of OCSP responders (RFC 5280 §4.2.2.1). */
  ocspUrls: string[] = [];
  /** OIDs of critical extensions whose meaning is not honoured here. */
  readonly unknownCritical: string[] = [];

  get(oid: string): Extension | undefined {
    return this.list.find((extension) => extension.oid === oid);
  }
}

/** Reads the content of an Extensions SEQUENCE (RFC 5280 §4.1.2.9): not empty, no extension twice (§4.2). */
export function readExtensions(reader: DerReader): Extensions {
  const extensions = new Extensions();
  if (reader.atEnd) reader.fail('empty_extensions');
  while (!reader.atEnd) {
    if (extensions.list.length === EXTENSION_LIMITS.extensions) reader.fail('too_many_extensions');
    const item = reader.enter(TAG.SEQUENCE);
    const oid = readOid(item);
    let critical = false;
    if (item.peek() === TAG.BOOLEAN) {
      critical = item.boolean();
      // X.690 §11.5: a DEFAULT value is not encoded.
      if (!critical) item.fail('default_encoded', item.elementStart);
    }
    item.expect(TAG.OCTET_STRING);
    const value = item.inside();
    const extension = { oid, critical, value: item.content };
    item.finish();
    if (extensions.get(oid)) item.fail('duplicate_extension', item.elementStart);
    extensions.list.push(extension);
    const honoured = readKnown(extensions, extension, value);
    if (critical && !(honoured && UNDERSTOOD_CRITICAL.has(oid))) extensions.unknownCritical.push(oid);
  }
  return extensions;
}

/** False when something inside a known extension is not understood, which matters when it is critical. */
function readKnown(into: Extensions, { oid, critical }: Extension, reader: DerReader): boolean {
  let honoured = true;
  switch (oid) {
    case EXTENSION.keyUsage:
      into.keyUsage = { critical, bits: reader.namedBits() };
      break;
    case EXTENSION.extendedKeyUsage:
      into.extendedKeyUsage = { critical, oids: readPurposes(reader) };
      break;
    case EXTENSION.basicConstraints:
      into.basicConstraints = { critical, ...readBasicConstraints(reader) };
      break;
    case EXTENSION.subjectKeyIdentifier:
      into.subjectKeyIdentifier = readKeyIdentifier(reader, TAG.OCTET_STRING);
      break;
    case EXTENSION.authorityKeyIdentifier:
      into.authorityKeyIdentifier = readAuthorityKeyIdentifier(reader);
      break;
    case EXTENSION.certificatePolicies: {
      const { oids, qualifiersKnown } = readPolicies(reader);
      into.certificatePolicies = { critical, oids };
      honoured = qualifiersKnown;
      break;
    }
    case EXTENSION.subjectAltName: {
      const { otherNames, directoryNames, uris } = readGeneralNames(reader.enter(TAG.SEQUENCE));
      into.subjectAltName = { critical, otherNames, directoryNames, uris };
      break;
    }
    case EXTENSION.crlDistributionPoints:
      into.crlDistributionPoints = readDistributionPoints(reader);
      break;
    case EXTENSION.authorityInformationAccess:
      into.ocspUrls = readOcspUrls(reader);
      break;
    default:
      return false;
  }
  reader.finish();
  return honoured;
}

function readPurposes(reader: DerReader): string[] {
  const oids: string[] = [];
  const list = reader.enter(TAG.SEQUENCE);
  if (list.atEnd) list.fail('empty_list');
  while (!list.atEnd) {
    if (oids.length === EXTENSION_LIMITS.purposes) list.fail('too_many_elements');
    oids.push(readOid(list));
  }
  return oids;
}

function readBasicConstraints(reader: DerReader): { ca: boolean; pathLength?: number } {
  const inner = reader.enter(TAG.SEQUENCE);
  let ca = false;
  if (inner.peek() === TAG.BOOLEAN) {
    ca = inner.boolean();
    if (!ca) inner.fail('default_encoded', inner.elementStart);
  }
  if (inner.atEnd) return { ca };
  const pathLength = inner.smallInteger();
  inner.finish();
  return { ca, pathLength };
}

function readKeyIdentifier(reader: DerReader, tag: number): Uint8Array {
  reader.expect(tag);
  const { content } = reader;
  if (content.length === 0 || content.length > EXTENSION_LIMITS.keyIdentifierOctets)
    reader.fail('bad_key_identifier', reader.elementStart);
  return content;
}

/** AuthorityKeyIdentifier (RFC 5280 §4.2.1.1); also an extension of CRLs (§5.2.1). */
export function readAuthorityKeyIdentifier(reader: DerReader): AuthorityKeyIdentifier {
  const inner = reader.enter(TAG.SEQUENCE);
  const identifier: AuthorityKeyIdentifier = {};
  if (inner.peek() === contextPrimitive(0)) identifier.keyId = readKeyIdentifier(inner, contextPrimitive(0));
  if (inner.accept(contextConstructed(1))) identifier.issuer = readGeneralNames(inner.inside()).directoryNames;
  if (inner.peek() === contextPrimitive(2)) identifier.serial = inner.integer(20, contextPrimitive(2));
  inner.finish();
  if ((identifier.issuer === undefined) !== (identifier.serial === undefined))
    inner.fail('authority_key_identifier_incomplete', inner.elementStart);
  return identifier;
}

const ANY_QUALIFIER_KNOWN = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2']);

/** RFC 5280 §4.2.1.4: no policy twice; in a critical extension every qualifier must be one that is understood. */
function readPolicies(reader: DerReader): { oids: string[]; qualifiersKnown: boolean } {
  const oids: string[] = [];
  let qualifiersKnown = true;
  const list = reader.enter(TAG.SEQUENCE);
  if (list.atEnd) list.fail('empty_list');
  while (!list.atEnd) {
    if (oids.length === EXTENSION_LIMITS.policies) list.fail('too_many_elements');
    const information = list.enter(TAG.SEQUENCE);
    const oid = readOid(information);
    if (oids.includes(oid)) list.fail('duplicate_policy', list.elementStart);
    oids.push(oid);
    if (information.atEnd) continue;
    const qualifiers = information.enter(TAG.SEQUENCE);
    information.finish();
    if (qualifiers.atEnd) qualifiers.fail('empty_list');
    while (!qualifiers.atEnd) {
      const qualifier = qualifiers.enter(TAG.SEQUENCE);
      if (!ANY_QUALIFIER_KNOWN.has(readOid(qualifier))) qualifiersKnown = false;
      qualifier.next();
      qualifier.finish();
    }
  }
  return { oids, qualifiersKnown };
}

const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1';

function readOcspUrls(reader: DerReader): string[] {
  const urls: string[] = [];
  const list = reader.enter(TAG.SEQUENCE);
  if (list.atEnd) list.fail('empty_list');
  for (let count = 0; !list.atEnd; count++) {
    if (count === EXTENSION_LIMITS.accessDescriptions) list.fail('too_many_elements');
    const description = list.enter(TAG.SEQUENCE);
    const method = readOid(description);
    const location = readGeneralNames(description);
    if (method === ID_AD_OCSP) urls.push(...location.uris);
  }
  return urls;
}
