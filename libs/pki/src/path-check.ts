import type { Certificate } from './certificate.js';
import { Malformed } from './der.js';
import { KEY_USAGE } from './extensions.js';
import { checkIssuerValidity } from './issuer.js';
import { sameName } from './name.js';
import { checkPathKey, type PathAlgorithmPolicy } from './path-algorithms.js';
import { type PathConstraints, readPathConstraints, UNDERSTOOD_IN_PATHS } from './path-constraints.js';
import { ANY_POLICY, PolicyGraph } from './policy-graph.js';
import { checkValidity } from './validity.js';
import type { Reason, ReasonCode } from './verdict.js';

/** The policy inputs of RFC 5280 §6.1.1 (c), (e)–(g). */
export interface PolicyInput {
  /** Dotted OIDs; absent means any policy. */
  initialPolicySet?: readonly string[];
  requireExplicitPolicy?: boolean;
  inhibitPolicyMapping?: boolean;
  inhibitAnyPolicy?: boolean;
}

export interface PathCheckInput {
  /** The certificate first, the one the anchor issued last; every signature has been verified. */
  path: readonly Certificate[];
  anchor: Certificate;
  /** Milliseconds. */
  at: number;
  policy: PolicyInput;
  algorithmPolicy: PathAlgorithmPolicy;
}

export interface PathCheckResult {
  /** Operand `depth`: 0 is the certificate, 1 its issuer, and so on up to the anchor. */
  reasons: Reason[];
  /** Policies under which the path is valid, in the anchor's terms; anyPolicy where nothing narrows it. */
  validPolicies: string[];
}

/**
 * RFC 5280 §6.1.3–6.1.5 over one path, without signatures (`buildPath` verifies them) and revocation. All findings are
 * collected instead of stopping at the first.
 */
export function checkPath(input: PathCheckInput): PathCheckResult {
  const check = new PathCheck(input);
  for (let depth = input.path.length - 1; depth >= 0; depth--) check.certificate(input.path[depth]!, depth);
  return check.finish();
}

/** The state variables of RFC 5280 §6.1.2. */
class PathCheck {
  readonly #reasons: Reason[] = [];
  readonly #graph = new PolicyGraph();
  #explicitPolicy: number;
  #inhibitAnyPolicy: number;
  #policyMapping: number;
  #maxPathLength: number;

  constructor(private readonly input: PathCheckInput) {
    const n = input.path.length;
    const { requireExplicitPolicy, inhibitAnyPolicy, inhibitPolicyMapping } = input.policy;
    this.#explicitPolicy = requireExplicitPolicy ? 0 : n + 1;
    this.#inhibitAnyPolicy = inhibitAnyPolicy ? 0 : n + 1;
    this.#policyMapping = inhibitPolicyMapping ? 0 : n + 1;
    this.#maxPathLength = n;
    this.#anchor();
  }

