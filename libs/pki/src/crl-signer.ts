import type { PublicKeyInfo } from './algorithms.js';
import type { Certificate } from './certificate.js';
import { verifyCrlSignature } from './crl-check.js';
import type { Crl } from './crl-reader.js';
import { equalBytes } from './der.js';
import { KEY_USAGE } from './extensions.js';
import { type Name, sameName } from './name.js';
import {
  checkPathKey,
  checkPathSignature,
  checkPathSignatureAlgorithm,
  type PathAlgorithmPolicy,
} from './path-algorithms.js';
import { checkValidity } from './validity.js';

/** The authority whose certificates and lists are judged: a trust anchor may be a name and a key alone. */
export interface CrlIssuer {
  name: Name;
  publicKey: PublicKeyInfo;
  certificate?: Certificate;
}

/** Signatures tried for the lists of one certificate; an authority has a handful of keys, a hostile bundle has thousands. */
export const MAX_CRL_SIGNATURE_TRIES = 64;

/**
 * Finds the keys that sign an authority's lists: its own, and those of separate certificates under its name (RFC 5280
 * §6.3.3 (f), (g)). A separate certificate counts when the authority itself signed it, or the anchor that signed the
 * authority's own certificate: a key that another anchor certified under the same name is another authority's.
 * The separate certificate's own revocation is not asked.
 */
export class CrlSigners {
  private tries = 0;
  private readonly separate: readonly Certificate[];
  private readonly parents: readonly PublicKeyInfo[];
  /** Verdicts on separate certificates, so that each is verified once. */
  private readonly trusted = new Map<Certificate, boolean>();

  constructor(
    private readonly issuer: CrlIssuer,
    candidates: readonly Certificate[],
    anchors: readonly { certificate: Certificate }[],
    private readonly at: number,
    private readonly policy: PathAlgorithmPolicy,
  ) {
    this.separate = candidates.filter((candidate) => this.mayStandIn(candidate));
    const { certificate } = issuer;
    this.parents = certificate
      ? anchors
          .map((anchor) => anchor.certificate)
          .filter(
            (anchor) => sameName(anchor.subject, certificate.issuer) && this.hasSigned(certificate, anchor.publicKey),
          )
          .map(({ publicKey }) => publicKey)
      : [];
  }

  /** The key that made the list's signature, or why none is found. */
  find(crl: Crl): PublicKeyInfo | string {
    if (checkPathSignatureAlgorithm(crl.signatureAlgorithm, this.policy) !== undefined) return 'algorithm_refused';
    const { certificate, publicKey } = this.issuer;
    if (this.signed(crl, publicKey)) {
      const usage = certificate?.extensions.keyUsage;
      // §6.3.3 (f): the bit is asked for when the extension is there.
      return usage !== undefined && (usage.bits & KEY_USAGE.cRLSign) === 0 ? 'issuer_not_crl_signer' : publicKey;
    }
    const signer = this.separate.find((each) => this.signed(crl, each.publicKey) && this.isTrusted(each));
    if (signer !== undefined) return signer.publicKey;
    return this.tries > MAX_CRL_SIGNATURE_TRIES ? 'budget_exceeded' : 'signature_invalid';
  }

  private signed(crl: Crl, key: PublicKeyInfo): boolean {
    if (checkPathKey(key, this.policy) !== undefined || ++this.tries > MAX_CRL_SIGNATURE_TRIES) return false;
    if (key.rsa !== undefined) return verifyCrlSignature(crl, key, this.policy);
    const { tbs, signature, signatureAlgorithm } = crl;
    return (
      tbs !== undefined && checkPathSignature({ tbs, signature, signatureAlgorithm }, key, this.policy) === undefined
    );
  }

  /** Everything a separate signer must be, but for its own signature. */
  private mayStandIn(candidate: Certificate): boolean {
    const { keyUsage, unknownCritical } = candidate.extensions;
    return (
      sameName(candidate.subject, this.issuer.name) &&
      !equalBytes(candidate.publicKey.spki, this.issuer.publicKey.spki) &&
      candidate.version === 3 &&
      keyUsage !== undefined &&
      (keyUsage.bits & KEY_USAGE.cRLSign) !== 0 &&
      unknownCritical.length === 0 &&
      checkValidity(candidate, this.at).length === 0
    );
  }

  private isTrusted(candidate: Certificate): boolean {
    let trusted = this.trusted.get(candidate);
    if (trusted === undefined) {
      const { issuer } = this;
      trusted =
        (sameName(candidate.issuer, issuer.name) && this.mayIssue() && this.hasSigned(candidate, issuer.publicKey)) ||
        (issuer.certificate !== undefined &&
          sameName(candidate.issuer, issuer.certificate.issuer) &&
          this.parents.some((key) => this.hasSigned(candidate, key)));
      this.trusted.set(candidate, trusted);
    }
    return trusted;
  }

  /** An authority that may sign only lists certifies nobody else to do so. */
  private mayIssue(): boolean {
    const usage = this.issuer.certificate?.extensions.keyUsage;
    return usage === undefined || (usage.bits & KEY_USAGE.keyCertSign) !== 0;
  }

  private hasSigned(certificate: Certificate, key: PublicKeyInfo): boolean {
    return (
      certificate.algorithmsAgree &&
      checkPathSignatureAlgorithm(certificate.signatureAlgorithm, this.policy) === undefined &&
      ++this.tries <= MAX_CRL_SIGNATURE_TRIES &&
      checkPathSignature(certificate, key, this.policy) === undefined
    );
  }
}
