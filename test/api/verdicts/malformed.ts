import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type RawAnswer, type TestKey } from '../../support/api.js';
import { base64, rawBody } from '../../support/card.js';

const SIGNATURES = '/v1/signature-verifications';

let stack: ApiStack;
let key: TestKey;
let good: Schemas['RawSignature'];
beforeAll(async () => {
  stack = await ApiStack.shared();
  key = await stack.newKey();
  good = await rawBody(stack.sandbox);
}, 120_000);

const sendText = (body: string, path = SIGNATURES, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  stack.send('POST', path, { key, body, headers });
const send = (body: unknown, path = SIGNATURES): Promise<RawAnswer> => sendText(JSON.stringify(body), path);
const refusal = ({ status, body }: RawAnswer): unknown[] => [status, body['code']];
const fieldOf = ({ body }: RawAnswer): unknown => body['field'];

describe('every refusal', () => {
  it('is a problem document that names itself and can be quoted', async () => {
    const answer = await send({ ...good, padding: 'none' });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toEqual({
      type: `${stack.url}/codes/request_invalid`,
      title: expect.any(String),
      status: 400,
      code: 'request_invalid',
      remedy: expect.any(String),
      request_id: expect.stringMatching(/^req_[0-9a-f]{32}$/),
      doc_url: `${stack.url}/codes/request_invalid`,
      retryable: false,
      field: 'padding',
      errors: [{ field: 'padding', message: expect.any(String) }],
    });
    expect(answer.headers.get('x-request-id')).toBe(answer.body['request_id']);
  });

  it('quotes nothing of what was sent, and neither does the log', async () => {
    const secret = 'SecretOfTheCaller';
    const fields = ['certificate', 'signature', 'padding', 'digest_algorithm', 'content', 'revocation', 'reference'];
    for (const field of fields) {
      const answer = await send({ ...good, [field]: field === 'reference' ? `\u0000${secret}` : secret });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain(secret);
    }
    for (const text of [`{"a":"${secret}"`, secret, JSON.stringify(secret)])
      expect((await sendText(text)).text).not.toContain(secret);
    const unauthorized = await stack.send('GET', '/v1/me', { headers: { authorization: `Bearer ${secret}` } });
    expect(unauthorized.text).not.toContain(secret);
    const path = await stack.send('GET', `/v1/verifications/${secret}`, { key });
    expect(path.text).not.toContain(secret);
    expect(stack.log).not.toContain(secret);
    expect(stack.log).not.toContain(key.secret);
  });
});

describe('400: JSON', () => {
  it.each([
    ['empty', ''],
    ['white space', ' \n'],
    ['truncated', '{"format":"raw",'],
    ['followed by more', '{} {}'],
    ['with a trailing comma', '{"format":"raw",}'],
    ['a lone word', 'hello'],
    ['NaN', '{"format":NaN}'],
  ])('that is %s is json_malformed', async (_what, text) => {
    for (const path of [SIGNATURES, '/v1/challenges', '/v1/authentications'])
      expect(refusal(await sendText(text, path))).toEqual([400, 'json_malformed']);
  });

  it.each([
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"raw"'],
    ['a list', '[]'],
    ['an object without fields', '{}'],
    ['an unknown format', '{"format":"pdf"}'],
  ])('that is %s is request_invalid', async (_what, text) => {
    expect(refusal(await sendText(text))).toEqual([400, 'request_invalid']);
  });

  it.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ])('of 100,000 nested %s is request_invalid, in any place and with an Idempotency-Key', async (_what, deep) => {
    const inside = JSON.stringify({ ...good, reference: 'DEEP' }).replace('"DEEP"', deep);
    for (const text of [deep, inside])
      for (const headers of [{}, { 'idempotency-key': 'deep' }])
        for (const path of [SIGNATURES, '/v1/challenges', '/v1/authentications'])
          expect(refusal(await sendText(text, path, headers))).toEqual([400, 'request_invalid']);
  });

  it.each([
    '{"__proto__":{"format":"raw"}}',
    '{"constructor":{"prototype":{"format":"raw"}}}',
    '{"format":"raw","__proto__":1}',
  ])('%s is request_invalid: such members are fields like any other', async (text) => {
    expect(refusal(await sendText(text))).toEqual([400, 'request_invalid']);
    const merged = JSON.stringify(good).replace('{', `${text.slice(0, -1)},`);
    expect(refusal(await sendText(merged))).toEqual([400, 'request_invalid']);
  });
});

