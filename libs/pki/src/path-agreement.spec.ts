import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certify, certifyLeaf, CHAIN_AT, type ChainSpec, ecKey, type TestIssuer } from '../../../test/support/chain.js';
import * as der from '../../../test/support/der-writer.js';
import { nameDer } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { buildAndValidate } from './path-build.js';
import type { PolicyInput } from './path-check.js';
import { ANY_POLICY } from './policy-graph.js';

/** The second opinion: `openssl verify -x509_strict` over a corpus drawn from a seeded generator. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'path-agreement-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pem = (certificate: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;

interface Case {
  anchor: TestIssuer;
  intermediates: TestIssuer[];
  leaf: TestIssuer;
  policy: PolicyInput;
}

function opensslAccepts({ anchor, intermediates, leaf, policy }: Case): boolean {
  const file = (name: string, ...certificates: Buffer[]): string => {
    const path = join(folder, name);
    writeFileSync(path, certificates.map(pem).join(''));
    return path;
  };
  const args = ['verify', '-x509_strict', '-attime', String(CHAIN_AT / 1000), '-no-CApath', '-no-CAstore'];
  args.push('-CAfile', file('anchor.pem', anchor.der));
  if (intermediates.length > 0) args.push('-untrusted', file('middle.pem', ...intermediates.map((each) => each.der)));
  // No set means any policy to RFC 5280 §6.1.1 (c) and the empty set to OpenSSL.
  for (const oid of policy.initialPolicySet ?? [ANY_POLICY]) args.push('-policy', oid);
  if (policy.requireExplicitPolicy) args.push('-explicit_policy');
  if (policy.inhibitAnyPolicy) args.push('-inhibit_any');
  if (policy.inhibitPolicyMapping) args.push('-inhibit_map');
  // Without one of the options above OpenSSL does not look at policies at all.
  args.push('-policy_check', file('leaf.pem', leaf.der));
  const { status, error } = spawnSync('openssl', args);
  if (error) throw error;
  return status === 0;
}

function weAccept({ anchor, intermediates, leaf, policy }: Case): boolean {
  const { reasons } = buildAndValidate({
    certificate: parseCertificate(leaf.der),
    intermediates: intermediates.map((each) => parseCertificate(each.der)),
    anchors: [{ certificate: parseCertificate(anchor.der) }],
    at: CHAIN_AT,
    policy,
  });
  return reasons.length === 0;
}

/** Numbers below `limit` in a fixed order (a linear congruential generator; Numerical Recipes §7.1). */
function draws(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 2654435761);
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const POLICIES = ['1.2.3.1', '1.2.3.2', '1.2.3.3'];
const ROOT = certify(undefined, 'corpus root');

function drawCase(seed: number): Case {
  const draw = draws(seed);
  const chance = (inverse: number): boolean => draw(inverse) === 0;
  const pick = <T>(values: readonly T[]): T => values[draw(values.length)]!;
  const somePolicies = (): string[] => [
    ...new Set([pick(POLICIES), ...(chance(2) ? [pick(POLICIES)] : []), ...(chance(3) ? [ANY_POLICY] : [])]),
  ];
  const spec = (): ChainSpec => ({
    ...(chance(8) ? {} : { policies: somePolicies() }),
    ...(chance(4) ? { mappings: [[pick(POLICIES), pick(POLICIES)]] } : {}),
    ...(chance(5) ? { requireExplicitPolicy: draw(3) } : {}),
    ...(chance(6) ? { inhibitPolicyMapping: draw(2) } : {}),
    ...(chance(6) ? { inhibitAnyPolicy: draw(2) } : {}),
    ...(chance(5) ? { basicConstraints: { pathLength: draw(3) } } : {}),
    ...(chance(20) ? { basicConstraints: { ca: false } } : {}),
    ...(chance(20) ? { keyUsage: 0b100_0000 } : {}),
    ...(chance(20) ? { notAfter: '2025-06-01T00:00:00Z' } : {}),
  });
  const chain: TestIssuer[] = [];
  for (let i = draw(4); i > 0; i--) {
    const issuer = chain.at(-1) ?? ROOT;
    const subject = chance(4) && chain.length > 0 ? issuer.name : nameDer(['CN', `authority ${chain.length}`]);
    chain.push(certify(issuer, subject, { key: ecKey(`corpus ${chain.length}`), ...spec() }));
  }
  const leaf = certifyLeaf(chain.at(-1) ?? ROOT, 'leaf', chance(6) ? {} : { policies: somePolicies() });
  const policy: PolicyInput = {
    ...(chance(2) ? { initialPolicySet: [pick(POLICIES), ...(chance(4) ? [ANY_POLICY] : [])] } : {}),
    requireExplicitPolicy: chance(2),
    inhibitAnyPolicy: chance(5),
    inhibitPolicyMapping: chance(5),
  };
  return { anchor: ROOT, intermediates: chain, leaf, policy };
}

describe('OpenSSL and this library', () => {
  it('agree on a drawn corpus of chains with policies, mappings, lengths and faults', () => {
    const seeds = Array.from({ length: 150 }, (_, seed) => seed + 1);
    const differing = seeds.filter((seed) => {
      const drawn = drawCase(seed);
      return weAccept(drawn) !== opensslAccepts(drawn);
    });
    expect(differing).toEqual([]);
    // The corpus is worth something only while it has both kinds.
    const accepted = seeds.filter((seed) => weAccept(drawCase(seed))).length;
    expect(accepted).toBeGreaterThan(30);
    expect(accepted).toBeLessThan(120);
  });

  /** Each is in docs/conformance.md with its reason; one that vanishes is to be taken out there. */
  it.each<[string, () => Case, { ours: boolean; openssl: boolean }]>([
    [
      'name constraints, which we do not evaluate',
      () => {
        const value = der.sequence(der.explicit(0, der.sequence(der.implicit(2, Buffer.from('example.com')))));
        const middle = certify(ROOT, 'middle', { more: [{ oid: '2.5.29.30', critical: true, value }] });
        return { anchor: ROOT, intermediates: [middle], leaf: certifyLeaf(middle), policy: {} };
      },
      { ours: false, openssl: true },
    ],
    [
      'a key identifier that names another key, which to us is a hint only',
      () => {
        const middle = certify(ROOT, 'middle');
        const leaf = certifyLeaf({ ...middle, key: { ...middle.key, keyId: Buffer.alloc(20, 7) } });
        return { anchor: ROOT, intermediates: [middle], leaf, policy: {} };
      },
      { ours: true, openssl: false },
    ],
  ])('differ on %s', (_why, make, { ours, openssl }) => {
    const made = make();
    expect({ ours: weAccept(made), openssl: opensslAccepts(made) }).toEqual({ ours, openssl });
  });
});
