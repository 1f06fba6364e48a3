import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sign } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { certify, certifyLeaf, CHAIN_AT } from '../../../test/support/chain.js';
import { rsaKey } from '../../../test/support/pki.js';
import { runBatch } from './inspect-batch.js';
import { JSON_BOUNDS } from './inspect-bounds.js';
import { readTime } from './inspect-request.js';

const root = certify(undefined, 'root');
const middle = certify(root, 'middle');
const leaf = certifyLeaf(middle, 'leaf', { key: rsaKey('leaf') });
const base64 = (der: Buffer): string => der.toString('base64');
const content = Buffer.from('agreed');
const signature = {
  format: 'raw',
  padding: 'pkcs1_v15',
  digest_algorithm: 'sha256',
  content: base64(content),
  signature: base64(sign('sha256', content, rsaKey('leaf').privateKey)),
};
const REQUEST = {
  id: 'a',
  anchors: [base64(root.der)],
  intermediates: [base64(middle.der)],
  certificate: base64(leaf.der),
  crls: [] as string[],
  at: new Date(CHAIN_AT).toISOString() as string | number,
  policy: {},
  revocation: 'none',
};

interface Answer {
  id: unknown;
  outcome: string;
  reason: { code: string; operands: Record<string, unknown> } | null;
  checks: unknown[];
}

/** What a batch answers to these octets, fed in pieces of the given size. */
async function answer(input: string | Buffer, options: { piece?: number; maxLine?: number } = {}): Promise<Answer[]> {
  const bytes = Buffer.from(input);
  const piece = options.piece ?? 65_536;
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, i) =>
    bytes.subarray(i * piece, (i + 1) * piece),
  );
  const out: Buffer[] = [];
  // A reader slower than the batch, so that back-pressure is met.
  const output = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => {
      out.push(chunk);
      setImmediate(done);
    },
  });
  const faults: unknown[] = [];
  await runBatch(Readable.from(pieces), output, (error) => faults.push(error), options.maxLine);
  expect(faults).toEqual([]);
  const text = Buffer.concat(out).toString();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer);
}
const lines = (...requests: object[]): string => requests.map((request) => JSON.stringify(request)).join('\n');
const codeOf = async (change: object): Promise<string | undefined> =>
  (await answer(lines({ ...REQUEST, ...change })))[0]!.reason?.code;

describe('a batch', () => {
  it.each([1, 7, 100_000])('answers each line under its id, in pieces of %d octets', async (piece) => {
    const requests = [REQUEST, { ...REQUEST, id: 7, revocation: 'crl' }, { ...REQUEST, id: 'c', anchors: [] }];
    const answers = await answer(`\r\n${lines(...requests)}\n\n`, { piece });
    expect(answers.map(({ id, outcome, reason }) => [id, outcome, reason?.code ?? null])).toEqual([
      ['a', 'valid', null],
      [7, 'indeterminate', 'revocation_unavailable'],
      ['c', 'invalid', 'issuer_unknown'],
    ]);
  });

  it('answers nothing to nothing', async () => expect(await answer('\n \n')).toEqual([]));
  it('verifies a signature', async () => {
    expect(await codeOf({ signature })).toBeUndefined();
    expect(await codeOf({ signature: { ...signature, content: base64(Buffer.from('forged')) } })).toBe(
      'signature_mismatch',
    );
  });
  it('takes null for what is absent', async () =>
    expect(await codeOf({ signature: null, policy: null, ocsp: null, profile: null, crls: null })).toBeUndefined());
  it('takes anyPolicy by name', async () =>
    expect(await codeOf({ policy: { initialPolicySet: ['anyPolicy'] } })).toBeUndefined());
});

