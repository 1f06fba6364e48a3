import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
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
