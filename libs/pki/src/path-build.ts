import type { Certificate } from './certificate.js';
import { sameName } from './name.js';
import {
  checkPathSignature,
  checkPathSignatureAlgorithm,
  PATH_ALGORITHM_POLICY,
  type PathAlgorithmPolicy,
} from './path-algorithms.js';
import { IssuerIndex, namesAnotherKey } from './path-candidates.js';
import { checkPath, type PolicyInput } from './path-check.js';
import { type Reason, REASONS } from './verdict.js';

/** How much work one certificate may cause; what runs out makes the answer `budget_exceeded`. */
export interface PathBudgets {
  /** Signatures verified; each pair of certificates once. The number is that of rustls-webpki. */
  signatures: number;
  /** Certificates of one path, the anchor not counted. */
  depth: number;
  /** Issuers tried in all, counting one that is reached by two ways twice. */
  steps: number;
  /** Intermediates looked at. */
  intermediates: number;
  /** Whole paths judged. */
  paths: number;
}

/** The federal bridge, the largest cross-certified PKI in use, needs some ten certificates a path. */
export const PATH_BUDGETS: Readonly<PathBudgets> = {
  signatures: 100,
  depth: 16,
  steps: 1000,
  intermediates: 2000,
  paths: 50,
};

export interface PathBuildInput<A extends { certificate: Certificate }> {
  certificate: Certificate;
  /** In any order; unusable ones do no harm. */
  intermediates: readonly Certificate[];
  anchors: readonly A[];
  /** Milliseconds. */
  at: number;
  policy?: PolicyInput;
  algorithmPolicy?: PathAlgorithmPolicy;
  budgets?: Partial<PathBudgets>;
  /**
   * A further condition on a path that is otherwise valid, such as revocation; what it returns counts as the path's own
   * findings and the search goes on.
   */
  examine?: (path: readonly Certificate[], anchor: A) => Reason[];
}

export interface BuiltPath<A extends { certificate: Certificate }> {
  /** The certificate first, the one the anchor issued last. Present exactly when there is no reason. */
  path?: Certificate[];
  anchor?: A;
  /**
   * Of the failing path nearest to being valid. Operand `depth`: 0 is the certificate, 1 its issuer, and so on up to the
   * anchor.
   */
  reasons: Reason[];
  /** Policies under which the path is valid, in the anchor's terms; empty without a path. */
  validPolicies: string[];
}

/**
 * Finds a path from the certificate to an anchor that is valid by RFC 5280 §6.1. The search is depth first and goes from
 * the certificate upwards; key identifiers only order the issuers to try, names and signatures decide. A certificate of
 * the same subject and key is used once a path (RFC 4158 §2.4.1), so no path can loop.
 */
export function buildAndValidate<A extends { certificate: Certificate }>(input: PathBuildInput<A>): BuiltPath<A> {
  return new PathSearch(input).run();
}

interface Failure {
  reasons: Reason[];
  /** Lower is nearer to a valid path. */
  distance: number;
}

class PathSearch<A extends { certificate: Certificate }> {
  readonly #budgets: PathBudgets;
  readonly #algorithmPolicy: PathAlgorithmPolicy;
  readonly #issuers: IssuerIndex<A>;
  readonly #path: Certificate[] = [];
  readonly #signatures = new Map<Certificate, Map<Certificate, Reason | undefined>>();
  readonly #spent = { signatures: 0, steps: 0, paths: 0 };
  #exceeded: keyof PathBudgets | undefined;
  #best: Failure | undefined;
  #found: BuiltPath<A> | undefined;

  constructor(private readonly input: PathBuildInput<A>) {
    this.#budgets = { ...PATH_BUDGETS, ...input.budgets };
    this.#algorithmPolicy = input.algorithmPolicy ?? PATH_ALGORITHM_POLICY;
    const { intermediates } = this.#budgets;
    if (input.intermediates.length > intermediates) this.#exceeded = 'intermediates';
    this.#issuers = new IssuerIndex(input.anchors, input.intermediates.slice(0, intermediates), input.at);
  }

