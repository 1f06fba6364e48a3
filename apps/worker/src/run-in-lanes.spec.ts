import { describe, expect, it } from '@jest/globals';
import { runInLanes } from './run-in-lanes.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const options = { laneOf: (item: string) => item[0]!, lanes: 2, goOn: () => true };

describe('lanes', () => {
  it('work on one item of a party at a time, in order, and on no more parties than there are lanes', async () => {
    const underWay = new Set<string>();
    const done: string[] = [];
    let most = 0;
    await runInLanes(['a1', 'b1', 'a2', 'c1', 'a3', 'c2'], options, async (item) => {
      expect([...underWay].map((other) => other[0])).not.toContain(item[0]);
      underWay.add(item);
      most = Math.max(most, underWay.size);
      await turn();
      underWay.delete(item);
      done.push(item);
    });
    expect(most).toBe(2);
    expect([...done].sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'c2']);
    expect(done.filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  });

  it('begin nothing more when it is time to stop', async () => {
    const done: string[] = [];
    await runInLanes(['a1', 'a2', 'b1', 'c1'], { ...options, goOn: () => done.length < 2 }, async (item) => {
      done.push(item);
      await turn();
    });
    expect(done).toEqual(['a1', 'b1']);
  });

  it('of nothing end at once', () => runInLanes([], options, () => Promise.reject(new Error('worked'))));
});
