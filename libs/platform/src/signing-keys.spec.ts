import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from './config.js';
import type { SigningKeys } from './signing-keys.js';

const newKey = (namedCurve = 'P-256') => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    secret: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    half: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  };
};
const [one, two, three, four] = [newKey(), newKey(), newKey(), newKey()];
const load = (value: unknown): SigningKeys =>
  loadConfig(['SIGNING_KEYS'], { SIGNING_KEYS: typeof value === 'string' ? value : JSON.stringify(value) })
    .SIGNING_KEYS;
const test = { active: 't1', keys: { t1: two.secret } };

describe('keys that sign receipts', () => {
  it('publish the key that signs, the one that follows it and the retired ones, of each mode by itself', () => {
    const keys = load({
      live: { active: 'l2', keys: { l2: one.secret, l3: three.secret }, retired: { l1: four.half } },
      test,
    });
    expect(keys.live.active.id).toBe('l2');
    expect([...keys.live.published.keys()]).toEqual(['l2', 'l3', 'l1']);
    expect([...keys.live.published.values()].map(({ type }) => type)).toEqual(['public', 'public', 'public']);
    expect([...keys.test.published.keys()]).toEqual(['t1']);
  });

  it.each([
    ['text that is no JSON', '{'],
    ['one mode alone', { live: { active: 'l1', keys: { l1: one.secret } } }],
    ['an active key that is not there', { live: { active: 'l2', keys: { l1: one.secret } }, test }],
    ['a retired key that is made active', { live: { active: 'l1', keys: {}, retired: { l1: one.half } }, test }],
    ['one key for both modes', { live: { active: 'l1', keys: { l1: two.secret } }, test }],
    [
      'a key of the other mode among the retired',
      { live: { active: 'l1', keys: { l1: one.secret }, retired: { l0: two.half } }, test },
    ],
    ['one id in both modes', { live: { active: 't1', keys: { t1: one.secret } }, test }],
    [
      'one id for two keys of a mode',
      { live: { active: 'l1', keys: { l1: one.secret }, retired: { l1: four.half } }, test },
    ],
    ['a key of another curve', { live: { active: 'l1', keys: { l1: newKey('P-384').secret } }, test }],
    ['a public half where the private key belongs', { live: { active: 'l1', keys: { l1: one.half } }, test }],
    ['a member that means nothing', { live: { active: 'l1', keys: { l1: one.secret }, old: {} }, test }],
  ])('refuses %s and shows nothing of it', (_what, value) => {
    expect(() => load(value)).toThrow(ConfigError);
    try {
      load(value);
    } catch (error) {
      expect((error as Error).message).toMatch(/^configuration: SIGNING_KEYS /);
      expect((error as Error).message).not.toContain('MIG');
    }
  });
});
