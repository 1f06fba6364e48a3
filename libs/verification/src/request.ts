import type { GivenConsent } from '#lib/persons';
import type { DigestAlgorithm, Padding } from '#lib/pki';
import type { RevocationMethod } from '#lib/revocation';

/** What was signed: its bytes, or their digest when the document stays with the service provider. */
export interface Signed {
  content?: Buffer;
  digest?: Buffer;
}

/** That it be told whose certificate it is. */
export interface PersonRequest {
  /** Whether to find the other certificate of the holder too. */
  counterpart: boolean;
  /** On which J-LIS may be asked. */
  consent?: GivenConsent;
}

/** The card's bare signature with its certificate. The caller states digest and padding; nothing is guessed. */
export interface RawSignatureRequest extends Signed {
  format: 'raw';
  certificate: Buffer;
  signature: Buffer;
  padding: Padding;
  digestAlgorithm: DigestAlgorithm;
}

/** CMS SignedData (RFC 5652), attached or detached. */
export interface CmsSignatureRequest extends Signed {
  format: 'cms';
  cms: Buffer;
  /** Of `digest`. */
  digestAlgorithm?: DigestAlgorithm;
}

export type SignatureRequest = (RawSignatureRequest | CmsSignatureRequest) & {
  revocation: RevocationMethod;
  reference?: string;
  person?: PersonRequest;
};

export interface AuthenticationRequest {
  challengeId: string;
  certificate: Buffer;
  signature: Buffer;
  padding: Padding;
  digestAlgorithm: DigestAlgorithm;
  revocation: RevocationMethod;
  reference?: string;
  person?: PersonRequest;
}
