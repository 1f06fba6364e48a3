import { beforeAll, describe, expect, test } from '@jest/globals';
import { constants, createHash, createPublicKey, publicDecrypt, verify, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import { Certificate, ContentInfo, SignedData } from 'pkijs';
import { cardSignature } from './card-signature.js';
import { keyIdentifier, signCertificate } from './certificate-profile.js';
import { holder } from './catalogue.js';
import { cmsSignedData, type CmsRequest, type CmsSigner } from './cms-builder.js';
import { DIGESTS, hash } from './emsa.js';
import { MUNICIPALITIES } from './hierarchy.js';
import { newKeyPair, readPrivateKey } from './key-pair.js';

const content = Buffer.from('契約書', 'utf8');
let key: KeyObject;
let publicKey: KeyObject;
let signer: CmsSigner;

beforeAll(async () => {
  const pair = await newKeyPair();
  key = readPrivateKey(pair.privateKey);
  publicKey = createPublicKey({ key: pair.publicKey, format: 'der', type: 'spki' });
  const keyId = keyIdentifier(pair.publicKey);
  const certificate = signCertificate(
    { hierarchy: 'sign', serial: 1, keyId, privateKey: key },
    {
      serial: 5n,
      commonName: '2026010112000000001139991001',
      municipality: MUNICIPALITIES[0]!,
      notBefore: Date.UTC(2026, 0, 1),
      notAfter: Date.UTC(2030, 0, 1),
      publicKey: pair.publicKey,
    },
    holder({ name: '見本　太郎', sex: '1', birthDate: '319850412', address: '東京都架空区' }),
  );
  signer = { hierarchy: 'sign', serial: 5n, keyId, privateKey: key, certificate };
});

describe('a card signature from a digest alone is what a verifier of the content expects', () => {
  test.each(DIGESTS)('PKCS#1 v1.5 with DigestInfo over %s', (digest) => {
    const signature = cardSignature(key, 'pkcs1_v15', digest, hash(digest, content));
    expect(verify(digest, content, publicKey, signature)).toBe(true);
    expect(verify(digest, Buffer.from('other'), publicKey, signature)).toBe(false);
  });

  test.each(DIGESTS)('PSS over %s with a salt as long as the digest', (digest) => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    for (let i = 0; i < 8; i++) {
      const signature = cardSignature(key, 'pss', digest, hash(digest, content));
      const saltLength = createHash(digest).digest().length;
      expect(verify(digest, content, { key: publicKey, padding, saltLength }, signature)).toBe(true);
      expect(verify(digest, content, { key: publicKey, padding, saltLength: saltLength - 1 }, signature)).toBe(false);
    }
  });

  test('a bare hash is padded without DigestInfo, and so fails an ordinary PKCS#1 v1.5 verification', () => {
    const signature = cardSignature(key, 'pkcs1_v15_bare', 'sha256', hash('sha256', content));
    expect(publicDecrypt(publicKey, signature)).toEqual(hash('sha256', content));
    expect(verify('sha256', content, publicKey, signature)).toBe(false);
  });
});

describe('an independent CMS reader accepts what the sandbox builds', () => {
  const parse = (der: Buffer): SignedData => {
    const info = new ContentInfo({ schema: asn1js.fromBER(der).result });
    return new SignedData({ schema: info.content });
  };
  const request = (change: Partial<CmsRequest>): CmsRequest => ({
    digest: 'sha256',
    padding: 'pkcs1_v15',
    contentDigest: hash(change.digest ?? 'sha256', content),
    signerId: 'issuer_serial',
    signedAttributes: true,
    signingTime: Date.UTC(2026, 5, 1),
    ...change,
  });
  const data = new Uint8Array(content).buffer;

  for (const padding of ['pkcs1_v15', 'pss'] as const)
    for (const signerId of ['issuer_serial', 'ski'] as const)
      for (const signedAttributes of [true, false])
        test(`detached and attached: ${padding}, ${signerId}, signed attributes ${signedAttributes}`, async () => {
          const change = { padding, signerId, signedAttributes, digest: 'sha384' as const };
          const detached = parse(cmsSignedData(request(change), signer));
          expect(await detached.verify({ signer: 0, data })).toBe(true);
          const attached = parse(cmsSignedData(request({ ...change, attached: content }), signer));
          expect(await attached.verify({ signer: 0 })).toBe(true);
        });

  test('the signing time asked for is the signing time said', () => {
    const signedData = parse(cmsSignedData(request({}), signer));
    const attribute = signedData.signerInfos[0]?.signedAttrs?.attributes.find(
      ({ type }) => type === '1.2.840.113549.1.9.5',
    );
    const value: unknown = attribute?.values[0];
    expect(value instanceof asn1js.UTCTime && value.toDate().toISOString()).toBe('2026-06-01T00:00:00.000Z');
  });

  test('the signer certificate travels with the signature', () => {
    const [certificate] = parse(cmsSignedData(request({}), signer)).certificates ?? [];
    expect(certificate instanceof Certificate && Buffer.from(certificate.toSchema().toBER())).toEqual(
      signer.certificate,
    );
  });
});
