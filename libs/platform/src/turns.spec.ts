import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

/** Work that goes on until it is told to end. */
function pieces(turns: Turns): { begun: string[]; begin: (name: string) => Promise<unknown>; end: () => void } {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const begin = (name: string): Promise<unknown> =>
    turns
      .take(name.split(' ')[0]!, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.push(resolve));
      })
      .catch((error: unknown) => (error as { code: string }).code);
  return { begun, begin, end: () => ends.shift()?.() };
}

describe('work of one name', () => {
  it('goes on so many at once, the rest in the order in which it came; other names do not wait for it', async () => {
    const { begun, begin, end } = pieces(new Turns(2, 10));
    for (const name of ['a 1', 'a 2', 'a 3', 'a 4', 'b 1']) void begin(name);
    await nextTurn();
    expect(begun).toEqual(['a 1', 'a 2', 'b 1']);
    end();
    await nextTurn();
    end();
    await nextTurn();
    expect(begun).toEqual(['a 1', 'a 2', 'b 1', 'a 3', 'a 4']);
  });

  it('is refused when too much of it waits, and let in again afterwards', async () => {
    const { begun, begin, end } = pieces(new Turns(1, 1));
    void begin('a 1');
    void begin('a 2');
    expect(await begin('a 3')).toBe('rate_limited');
    end();
    await nextTurn();
    void begin('a 4');
    end();
    await nextTurn();
    expect(begun).toEqual(['a 1', 'a 2', 'a 4']);
  });

  it('gives its turn on when it fails', async () => {
    const turns = new Turns(1, 1);
    const failing = turns.take('a', () => Promise.reject(new Error('x')));
    const waiting = turns.take('a', () => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('x');
    expect(await waiting).toBe('done');
  });
});
