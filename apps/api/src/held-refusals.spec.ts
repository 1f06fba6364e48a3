import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { HeldRefusals, PROMPT } from './held-refusals.js';

/** Longer than any of these tests takes. */
const LONG_MS = 600_000;

/** Refuses so many times, and tells how many refusals were answered at once. */
async function refuse(refusals: HeldRefusals, count: number, { name = 'a', restMs = LONG_MS } = {}): Promise<number> {
  let answered = 0;
  for (let i = 0; i < count; i++)
    void refusals.hold(name, restMs).then(() => {
      answered += 1;
    });
  await turn();
  return answered;
}

describe('refusals of one second', () => {
  it('are answered at once while they are few, and then no more', async () => {
    expect(await refuse(new HeldRefusals(), PROMPT + 100)).toBe(PROMPT);
  });

  it('are answered when it is over', async () => {
    const refusals = new HeldRefusals();
    await refuse(refusals, PROMPT);
    const began = performance.now();
    await refusals.hold('a', 40);
    // Timers count whole milliseconds.
    expect(performance.now() - began).toBeGreaterThanOrEqual(39);
  });

  it('of another name are counted apart', async () => {
    const refusals = new HeldRefusals();
    await refuse(refusals, PROMPT);
    expect(await refuse(refusals, 1, { name: 'b' })).toBe(1);
    expect(await refuse(refusals, 1)).toBe(0);
  });

  it('are forgotten when it is over', async () => {
    const refusals = new HeldRefusals();
    await refuse(refusals, PROMPT, { restMs: 1 });
    await sleep(10);
    expect(await refuse(refusals, PROMPT)).toBe(PROMPT);
  });

  it('are held by the thousand and no more', async () => {
    expect(await refuse(new HeldRefusals(), PROMPT + 1_001)).toBe(PROMPT + 1);
  });
});
