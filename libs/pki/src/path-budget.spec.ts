import { describe, expect, it } from '@jest/globals';
import { certify, certifyLeaf, CHAIN_AT, ecKey, type TestIssuer } from '../../../test/support/chain.js';
import { nameDer } from '../../../test/support/pki.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { type BuiltPath, buildAndValidate, type PathBudgets } from './path-build.js';

const root = certify(undefined, 'root');

interface Options {
  anchors?: TestIssuer[];
  budgets?: Partial<PathBudgets>;
}
type Anchor = { certificate: Certificate };

function build(leaf: TestIssuer, intermediates: TestIssuer[], options: Options = {}): BuiltPath<Anchor> {
  const { anchors = [root], budgets = {} } = options;
  return buildAndValidate({
    certificate: parseCertificate(leaf.der),
    intermediates: intermediates.map((each) => parseCertificate(each.der)),
    anchors: anchors.map((anchor) => ({ certificate: parseCertificate(anchor.der) })),
    at: CHAIN_AT,
    budgets,
  });
}
const codes = (...input: Parameters<typeof build>): string[] => build(...input).reasons.map(({ code }) => code);

describe('hostile bundles end within their budget', () => {
  it('a thousand authorities of one name', () => {
    const bomb = Array.from({ length: 1000 }, (_, i) => certify(root, 'many', { key: ecKey(`many ${i % 20}`) }));
    const leaf = certifyLeaf({ ...root, name: nameDer(['CN', 'many']) });
    expect(build(leaf, bomb).reasons).toEqual([{ code: 'budget_exceeded', operands: { budget: 'signatures' } }]);
  });

  it('a mesh in which every authority certified every other', () => {
    const names = Array.from({ length: 8 }, (_, i) => `mesh ${i}`);
    const mesh = names.flatMap((subject) =>
      names
        .filter((name) => name !== subject)
        .map((name) => certify({ ...root, name: nameDer(['CN', name]), key: ecKey(name) }, subject)),
    );
    const leaf = certifyLeaf(mesh[0]!);
    expect(codes(leaf, mesh)).toEqual(['budget_exceeded']);
    expect(codes(leaf, [...mesh, certify(root, names[7]!)])).toEqual([]);
  });

  it('layers of cross-certificates below an expired root', () => {
    const expired = certify(undefined, 'root', { notAfter: '2025-02-01T00:00:00Z' });
    let above = [expired];
    const all: TestIssuer[] = [];
    for (let layer = 0; layer < 10; layer++) {
      above = above
        .flatMap((issuer) => [certify(issuer, `layer ${layer}`), certify(issuer, `layer ${layer}`)])
        .slice(0, 2);
      all.push(...above);
    }
    expect(codes(certifyLeaf(above[0]!), all, { anchors: [expired] })).toEqual(['budget_exceeded']);
  });

  it('a chain longer than the depth allowed', () => {
    const chain = [certify(root, 'link 0')];
    for (let i = 1; i < 20; i++) chain.push(certify(chain.at(-1), `link ${i}`));
    expect(build(certifyLeaf(chain[19]!), chain).reasons).toEqual([
      { code: 'budget_exceeded', operands: { budget: 'depth' } },
    ]);
    expect(codes(certifyLeaf(chain[19]!), chain, { budgets: { depth: 21 } })).toEqual([]);
  });

  it('more intermediates than are looked at', () => {
    const strangers = Array.from({ length: 3 }, (_, i) => certify(root, `stranger ${i}`));
    const budgets = { intermediates: 2 };
    expect(codes(certifyLeaf(strangers[2]!), strangers, { budgets })).toEqual(['budget_exceeded']);
    expect(codes(certifyLeaf(root), strangers, { budgets })).toEqual([]);
  });
});