  /**
   * An anchor given as a certificate is a name, a key and whatever constraints it states (RFC 5937 §3): an authority that
   * limits itself is taken at its word. A version 1 anchor can state none. Its certificate policies do not narrow the path.
   */
  #anchor(): void {
    const { anchor, path, at, algorithmPolicy } = this.input;
    const depth = path.length;
    for (const reason of checkIssuerValidity(anchor, at)) this.#found(reason.code, depth, reason.operands);
    const refused = checkPathKey(anchor.publicKey, algorithmPolicy);
    if (refused) this.#found(refused.code, depth, refused.operands);
    if (anchor.version === 1) return;
    this.#unknownCritical(anchor, depth);
    this.#authority(anchor, depth);
    const constraints = this.#constraints(anchor, depth);
    if (constraints) this.#constrain(constraints);
  }

  /** §6.1.3 for one certificate, then §6.1.4 unless it is the last. */
  certificate(certificate: Certificate, depth: number): void {
    const { at, algorithmPolicy } = this.input;
    const isTarget = depth === 0;
    for (const reason of isTarget ? checkValidity(certificate, at) : checkIssuerValidity(certificate, at))
      this.#found(reason.code, depth, reason.operands);
    const refused = checkPathKey(certificate.publicKey, algorithmPolicy);
    if (refused) this.#found(refused.code, depth, refused.operands);
    this.#unknownCritical(certificate, depth);

    const selfIssued = sameName(certificate.issuer, certificate.subject);
    const anyHonoured = this.#inhibitAnyPolicy > 0 || (!isTarget && selfIssued);
    this.#graph.addCertificate(certificate.extensions.certificatePolicies?.oids, anyHonoured);
    // (f)
    if (this.#explicitPolicy === 0 && this.#graph.isNull && !this.#isPolicyRefused)
      this.#found('policy_not_allowed', depth, { detail: 'explicit_policy' });
    const constraints = this.#constraints(certificate, depth);
    if (isTarget) this.#wrapUp(constraints);
    else this.#prepareNext(certificate, depth, selfIssued, constraints);
  }

  /** §6.1.4. */
  #prepareNext(
    certificate: Certificate,
    depth: number,
    selfIssued: boolean,
    constraints: PathConstraints | undefined,
  ): void {
    const mappings = constraints?.policyMappings;
    if (mappings) {
      // (a)
      if (mappings.has(ANY_POLICY) || [...mappings.values()].some((policies) => policies.has(ANY_POLICY)))
        this.#found('policy_not_allowed', depth, { detail: 'any_policy_mapped' });
      this.#graph.map(mappings, this.#policyMapping > 0);
    }
    if (!selfIssued) {
      this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
      this.#policyMapping = Math.max(0, this.#policyMapping - 1);
      this.#inhibitAnyPolicy = Math.max(0, this.#inhibitAnyPolicy - 1);
      // (l)
      if (this.#maxPathLength === 0) this.#found('path_length_exceeded', depth);
      else this.#maxPathLength--;
    }
    if (constraints) this.#constrain(constraints);
    this.#authority(certificate, depth);
  }

  /** §6.1.4 (k), (m), (n); version 2 has no extensions either. */
  #authority({ version, extensions }: Certificate, depth: number): void {
    const { basicConstraints, keyUsage } = extensions;
    if (version !== 3) this.#found('issuer_not_ca', depth, { field: 'version' });
    else if (!basicConstraints?.ca) this.#found('issuer_not_ca', depth, { field: 'basic_constraints' });
    else if (basicConstraints.pathLength !== undefined)
      this.#maxPathLength = Math.min(this.#maxPathLength, basicConstraints.pathLength);
    if (keyUsage !== undefined && (keyUsage.bits & KEY_USAGE.keyCertSign) === 0)
      this.#found('issuer_not_ca', depth, { field: 'key_usage' });
  }

  /** §6.1.4 (i), (j). */
  #constrain({ requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy }: PathConstraints): void {
    this.#explicitPolicy = Math.min(this.#explicitPolicy, requireExplicitPolicy ?? Infinity);
    this.#policyMapping = Math.min(this.#policyMapping, inhibitPolicyMapping ?? Infinity);
    this.#inhibitAnyPolicy = Math.min(this.#inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity);
  }

  /** §6.1.5 (a), (b). */
  #wrapUp(constraints: PathConstraints | undefined): void {
    this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
    if (constraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0;
  }

  /** §6.1.5 (g). */
  finish(): PathCheckResult {
    const validPolicies = this.#graph.validPolicies(this.input.policy.initialPolicySet);
    if (this.#explicitPolicy === 0 && validPolicies.length === 0 && !this.#isPolicyRefused)
      this.#found('policy_not_allowed', 0, { detail: 'no_valid_policy' });
    return { reasons: this.#reasons, validPolicies };
  }

  /** The highest certificate at which no policy was left is named; those below it have none either. */
  get #isPolicyRefused(): boolean {
    return this.#reasons.some(({ code }) => code === 'policy_not_allowed');
  }

  /** §6.1.4 (o), §6.1.5 (f). */
  #unknownCritical({ extensions }: Certificate, depth: number): void {
    for (const oid of extensions.unknownCritical)
      if (!UNDERSTOOD_IN_PATHS.has(oid)) this.#found('critical_extension_unknown', depth, { oid });
  }

  #constraints(certificate: Certificate, depth: number): PathConstraints | undefined {
    const constraints = readPathConstraints(certificate);
    if (constraints instanceof Malformed) {
      this.#found('extension_malformed', depth, { rule: constraints.rule });
      return undefined;
    }
    // Ignoring them would let an authority certify names it was not given (§6.1.4 (g)).
    if (constraints.nameConstraints) this.#found('unsupported_name_constraints', depth);
    return constraints;
  }

  #found(code: ReasonCode, depth: number, operands: Reason['operands'] = {}): void {
    this.#reasons.push({ code, operands: { ...operands, depth } });
  }
}
