import { describe, expect, it } from '@jest/globals';
import { certify, certifyLeaf, CHAIN_AT, type ChainSpec, type TestIssuer } from '../../../test/support/chain.js';
import { parseCertificate } from './certificate.js';
import { buildAndValidate } from './path-build.js';
import type { PolicyInput } from './path-check.js';
import { ANY_POLICY, PolicyGraph } from './policy-graph.js';

const A = '1.2.3.1';
const B = '1.2.3.2';
const C = '1.2.3.3';
const ANY = ANY_POLICY;
const root = certify(undefined, 'root');

/** The anchor issues the first, that one the next; the last is the leaf. `self` repeats the subject above it. */
type Link = ChainSpec & { self?: true };
function validate(links: Link[], policy: PolicyInput = {}, anchor: TestIssuer = root) {
  const chain: TestIssuer[] = [];
  for (const [i, { self, ...spec }] of links.entries()) {
    const issuer = chain.at(-1) ?? anchor;
    if (i === links.length - 1) chain.push(certifyLeaf(issuer, 'leaf', spec));
    // A key of its own, as after a roll-over.
    else
      chain.push(
        certify(
          issuer,
          self ? issuer.name : `authority ${i}`,
          self ? { ...spec, key: certify(undefined, `rolled ${i}`).key } : spec,
        ),
      );
  }
  const leaf = chain.pop()!;
  const { reasons, validPolicies } = buildAndValidate({
    certificate: parseCertificate(leaf.der),
    intermediates: chain.map((each) => parseCertificate(each.der)),
    anchors: [{ certificate: parseCertificate(anchor.der) }],
    at: CHAIN_AT,
    policy,
  });
  return {
    faults: reasons.map(({ code, operands }) => `${code}:${operands?.['detail']}@${operands?.['depth']}`),
    validPolicies,
  };
}
const explicit: PolicyInput = { requireExplicitPolicy: true };
const only = (...initialPolicySet: string[]): PolicyInput => ({ ...explicit, initialPolicySet });
const p = (...policies: string[]): Link => ({ policies });

describe('the path is valid under', () => {
  it.each<[string, Link[], PolicyInput, string[]]>([
    ['the policy that all state', [p(A), p(A)], explicit, [A]],
    ['what all have in common', [p(A, B), p(B, C)], explicit, [B]],
    ['what anyPolicy lets through', [p(ANY), p(A, B)], explicit, [A, B]],
    ['what the authority stated before anyPolicy in the certificate', [p(A), p(ANY)], explicit, [A]],
    ['any policy', [p(ANY), p(ANY)], explicit, [ANY]],
    ['the one of the initial set', [p(A, B), p(A, B)], only(B), [B]],
    ['the initial set when anyPolicy goes all the way', [p(ANY), p(ANY)], only(A, C), [A, C]],
    ['nothing, when nothing is required', [p(A), p(B)], {}, []],
    ['nothing, when no certificate states a policy', [{}, {}], {}, []],
    [
      'nothing, when the initial set asks for another and none is required',
      [p(A), p(A)],
      { initialPolicySet: [B] },
      [],
    ],
    ['the anchor’s name of a mapped policy', [{ policies: [A], mappings: [[A, B]] }, p(B)], explicit, [A]],
    [
      'both names a policy is mapped from',
      [
        {
          policies: [A, C],
          mappings: [
            [A, B],
            [C, B],
          ],
        },
        p(B),
      ],
      explicit,
      [A, C],
    ],
    ['a mapping over anyPolicy', [{ policies: [ANY], mappings: [[A, B]] }, p(B)], only(A), [A]],
    [
      'a mapping over two authorities',
      [{ policies: [A], mappings: [[A, B]] }, { policies: [B], mappings: [[B, C]] }, p(C)],
      only(A),
      [A],
    ],
  ])('%s', (_why, links, policy, policies) =>
    expect(validate(links, policy)).toEqual({ faults: [], validPolicies: policies }),
  );
});

