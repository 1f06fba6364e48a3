import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type RawAnswer, type TestKey } from '../../support/api.js';
import { base64, rawBody } from '../../support/card.js';
import { buildCms, issuerAndSerial } from '../../support/cms.js';
import { issueEndEntity, makeAuthority } from '../../support/pki.js';

const SIGNATURES = '/v1/signature-verifications';

let stack: ApiStack;
let key: TestKey;
let good: Schemas['RawSignature'];
beforeAll(async () => {
  stack = await ApiStack.shared();
  key = await stack.newKey();
  good = await rawBody(stack.sandbox);
}, 120_000);

const send = (body: unknown): Promise<RawAnswer> => stack.send('POST', SIGNATURES, { key, body: JSON.stringify(body) });
const refusal = ({ status, body }: RawAnswer): unknown[] => [status, body['code']];
const fieldOf = ({ body }: RawAnswer): unknown => body['field'];

describe('422: a certificate or signature', () => {
  it.each<[string, Buffer]>([
    ['text', Buffer.from('hello')],
    ['one byte', Buffer.of(0x30)],
    ['an empty sequence', Buffer.of(0x30, 0)],
    ['a length of four gigabytes', Buffer.from('3084ffffffff', 'hex')],
    ['an indefinite length', Buffer.from('30800000', 'hex')],
    ['3,000 nested sequences', nested(3_000)],
    ['random bytes', Buffer.alloc(1_000, 0xa7)],
  ])('certificate of %s is certificate_malformed, CMS of it cms_malformed', async (_what, bytes) => {
    expect(refusal(await send({ ...good, certificate: base64(bytes) }))).toEqual([422, 'certificate_malformed']);
    expect(refusal(await send({ format: 'cms', cms: base64(bytes) }))).toEqual([422, 'cms_malformed']);
  });

  it('certificate cut short or followed by a byte is certificate_malformed, and says where', async () => {
    const whole = Buffer.from(good.certificate, 'base64');
    for (const bytes of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)])]) {
      const answer = await send({ ...good, certificate: base64(bytes) });
      expect(refusal(answer)).toEqual([422, 'certificate_malformed']);
      expect(answer.body).toMatchObject({ rule: expect.any(String), offset: expect.any(Number) });
    }
  });

  it('CMS detached without content or digest is content_missing and names the digest wanted', async () => {
    const cms = await stack.sandbox.signCms('adult-valid', { content: 'YQ==', digest_algorithm: 'sha384' });
    const answer = await send({ format: 'cms', cms });
    expect(refusal(answer)).toEqual([422, 'content_missing']);
    expect(answer.body['digest_algorithm']).toBe('sha384');
  });

  it('CMS with a digest by another algorithm than its signer used is content_missing', async () => {
    const cms = await stack.sandbox.signCms('adult-valid', { content: 'YQ==', digest_algorithm: 'sha384' });
    const digest = { digest: base64(Buffer.alloc(32)), digest_algorithm: 'sha256' };
    expect(refusal(await send({ format: 'cms', cms, ...digest }))).toEqual([422, 'content_missing']);
  });

  it('CMS without the certificate of its signer is signer_not_found; with two signers unsupported_signature', async () => {
    const authority = makeAuthority('sign', 2023);
    const holder = issueEndEntity(authority);
    const signerId = issuerAndSerial(authority.name, Buffer.from('0abc1234', 'hex'));
    const spec = { content: Buffer.from('a'), key: holder.key, signerId };
    const bare = buildCms(spec);
    expect(refusal(await send({ format: 'cms', cms: base64(bare) }))).toEqual([422, 'signer_not_found']);
    const two = buildCms({ ...spec, certificates: [holder.der], signerCount: 2 });
    expect(refusal(await send({ format: 'cms', cms: base64(two) }))).toEqual([422, 'unsupported_signature']);
  });

  it.each(['sha1', 'md5', 'sha224', 'SHA256', ''])(
    'with digest_algorithm "%s" is digest_algorithm_refused',
    async (name) => {
      const answer = await send({ ...good, digest_algorithm: name });
      expect([...refusal(answer), fieldOf(answer)]).toEqual([422, 'digest_algorithm_refused', 'digest_algorithm']);
    },
  );

  it.each([20, 31, 33, 48, 64])('with a SHA-256 digest of %d bytes is digest_length_wrong', async (length) => {
    const { content: _content, ...rest } = good;
    const answer = await send({ ...rest, digest: base64(Buffer.alloc(length)) });
    expect(refusal(answer)).toEqual([422, 'digest_length_wrong']);
  });
});

describe('422: a reference', () => {
  // Twelve digits with a right check digit; nobody's.
  it.each(['123456789018', '1234-5678-9018', '１２３４５６７８９０１８', 'customer 123456789018'])(
    'like "%s" is reference_is_my_number and is stored nowhere',
    async (reference) => {
      const answer = await send({ ...good, reference });
      expect([...refusal(answer), fieldOf(answer)]).toEqual([422, 'reference_is_my_number', 'reference']);
      expect(answer.text).not.toContain(reference);
      const { rows } = await stack.owner.query('select 1 from verification where reference = $1', [reference]);
      expect(rows).toEqual([]);
      expect(stack.log).not.toContain(reference);
    },
  );

  it('is held to the format the contract registers, and may then look like a My Number', async () => {
    const tenantId = await stack.newTenant();
    const registered = await stack.newKey({ tenantId });
    await stack.registerReferenceFormat(tenantId, '999999999999');
    await stack.until('the format is in force', async () => {
      const { data } = await registered.client.GET('/v1/me');
      return data?.contract.reference_format === '999999999999';
    });
    const codeOf = async (reference: string): Promise<unknown> => {
      const body = { ...good, reference };
      const { response, error } = await registered.client.POST(SIGNATURES, { body });
      return error?.code ?? response.status;
    };
    expect(await codeOf('123456789018')).toBe(201);
    expect(await codeOf('12345678901')).toBe('reference_format_wrong');
    expect(await codeOf('A-1')).toBe('reference_format_wrong');
    // The other tenants go by the rule.
    expect(refusal(await send({ ...good, reference: '123456789018' }))).toEqual([422, 'reference_is_my_number']);
  });
});

function nested(depth: number): Buffer {
  let der: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) {
    const length = der.length;
    const header =
      length < 128 ? [0x30, length] : length < 256 ? [0x30, 0x81, length] : [0x30, 0x82, length >> 8, length & 0xff];
    der = Buffer.concat([Buffer.from(header), der]);
  }
  return der;
}
