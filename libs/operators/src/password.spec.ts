import { describe, expect, it } from '@jest/globals';
import { checkNewPassword, hashPassword, makePassword, findPasswordKey } from './password.js';

const PERSON = { email: 'hanako.yamada@example.com', name: '山田 Hanako' };

describe('a stored password', () => {
  it('is an Argon2id hash with 19 MiB and two passes, salted', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
  });

  it('is opened by itself alone, however a keyboard composed it', async () => {
    const hash = await hashPassword('パスワード-ｶﾞｷﾞ');
    expect(await findPasswordKey(hash, 'パスワード-ガギ')).toHaveLength(32);
    expect(await findPasswordKey(hash, 'パスワード-カキ')).toBeUndefined();
  });

  it('does not hold the key that opens a session', async () => {
    const hash = await hashPassword('correct horse');
    const key = (await findPasswordKey(hash, 'correct horse'))!;
    expect(hash).not.toContain(key.toString('base64').replace(/=+$/, ''));
  });

  it('costs the same where there is no account, and is never right there', async () => {
    const hash = await hashPassword('x');
    const time = async (stored: string | undefined): Promise<number> => {
      const from = performance.now();
      for (let i = 0; i < 5; i++) expect(await findPasswordKey(stored, 'guess')).toBeUndefined();
      return performance.now() - from;
    };
    // No assertion on figures: a loaded machine has any. Skipping the hash would make the second a thousandth.
    expect((await time(undefined)) / (await time(hash))).toBeGreaterThan(0.05);
  });
});

describe('a new password', () => {
  it.each([
    ['short one', 'too_short'],
    ['aaaaaaaaaaaa', 'too_uniform'],
    ['121212121212', 'too_uniform'],
    ['my-HANAKO-2026-x', 'names_you'],
    ['ＨＡＮＡＫＯ.yamada!', 'names_you'],
    ['Password2026!', 'common'],
    ['qwertyuiop123', 'common'],
    ['the present password', 'unchanged'],
    ['The Present Password', 'unchanged'],
  ])('%j is refused as %s', (password, fault) => {
    expect(checkNewPassword(password, { ...PERSON, current: 'the present password' })).toBe(fault);
  });

  it.each(['correct horse battery staple', '正直者の馬はバッテリーを噛む夜', makePassword()])(
    '%j is taken',
    (password) => expect(checkNewPassword(password, PERSON)).toBeUndefined(),
  );
});
