import { describe, expect, it } from '@jest/globals';
import { failureOf } from '../../../test/support/jlis-rig.js';
import { CallSlots } from './call-slots.js';

const LIMITS = { total: 3, perParty: 2, waiting: 4, waitingPerParty: 2 };

describe('slots for calls', () => {
  it('leave room for the others when one party has taken its share', async () => {
    const slots = new CallSlots(LIMITS);
    await slots.take('a', 0);
    await slots.take('a', 0);
    expect(await failureOf(slots.take('a', 10))).toMatchObject({ detail: 'too_busy' });
    await slots.take('b', 0);
    expect(slots.inUse).toBe(3);
  });
  it('are given back to whoever has waited longest and has room', async () => {
    const slots = new CallSlots(LIMITS);
    const release = await slots.take('a', 0);
    await slots.take('b', 0);
    await slots.take('b', 0);
    const order: string[] = [];
    const waits = ['b', 'c', 'd'].map((party) =>
      slots.take(party, 200).then(
        () => order.push(party),
        () => order.push(`not ${party}`),
      ),
    );
    release();
    await Promise.all(waits);
    expect(order).toEqual(['c', 'not b', 'not d']);
  });
  it('turn callers away at once when too many wait, one party before the others', async () => {
    const slots = new CallSlots({ ...LIMITS, total: 1, perParty: 1 });
    const release = await slots.take('a', 0);
    const waiting = ['a', 'a', 'b', 'b'].map((party) => slots.take(party, 5_000));
    expect(await failureOf(slots.take('c', 5_000))).toMatchObject({ detail: 'too_busy' });
    release();
    for (const wait of waiting) (await wait)();
    expect(slots.inUse).toBe(0);
    const again = await slots.take('a', 0);
    const two = [slots.take('a', 50), slots.take('a', 50)].map(failureOf);
    expect(await failureOf(slots.take('a', 5_000))).toMatchObject({ detail: 'too_busy' });
    await Promise.all(two);
    again();
    expect(slots.inUse).toBe(0);
  });
  it('are not given to a caller who has stopped waiting', async () => {
    const slots = new CallSlots({ ...LIMITS, total: 1 });
    const release = await slots.take('a', 0);
    await failureOf(slots.take('b', 5));
    release();
    expect(slots.inUse).toBe(0);
  });
});
