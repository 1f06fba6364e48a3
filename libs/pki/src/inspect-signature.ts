import { type DigestAlgorithm, digestOf, type Padding } from './algorithms.js';
import type { Certificate } from './certificate.js';
import { parseCms } from './cms-parse.js';
import { findSigner, type StatedDigest, verifyCmsSignature } from './cms-verify.js';
import { equalBytes, Malformed } from './der.js';
import { verifyRawSignature } from './raw-signature.js';
import type { Reason } from './verdict.js';

/** A signature said to be the certificate's, with what it is over. */
export type InspectedSignature =
  | {
      format: 'raw';
      padding: Padding;
      digestAlgorithm: DigestAlgorithm;
      signed: { content: Uint8Array } | { digest: Uint8Array };
      signature: Uint8Array;
    }
  | {
      format: 'cms';
      cms: Uint8Array;
      /** Absent when the content is attached. */
      signed?: { content: Uint8Array } | StatedDigest;
    };

/** What keeps the signature from being the own one of the certificate over the content; empty when nothing does. */
export function checkInspectedSignature(certificate: Certificate, given: InspectedSignature, at: number): Reason[] {
  if (given.format === 'cms') return checkCms(certificate, given, at);
  const { padding, digestAlgorithm, signed, signature } = given;
  const digest = 'digest' in signed ? signed.digest : digestOf(digestAlgorithm, signed.content);
  return verifyRawSignature({ publicKey: certificate.publicKey, padding, digestAlgorithm, digest, signature });
}

function checkCms(
  certificate: Certificate,
  { cms: der, signed }: Extract<InspectedSignature, { format: 'cms' }>,
  at: number,
): Reason[] {
  let cms;
  try {
    cms = parseCms(der);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return [{ code: 'signature_mismatch', operands: { detail: 'cms_malformed', rule: error.rule } }];
  }
  const { signer, certificate: named, reasons } = findSigner(cms, [certificate]);
  if (signer === undefined) return reasons;
  if (!equalBytes(named.raw, certificate.raw))
    return [{ code: 'signer_not_found', operands: { detail: 'another_certificate' } }];
  const stated = signed && ('content' in signed ? signed.content : signed);
  const result = verifyCmsSignature({ cms, signer, certificate, at, ...(stated ? { detachedContent: stated } : {}) });
  if (result.contentMissing === undefined) return result.reasons;
  // Nothing was decided, and a verdict has to say so.
  return [{ code: 'unsupported_signature', operands: { detail: `content_missing_${result.contentMissing}` } }];
}
