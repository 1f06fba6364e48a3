import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { seal } from '#lib/platform';
import { openEvidence, sealEvidence } from './evidence.js';

const key = { id: 'k', encryption: createSecretKey(randomBytes(32)), lookup: createSecretKey(randomBytes(32)) };
const tenancy = { tenantId: 'a', mode: 'test' as const };
const evidence = { certificate: Buffer.from('cert'), signature: Buffer.from('sig'), digest: Buffer.from('dig') };

describe('sealed evidence', () => {
  it('opens to what was sealed, with and without signed attributes', () => {
    expect(openEvidence(key, tenancy, '1', sealEvidence(key, tenancy, '1', evidence))).toEqual(evidence);
    const cms = { ...evidence, signedAttributes: Buffer.from('attributes') };
    expect(openEvidence(key, tenancy, '1', sealEvidence(key, tenancy, '1', cms))).toEqual(cms);
  });
  it('opens to everything that can be kept', () => {
    const all = {
      ...evidence,
      signedAttributes: Buffer.from('attributes'),
      salt: Buffer.from('salt'),
      receipt: 'a.b.c',
      cms: {
        contentType: '1.2',
        digestAlgorithm: { oid: '1.3', digest: 'sha256' as const },
        signatureAlgorithm: { oid: '1.4', padding: 'pss' as const, saltLength: 32 },
        contradicted: false,
      },
      ocsp: { response: Buffer.from('answer'), nonce: Buffer.from('nonce') },
    };
    expect(openEvidence(key, tenancy, '1', sealEvidence(key, tenancy, '1', all))).toEqual(all);
  });
  it('of the first form, with four fields, still opens', () => {
    const parts = ['cert', 'sig', 'dig', ''].map((text) =>
      Buffer.concat([Buffer.of(0, 0, 0, text.length), Buffer.from(text)]),
    );
    const sealed = seal(key.encryption, Buffer.concat(parts), 'evidence|a|test|1');
    expect(openEvidence(key, tenancy, '1', sealed)).toEqual(evidence);
  });
  it.each([
    ['verification', tenancy, '2'],
    ['tenant', { ...tenancy, tenantId: 'b' }, '1'],
    ['mode', { ...tenancy, mode: 'live' as const }, '1'],
  ])('does not open as that of another %s', (_what, other, id) => {
    expect(() => openEvidence(key, other, id, sealEvidence(key, tenancy, '1', evidence))).toThrow();
  });
  it('does not contain the certificate in the clear', () => {
    expect(sealEvidence(key, tenancy, '1', evidence).includes('cert')).toBe(false);
  });
});