describe('400: a field', () => {
  it.each<[string, string, unknown]>([
    ['certificate', 'line breaks', 'TUlJ\nTUlJ'],
    ['certificate', 'PEM armour', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['signature', 'the URL alphabet', 'ab-_'],
    ['signature', 'no padding', 'YWI'],
    ['content', 'blanks', 'YW I='],
    ['digest', 'padding in the middle', 'YQ==YQ=='],
  ])('%s with %s is base64_malformed and names the field', async (field, _what, value) => {
    const { content, ...rest } = good;
    const body = field === 'digest' ? { ...rest, digest: value } : { ...rest, content, [field]: value };
    const answer = await send(body);
    expect([...refusal(answer), fieldOf(answer)]).toEqual([400, 'base64_malformed', field]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown field', { ...{ surprise: 1 } }],
    ['both content and digest', { digest: base64(Buffer.alloc(32)) }],
    ['neither content nor digest', { content: undefined }],
    ['no certificate', { certificate: undefined }],
    ['an empty certificate', { certificate: '' }],
    ['a certificate of 16,385 bytes', { certificate: base64(Buffer.alloc(16_387)) }],
    ['a signature of 1,025 bytes', { signature: base64(Buffer.alloc(1_027)) }],
    ['a number as certificate', { certificate: 5 }],
    ['a list as content', { content: ['YQ=='] }],
    ['null as padding', { padding: null }],
    ['an unknown padding', { padding: 'oaep' }],
    ['an unknown revocation method', { revocation: 'none' }],
    ['an empty reference', { reference: '' }],
    ['a reference of 129 characters', { reference: 'r'.repeat(129) }],
    ['NUL in the reference', { reference: 'a\u0000b' }],
    ['a line break in the reference', { reference: 'a\nb' }],
    ['half a surrogate pair in the reference', { reference: 'a\ud800b' }],
    ['a field of the other format', { cms: 'YQ==' }],
  ])('%s is request_invalid', async (_what, change) => {
    expect(refusal(await send({ ...good, ...change }))).toEqual([400, 'request_invalid']);
  });

  it('of a CMS request: a digest without its algorithm, or with content, is request_invalid', async () => {
    const cms = { format: 'cms', cms: 'MAA=' };
    const digest = base64(Buffer.alloc(32));
    for (const body of [
      { ...cms, digest },
      { ...cms, digest_algorithm: 'sha256' },
      { ...cms, digest, digest_algorithm: 'sha256', content: 'YQ==' },
    ])
      expect(refusal(await send(body))).toEqual([400, 'request_invalid']);
  });

  it.each([
    ['cursor=x', 'cursor_malformed'],
    ['cursor=chl_0193f0c0000070008000000000000000', 'cursor_malformed'],
    ['cursor=', 'cursor_malformed'],
    [`cursor=${'x'.repeat(65)}`, 'request_invalid'],
    ['limit=0', 'request_invalid'],
    ['limit=101', 'request_invalid'],
    ['limit=1.5', 'request_invalid'],
    ['limit=ten', 'request_invalid'],
    ['limit=1&limit=2', 'request_invalid'],
    ['outcome=good', 'request_invalid'],
    ['kind=', 'request_invalid'],
    ['reference=%00', 'request_invalid'],
    ['reference=a&reference=b', 'request_invalid'],
    ['created_after=yesterday', 'request_invalid'],
    ['created_before=2026-02-30T00:00:00Z', 'request_invalid'],
    ['created_before=2026-01-01', 'request_invalid'],
    ['surprise=1', 'request_invalid'],
    ['__proto__=1', 'request_invalid'],
  ])('of a query: %s is %s', async (query, code) => {
    expect(refusal(await stack.send('GET', `/v1/verifications?${query}`, { key }))).toEqual([400, code]);
  });
});

describe('404: a path', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v1/verifications/%zz'],
    ['GET', `/v1/verifications/${'x'.repeat(5_000)}`],
    ['DELETE', '/v1/verifications'],
    ['PUT', SIGNATURES],
    ['GET', '/v1/../../etc/passwd'],
    ['GET', '/codes/__proto__'],
    ['GET', '/codes/constructor'],
  ])('that leads nowhere is not_found: %s %s', async (method, path) => {
    const answer = await stack.send(method, path, { key });
    expect(refusal(answer)).toEqual([404, 'not_found']);
    expect(answer.headers.get('x-request-id')).toBe(answer.body['request_id']);
  });
});

describe('413: a body', () => {
  const LARGE = 'x'.repeat(2 * 1024 * 1024 + 1);

  it('larger than two MiB is body_too_large by its Content-Length', async () => {
    for (const path of [SIGNATURES, '/v1/challenges', '/v1/authentications'])
      expect(refusal(await sendText(JSON.stringify({ ...good, content: LARGE }), path))).toEqual([
        413,
        'body_too_large',
      ]);
  });

  it('sent in chunks without a length is body_too_large too', async () => {
    const request = httpRequest(`${stack.url}${SIGNATURES}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.secret}`, 'content-type': 'application/json' },
    });
    // The refusal may come while we still write.
    request.on('error', () => undefined);
    const answered = once(request, 'response');
    for (let i = 0; i < 40 && !request.destroyed; i++) request.write('x'.repeat(64 * 1024));
    request.end();
    const [response] = (await answered) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    expect([response.statusCode, (JSON.parse(text) as { code: string }).code]).toEqual([413, 'body_too_large']);
  });
});

describe('415: a body', () => {
  it.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'nonsense',
  ])('sent as %s is media_type_unsupported', async (type) => {
    for (const path of [SIGNATURES, '/v1/challenges', '/v1/authentications'])
      expect(refusal(await sendText(JSON.stringify(good), path, { 'content-type': type }))).toEqual([
        415,
        'media_type_unsupported',
      ]);
  });

  it('sent as JSON with a charset is read', async () => {
    const answer = await sendText(JSON.stringify(good), SIGNATURES, {
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.status).toBe(201);
  });
});
