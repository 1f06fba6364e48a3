import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Schemas } from '#lib/api-client';
import { PROBLEMS } from '#lib/platform';
import { ApiStack, type RawAnswer, type TestKey } from '../support/api.js';
import { base64, rawBody } from '../support/card.js';
import { CARD_LIFE, signedBy, trustOwnAuthority } from '../support/own-authority.js';
import { issueEndEntity, profileExtensions, type TestAuthority } from '../support/pki.js';

const SIGNATURES = '/v1/signature-verifications';
const ROUTES: [string, string][] = [
  ['POST', SIGNATURES],
  ['POST', '/v1/challenges'],
  ['POST', '/v1/authentications'],
  ['GET', '/v1/verifications'],
  ['GET', '/v1/me'],
];
const RUNS = { numRuns: 100 };

let stack: ApiStack;
let key: TestKey;
let good: Schemas['RawSignature'];
let cms: string;
let challenge: string;
let authority: TestAuthority;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
  authority = await trustOwnAuthority(stack);
  good = await rawBody(stack.sandbox);
  cms = await stack.sandbox.signCms('adult-valid', { content: good.content!, detached: false });
  challenge = (await key.client.POST('/v1/challenges')).data!.id;
}, 120_000);
afterAll(() => stack.stop());

/** An answer, or a refusal with a code of the table under its own status; never a mistake of ours. */
function expectDecent({ status, headers, body }: RawAnswer): void {
  expect(status).toBeLessThan(500);
  if (status < 400) return;
  const { code } = body as { code: string };
  expect(Object.keys(PROBLEMS)).toContain(code);
  expect(PROBLEMS[code as keyof typeof PROBLEMS].status).toBe(status);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body['request_id']).toBe(headers.get('x-request-id'));
}

const post = (path: string, body: unknown): Promise<RawAnswer> =>
  stack.send('POST', path, { key, body: typeof body === 'string' ? body : JSON.stringify(body) });
const route = fc.constantFrom(...ROUTES);
const postRoute = fc.constantFrom(...ROUTES.filter(([method]) => method === 'POST').map(([, path]) => path));
const bytes = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength }).map((value) => base64(value));

/** Bytes that were right before a few of them were changed, cut out or put in. */
const damaged = (whole: () => string): fc.Arbitrary<string> =>
  fc
    .array(fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'cut', 'put'), value: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => {
      let der: Buffer = Buffer.from(whole(), 'base64');
      for (const { at, kind, value } of changes) {
        const place = at % Math.max(1, der.length);
        if (kind === 'set') der[place] = value;
        else if (kind === 'cut') der = Buffer.concat([der.subarray(0, place), der.subarray(place + 1)]);
        else der = Buffer.concat([der.subarray(0, place), Buffer.of(value), der.subarray(place)]);
      }
      return base64(der.length > 0 ? der : Buffer.of(0));
    });

