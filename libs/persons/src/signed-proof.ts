import type { DigestAlgorithm, Padding } from '#lib/pki';
import type { Proof } from './proof.js';

/** A proof together with what was signed: evidence that the holder agreed to a document. */
export interface SignedProof extends Proof {
  signed: {
    format: 'raw' | 'cms';
    signature: Uint8Array;
    /** Of the content. */
    digest: Uint8Array;
    digestAlgorithm?: DigestAlgorithm;
    padding?: Padding;
  };
}