describe('the path is refused because', () => {
  it.each<[string, Link[], PolicyInput, string]>([
    ['a policy is required and none is stated', [{}, {}], explicit, 'explicit_policy@1'],
    ['a policy is required and the certificate states none', [p(A), {}], explicit, 'explicit_policy@0'],
    ['a policy is required and they have none in common', [p(A), p(B)], explicit, 'explicit_policy@0'],
    ['the initial set has another', [p(A), p(A)], only(B), 'no_valid_policy@0'],
    ['the initial set is empty', [p(ANY), p(A)], only(), 'no_valid_policy@0'],
    [
      'anyPolicy is inhibited from the start',
      [p(ANY), p(A)],
      { ...explicit, inhibitAnyPolicy: true },
      'explicit_policy@1',
    ],
    [
      'anyPolicy is inhibited by the authority',
      [{ policies: [A], inhibitAnyPolicy: 0 }, p(ANY)],
      explicit,
      'explicit_policy@0',
    ],
    [
      'the authority requires a policy at once',
      [{ policies: [A], requireExplicitPolicy: 0 }, p(B)],
      {},
      'explicit_policy@0',
    ],
    [
      'the authority requires one of the second below it',
      [{ policies: [A], requireExplicitPolicy: 1 }, p(A), p(B)],
      {},
      'explicit_policy@0',
    ],
    [
      'the certificate requires one of itself',
      [p(A), { policies: [B], requireExplicitPolicy: 0 }],
      {},
      'no_valid_policy@0',
    ],
    [
      'a mapped policy goes on under its old name',
      [{ policies: [A], mappings: [[A, B]] }, p(A)],
      explicit,
      'explicit_policy@0',
    ],
    [
      'mapping is inhibited from the start',
      [{ policies: [A], mappings: [[A, B]] }, p(B)],
      { ...explicit, inhibitPolicyMapping: true },
      'explicit_policy@0',
    ],
    [
      'mapping is inhibited by the authority above',
      [{ policies: [A], inhibitPolicyMapping: 0 }, { policies: [A], mappings: [[A, B]] }, p(B)],
      explicit,
      'explicit_policy@0',
    ],
    ['anyPolicy is mapped', [{ policies: [ANY], mappings: [[ANY, B]] }, p(B)], {}, 'any_policy_mapped@1'],
    ['a policy is mapped to anyPolicy', [{ policies: [A], mappings: [[A, ANY]] }, p(B)], {}, 'any_policy_mapped@1'],
  ])('%s', (_why, links, policy, fault) =>
    expect(validate(links, policy).faults).toEqual([`policy_not_allowed:${fault}`]),
  );
});

describe('self-issued certificates', () => {
  it('do not use up the count to an explicit policy', () => {
    expect(validate([{ policies: [A], requireExplicitPolicy: 3 }, { ...p(A), self: true }, p(A), p(B)]).faults).toEqual(
      [],
    );
    expect(validate([{ policies: [A], requireExplicitPolicy: 2 }, { ...p(A), self: true }, p(A), p(B)]).faults).toEqual(
      ['policy_not_allowed:no_valid_policy@0'],
    );
  });
  it('may state anyPolicy where it is inhibited', () =>
    expect(
      validate([{ policies: [A], inhibitAnyPolicy: 0 }, { ...p(ANY), self: true }, p(A)], explicit).faults,
    ).toEqual([]));
  it('except at the end of the path', () => {
    const authority = certify(undefined, 'own', { policies: [A], inhibitAnyPolicy: 0 });
    const leaf = certifyLeaf(authority, 'x', { subject: authority.name, policies: [ANY] });
    const { reasons } = buildAndValidate({
      certificate: parseCertificate(leaf.der),
      intermediates: [],
      anchors: [{ certificate: parseCertificate(authority.der) }],
      at: CHAIN_AT,
      policy: explicit,
    });
    expect(reasons.map(({ code }) => code)).toEqual(['policy_not_allowed']);
  });
});

describe('constraints that the anchor states itself', () => {
  it('hold for its path', () => {
    const anchor = certify(undefined, 'strict root', { requireExplicitPolicy: 0 });
    expect(validate([p(A), p(B)], {}, anchor).faults).toEqual(['policy_not_allowed:explicit_policy@0']);
  });
  it('but its own policies do not narrow it', () => {
    const anchor = certify(undefined, 'narrow root', { policies: [C] });
    expect(validate([p(A), p(A)], explicit, anchor).validPolicies).toEqual([A]);
  });
});

describe('the policy graph', () => {
  it('stays small where a tree would double at every certificate', () => {
    const graph = new PolicyGraph();
    const both = new Map([A, B].map((from) => [from, new Set([A, B])]));
    for (let i = 0; i < 1000; i++) {
      graph.addCertificate([A, B], false);
      graph.map(both, true);
    }
    graph.addCertificate([A], false);
    expect(graph.validPolicies()).toEqual([A, B]);
  });
  it('once null stays null', () => {
    const graph = new PolicyGraph();
    graph.addCertificate(undefined, true);
    graph.addCertificate([ANY], true);
    expect(graph.isNull).toBe(true);
    expect(graph.validPolicies([A])).toEqual([]);
  });
});