describe('no input gives a 5xx', () => {
  it('any JSON at any route', async () => {
    await fc.assert(
      fc.asyncProperty(postRoute, fc.jsonValue({ maxDepth: 6 }), async (path, body) =>
        expectDecent(await post(path, body)),
      ),
      RUNS,
    );
  }, 120_000);

  it('any text as JSON', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ minLength: 1 }).map((inner) => `{"format":"raw","reference":${inner}}`),
    );
    await fc.assert(
      fc.asyncProperty(postRoute, text, async (path, body) => expectDecent(await post(path, body))),
      RUNS,
    );
  }, 120_000);

  it('any value in any field', async () => {
    const fields = ['format', 'certificate', 'signature', 'padding', 'digest_algorithm', 'content', 'digest', 'cms'];
    const field = fc.constantFrom(...fields, 'revocation', 'reference', 'challenge_id', '__proto__');
    const value = fc.oneof(fc.jsonValue(), bytes(80), fc.string({ unit: 'binary' }), fc.bigInt().map(String));
    await fc.assert(
      fc.asyncProperty(postRoute, field, value, async (path, name, found) => {
        const { content, ...rest } = good;
        const base =
          path === '/v1/authentications'
            ? { challenge_id: challenge, certificate: good.certificate, signature: good.signature }
            : { ...rest, content };
        const own = Object.defineProperty({ ...base }, name, { value: found, enumerable: true });
        expectDecent(await post(path, own));
      }),
      RUNS,
    );
  }, 120_000);

  it('any bytes, and any damage to right bytes, as certificate', async () => {
    const certificate = fc.oneof(
      bytes(600),
      damaged(() => good.certificate),
    );
    await fc.assert(
      fc.asyncProperty(certificate, async (changed) => {
        // An octet may have been set to what it was.
        fc.pre(changed !== good.certificate);
        const answer = await post(SIGNATURES, { ...good, certificate: changed });
        expectDecent(answer);
        expect(answer.body['outcome']).not.toBe('valid');
      }),
      { numRuns: 250 },
    );
  }, 120_000);

  it('any extension under a trusted issuer', async () => {
    const names = Object.keys(profileExtensions(authority));
    const change = fc.record({
      name: fc.constantFrom(...names),
      value: fc.uint8Array({ maxLength: 60 }),
      at: fc.nat(400),
      whole: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ name, value, at, whole }) => {
        const extensions = Object.entries(profileExtensions(authority)).map(([each, extension]) => {
          if (each !== name) return extension;
          const changed = Buffer.from(extension.value);
          changed.set(value.subarray(0, Math.max(0, changed.length - (at % changed.length))), at % changed.length);
          return { ...extension, value: whole ? Buffer.from(value) : changed };
        });
        expectDecent(await post(SIGNATURES, signedBy(issueEndEntity(authority, { ...CARD_LIFE, extensions }))));
      }),
      RUNS,
    );
  }, 120_000);

  it('any bytes, and any damage to right bytes, as signature', async () => {
    const signature = fc.oneof(
      bytes(600),
      fc.uint8Array({ minLength: 256, maxLength: 256 }).map((value) => base64(value)),
      damaged(() => good.signature),
    );
    const padding = fc.constantFrom('pkcs1_v15', 'pkcs1_v15_bare', 'pss');
    await fc.assert(
      fc.asyncProperty(signature, padding, async (changed, said) => {
        fc.pre(changed !== good.signature);
        const answer = await post(SIGNATURES, { ...good, signature: changed, padding: said });
        expectDecent(answer);
        expect([answer.status, answer.body['outcome']]).toEqual([201, 'invalid']);
      }),
      RUNS,
    );
  }, 120_000);

  it('any bytes, and any damage to right bytes, as CMS', async () => {
    const changed = fc.oneof(
      bytes(600),
      damaged(() => cms),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (found) => expectDecent(await post(SIGNATURES, { format: 'cms', cms: found }))),
      { numRuns: 250 },
    );
  }, 120_000);

  it('any header', async () => {
    const name = fc.constantFrom('authorization', 'idempotency-key', 'content-type', 'accept', 'x-request-id', 'range');
    // DEL is the one octet from the blank upwards that HTTP itself forbids (RFC 9110 §5.5).
    const octet = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f);
    const value = fc.string({ unit: octet.map((code) => String.fromCharCode(code)) });
    await fc.assert(
      fc.asyncProperty(route, name, value, async ([method, path], header, found) => {
        const body = method === 'POST' ? { body: JSON.stringify(good) } : {};
        expectDecent(await stack.send(method, path, { key, headers: { [header]: found }, ...body }));
      }),
      RUNS,
    );
  }, 120_000);

  it('any query and any path', async () => {
    const names = [
      'cursor',
      'limit',
      'outcome',
      'kind',
      'reference',
      'created_after',
      'created_before',
      'x',
      '__proto__',
    ];
    const text = fc.string({ unit: 'binary' }).map((value) => encodeURIComponent(value));
    const time = fc.date({ noInvalidDate: true }).map((value) => value.toISOString());
    const query = fc.array(fc.tuple(fc.constantFrom(...names), fc.oneof(text, time, fc.nat().map(String))), {
      maxLength: 4,
    });
    const raw = fc.string({ unit: fc.constantFrom(...'%0aZz/?&=.;,[]+ver_'.split('')), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(query, raw, text, async (pairs, odd, id) => {
        const search = pairs.map(([name, value]) => `${name}=${value}`).join('&');
        for (const path of [
          `/v1/verifications?${search}`,
          `/v1/verifications?${odd}`,
          `/v1/verifications/${id}`,
          `/v1/verifications/${odd}`,
          `/codes/${odd}`,
        ])
          expectDecent(await stack.send('GET', path, { key }));
      }),
      RUNS,
    );
  }, 120_000);
});
