import { describe, expect, it } from '@jest/globals';
import { CertificateTurns } from './certificate-turns.js';
import type { Proof } from './proof.js';

const tenancy = { tenantId: 't', mode: 'test' } as const;
const of = (name: string): Proof => ({ certificateHash: Buffer.from(name) }) as Proof;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('follow one another for one certificate, and cross for two or for two tenants', async () => {
    const turns = new CertificateTurns();
    const told: string[] = [];
    const work = (name: string) => async () => {
      told.push(`${name} begins`);
      await turn();
      await turn();
      told.push(`${name} ends`);
    };
    await Promise.all([
      turns.take(tenancy, of('a'), work('first')),
      turns.take(tenancy, of('a'), work('second')),
      turns.take(tenancy, of('b'), work('other')),
      turns.take({ ...tenancy, tenantId: 'u' }, of('a'), work('stranger')),
    ]);
    expect(told.indexOf('second begins')).toBeGreaterThan(told.indexOf('first ends'));
    expect(told.indexOf('other begins')).toBeLessThan(told.indexOf('first ends'));
    expect(told.indexOf('stranger begins')).toBeLessThan(told.indexOf('first ends'));
  });

  it('go on after one that failed, which only its own caller hears of', async () => {
    const turns = new CertificateTurns();
    const failing = turns.take(tenancy, of('a'), () => Promise.reject(new Error('mine')));
    const next = turns.take(tenancy, of('a'), () => Promise.resolve('well'));
    await expect(failing).rejects.toThrow('mine');
    expect(await next).toBe('well');
  });
});
