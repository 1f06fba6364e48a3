import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, sign } from 'node:crypto';
import { certify, certifyLeaf, CHAIN_AT, type ChainSpec, ecKey, type TestIssuer } from '../../../test/support/chain.js';
import * as der from '../../../test/support/der-writer.js';
import { nameDer, rsaKey } from '../../../test/support/pki.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { type BuiltPath, buildAndValidate } from './path-build.js';

interface Options {
  at?: number;
  anchors?: TestIssuer[];
}
type Anchor = { certificate: Certificate };

const root = certify(undefined, 'root');
/** Signs as the root with another key, whose identifier is the root's. */
const forged = { ...root, key: { ...root.key, privateKey: ecKey('intruder').privateKey } };
function build(leaf: TestIssuer, intermediates: TestIssuer[], options: Options = {}): BuiltPath<Anchor> {
  const { at = CHAIN_AT, anchors = [root] } = options;
  return buildAndValidate({
    certificate: parseCertificate(leaf.der),
    intermediates: intermediates.map((each) => parseCertificate(each.der)),
    anchors: anchors.map((anchor) => ({ certificate: parseCertificate(anchor.der) })),
    at,
  });
}
const codes = (...input: Parameters<typeof build>): string[] => build(...input).reasons.map(({ code }) => code);
const faults = (...input: Parameters<typeof build>): string[] =>
  build(...input).reasons.map(({ code, operands }) => `${code}@${operands?.['depth'] ?? '-'}`);

/** A leaf under one intermediate of the given shape. */
const under = (spec: ChainSpec, subject: string | Buffer = 'middle'): [TestIssuer, TestIssuer[]] => {
  const middle = certify(root, subject, spec);
  return [certifyLeaf(middle), [middle]];
};

describe('a path is valid', () => {
  it('from the anchor straight to the certificate', () => {
    const { path, anchor, reasons } = build(certifyLeaf(root), []);
    expect(reasons).toEqual([]);
    expect(path).toHaveLength(1);
    expect(Buffer.from(anchor!.certificate.raw)).toEqual(root.der);
  });

  it('over five authorities given in reverse among strangers', () => {
    const chain: TestIssuer[] = [];
    for (let i = 0; i < 5; i++) chain.push(certify(chain.at(-1) ?? root, `level ${i}`));
    const strangers = [certify(undefined, 'stranger'), certify(certify(undefined, 'foreign'), 'level 4')];
    const { path, reasons } = build(certifyLeaf(chain[4]!), [...strangers, ...chain.reverse()]);
    expect(reasons).toEqual([]);
    expect(path).toHaveLength(6);
  });

  it('when the certificate is itself the anchor', () => expect(codes(root, [])).toEqual([]));
  it('when the authority’s key usage is absent', () => expect(codes(...under({ keyUsage: null }))).toEqual([]));
  it('when basic constraints are not critical', () =>
    expect(codes(...under({ basicConstraints: { critical: false } }))).toEqual([]));
  it('when the anchor has version 1 and so is a name and a key', () => {
    const old = certify(undefined, 'old root', { omit: ['version', 'extensions'] });
    expect(codes(certifyLeaf(old), [], { anchors: [old] })).toEqual([]);
  });
  it('when the certificate has version 1', () =>
    expect(codes(certifyLeaf(root, 'leaf', { omit: ['version', 'extensions'] }), [])).toEqual([]));

  it.each([
    ['PrintableString for UTF8String', der.printable('Middle Authority')],
    ['another case', der.utf8('MIDDLE authority')],
    ['repeated and outer spaces', der.utf8(' Middle   Authority ')],
    ['a BMPString', der.tlv(0x1e, Buffer.from('Middle Authority', 'utf16le').swap16())],
  ])('when names differ only in %s', (_why, value) => {
    const middle = certify(root, nameDer(['CN', 'Middle Authority']));
    const issuer = der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), value)));
    expect(codes(certifyLeaf(middle, 'leaf', { issuer }), [middle])).toEqual([]);
  });

  it.each(['P-256', 'P-384', 'P-521'])('with an authority key on %s', (curve) => {
    expect(codes(...under({ key: ecKey('curve', curve) }))).toEqual([]);
  });
  it('with an RSA authority', () => expect(codes(...under({ key: rsaKey('middle') }))).toEqual([]));
  it('with an Ed25519 authority', () => {
    const pair = generateKeyPairSync('ed25519');
    const key = { ...pair, spki: pair.publicKey.export({ type: 'spki', format: 'der' }), keyId: Buffer.alloc(20, 1) };
    const middle = certify(root, 'edwards', { key });
    const spec = {
      innerAlgorithm: der.sequence(der.oid('1.3.101.112')),
      sign: (tbs: Buffer) => sign(null, tbs, pair.privateKey),
    };
    expect(codes(certifyLeaf(middle, 'leaf', spec), [middle])).toEqual([]);
  });
});

