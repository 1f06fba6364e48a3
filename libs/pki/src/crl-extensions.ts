import { contextConstructed, contextPrimitive, DerReader, TAG } from './der.js';
import { encodeElement } from './der-encode.js';
import { readAuthorityKeyIdentifier } from './extensions.js';
import type { AuthorityKeyIdentifier, Extension } from './extensions.js';
import { readGeneralNames } from './general-name.js';
import { parseName } from './name.js';
import type { Name } from './name.js';

/** Reads `Extensions`: a non-empty SEQUENCE of at most `max`, no OID twice (RFC 5280 §4.2). */
export function readExtensionList(reader: DerReader, max: number): Map<string, Extension> {
  const list = reader.enter(TAG.SEQUENCE);
  if (list.atEnd) list.fail('empty_extensions');
  const extensions = new Map<string, Extension>();
  while (!list.atEnd) {
    const extension = list.enter(TAG.SEQUENCE);
    const oid = extension.oid();
    if (extensions.has(oid)) extension.fail('duplicate_extension');
    const critical = extension.peek() === TAG.BOOLEAN;
    // X.690 §11.5: a value equal to its DEFAULT is not encoded.
    if (critical && !extension.boolean()) extension.fail('default_encoded', extension.elementStart);
    extension.expect(TAG.OCTET_STRING);
    extensions.set(oid, { oid, critical, value: extension.content });
    extension.finish();
    if (extensions.size > max) list.fail('too_many_extensions');
  }
  return extensions;
}

/** The scope of a CRL (RFC 5280 §5.2.5). */
export interface IssuingDistributionPoint {
  critical: boolean;
  /** The whole value: a delta CRL and its base have the same scope when these octets are equal (§5.2.4). */
  der: Uint8Array;
  /** distributionPoint is present, in whatever form: the list covers one partition only. */
  namesDistributionPoint: boolean;
  /** Directory names of the distribution point; a name relative to the CRL issuer is given in full. */
  fullName?: Name[];
  /** URIs of the distribution point. */
  uris?: string[];
  onlyContainsUserCerts: boolean;
  onlyContainsCACerts: boolean;
  onlyContainsAttributeCerts: boolean;
  /** Present in the CRL, whichever reasons it names. */
  onlySomeReasons: boolean;
  indirectCrl: boolean;
}

export interface CrlExtensions {
  /** Decimal. */
  crlNumber?: string;
  /** Decimal CRL number of the base; its presence makes this a delta CRL (RFC 5280 §5.2.4). */
  deltaBase?: string;
  issuingDistributionPoint?: IssuingDistributionPoint;
  /** RFC 5280 §5.2.1: tells the issuer's key from others under its name. */
  authorityKeyIdentifier?: AuthorityKeyIdentifier;
  /** OIDs of critical extensions other than the four above. */
  unknownCritical: string[];
}

const MAX_EXTENSIONS = 32;
const NUMBER_MAX_OCTETS = 20;
const CRL_NUMBER = '2.5.29.20';
const DELTA_CRL_INDICATOR = '2.5.29.27';
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';

/** Reads the content of crlExtensions; `issuer` completes relative distribution point names. */
export function readCrlExtensions(reader: DerReader, issuer: Name): CrlExtensions {
  const result: CrlExtensions = { unknownCritical: [] };
  for (const { oid, critical, value } of readExtensionList(reader, MAX_EXTENSIONS).values()) {
    if (oid === CRL_NUMBER) result.crlNumber = readNumber(new DerReader(value, 'crl.number'));
    else if (oid === DELTA_CRL_INDICATOR) result.deltaBase = readNumber(new DerReader(value, 'crl.delta_indicator'));
    else if (oid === ISSUING_DISTRIBUTION_POINT)
      result.issuingDistributionPoint = readScope(new DerReader(value, 'crl.distribution_point'), critical, issuer);
    else if (oid === AUTHORITY_KEY_IDENTIFIER) {
      const identifier = new DerReader(value, 'crl.authority_key_identifier');
      result.authorityKeyIdentifier = readAuthorityKeyIdentifier(identifier);
      identifier.finish();
    } else if (critical) result.unknownCritical.push(oid);
  }
  return result;
}

/** CRLNumber (RFC 5280 §5.2.3): 0 up, at most 20 octets. */
function readNumber(reader: DerReader): string {
  const octets = reader.integer(NUMBER_MAX_OCTETS);
  reader.finish();
  if (octets[0]! >= 0x80) reader.fail('negative_integer', 0);
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`).toString();
}

function readScope(reader: DerReader, critical: boolean, issuer: Name): IssuingDistributionPoint {
  const fields = reader.enter(TAG.SEQUENCE);
  reader.finish();
  // RFC 5280 §5.2.5: an empty SEQUENCE must not be the scope.
  if (fields.atEnd) fields.fail('empty_scope');
  const namesDistributionPoint = fields.accept(contextConstructed(0));
  const names = namesDistributionPoint ? readPointName(fields.inside(), issuer) : {};
  const flag = (n: number): boolean => {
    if (fields.peek() !== contextPrimitive(n)) return false;
    if (!fields.boolean(contextPrimitive(n))) fields.fail('default_encoded', fields.elementStart);
    return true;
  };
  const onlyContainsUserCerts = flag(1);
  const onlyContainsCACerts = flag(2);
  const onlySomeReasons = fields.peek() === contextPrimitive(3);
  if (onlySomeReasons) fields.namedBits(contextPrimitive(3));
  const indirectCrl = flag(4);
  const onlyContainsAttributeCerts = flag(5);
  fields.finish();
  if (Number(onlyContainsUserCerts) + Number(onlyContainsCACerts) + Number(onlyContainsAttributeCerts) > 1)
    fields.fail('conflicting_scope', 0);
  return {
    critical,
    der: reader.bytes,
    namesDistributionPoint,
    ...names,
    onlyContainsUserCerts,
    onlyContainsCACerts,
    onlyContainsAttributeCerts,
    onlySomeReasons,
    indirectCrl,
  };
}

/** DistributionPointName (RFC 5280 §4.2.1.13). */
function readPointName(reader: DerReader, issuer: Name): { fullName?: Name[]; uris?: string[] } {
  if (reader.accept(contextConstructed(1))) {
    const relative = reader.content;
    reader.finish();
    return { fullName: [completeName(issuer, relative)] };
  }
  const names = reader.enter(contextConstructed(0));
  reader.finish();
  const { directoryNames, uris } = readGeneralNames(names);
  return { ...(directoryNames.length > 0 ? { fullName: directoryNames } : {}), ...(uris.length > 0 ? { uris } : {}) };
}

/** The issuer's name with one more RelativeDistinguishedName, given as the content of its SET. */
export function completeName(issuer: Name, relative: Uint8Array): Name {
  const outer = new DerReader(issuer.der, 'crl.distribution_point');
  outer.expect(TAG.SEQUENCE);
  return parseName(encodeElement(TAG.SEQUENCE, outer.content, encodeElement(TAG.SET, relative)));
}