describe('a line that is no request', () => {
  it.each<[string, string, string]>([
    ['is no JSON', '{', 'not_json'],
    ['is not UTF-8', '\xff', 'not_json'],
    ['is a list', '[]', 'bad_field'],
    ['is null', 'null', 'bad_field'],
    ['nests without end', '['.repeat(1e6), 'too_deep'],
    ['has more values than any request', `[${'0,'.repeat(JSON_BOUNDS.tokens + 1)}0]`, 'too_many_tokens'],
    ['hides its values behind a string', `["\\\\",${'[],'.repeat(JSON_BOUNDS.tokens)}0]`, 'too_many_tokens'],
  ])('%s', async (_why, line, rule) => {
    const [malformed, next] = await answer(`${line}\n${lines(REQUEST)}`);
    expect(malformed).toMatchObject({ id: null, outcome: 'indeterminate', reason: { code: 'request_malformed' } });
    expect(malformed!.reason!.operands['rule']).toBe(rule);
    expect(next!.outcome).toBe('valid');
  });

  it('is longer than allowed', async () => {
    const long = lines({ ...REQUEST, comment: 'x'.repeat(20_000) });
    const answers = await answer(`${long}\n${lines(REQUEST)}`, { maxLine: 10_000, piece: 512 });
    expect(answers.map(({ reason }) => reason?.operands['rule'])).toEqual(['line_too_long', undefined]);
  });

  it.each<[string, object]>([
    ['has no certificate', { certificate: undefined }],
    ['has no anchors', { anchors: undefined }],
    ['does not say how revocation is checked', { revocation: undefined }],
    ['misspells a restriction', { policy: { requireExplicitPolicies: true } }],
    ['has a policy that is no OID', { policy: { initialPolicySet: ['1.2.x'] } }],
    ['has a time without zone', { at: '2026-01-15T00:00:00' }],
    ['has no time', { at: undefined }],
    ['has content and digest', { signature: { ...signature, digest: 'AAAA' } }],
    ['has neither content nor digest', { signature: { ...signature, content: undefined } }],
    ['has a signature that is no base64', { signature: { ...signature, signature: '*' } }],
  ])('%s', async (_why, change) => {
    const [malformed] = await answer(lines({ ...REQUEST, ...change }));
    expect(malformed).toMatchObject({ id: 'a', reason: { code: 'request_malformed' } });
  });
});

describe('a certificate that cannot be read', () => {
  it.each([
    ['no base64', '****', 'bad_base64'],
    ['empty', '', 'missing_element'],
    ['cut off', base64(leaf.der.subarray(0, 30)), 'truncated'],
  ])('is invalid: %s', async (_why, certificate, rule) => {
    const [malformed] = await answer(lines({ ...REQUEST, certificate }));
    expect(malformed).toMatchObject({
      id: 'a',
      outcome: 'invalid',
      reason: { code: 'malformed', operands: { structure: 'certificate', rule } },
    });
  });
});

describe('whatever a line holds', () => {
  const whole = Buffer.from(lines({ ...REQUEST, signature, revocation: 'crl', crls: [base64(root.der)] }));
  const mutated = fc
    .array(
      fc.tuple(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }).filter((octet) => octet !== 0x0a),
      ),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    .map((changes) => {
      const line = Buffer.from(whole);
      for (const [at, octet] of changes) line[at] = octet;
      return line;
    });
  /** A byte of DER changed inside its base64. */
  const flipped = fc
    .tuple(fc.constantFrom('certificate', 'anchor', 'intermediate'), fc.nat(2000), fc.integer({ min: 1, max: 255 }))
    .map(([which, at, mask]) => {
      const flip = (der: Buffer): string => {
        const copy = Buffer.from(der);
        copy[at % der.length]! ^= mask;
        return base64(copy);
      };
      return Buffer.from(
        lines({
          ...REQUEST,
          certificate: which === 'certificate' ? flip(leaf.der) : REQUEST.certificate,
          anchors: which === 'anchor' ? [flip(root.der)] : REQUEST.anchors,
          intermediates: which === 'intermediate' ? [flip(middle.der)] : REQUEST.intermediates,
        }),
      );
    });

  it('it has exactly one answer, and a mutated certificate is never valid', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, flipped), async (line) => {
        const answers = await answer(line);
        expect(answers).toHaveLength(1);
        expect(['valid', 'invalid', 'indeterminate']).toContain(answers[0]!.outcome);
      }),
      { numRuns: 500 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(leaf.der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const copy = Buffer.from(leaf.der);
        copy[at]! ^= mask;
        expect((await answer(lines({ ...REQUEST, certificate: base64(copy) })))[0]!.outcome).toBe('invalid');
      }),
      { numRuns: 300 },
    );
  });
});

describe('a time', () => {
  it.each<[string | number, number]>([
    ['2026-01-15T00:00:00Z', CHAIN_AT],
    ['2026-01-15T09:00:00.000+09:00', CHAIN_AT],
    ['2026-01-15', CHAIN_AT],
    [CHAIN_AT, CHAIN_AT],
    [CHAIN_AT / 1000, CHAIN_AT],
    [String(CHAIN_AT / 1000), CHAIN_AT],
    [0, 0],
  ])('%s is read', (given, at) => expect(readTime(given)).toBe(at));
  it.each(['', 'now', '2026-01-15T00:00:00', '2026-13-01', NaN, Infinity, 1e18])('%s is refused', (given) =>
    expect(() => readTime(given)).toThrow(expect.objectContaining({ rule: 'bad_time' })),
  );
});
