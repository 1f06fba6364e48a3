import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { extension, tbsCertificate } from '../certificate-profile.js';
import { bitString, booleanTrue, contextPrimitive, namedBits, octetString, oid, sequence } from '../der-writer.js';
import { distinguishedName } from '../hierarchy.js';
import { OID } from '../oids.js';

/** Octets before the point in a P-256 SubjectPublicKeyInfo: headers, algorithm, curve, unused bits. */
const P256_HEADER_OCTETS = 26;
const ECDSA_WITH_SHA256 = sequence(oid(OID.ecdsaWithSha256));
/** RFC 5280 §4.2.1.3. */
const DIGITAL_SIGNATURE = 0;
const KEY_CERT_SIGN = 5;

/** A P-256 key with its certificate, both DER; these protect connections and are no JPKI certificates. */
export interface TlsIdentity {
  certificate: Buffer;
  /** PKCS#8. */
  privateKey: Buffer;
}

/** Milliseconds. */
export interface Life {
  notBefore: number;
  notAfter: number;
}

export const readKey = (pkcs8: Buffer): KeyObject => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });

const keyId = (publicKey: Buffer): Buffer => createHash('sha1').update(publicKey.subarray(P256_HEADER_OCTETS)).digest();

const nameOf = (commonName: string): Buffer =>
  distinguishedName([OID.organizationName, 'J-LIS sandbox'], [OID.commonName, commonName]);

const newKeys = (): { privateKey: Buffer; publicKey: Buffer } =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });

/** Positive, and of the same number of octets whatever the random bits (RFC 5280 §4.1.2.2). */
const newSerial = (): bigint => (1n << 126n) | (BigInt(`0x${randomBytes(16).toString('hex')}`) >> 2n);

/** The signature algorithm stands inside and beside what is signed (RFC 5280 §4.1.1.2). */
const signed = (tbs: Buffer, key: KeyObject): Buffer =>
  sequence(tbs, ECDSA_WITH_SHA256, bitString(sign('sha256', tbs, key)));

export function tlsAuthority(commonName: string, life: Life): TlsIdentity {
  const { privateKey, publicKey } = newKeys();
  const name = nameOf(commonName);
  const extensions = [
    extension(OID.basicConstraints, sequence(booleanTrue()), true),
    extension(OID.keyUsage, namedBits(KEY_CERT_SIGN), true),
    extension(OID.subjectKeyIdentifier, octetString(keyId(publicKey))),
  ];
  const tbs = tbsCertificate(newSerial(), name, life, name, publicKey, extensions, ECDSA_WITH_SHA256);
  return { certificate: signed(tbs, readKey(privateKey)), privateKey };
}

/** Sixteen octets of an IPv6 address in any of its written forms without a zone. */
function ipv6Octets(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const filled = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(filled.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** dNSName, or the octets of an address (RFC 5280 §4.2.1.6). */
const generalName = (host: string): Buffer => {
  if (isIP(host) === 0) return contextPrimitive(2, Buffer.from(host, 'ascii'));
  return contextPrimitive(7, isIPv4(host) ? Buffer.from(host.split('.').map(Number)) : ipv6Octets(host));
};

export interface TlsSubject {
  commonName: string;
  life: Life;
  purpose: 'server' | 'client';
  /** Names and addresses a server answers under. */
  hosts?: readonly string[];
}

/** A certificate of `authority`, whose own name is `authorityName`. */
export function tlsCertificate(authority: TlsIdentity, authorityName: string, subject: TlsSubject): TlsIdentity {
  const { privateKey, publicKey } = newKeys();
  const authorityKey = readKey(authority.privateKey);
  const { hosts = [], purpose } = subject;
  const extensions = [
    extension(OID.keyUsage, namedBits(DIGITAL_SIGNATURE), true),
    extension(OID.extendedKeyUsage, sequence(oid(purpose === 'server' ? OID.serverAuth : OID.clientAuth))),
    ...(hosts.length > 0 ? [extension(OID.subjectAltName, sequence(...hosts.map(generalName)))] : []),
    extension(OID.subjectKeyIdentifier, octetString(keyId(publicKey))),
  ];
  const tbs = tbsCertificate(
    newSerial(),
    nameOf(authorityName),
    subject.life,
    nameOf(subject.commonName),
    publicKey,
    extensions,
    ECDSA_WITH_SHA256,
  );
  return { certificate: signed(tbs, authorityKey), privateKey };
}

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;

export const certificatePem = ({ certificate }: TlsIdentity): string => pem('CERTIFICATE', certificate);
export const keyPem = ({ privateKey }: TlsIdentity): string => pem('PRIVATE KEY', privateKey);
