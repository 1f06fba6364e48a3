import type { DigestIdentifier, SignatureAlgorithm } from './algorithms.js';
import type { Certificate } from './certificate.js';
import { readSignedAttributes, type SignedAttributes } from './cms-attributes.js';
import { verifyCmsSigner } from './cms-verify.js';
import { DerReader, TAG } from './der.js';
import type { Reason } from './verdict.js';

/** What a message said of how it was signed. None of it is covered by the signature, so it is kept as values. */
export interface CmsStatement {
  /** eContentType. */
  contentType: string;
  digestAlgorithm: DigestIdentifier;
  signatureAlgorithm: Omit<SignatureAlgorithm, 'der'>;
  /** Whether the request stated another digest than that of the attached content. */
  contradicted: boolean;
}

/** What of a message allows its signature to be checked again when the content is gone. */
export interface CmsRecord extends CmsStatement {
  /** SignedAttributes as signed (RFC 5652 §5.4). */
  signedAttributes?: Uint8Array;
  signature: Uint8Array;
  /** Of the content, by the signer's digest algorithm; empty when that is not known. */
  digest: Uint8Array;
}

/**
 * The checks of `verifyCmsSignature` from what was kept.
 * @param at milliseconds
 * @throws Malformed when the record was damaged
 */
export function verifyCmsRecord(record: CmsRecord, certificate: Certificate, at: number): Reason[] {
  const { signedAttributes, digest, contradicted, contentType, ...signer } = record;
  const attributes = signedAttributes && readKeptAttributes(signedAttributes);
  return verifyCmsSigner({
    contentType,
    signer: { ...signer, ...(attributes ? { signedAttributes: attributes } : {}) },
    certificate,
    digest,
    contradicted,
    at,
  });
}

/** Attributes in the form in which they were signed. @throws Malformed */
export function readKeptAttributes(encoded: Uint8Array): SignedAttributes {
  const reader = new DerReader(encoded, 'cms_record');
  reader.expect(TAG.SET);
  reader.finish();
  return readSignedAttributes(reader);
}
