import { describe, expect, it } from '@jest/globals';
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generatePrimeSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto';
import * as fc from 'fast-check';
import { rsaKey } from '../../../test/support/pki.js';
import { type DigestAlgorithm, digestOf, type Padding, parsePublicKeyInfo, type PublicKeyInfo } from './algorithms.js';
import { DerReader } from './der.js';
import { verifyRawSignature } from './raw-signature.js';

const CONTENT = Buffer.from('content to be signed');
const DIGESTS: DigestAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const INFO = '3031300d060960864801650304020105000420';
const info = (spki: Buffer): PublicKeyInfo => parsePublicKeyInfo(new DerReader(spki, 'key'));

const key = rsaKey('holder');
const publicKey = info(key.spki);
/** Signs whatever number the octets are: forged encodings included. */
const signRaw = (message: Buffer): Buffer =>
  privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, message);
const encoded = (tail: string, octets = 256): Buffer => {
  const end = Buffer.from(tail, 'hex');
  return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(octets - 3 - end.length, 0xff), Buffer.from([0]), end]);
};
const make = (padding: Padding, digest: DigestAlgorithm, saltLength?: number): Buffer => {
  if (padding === 'pkcs1_v15_bare') return signRaw(encoded(digestOf(digest, CONTENT).toString('hex')));
  if (padding === 'pkcs1_v15') return sign(digest, CONTENT, key.privateKey);
  return sign(digest, CONTENT, {
    key: key.privateKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST,
  });
};
const verify = (
  padding: Padding,
  signature: Uint8Array,
  digestAlgorithm: DigestAlgorithm = 'sha256',
  saltLength?: number,
) =>
  verifyRawSignature({
    publicKey,
    padding,
    digestAlgorithm,
    digest: digestOf(digestAlgorithm, CONTENT),
    signature,
    ...(saltLength === undefined ? {} : { saltLength }),
  });
const PADDINGS: Padding[] = ['pkcs1_v15', 'pkcs1_v15_bare', 'pss'];

describe('verifyRawSignature', () => {
  it.each(DIGESTS.flatMap((digest) => PADDINGS.map((padding) => [padding, digest] as const)))(
    'accepts %s over %s',
    (padding, digest) => expect(verify(padding, make(padding, digest), digest)).toEqual([]),
  );

  it.each(
    PADDINGS.flatMap((expected) =>
      PADDINGS.filter((found) => found !== expected).map((found) => [expected, found] as const),
    ),
  )('never takes a stated %s for a signature made as %s, and names both', (expected, found) =>
    expect(verify(expected, make(found, 'sha256'))).toEqual([
      { code: 'padding_mismatch', operands: { expected, found } },
    ]),
  );

  it('a PSS salt of another length counts only when that length is stated', () => {
    expect(verify('pss', make('pss', 'sha256', 20), 'sha256', 20)).toEqual([]);
    expect(verify('pss', make('pss', 'sha256', 0), 'sha256', 0)).toEqual([]);
    expect(verify('pss', make('pss', 'sha256', 20))).toEqual([{ code: 'signature_mismatch' }]);
  });

  it('a key object kept by an earlier caller changes nothing', () => {
    publicKey.keyObject();
    expect(verify('pkcs1_v15', make('pkcs1_v15', 'sha256'))).toEqual([]);
  });

  const digest = digestOf('sha256', CONTENT).toString('hex');
  it.each([
    ['another digest', encoded(INFO + createHash('sha256').update('x').digest('hex'))],
    ['DigestInfo without the NULL parameters', encoded('302f300b0609608648016503040201' + '0420' + digest)],
    ['the DigestInfo of another algorithm', encoded('3031300d060960864801650304020305000420' + digest)],
    [
      'garbage behind the digest and filler cut short',
      Buffer.concat([encoded(INFO + digest, 200), Buffer.alloc(56, 7)]),
    ],
    ['garbage between filler and DigestInfo', encoded('ff00' + INFO + digest)],
    ['filler of another octet', Buffer.concat([Buffer.from([0, 1, 0xfe]), encoded(INFO + digest).subarray(3)])],
    ['block type 2', Buffer.concat([Buffer.from([0, 2]), encoded(INFO + digest).subarray(2)])],
  ])('PKCS#1 v1.5 with %s is no match', (_why, message) =>
    expect(verify('pkcs1_v15', signRaw(message))).toEqual([{ code: 'signature_mismatch' }]),
  );

  it.each([
    ['a longer one', (s: Buffer) => Buffer.concat([Buffer.from([0]), s]), 'signature_length'],
    ['a shorter one', (s: Buffer) => s.subarray(1), 'signature_length'],
    ['an empty one', () => Buffer.alloc(0), 'signature_length'],
    ['a number equal to the modulus', () => Buffer.from(publicKey.rsa!.modulus), 'signature_range'],
    ['a number above the modulus', () => Buffer.alloc(256, 0xff), 'signature_range'],
  ])('a signature must be below and as long as the modulus: %s is refused', (_why, change, detail) =>
    expect(verify('pkcs1_v15', change(make('pkcs1_v15', 'sha256')))).toEqual([
      { code: 'signature_mismatch', operands: { detail } },
    ]),
  );

  it('a digest of the wrong length is never compared', () => {
    const input = {
      publicKey,
      padding: 'pkcs1_v15',
      digestAlgorithm: 'sha256',
      signature: make('pkcs1_v15', 'sha256'),
    } as const;
    expect(verifyRawSignature({ ...input, digest: Buffer.alloc(20) })).toEqual([
      { code: 'signature_mismatch', operands: { detail: 'digest_length' } },
    ]);
  });

  it.each(PADDINGS)('any single changed bit breaks a %s signature', (padding) => {
    const signature = make(padding, 'sha256');
    fc.assert(
      fc.property(fc.nat(255), fc.nat(7), (octet, bit) => {
        const changed = Buffer.from(signature);
        changed[octet]! ^= 1 << bit;
        return verify(padding, changed)[0]?.code === 'signature_mismatch';
      }),
      { numRuns: 60 },
    );
  });
});

