import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compactVerify, createLocalJWKSet } from 'jose';
import type { SigningKeys } from '#lib/platform';
import { commitmentOf, receiptClaims } from './receipt.js';
import { Receipts } from './receipts.js';

const modeKeys = (id: string) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { active: { id, privateKey }, published: new Map([[id, createPublicKey(privateKey)]]) };
};
const keys: SigningKeys = { live: modeKeys('l1'), test: modeKeys('t1') };
const subject = {
  tenantId: '019a0000-0000-7000-8000-000000000001',
  mode: 'live' as const,
  verificationId: '019a0000-0000-7000-8000-000000000002',
  outcome: 'invalid' as const,
  decidedAt: Date.parse('2026-11-23T01:02:03.456Z'),
  issuedAt: Date.parse('2026-11-23T01:02:04.999Z'),
  content: { algorithm: 'sha256' as const, digest: Buffer.alloc(32, 7) },
  certificate: Buffer.from('certificate of somebody'),
};
const receipts = new Receipts('https://pf.example', keys);

describe('a receipt', () => {
  it('says what was decided for whom, and nothing else', () => {
    const salt = Buffer.alloc(32, 1);
    expect(receiptClaims({ ...subject, issuer: 'https://pf.example', salt })).toEqual({
      iss: 'https://pf.example',
      aud: 'ten_019a0000000070008000000000000001',
      jti: 'ver_019a0000000070008000000000000002',
      iat: Date.parse('2026-11-23T01:02:04Z') / 1_000,
      mode: 'live',
      outcome: 'invalid',
      decided_at: '2026-11-23T01:02:03.456Z',
      content_digest: { alg: 'sha256', value: Buffer.alloc(32, 7).toString('base64url') },
      certificate_commitment: { alg: 'sha256', value: commitmentOf(salt, subject.certificate) },
    });
  });

  it('is a JWS that the published keys of its mode confirm', async () => {
    const { receipt, salt } = receipts.issue(subject);
    const { payload, protectedHeader } = await compactVerify(receipt, createLocalJWKSet(receipts.keySet('live')));
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'l1', typ: 'shomei-receipt+jwt' });
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual(
      receiptClaims({ ...subject, issuer: 'https://pf.example', salt }),
    );
  });

  it('of live is confirmed by no key of test', async () => {
    const { receipt } = receipts.issue(subject);
    await expect(compactVerify(receipt, createLocalJWKSet(receipts.keySet('test')))).rejects.toThrow();
  });

  it('commits to the same certificate differently each time', () => {
    const salts = [receipts.issue(subject).salt, receipts.issue(subject).salt];
    expect(commitmentOf(salts[0]!, subject.certificate)).not.toBe(commitmentOf(salts[1]!, subject.certificate));
    expect(commitmentOf(salts[0]!, subject.certificate)).not.toBe(commitmentOf(salts[0]!, randomBytes(8)));
  });

  it('has no digest where none is known', () => {
    const { content: _content, ...rest } = subject;
    expect(receiptClaims({ ...rest, issuer: 'x', salt: Buffer.alloc(32) }).content_digest).toBeNull();
  });

  it('is checked with public halves alone', () => {
    for (const key of receipts.keySet('live').keys) expect(Object.keys(key)).not.toContain('d');
  });
});
