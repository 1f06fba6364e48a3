import { createHash, sign, type KeyObject } from 'node:crypto';
import {
  bitString,
  booleanTrue,
  context,
  contextPrimitive,
  ia5String,
  integer,
  integerOctets,
  namedBits,
  nullValue,
  octetString,
  oid,
  sequence,
  time,
  utf8String,
} from './der-writer.js';
import {
  caJapaneseName,
  caName,
  distinguishedName,
  distributionPointName,
  HIERARCHY_FACTS,
  type Hierarchy,
  type Municipality,
} from './hierarchy.js';
import { OID } from './oids.js';

/** Practice statement named by the policy qualifier; the host does not exist. */
const CPS_URI = 'http://jpki-test.example/cps.html';

/** Bits of KeyUsage (RFC 5280 §4.2.1.3). */
const DIGITAL_SIGNATURE = 0;
const NON_REPUDIATION = 1;
const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;

/** Who signs: one generation of one hierarchy. */
export interface Issuer {
  hierarchy: Hierarchy;
  /** Serial of the root certificate. */
  serial: number;
  keyId: Buffer;
  privateKey: KeyObject;
}

/** The six values of the sign certificate's subjectAltName. */
export interface HolderAttributes {
  name: string;
  /** One 0 or 1 per character of `name`; 1 = another character stands for the real one. */
  nameSubstitution: string;
  /** 1 male, 2 female, 3 unknown. */
  sex: string;
  /** EYYYYMMDD: era, Gregorian year, month, day; unknown parts are zeros. */
  birthDate: string;
  address: string;
  addressSubstitution: string;
}

export interface EndEntity {
  serial: bigint;
  commonName: string;
  municipality: Municipality;
  /** Milliseconds. */
  notBefore: number;
  notAfter: number;
  /** DER SubjectPublicKeyInfo. */
  publicKey: Buffer;
}

const SHA256_WITH_RSA = sequence(oid(OID.sha256WithRsa), nullValue());

/** The bits of an RSA-2048 SubjectPublicKeyInfo: what follows its fixed 24 octets of headers and algorithm. */
export const publicKeyBits = (publicKeyInfo: Buffer): Buffer => publicKeyInfo.subarray(24);

/** SHA-1 of the subjectPublicKey bits (RFC 5280 §4.2.1.2 method 1); an identifier, not a protection. */
export const keyIdentifier = (publicKeyInfo: Buffer): Buffer =>
  createHash('sha1').update(publicKeyBits(publicKeyInfo)).digest();

/** `tbs` with the signature of `key` around it: the shape certificates, CRLs and OCSP answers share. */
export function signed(tbs: Buffer, key: KeyObject, ...extra: Buffer[]): Buffer {
  return sequence(tbs, SHA256_WITH_RSA, bitString(sign('sha256', tbs, key)), ...extra);
}

/** One extension (RFC 5280 §4.1): an absent criticality is FALSE, which DER leaves out. */
export const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [booleanTrue()] : []), octetString(value));

/** GeneralName directoryName: explicit, because Name is a CHOICE (X.680 §31.2.7). */
const directoryName = (name: Buffer): Buffer => context(4, name);
const crlDistributionPoint = (name: Buffer): Buffer => sequence(sequence(context(0, context(0, directoryName(name)))));

/** AKI with all three parts: the name is shared by every generation, only key id and serial tell them apart. */
const authorityKeyIdentifier = (issuer: Issuer): Buffer =>
  sequence(
    contextPrimitive(0, issuer.keyId),
    context(1, directoryName(caName(issuer.hierarchy))),
    contextPrimitive(2, integerOctets(issuer.serial)),
  );

const policies = (hierarchy: Hierarchy): Buffer =>
  sequence(
    sequence(oid(HIERARCHY_FACTS[hierarchy].policy), sequence(sequence(oid(OID.cpsQualifier), ia5String(CPS_URI)))),
  );

/** TBSCertificate of version 3; `algorithm` is that of the signature around it. */
export const tbsCertificate = (
  serial: bigint | number,
  issuer: Buffer,
  validity: { notBefore: number; notAfter: number },
  subject: Buffer,
  publicKey: Buffer,
  extensions: Buffer[],
  algorithm: Buffer = SHA256_WITH_RSA,
): Buffer =>
  sequence(
    context(0, integer(2)),
    integer(serial),
    algorithm,
    issuer,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    subject,
    publicKey,
    context(3, sequence(...extensions)),
  );

