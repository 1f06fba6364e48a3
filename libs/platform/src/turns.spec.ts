import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
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

describe('work beside that of others', () => {
  it('is less at once while another owner is there, and a second after he was again as much as ever', async () => {
    let now = 0;
    const { begun, begin, end } = pieces(
      new Turns({ atOnce: 3, besideOthers: { atOnce: 1, mostRestMs: 0 }, mostWaiting: 10 }, () => now),
    );
    const went = async (): Promise<string[]> => {
      await nextTurn();
      return begun.splice(0);
    };
    for (let n = 1; n <= 3; n++) void begin(`a ${n}`);
    void begin('b 1');
    expect(await went()).toEqual(['a 1', 'a 2', 'a 3', 'b 1']);
    for (let n = 4; n <= 8; n++) void begin(`a ${n}`);
    now = 999;
    // Of the three that went on before the other one came, two end before anything new begins.
    for (const next of [[], [], ['a 4']]) {
      end();
      expect(await went()).toEqual(next);
    }
    now = 1_000;
    end();
    end();
    expect(await went()).toEqual(['a 5', 'a 6', 'a 7']);
  });

  it('rests as long as it took before the next of its name begins, within a limit; whoever is alone does not', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    try {
      let now = 0;
      const { begun, begin, end } = pieces(
        new Turns({ atOnce: 1, besideOthers: { atOnce: 1, mostRestMs: 25 }, mostWaiting: 10 }, () => now),
      );
      const went = async (ms = 0): Promise<string[]> => {
        jest.advanceTimersByTime(ms);
        await nextTurn();
        return begun.splice(0);
      };
      for (let n = 1; n <= 4; n++) void begin(`a ${n}`);
      expect(await went()).toEqual(['a 1']);
      now = 300;
      end();
      expect(await went()).toEqual(['a 2']);
      void begin('b 1');
      expect(await went()).toEqual(['b 1']);
      now = 310;
      end();
      expect(await went()).toEqual([]);
      expect(await went(9)).toEqual([]);
      // What comes during the rest waits behind what was there.
      void begin('a 5');
      expect(await went(1)).toEqual(['a 3']);
      now = 900;
      end();
      end();
      expect(await went()).toEqual([]);
      expect(await went(24)).toEqual([]);
      expect(await went(1)).toEqual(['a 4']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('of the same owner under another name is no company', async () => {
    const turns = new Turns({ atOnce: 2, besideOthers: { atOnce: 1, mostRestMs: 0 }, mostWaiting: 10 });
    const begun: string[] = [];
    for (const name of ['a:read', 'a:read', 'a:write', 'a:write'])
      void turns.take(
        name,
        () => {
          begun.push(name);
          return new Promise(() => undefined);
        },
        'a',
      );
    await nextTurn();
    expect(begun).toHaveLength(4);
  });
});

describe('work of one name', () => {
  it('goes on so many at once, the rest in the order in which it came; other names do not wait for it', async () => {
    const { begun, begin, end } = pieces(new Turns({ atOnce: 2, mostWaiting: 10 }));
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
    const { begun, begin, end } = pieces(new Turns({ atOnce: 1, mostWaiting: 1 }));
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
    const turns = new Turns({ atOnce: 1, mostWaiting: 1 });
    const failing = turns.take('a', () => Promise.reject(new Error('x')));
    const waiting = turns.take('a', () => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('x');
    expect(await waiting).toBe('done');
  });
});