describe('roll-over of an authority’s key', () => {
  const old = certify(undefined, 'rolling', { key: ecKey('old') });
  const renewed = certify(undefined, 'rolling', { key: ecKey('new') });
  const newWithOld = certify(old, old.name, { key: ecKey('new') });
  const oldWithNew = certify(renewed, old.name, { key: ecKey('old') });

  it('new-with-old leads from the old anchor to a certificate of the new key', () => {
    const { path, reasons } = build(certifyLeaf(renewed), [newWithOld], { anchors: [old] });
    expect(reasons).toEqual([]);
    expect(path).toHaveLength(2);
  });
  it('old-with-new leads from the new anchor to a certificate of the old key', () =>
    expect(codes(certifyLeaf(old), [oldWithNew], { anchors: [renewed] })).toEqual([]));
  it('both cross-certificates together make no loop', () =>
    expect(codes(certifyLeaf(old), [oldWithNew, newWithOld], { anchors: [root] })).toEqual(['issuer_unknown']));
  it('a self-issued certificate does not count for the path length', () => {
    const limited = certify(undefined, 'rolling', { key: ecKey('old'), basicConstraints: { pathLength: 0 } });
    expect(codes(certifyLeaf(renewed), [newWithOld], { anchors: [limited] })).toEqual([]);
  });
});

describe('several ways lead up', () => {
  const expired = { notBefore: '2020-01-01T00:00:00Z', notAfter: '2021-01-01T00:00:00Z' };
  const key = ecKey('crossed');
  const valid = certify(root, 'crossed', { key });

  it.each<[string, ChainSpec]>([
    ['has expired', expired],
    ['is no CA', { basicConstraints: { ca: false } }],
    ['leads to an unknown root', { issuer: nameDer(['CN', 'nowhere']) }],
  ])('and the one that %s is passed over', (_why, spec) =>
    expect(codes(certifyLeaf(valid), [certify(root, 'crossed', { key, ...spec }), valid])).toEqual([]),
  );

  it('and a wrong key identifier only makes an issuer the last to be tried', () => {
    const middle = certify(root, 'hinted');
    const leaf = certifyLeaf({ ...middle, key: { ...middle.key, keyId: Buffer.alloc(20, 7) } });
    expect(codes(leaf, [middle])).toEqual([]);
  });

  it('and the findings are those of the path nearest to being valid', () => {
    const worse = certify(root, 'crossed', { key, ...expired, basicConstraints: null });
    const nearer = certify(root, 'crossed', { key, ...expired });
    expect(faults(certifyLeaf(valid), [worse, nearer])).toEqual(['issuer_expired@1']);
  });

  it('and a further condition can turn one of them down', () => {
    const other = certify(root, 'crossed', { key });
    const seen: number[] = [];
    const { path } = buildAndValidate({
      certificate: parseCertificate(certifyLeaf(valid).der),
      intermediates: [valid, other].map((each) => parseCertificate(each.der)),
      anchors: [{ certificate: parseCertificate(root.der) }],
      at: CHAIN_AT,
      examine: (found) => (seen.push(found.length) === 1 ? [{ code: 'revoked' }] : []),
    });
    expect(seen).toEqual([2, 2]);
    expect(Buffer.from(path![1]!.raw)).toEqual(other.der);
  });
});

