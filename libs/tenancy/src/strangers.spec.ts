import { describe, expect, it } from '@jest/globals';
import { Problem } from '#lib/platform';
import { Strangers } from './strangers.js';

const FROM = '192.0.2.1';
/** What admitting many keys one after the other ends with: the code, `found` or `wrong`. */
async function many(strangers: Strangers, count: number, look: () => Promise<string | undefined>): Promise<string[]> {
  const ends: string[] = [];
  for (let n = 0; n < count; n++)
    ends.push(
      await strangers.admit(FROM, look).then(
        (found) => found ?? 'wrong',
        (error: unknown) => (error as Problem).code,
      ),
    );
  return [...new Set(ends)];
}

describe('keys that a process does not know', () => {
  it('are refused from one address when too many are wrong, and looked for no more', async () => {
    let looked = 0;
    const wrong = (): Promise<undefined> => {
      looked++;
      return Promise.resolve(undefined);
    };
    expect(await many(new Strangers(), 60, wrong)).toEqual(['wrong', 'rate_limited']);
    expect(looked).toBe(50);
  });

  it('that are right are admitted however many come', async () => {
    expect(await many(new Strangers(), 200, () => Promise.resolve('found'))).toEqual(['found']);
  });

  it('that cannot be looked for are not taken for wrong ones', async () => {
    const strangers = new Strangers();
    const away = (): Promise<never> => Promise.reject(new Problem('storage_unavailable'));
    expect(await many(strangers, 200, away)).toEqual(['storage_unavailable']);
    expect(await many(strangers, 1, () => Promise.resolve('found'))).toEqual(['found']);
  });
});
