import { digestOf } from './algorithms.js';
import type { AlgorithmPolicy, DigestAlgorithm } from './algorithms.js';
import type { Certificate } from './certificate.js';
import type { Cms, CmsSigner } from './cms-parse.js';
import { equalBytes } from './der.js';
import { sameName } from './name.js';
import { verifyRawSignature } from './raw-signature.js';
import type { Reason } from './verdict.js';

/** A digest computed elsewhere, so that the content need not be sent. */
export interface StatedDigest {
  algorithm: DigestAlgorithm;
  digest: Uint8Array;
}

/** The signer of a message and the certificate said to be its own, or why there is none. */
export type SignerSearch =
  | { signer: CmsSigner; certificate: Certificate; reasons: [] }
  | { signer?: never; certificate?: never; reasons: [Reason] };

/**
 * Picks the signer's certificate, which is to be judged (path, profile, validity) before the signature is looked at.
 * JPKI messages have one signer; several are `unsupported_signature`, because a verdict is about one person.
 * @param given certificates known apart from the message, such as one sent beside it
 */
export function findSigner(cms: Cms, given: readonly Certificate[] = []): SignerSearch {
  const [signer, ...others] = cms.signers;
  if (signer === undefined) return { reasons: [{ code: 'signer_not_found' }] };
  if (others.length > 0)
    return { reasons: [{ code: 'unsupported_signature', operands: { signers: cms.signers.length } }] };
  const matching = [...given, ...cms.certificates].filter((certificate) => isNamedBy(signer, certificate));
  const [certificate] = matching;
  if (certificate === undefined) return { reasons: [{ code: 'signer_not_found' }] };
  // Unequal certificates under one identifier: whose signature it is would depend on their order.
  if (!matching.every(({ raw }) => equalBytes(raw, certificate.raw)))
    return { reasons: [{ code: 'signer_not_found', operands: { detail: 'ambiguous' } }] };
  return { signer, certificate, reasons: [] };
}

function isNamedBy({ id }: CmsSigner, certificate: Certificate): boolean {
  if ('keyId' in id) {
    // A certificate without the extension matches no identifier; none is computed for it (RFC 5652 §5.3).
    const held = certificate.extensions.subjectKeyIdentifier;
    return held !== undefined && equalBytes(held, id.keyId);
  }
  return equalBytes(id.serial, certificate.serial) && sameName(id.issuer, certificate.issuer);
}

/** id-data (RFC 5652 §4). */
const ID_DATA = '1.2.840.113549.1.7.1';

export interface CmsSignatureInput {
  cms: Cms;
  signer: CmsSigner;
  certificate: Certificate;
  /** Needed when the message has none attached; compared with it when it has. */
  detachedContent?: Uint8Array | StatedDigest;
  /** Milliseconds. */
  at: number;
  policy?: AlgorithmPolicy;
}

export interface CmsSignatureResult {
  /** Empty means the signature holds, unless `contentMissing`. */
  reasons: Reason[];
  /** What was signed, by the signer's digest algorithm. */
  contentDigest?: StatedDigest;
  /** Milliseconds; the signer's own claim. */
  signingTime?: number;
  /**
   * The request lacks the content, or its digest by this algorithm; nothing was decided. It is no finding about the
   * signature.
   */
  contentMissing?: DigestAlgorithm;
}

/** How far a signer's clock may run ahead of ours: signing devices are ordinary computers and phones. */
export const SIGNING_TIME_SKEW_MS = 5 * 60_000;

/** The signature process of RFC 5652 §5.4–5.6. */
export function verifyCmsSignature(input: CmsSignatureInput): CmsSignatureResult {
  const { cms, signer, certificate, at, policy } = input;
  const digestAlgorithm = signer.digestAlgorithm.digest;
  const refused = checkAlgorithms(signer);
  if (refused !== undefined) return { reasons: [refused] };
  if (digestAlgorithm === undefined)
    throw new Error('verifyCmsSignature: an algorithm passed its check without being known');

  const found = findContentDigest(cms, input.detachedContent, digestAlgorithm);
  if (found === undefined) return { reasons: [], contentMissing: digestAlgorithm };
  const contentDigest = { algorithm: digestAlgorithm, digest: found.digest };
  const reasons = verifyCmsSigner({
    contentType: cms.contentType,
    signer,
    certificate,
    ...found,
    at,
    ...(policy ? { policy } : {}),
  });
  const signingTime = signer.signedAttributes?.signingTime;
  return { reasons, contentDigest, ...(signingTime === undefined ? {} : { signingTime }) };
}

/** The parts of a SignerInfo that its signature is checked by. */
type Signer = Pick<CmsSigner, 'digestAlgorithm' | 'signedAttributes' | 'signature'> & {
  signatureAlgorithm: Omit<CmsSigner['signatureAlgorithm'], 'der'>;
};