describe('a path is refused when', () => {
  const deep = (top: ChainSpec, below: number): [TestIssuer, TestIssuer[]] => {
    const chain = [certify(root, 'top', top)];
    for (let i = 0; i < below; i++) chain.push(certify(chain.at(-1), `below ${i}`));
    return [certifyLeaf(chain.at(-1)!), chain];
  };
  const extension = (oid: string, value: Buffer, critical = true): ChainSpec => ({ more: [{ oid, critical, value }] });

  it.each<[string, [TestIssuer, TestIssuer[], Options?], string]>([
    ['nobody has the issuer’s name', [certifyLeaf(certify(undefined, 'unknown')), []], 'issuer_unknown@0'],
    [
      'the chain ends at a root that is no anchor',
      (() => {
        const other = certify(undefined, 'other root');
        const middle = certify(other, 'other middle');
        return [certifyLeaf(middle), [middle, other]];
      })(),
      'issuer_unknown@2',
    ],
    ['names differ in a letter', [certifyLeaf({ ...root, name: nameDer(['CN', 'r0ot']) }), []], 'issuer_unknown@0'],
    [
      'the issuer has no name',
      (() => {
        const nameless = certify(undefined, der.sequence());
        return [certifyLeaf(nameless), [], { anchors: [nameless] }];
      })(),
      'issuer_unknown@0',
    ],
    ['another key signed the certificate', [certifyLeaf(forged), []], 'issuer_signature_invalid@0'],
    [
      'another key signed the authority’s certificate',
      (() => {
        const middle = certify(forged, 'middle');
        return [certifyLeaf(middle), [middle]];
      })(),
      'issuer_signature_invalid@1',
    ],
    ['basic constraints are absent', under({ basicConstraints: null }), 'issuer_not_ca@1'],
    ['basic constraints say no CA', under({ basicConstraints: { ca: false } }), 'issuer_not_ca@1'],
    ['the authority may not sign certificates', under({ keyUsage: 0b100_0000 }), 'issuer_not_ca@1'],
    ['the authority’s certificate has version 1', under({ omit: ['version', 'extensions'] }), 'issuer_not_ca@1'],
    ['the authority has expired', under({ notAfter: '2025-06-01T00:00:00Z' }), 'issuer_expired@1'],
    ['the authority is not valid yet', under({ notBefore: '2027-01-01T00:00:00Z' }), 'issuer_not_yet_valid@1'],
    [
      'path length 0 has one authority below it',
      deep({ basicConstraints: { pathLength: 0 } }, 1),
      'path_length_exceeded@1',
    ],
    [
      'path length 2 has three authorities below it',
      deep({ basicConstraints: { pathLength: 2 } }, 3),
      'path_length_exceeded@1',
    ],
    [
      'an authority’s critical extension is unknown',
      under(extension('1.2.3.4', der.nul())),
      'critical_extension_unknown@1',
    ],
    [
      'the certificate’s critical extension is unknown',
      [certifyLeaf(root, 'leaf', extension('1.2.3.4', der.nul())), []],
      'critical_extension_unknown@0',
    ],
    ['policy constraints are empty', under(extension('2.5.29.36', der.sequence())), 'extension_malformed@1'],
    ['inhibitAnyPolicy is negative', under(extension('2.5.29.54', der.integer(-1))), 'extension_malformed@1'],
    [
      'the certificate has expired',
      [certifyLeaf(root, 'leaf', { notAfter: '2025-06-01T00:00:00Z' }), []],
      'certificate_expired@0',
    ],
    [
      'the certificate’s key is RSA of 1024 bits',
      [certifyLeaf(root, 'leaf', { key: rsaKey('short', 1024) }), []],
      'key_refused@0',
    ],
    ['the curve is not accepted', under({ key: ecKey('curve', 'secp256k1') }), 'key_refused@1'],
    [
      'the two statements of the signature algorithm differ',
      [certifyLeaf(root, 'leaf', { outerAlgorithm: der.sequence(der.oid('1.2.840.10045.4.3.3')) }), []],
      'algorithm_mismatch@0',
    ],
    [
      'the signature rests on SHA-1',
      (() => {
        const innerAlgorithm = der.sequence(der.oid('1.2.840.10045.4.1'));
        return [certifyLeaf(root, 'leaf', { innerAlgorithm }), []];
      })(),
      'algorithm_refused@0',
    ],
    [
      'the signature algorithm is for another kind of key',
      [certifyLeaf(root, 'leaf', { innerAlgorithm: der.sequence(der.oid('1.3.101.112')) }), []],
      'issuer_signature_invalid@0',
    ],
    [
      'an ECDSA identifier has parameters',
      [certifyLeaf(root, 'leaf', { innerAlgorithm: der.sequence(der.oid('1.2.840.10045.4.3.2'), der.nul()) }), []],
      'algorithm_refused@0',
    ],
  ])('%s', (_why, input, fault) => expect(faults(...input)).toEqual([fault]));

  it('path length 2 has two authorities below it: it is not', () =>
    expect(codes(...deep({ basicConstraints: { pathLength: 2 } }, 2))).toEqual([]));
  it('there is no anchor', () => expect(codes(certifyLeaf(root), [], { anchors: [] })).toEqual(['issuer_unknown']));

  it.each<[string, ChainSpec, string]>([
    ['has expired', { notAfter: '2025-06-01T00:00:00Z' }, 'issuer_expired@1'],
    ['has version 3 and does not say that it is a CA', { basicConstraints: null }, 'issuer_not_ca@1'],
    ['may not sign certificates', { keyUsage: 0b100_0000 }, 'issuer_not_ca@1'],
    ['has an unknown critical extension', extension('1.2.3.4', der.nul()), 'critical_extension_unknown@1'],
  ])('the anchor %s', (_why, spec, fault) => {
    const anchor = certify(undefined, 'limited root', spec);
    expect(faults(certifyLeaf(anchor), [], { anchors: [anchor] })).toEqual([fault]);
  });
});

describe('name constraints are undecided, never ignored', () => {
  const value = der.sequence(der.explicit(0, der.sequence(der.implicit(2, Buffer.from('example.com')))));
  it.each([true, false])('in an authority, critical: %s', (critical) =>
    expect(faults(...under({ more: [{ oid: '2.5.29.30', critical, value }] }))).toEqual([
      'unsupported_name_constraints@1',
    ]),
  );
  it('in the anchor', () => {
    const anchor = certify(undefined, 'constrained', { more: [{ oid: '2.5.29.30', value }] });
    expect(faults(certifyLeaf(anchor), [], { anchors: [anchor] })).toEqual(['unsupported_name_constraints@1']);
  });
  it('and another path without them is taken', () => {
    const [leaf, [constrained]] = under({ more: [{ oid: '2.5.29.30', value }] });
    expect(codes(leaf, [constrained!, certify(root, 'middle')])).toEqual([]);
  });
});
