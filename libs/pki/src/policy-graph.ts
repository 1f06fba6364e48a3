/** The policy that stands for every other (RFC 5280 §4.2.1.4). */
export const ANY_POLICY = '2.5.29.32.0';

interface PolicyNode {
  policy: string;
  /** Policies of the next certificate that count as this one. */
  expected: ReadonlySet<string>;
  parents: readonly PolicyNode[];
}
type Level = Map<string, PolicyNode>;

const node = (policy: string, parents: readonly PolicyNode[]): PolicyNode => ({
  policy,
  expected: new Set([policy]),
  parents,
});

/**
 * The valid policies of a path. RFC 5280 §6.1.2 (a) grows a tree, which mappings can make exponential; this is the graph of
 * RFC 9618 §5 with the same result, in which a level has each policy once. Its size is bounded by the number of policies
 * and mappings a certificate may carry. Policy qualifiers are not kept.
 */
export class PolicyGraph {
  readonly #levels: Level[] = [new Map([[ANY_POLICY, node(ANY_POLICY, [])]])];

  /** No policy is valid for the certificates so far; no later one can change that. */
  get isNull(): boolean {
    return this.#last.size === 0;
  }

  get #last(): Level {
    return this.#levels.at(-1)!;
  }

  /**
   * RFC 5280 §6.1.3 (d), (e) as amended by RFC 9618 §5.2.
   * @param policies of the next certificate; absent when it has no such extension
   * @param anyPolicyHonoured whether anyPolicy among them counts
   */
  addCertificate(policies: readonly string[] | undefined, anyPolicyHonoured: boolean): void {
    const above = this.#last;
    const level: Level = new Map();
    this.#levels.push(level);
    if (policies === undefined) return;
    const expecting = new Map<string, PolicyNode[]>();
    for (const each of above.values())
      for (const policy of each.expected) {
        const nodes = expecting.get(policy);
        if (nodes) nodes.push(each);
        else expecting.set(policy, [each]);
      }
    const any = above.get(ANY_POLICY);
    for (const policy of policies) {
      if (policy === ANY_POLICY) continue;
      const parents = expecting.get(policy) ?? (any ? [any] : undefined);
      if (parents) level.set(policy, node(policy, parents));
    }
    if (!anyPolicyHonoured || !policies.includes(ANY_POLICY)) return;
    for (const [policy, parents] of expecting) if (!level.has(policy)) level.set(policy, node(policy, parents));
  }

  /** RFC 5280 §6.1.4 (b), for the certificate added last; `allowed` is whether policy_mapping is above 0. */
  map(mappings: ReadonlyMap<string, ReadonlySet<string>>, allowed: boolean): void {
    const level = this.#last;
    const anyAbove = this.#levels.at(-2)?.get(ANY_POLICY);
    for (const [issuerDomain, expected] of mappings) {
      if (!allowed) level.delete(issuerDomain);
      else {
        const known = level.get(issuerDomain);
        if (known) known.expected = expected;
        else if (level.has(ANY_POLICY) && anyAbove)
          level.set(issuerDomain, { policy: issuerDomain, expected, parents: [anyAbove] });
      }
    }
  }

  /**
   * The policies, named as the anchor's side names them, under which the path is valid (RFC 9618 §5.4 (g)).
   * @param initial user-initial-policy-set; absent means any policy
   */
  validPolicies(initial?: readonly string[]): string[] {
    const found = new Set<string>();
    if (this.#last.has(ANY_POLICY)) found.add(ANY_POLICY);
    let kept: Iterable<PolicyNode> = this.#last.values();
    for (let depth = this.#levels.length - 1; depth > 0; depth--) {
      // Only nodes that reach the last level count (§6.1.3 (d)(3)).
      const parents = new Set<PolicyNode>();
      for (const each of kept)
        for (const parent of each.parents) {
          parents.add(parent);
          if (parent.policy === ANY_POLICY && each.policy !== ANY_POLICY) found.add(each.policy);
        }
      kept = parents;
    }
    if (initial === undefined || initial.includes(ANY_POLICY)) return [...found];
    return initial.filter((policy) => found.has(ANY_POLICY) || found.has(policy));
  }
}
