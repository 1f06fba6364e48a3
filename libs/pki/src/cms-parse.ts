import { parseDigestIdentifier, parseSignatureAlgorithm } from './algorithms.js';
import type { DigestIdentifier, SignatureAlgorithm } from './algorithms.js';
import { parseCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';
import { readSignedAttributes } from './cms-attributes.js';
import type { SignedAttributes } from './cms-attributes.js';
import { contextConstructed, contextPrimitive, DerReader, TAG } from './der.js';
import { parseName } from './name.js';
import type { Name } from './name.js';

/** What is read at most; the octets include attached content. */
export const CMS_LIMITS = {
  /** One MiB of attached content, and room for everything else. */
  bytes: 1_048_576 + 65_536,
  certificates: 16,
  signers: 4,
  digestAlgorithms: 8,
  /** What is kept of a message is limited where it is read: a signature of RSA-8192, attributes a card's holder needs. */
  signatureOctets: 1_024,
  signedAttributesOctets: 16_384,
} as const;

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const SERIAL_MAX_OCTETS = 20;
const KEY_ID_MAX_OCTETS = 64;

/** One SignerInfo (RFC 5652 §5.3). */
export interface CmsSigner {
  id: { issuer: Name; serial: Uint8Array } | { keyId: Uint8Array };
  digestAlgorithm: DigestIdentifier;
  signatureAlgorithm: SignatureAlgorithm;
  signedAttributes?: SignedAttributes;
  signature: Uint8Array;
}

/** A CMS SignedData (RFC 5652 §5.1), not yet judged. Byte fields are views of the input. */
export interface Cms {
  /** eContentType. */
  contentType: string;
  /** Attached content. */
  content?: Uint8Array;
  /** X.509 certificates in the order given; attribute certificates and other kinds are passed over. */
  certificates: Certificate[];
  signers: CmsSigner[];
}

/**
 * Reads a ContentInfo with SignedData. DER only: an indefinite or padded length is Malformed, because BER would give one
 * signature many spellings. The order of certificates, CRLs and algorithms within their SETs is not asked for; issuers
 * of real messages seldom sort them and nothing is computed over it.
 */
export function parseCms(der: Uint8Array): Cms {
  const reader = new DerReader(der, 'cms');
  if (der.length > CMS_LIMITS.bytes) reader.fail('too_large');
  const info = reader.enter(TAG.SEQUENCE);
  reader.finish();
  if (info.oid() !== SIGNED_DATA) info.fail('not_signed_data', info.elementStart);
  const explicit = info.enter(contextConstructed(0));
  info.finish();
  const data = explicit.enter(TAG.SEQUENCE);
  explicit.finish();

  // RFC 5652 §5.1 gives 1, 3, 4 or 5 by what is inside.
  if (![1, 3, 4, 5].includes(data.smallInteger())) data.fail('bad_version', data.elementStart);
  const digests = data.enter(TAG.SET);
  for (let count = 0; !digests.atEnd; count++) {
    if (count === CMS_LIMITS.digestAlgorithms) digests.fail('too_many_digest_algorithms');
    parseDigestIdentifier(digests);
  }
  const encapsulated = data.enter(TAG.SEQUENCE);
  const contentType = encapsulated.oid();
  const content = readContent(encapsulated);
  const certificates = data.accept(contextConstructed(0)) ? readCertificates(data.inside()) : [];
  // Embedded revocation data are the presenter's choice; status is asked of our own sources.
  data.accept(contextConstructed(1));
  const list = data.enter(TAG.SET, 'cms.signer');
  data.finish();
  const signers: CmsSigner[] = [];
  while (!list.atEnd) {
    if (signers.length === CMS_LIMITS.signers) list.fail('too_many_signers');
    signers.push(readSigner(list.enter(TAG.SEQUENCE)));
  }
  // RFC 5652 allows none, for bags of certificates; such a message has nothing to verify.
  if (signers.length === 0) list.fail('no_signer');
  return { contentType, ...(content === undefined ? {} : { content }), certificates, signers };
}

function readContent(encapsulated: DerReader): Uint8Array | undefined {
  if (encapsulated.atEnd) return undefined;
  const explicit = encapsulated.enter(contextConstructed(0));
  encapsulated.finish();
  explicit.expect(TAG.OCTET_STRING);
  const { content } = explicit;
  explicit.finish();
  return content;
}

/** CertificateSet (RFC 5652 §10.2.3). */
function readCertificates(set: DerReader): Certificate[] {
  const certificates: Certificate[] = [];
  for (let count = 0; !set.atEnd; count++) {
    if (count === CMS_LIMITS.certificates) set.fail('too_many_certificates');
    if (set.next() === TAG.SEQUENCE) certificates.push(parseCertificate(set.element));
  }
  return certificates;
}

function readSigner(reader: DerReader): CmsSigner {
  const version = reader.smallInteger();
  const byKey = reader.peek() === contextPrimitive(0);
  // RFC 5652 §5.3: 1 for issuerAndSerialNumber, 3 for subjectKeyIdentifier.
  if (version !== (byKey ? 3 : 1)) reader.fail('bad_version');
  const id = byKey ? readKeyId(reader) : readIssuerAndSerial(reader.enter(TAG.SEQUENCE));
  const digestAlgorithm = parseDigestIdentifier(reader);
  let signedAttributes: SignedAttributes | undefined;
  if (reader.accept(contextConstructed(0))) {
    if (reader.content.length > CMS_LIMITS.signedAttributesOctets)
      reader.fail('attributes_too_large', reader.elementStart);
    signedAttributes = readSignedAttributes(reader);
  }
  const signatureAlgorithm = parseSignatureAlgorithm(reader);
  reader.expect(TAG.OCTET_STRING);
  const signature = reader.content;
  if (signature.length > CMS_LIMITS.signatureOctets) reader.fail('signature_too_large', reader.elementStart);
  // Unsigned attributes (time stamps, counter-signatures) prove nothing about this signature and are not read.
  reader.accept(contextConstructed(1));
  reader.finish();
  return {
    id,
    digestAlgorithm,
    signatureAlgorithm,
    ...(signedAttributes === undefined ? {} : { signedAttributes }),
    signature,
  };
}

function readKeyId(reader: DerReader): CmsSigner['id'] {
  reader.expect(contextPrimitive(0));
  const keyId = reader.content;
  if (keyId.length === 0 || keyId.length > KEY_ID_MAX_OCTETS) reader.fail('bad_key_identifier', reader.elementStart);
  return { keyId };
}

function readIssuerAndSerial(reader: DerReader): CmsSigner['id'] {
  const issuer = parseName(reader);
  const serial = reader.integer(SERIAL_MAX_OCTETS);
  reader.finish();
  return { issuer, serial };
}