/** What keeps a signer's signature from being over content with this digest; empty when nothing does. */
export function verifyCmsSigner(input: {
  /** eContentType. */
  contentType: string;
  signer: Signer;
  certificate: Certificate;
  digest: Uint8Array;
  /** Whether the request stated another digest than that of the attached content. */
  contradicted: boolean;
  /** Milliseconds. */
  at: number;
  policy?: AlgorithmPolicy;
}): Reason[] {
  const { contentType, signer, certificate, digest, at, policy } = input;
  const { signedAttributes: attributes, signatureAlgorithm } = signer;
  const digestAlgorithm = signer.digestAlgorithm.digest;
  const refused = checkAlgorithms(signer);
  if (refused !== undefined) return [refused];
  if (digestAlgorithm === undefined || signatureAlgorithm.padding === undefined)
    throw new Error('verifyCmsSigner: an algorithm passed its check without being known');
  const reasons = input.contradicted ? [mismatch('attached_and_stated_differ')] : [];
  reasons.push(...checkAttributes(contentType, signer, digest, at));

  const { padding, saltLength } = signatureAlgorithm;
  const signed = attributes === undefined ? digest : digestOf(digestAlgorithm, attributes.encoded);
  const stated = { padding, digestAlgorithm, digest: signed, signature: signer.signature };
  const signature = {
    publicKey: certificate.publicKey,
    ...stated,
    ...(saltLength === undefined ? {} : { saltLength }),
  };
  return [...reasons, ...verifyRawSignature(signature, policy)];
}

const mismatch = (detail: string): Reason => ({ code: 'message_digest_mismatch', operands: { detail } });

/** MD2, MD4, MD5 and SHA-1 with RSA (RFC 8017 §A.2.4): known, and refused for their digest. */
const REFUSED_SIGNATURES = new Set(['2', '3', '4', '5'].map((last) => `1.2.840.113549.1.1.${last}`));

/** One digest, accepted, and the same in digestAlgorithm and signatureAlgorithm. */
function checkAlgorithms({ digestAlgorithm, signatureAlgorithm }: Signer): Reason | undefined {
  if (digestAlgorithm.digest === undefined)
    return { code: 'digest_algorithm_refused', operands: { algorithm: digestAlgorithm.oid } };
  const { oid, padding, digest } = signatureAlgorithm;
  if (REFUSED_SIGNATURES.has(oid) || (padding === 'pss' && digest === undefined))
    return { code: 'digest_algorithm_refused', operands: { algorithm: oid } };
  if (padding === undefined) return { code: 'unsupported_signature', operands: { algorithm: oid } };
  // rsaEncryption leaves the digest to digestAlgorithm (RFC 3370 §3.2); every other algorithm repeats it.
  if (digest !== undefined && digest !== digestAlgorithm.digest)
    return { code: 'signature_mismatch', operands: { detail: 'digest_algorithms_differ' } };
  return undefined;
}

/** The digest of what was signed; `contradicted` when the message has one content and the request states another. */
function findContentDigest(
  { content }: Cms,
  detached: Uint8Array | StatedDigest | undefined,
  algorithm: DigestAlgorithm,
): { digest: Uint8Array; contradicted: boolean } | undefined {
  const stated =
    detached instanceof Uint8Array
      ? digestOf(algorithm, detached)
      : detached?.algorithm === algorithm
        ? detached.digest
        : undefined;
  if (content === undefined) return stated && { digest: stated, contradicted: false };
  // A digest by another algorithm beside attached content can be neither confirmed nor ignored.
  if (detached !== undefined && stated === undefined) return undefined;
  const digest = digestOf(algorithm, content);
  return { digest, contradicted: stated !== undefined && !equalBytes(stated, digest) };
}

/** RFC 5652 §5.3, §11.1–11.3. */
function checkAttributes(
  expected: string,
  { signedAttributes }: Pick<CmsSigner, 'signedAttributes'>,
  digest: Uint8Array,
  at: number,
): Reason[] {
  // Without signed attributes only plain data may be signed: else attributes could be passed off as content (§5.3).
  if (signedAttributes === undefined)
    return expected === ID_DATA ? [] : [{ code: 'content_type_mismatch', operands: { found: expected } }];
  const reasons: Reason[] = [];
  const { contentType, messageDigest, signingTime } = signedAttributes;
  if (contentType !== expected)
    reasons.push({ code: 'content_type_mismatch', operands: { expected, found: contentType ?? 'none' } });
  if (messageDigest === undefined) reasons.push(mismatch('absent'));
  else if (!equalBytes(messageDigest, digest)) reasons.push(mismatch('differs'));
  if (signingTime !== undefined && signingTime > at + SIGNING_TIME_SKEW_MS)
    reasons.push({
      code: 'signing_time_out_of_range',
      operands: { signing_time: new Date(signingTime).toISOString() },
    });
  return reasons;
}
