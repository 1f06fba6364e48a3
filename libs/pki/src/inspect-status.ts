import type { Certificate } from './certificate.js';
import type { Crl } from './crl-reader.js';
import { statusFromCrls, statusFromOcsp } from './status.js';
import { type Reason, type RevocationFinding, revocationReason } from './verdict.js';

export type StatusMethod = 'crl' | 'ocsp';

/** The status of one certificate of a path; `depth` 0 is the certificate asked about. */
export interface PathStatus {
  depth: number;
  finding: RevocationFinding;
}

export interface StatusData {
  method: StatusMethod;
  crls: readonly Crl[];
  /** DER of OCSP responses. */
  ocsp: readonly Uint8Array[];
  intermediates: readonly Certificate[];
  anchors: readonly Certificate[];
  /** Milliseconds. */
  at: number;
}

/**
 * RFC 5280 §6.1.3 (a)(3) for every certificate of a path but the anchor. With `ocsp` a certificate that no response is
 * about is looked up in the lists; one that neither tells of is undecided, not good.
 */
export class InspectedStatus {
  /** Of the path examined last. */
  statuses: PathStatus[] = [];
  readonly #known = new Map<Certificate, Map<Certificate, RevocationFinding>>();
  readonly #lists: readonly { certificate: Certificate }[];

  constructor(private readonly data: StatusData) {
    this.#lists = data.anchors.map((certificate) => ({ certificate }));
  }

  /** @param path the certificate first */
  examine(path: readonly Certificate[], anchor: Certificate): Reason[] {
    const reasons: Reason[] = [];
    this.statuses = path.map((certificate, depth) => {
      const issuer = path[depth + 1] ?? anchor;
      const finding = this.#find(certificate, issuer, path[depth + 2]);
      const reason = revocationReason(finding);
      if (reason) reasons.push({ code: reason.code, operands: { ...reason.operands, depth } });
      return { depth, finding };
    });
    return reasons;
  }

  #find(certificate: Certificate, issuer: Certificate, above: Certificate | undefined): RevocationFinding {
    let byIssuer = this.#known.get(certificate);
    if (!byIssuer) this.#known.set(certificate, (byIssuer = new Map<Certificate, RevocationFinding>()));
    let finding = byIssuer.get(issuer);
    if (!finding) byIssuer.set(issuer, (finding = this.#ask(certificate, issuer, above)));
    return finding;
  }

  #ask(certificate: Certificate, issuer: Certificate, above: Certificate | undefined): RevocationFinding {
    const { method, crls, ocsp, intermediates, at } = this.data;
    if (method === 'ocsp') {
      const answers = ocsp.map((response) => statusFromOcsp({ response, certificate, issuer, at }));
      const answer = answers.find(({ status }) => status !== 'unavailable') ?? answers[0];
      const isAnswered = answer !== undefined && (answer.status !== 'unavailable' || crls.length === 0);
      if (isAnswered) return answer;
      if (crls.length === 0) return { method, status: 'unavailable', detail: 'no_response' };
    }
    const { subject: name, publicKey } = issuer;
    // A separate signer of lists may be certified by whoever certified the issuer, here also an intermediate.
    const anchors = above ? [...this.#lists, { certificate: above }] : this.#lists;
    return statusFromCrls({
      certificate,
      issuer: { name, publicKey, certificate: issuer },
      crls,
      candidates: intermediates,
      anchors,
      at,
    });
  }
}