/** OpenSSL makes no keys of odd size; the product of a 1025-bit and a 1024-bit prime with both top bits set has one. */
function keyOf2049Bits(): { privateKey: KeyObject; spki: Buffer } {
  const e = 65537n;
  const [p, q] = [generatePrimeSync(1025, { bigint: true }), generatePrimeSync(1024, { bigint: true })];
  const inverse = (value: bigint, modulus: bigint): bigint => {
    let [r, next, t, following] = [modulus, value % modulus, 0n, 1n];
    while (next !== 0n) {
      const quotient = r / next;
      [r, next] = [next, r - quotient * next];
      [t, following] = [following, t - quotient * following];
    }
    return ((t % modulus) + modulus) % modulus;
  };
  const d = inverse(e, (p - 1n) * (q - 1n));
  const field = (value: bigint): string => {
    const hex = value.toString(16);
    return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url');
  };
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: field(p * q),
      e: field(e),
      d: field(d),
      p: field(p),
      q: field(q),
      dp: field(d % (p - 1n)),
      dq: field(d % (q - 1n)),
      qi: field(inverse(q, p)),
    },
  });
  return { privateKey, spki: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }) };
}

describe('keys', () => {
  it('a modulus of 8n+1 bits, one octet longer than a PSS message, verifies', () => {
    const { privateKey, spki } = keyOf2049Bits();
    const odd = info(spki);
    expect(odd.rsa!.modulusBits).toBe(2049);
    const digest = digestOf('sha256', CONTENT);
    const padded = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const stated = { publicKey: odd, digestAlgorithm: 'sha256', digest } as const;
    expect(verifyRawSignature({ ...stated, padding: 'pss', signature: sign('sha256', CONTENT, padded) })).toEqual([]);
    expect(
      verifyRawSignature({ ...stated, padding: 'pkcs1_v15', signature: sign('sha256', CONTENT, privateKey) }),
    ).toEqual([]);
  });

  it.each([
    ['of 1024 bits', () => rsaKey('short', 1024)],
    ['with exponent 3', () => rsaKey('low', 2048, 3)],
  ])('an RSA key %s is refused before anything is computed', (_why, weak) => {
    const weakKey = weak();
    const signature = sign('sha256', CONTENT, weakKey.privateKey);
    const input = {
      padding: 'pkcs1_v15',
      digestAlgorithm: 'sha256',
      digest: digestOf('sha256', CONTENT),
      signature,
    } as const;
    expect(verifyRawSignature({ ...input, publicKey: info(weakKey.spki) })).toMatchObject([{ code: 'key_refused' }]);
  });
});
