import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { keyedHash, newWrappedKey, open, seal, unwrapKey } from './crypto-box.js';

const ring = (...ids: string[]) => ({
  active: ids[0]!,
  keys: new Map(ids.map((id) => [id, createSecretKey(randomBytes(32))])),
});

describe('the crypto box', () => {
  const key = createSecretKey(randomBytes(32));
  const sealed = seal(key, Buffer.from('secret'), 'row 1');

  it('opens what it sealed', () => expect(open(key, sealed, 'row 1').toString()).toBe('secret'));
  it('does not open in another context', () => expect(() => open(key, sealed, 'row 2')).toThrow());
  it('does not open under another key', () =>
    expect(() => open(createSecretKey(randomBytes(32)), sealed, 'row 1')).toThrow());
  it('does not open after any bit was flipped, nor cut short', () => {
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i]! ^= 1;
      expect(() => open(key, changed, 'row 1')).toThrow();
      expect(() => open(key, sealed.subarray(0, i), 'row 1')).toThrow();
    }
  });
  it('never seals the same text to the same bytes', () =>
    expect(seal(key, Buffer.from('secret'), 'row 1').equals(sealed)).toBe(false));
});

describe('a tenant key', () => {
  it('survives rotation of the master key while the old one is in the ring', () => {
    const before = ring('k1');
    const { ringKeyId, wrapped } = newWrappedKey(before, 'id');
    const after = { active: 'k2', keys: new Map([...before.keys, ['k2', createSecretKey(randomBytes(32))]]) };
    expect(
      unwrapKey(after, 'id', ringKeyId, wrapped).encryption.equals(
        unwrapKey(before, 'id', ringKeyId, wrapped).encryption,
      ),
    ).toBe(true);
    expect(() => unwrapKey(ring('k2'), 'id', ringKeyId, wrapped)).toThrow('no key "k1"');
  });
  it('cannot be passed off as another one', () => {
    const keys = ring('k1');
    const { ringKeyId, wrapped } = newWrappedKey(keys, 'one');
    expect(() => unwrapKey(keys, 'two', ringKeyId, wrapped)).toThrow();
  });
  it('hashes the same value differently for each tenant', () => {
    const keys = ring('k1');
    const [a, b] = ['a', 'b'].map((id) => {
      const { ringKeyId, wrapped } = newWrappedKey(keys, id);
      return unwrapKey(keys, id, ringKeyId, wrapped);
    });
    expect(keyedHash(a!, 'sign|1').equals(keyedHash(b!, 'sign|1'))).toBe(false);
    expect(keyedHash(a!, 'sign|1').equals(keyedHash(a!, 'sign|1'))).toBe(true);
    expect(a!.encryption.equals(a!.lookup)).toBe(false);
  });
});