  run(): BuiltPath<A> {
    this.#extend(this.input.certificate);
    if (this.#found) return this.#found;
    // Undecided, whatever the paths that were tried came to.
    if (this.#exceeded)
      return { reasons: [{ code: 'budget_exceeded', operands: { budget: this.#exceeded } }], validPolicies: [] };
    return { reasons: this.#best?.reasons ?? [], validPolicies: [] };
  }

  /** Puts the certificate on top of the path and tries everyone who may have issued it. */
  #extend(certificate: Certificate): void {
    const depth = this.#path.length;
    if (depth === this.#budgets.depth) {
      this.#exceeded ??= 'depth';
      return;
    }
    const refused = this.#checkAlgorithm(certificate, depth);
    if (refused) {
      this.#deadEnd(refused, depth);
      return;
    }
    this.#path.push(certificate);
    let reason: Reason | undefined;
    let isIssued = false;
    for (const { issuer, anchor } of this.#issuers.of(certificate)) {
      if (!anchor && this.#isOnPath(issuer)) continue;
      if (!this.#spend('steps')) break;
      const fault = this.#checkSignature(certificate, issuer);
      if (fault) {
        // One whose key is not the one named is merely somebody else of that name.
        if (!namesAnotherKey(certificate, issuer)) reason ??= withDepth(fault, depth);
        continue;
      }
      isIssued = true;
      if (anchor) this.#complete(anchor);
      else this.#extend(issuer);
      if (this.#found || this.#isExhausted) break;
    }
    this.#path.pop();
    if (!isIssued) this.#deadEnd(reason ?? { code: 'issuer_unknown', operands: { depth } }, depth);
  }

  #isOnPath(issuer: Certificate): boolean {
    return this.#path.some(
      (each) =>
        each === issuer ||
        (Buffer.compare(each.publicKey.spki, issuer.publicKey.spki) === 0 && sameName(each.subject, issuer.subject)),
    );
  }

  #checkAlgorithm(certificate: Certificate, depth: number): Reason | undefined {
    if (!certificate.algorithmsAgree) return { code: 'algorithm_mismatch', operands: { depth } };
    const refused = checkPathSignatureAlgorithm(certificate.signatureAlgorithm, this.#algorithmPolicy);
    return refused && withDepth(refused, depth);
  }

  #checkSignature(certificate: Certificate, issuer: Certificate): Reason | undefined {
    let known = this.#signatures.get(certificate);
    if (!known) this.#signatures.set(certificate, (known = new Map<Certificate, Reason | undefined>()));
    if (known.has(issuer)) return known.get(issuer);
    if (!this.#spend('signatures')) return { code: 'budget_exceeded', operands: { budget: 'signatures' } };
    const reason = checkPathSignature(certificate, issuer.publicKey, this.#algorithmPolicy);
    known.set(issuer, reason);
    return reason;
  }

  #complete(anchor: A): void {
    if (!this.#spend('paths')) return;
    const path = [...this.#path];
    const { at, policy = {}, examine } = this.input;
    const checked = checkPath({
      path,
      anchor: anchor.certificate,
      at,
      policy,
      algorithmPolicy: this.#algorithmPolicy,
    });
    const reasons = checked.reasons.length > 0 ? checked.reasons : (examine?.(path, anchor) ?? []);
    if (reasons.length === 0) this.#found = { path, anchor, reasons, validPolicies: checked.validPolicies };
    else this.#failed({ reasons, distance: distanceOf(reasons) });
  }

  /** Any whole path is nearer than a dead end; a signature that fails says more than an issuer nobody knows. */
  #deadEnd(reason: Reason, depth: number): void {
    const unknown = reason.code === 'issuer_unknown' ? 100 : 0;
    this.#failed({ reasons: [reason], distance: 10_000 + unknown - depth });
  }

  #failed(failure: Failure): void {
    if (this.#best === undefined || failure.distance < this.#best.distance) this.#best = failure;
  }

  /** False, for good, once the budget is used up. */
  #spend(budget: 'signatures' | 'steps' | 'paths'): boolean {
    if (this.#spent[budget] >= this.#budgets[budget]) {
      this.#exceeded = budget;
      return false;
    }
    this.#spent[budget]++;
    return true;
  }

  /** Paths that are too deep leave others to try; the rest of the budgets are spent for all of them. */
  get #isExhausted(): boolean {
    return this.#exceeded !== undefined && this.#exceeded !== 'depth' && this.#exceeded !== 'intermediates';
  }
}

/** A refused key is the issuer's, everything else the certificate's. */
const withDepth = ({ code, operands }: Reason, depth: number): Reason => ({
  code,
  operands: { ...operands, depth: code === 'key_refused' ? depth + 1 : depth },
});

/** Undecided comes before invalid, few findings before many. */
function distanceOf(reasons: readonly Reason[]): number {
  const invalid = reasons.some(({ code }) => REASONS[code].outcome === 'invalid');
  return reasons.length + (invalid ? 1000 : 0);
}