/** A self-signed root with the extensions of the real ones: no AKI, CRLDP naming itself. */
export function rootCertificate(
  issuer: Issuer,
  validity: { notBefore: number; notAfter: number },
  publicKey: Buffer,
): Buffer {
  const name = caName(issuer.hierarchy);
  const tbs = tbsCertificate(issuer.serial, name, validity, name, publicKey, [
    extension(OID.keyUsage, namedBits(KEY_CERT_SIGN, CRL_SIGN), true),
    extension(OID.subjectAltName, sequence(directoryName(caJapaneseName(issuer.hierarchy)))),
    extension(OID.basicConstraints, sequence(booleanTrue()), true),
    extension(OID.crlDistributionPoints, crlDistributionPoint(name)),
    extension(OID.subjectKeyIdentifier, octetString(issuer.keyId)),
  ]);
  return signed(tbs, issuer.privateKey);
}

const subjectName = (hierarchy: Hierarchy, entity: EndEntity): Buffer => {
  const { prefecture, romaji } = entity.municipality;
  return distinguishedName(
    [OID.countryName, 'JP'],
    ...(hierarchy === 'sign'
      ? ([
          [OID.localityName, prefecture],
          [OID.localityName, romaji],
        ] as [string, string][])
      : []),
    [OID.commonName, entity.commonName],
  );
};

/** otherName with an explicit UTF8String value; GeneralName's [0] is implicit (RFC 5280 §4.2.1.6). */
const jpkiAttribute = (number: number, value: string): Buffer =>
  context(0, oid(`${OID.jpkiAttribute}.${number}`), context(0, utf8String(value)));

/** The six attributes in the order of real certificates. */
const holderNames = (holder: HolderAttributes): Buffer =>
  sequence(
    jpkiAttribute(1, holder.name),
    jpkiAttribute(4, holder.birthDate),
    jpkiAttribute(3, holder.sex),
    jpkiAttribute(5, holder.address),
    jpkiAttribute(2, holder.nameSubstitution),
    jpkiAttribute(6, holder.addressSubstitution),
  );

/** Extensions both end-entity profiles share. */
const shared = (issuer: Issuer, entity: EndEntity): Buffer[] => [
  extension(OID.certificatePolicies, policies(issuer.hierarchy), true),
  extension(OID.issuerAltName, sequence(directoryName(caJapaneseName(issuer.hierarchy)))),
  extension(
    OID.crlDistributionPoints,
    crlDistributionPoint(distributionPointName(issuer.hierarchy, entity.municipality)),
  ),
  extension(OID.authorityKeyIdentifier, authorityKeyIdentifier(issuer)),
  extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(entity.publicKey))),
];

/** 署名用電子証明書: names its holder. */
export function signCertificate(issuer: Issuer, entity: EndEntity, holder: HolderAttributes): Buffer {
  const tbs = tbsCertificate(entity.serial, caName('sign'), entity, subjectName('sign', entity), entity.publicKey, [
    extension(OID.keyUsage, namedBits(DIGITAL_SIGNATURE, NON_REPUDIATION), true),
    extension(OID.subjectAltName, holderNames(holder)),
    ...shared(issuer, entity),
  ]);
  return signed(tbs, issuer.privateKey);
}

/** 利用者証明用電子証明書: names nobody; `ocspUrl` goes into authorityInfoAccess. */
export function authCertificate(issuer: Issuer, entity: EndEntity, ocspUrl: string): Buffer {
  const accessLocation = contextPrimitive(6, Buffer.from(ocspUrl, 'ascii'));
  const tbs = tbsCertificate(entity.serial, caName('auth'), entity, subjectName('auth', entity), entity.publicKey, [
    extension(OID.keyUsage, namedBits(DIGITAL_SIGNATURE), true),
    extension(OID.extendedKeyUsage, sequence(oid(OID.clientAuth))),
    extension(OID.authorityInfoAccess, sequence(sequence(oid(OID.ocsp), accessLocation))),
    ...shared(issuer, entity),
  ]);
  return signed(tbs, issuer.privateKey);
}

/** A delegated OCSP responder of one CA generation; nocheck ends the question who vouches for it (RFC 6960 §4.2.2.2). */
export function responderCertificate(
  issuer: Issuer,
  responder: { serial: bigint; notBefore: number; notAfter: number; publicKey: Buffer },
): Buffer {
  const subject = distinguishedName(
    [OID.countryName, 'JP'],
    [OID.organizationName, 'JPKI-TEST'],
    [OID.organizationalUnitName, HIERARCHY_FACTS[issuer.hierarchy].unit],
    [OID.commonName, 'OCSP Responder'],
  );
  const tbs = tbsCertificate(responder.serial, caName(issuer.hierarchy), responder, subject, responder.publicKey, [
    extension(OID.keyUsage, namedBits(DIGITAL_SIGNATURE), true),
    extension(OID.extendedKeyUsage, sequence(oid(OID.ocspSigning))),
    extension(OID.ocspNoCheck, nullValue()),
    extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, issuer.keyId))),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(responder.publicKey))),
  ]);
  return signed(tbs, issuer.privateKey);
}
