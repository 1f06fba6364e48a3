import type { Certificate } from './certificate.js';
import { equalBytes } from './der.js';
import { type Name, sameName } from './name.js';
import { wholeSecond } from './validity.js';

export interface IssuerCandidate<A> {
  issuer: Certificate;
  /** Present when the issuer is an anchor: the path ends there. */
  anchor?: A;
}

/** Certificates that may issue others, by the comparison form of their subject (RFC 5280 §6.1.3 (a)(4), §7.1). */
export class IssuerIndex<A extends { certificate: Certificate }> {
  readonly #bySubject = new Map<string, IssuerCandidate<A>[]>();

  /** @param at milliseconds; certificates that are valid then are tried first */
  constructor(
    anchors: readonly A[],
    intermediates: readonly Certificate[],
    private readonly at: number,
  ) {
    for (const anchor of anchors) this.#add({ issuer: anchor.certificate, anchor });
    for (const issuer of intermediates) this.#add({ issuer });
  }

  #add(candidate: IssuerCandidate<A>): void {
    const key = candidate.issuer.subject.canonical;
    const list = this.#bySubject.get(key);
    if (list) list.push(candidate);
    else this.#bySubject.set(key, [candidate]);
  }

  /** Everyone with the name of the certificate's issuer, the likeliest first. An empty name is nobody's (§4.1.2.4). */
  of(certificate: Certificate): readonly IssuerCandidate<A>[] {
    const named = isEmpty(certificate.issuer) ? [] : (this.#bySubject.get(certificate.issuer.canonical) ?? []);
    if (named.length < 2) return named;
    return named
      .map((candidate) => ({ candidate, doubt: this.#doubt(candidate, certificate) }))
      .sort((a, b) => a.doubt - b.doubt)
      .map(({ candidate }) => candidate);
  }

  /** How unlikely it is that a path through the candidate is valid; nothing is excluded by it. */
  #doubt({ issuer, anchor }: IssuerCandidate<A>, certificate: Certificate): number {
    const second = wholeSecond(this.at);
    const inTime = second >= issuer.notBefore && second <= issuer.notAfter;
    const mayIssue = anchor !== undefined || issuer.extensions.basicConstraints?.ca === true;
    return keyDoubt(certificate, issuer) * 8 + Number(!inTime) * 4 + Number(!mayIssue) * 2 + Number(!anchor);
  }
}

const isEmpty = (name: Name): boolean => name.der.length === 2;

/** Whether the certificate says that another key than this issuer's signed it. */
export const namesAnotherKey = (certificate: Certificate, issuer: Certificate): boolean =>
  keyDoubt(certificate, issuer) === 2;

/** 0 the certificate names this issuer's key, 1 one of the two does not say, 2 it names another key (§4.2.1.1). */
function keyDoubt(certificate: Certificate, issuer: Certificate): 0 | 1 | 2 {
  const identifier = certificate.extensions.authorityKeyIdentifier;
  if (identifier === undefined) return 1;
  const { keyId, issuer: names, serial } = identifier;
  const held = issuer.extensions.subjectKeyIdentifier;
  if (serial !== undefined && !equalBytes(serial, issuer.serial)) return 2;
  if (names !== undefined && !names.some((name) => sameName(name, issuer.issuer))) return 2;
  if (keyId === undefined || held === undefined) return 1;
  return equalBytes(keyId, held) ? 0 : 2;
}
