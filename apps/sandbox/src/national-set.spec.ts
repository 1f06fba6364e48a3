import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NationalSet } from './national-set.js';
import { StateStore } from './state-store.js';

const NOW = Date.UTC(2026, 3, 1, 12);
const DAY = 86_400_000;
const SIZE = 37;
let directory: string;
let set: NationalSet;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shomei-national-'));
  set = new NationalSet(new StateStore(directory));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Serial → what the list says of it. */
function listed(index: number): Map<number, string> {
  const der = set.entries(index);
  const found = new Map<number, string>();
  for (let at = 0; at < der.length; at += SIZE)
    found.set(der.readUInt32BE(at + 4), der.subarray(at + 8, at + SIZE).toString('hex'));
  expect(found.size * SIZE).toBe(der.length);
  return found;
}

describe('the national set', () => {
  it('has the size asked for, split between the hierarchies, each serial once', () => {
    expect(set.publish(7, 5_000, NOW)).toEqual({
      day: 0,
      partitions: 7,
      entries: 35_000,
      added: 0,
      changed: 0,
      gone: 0,
    });
    expect([set.partitionCount('sign'), set.partitionCount('auth')]).toEqual([4, 3]);
    const [first, second] = [listed(0), listed(1)];
    expect(first.size).toBe(5_000);
    expect([...first.keys()].some((serial) => second.has(serial))).toBe(false);
  });

  it('changes from one day to the next by exactly what it says', () => {
    set.publish(2, 5_000, NOW);
    for (let day = 1; day <= 3; day++) {
      const before = listed(1);
      const said = set.nextDay(NOW + day * DAY)!;
      const after = listed(1);
      const kept = [...after].filter(([serial]) => before.has(serial));
      const each = { added: after.size - kept.length, gone: before.size - kept.length };
      const changed = kept.filter(([serial, entry]) => before.get(serial) !== entry).length;
      expect({ ...each, changed }).toEqual({ added: said.added / 2, gone: said.gone / 2, changed: said.changed / 2 });
      expect(each).toEqual({ added: 5, gone: 2 });
      expect(changed).toBeGreaterThan(0);
      expect(said.entries).toBe(2 * after.size);
    }
  });

  it('is the same after a restart, and numbers its publications upwards whatever happens', () => {
    set.publish(2, 1_000, NOW);
    set.nextDay(NOW + 1_000);
    const again = new NationalSet(new StateStore(directory));
    expect(again.entries(1)).toEqual(set.entries(1));
    const sequences = [again.publication(NOW + 2_000).sequence];
    sequences.push(again.publication(NOW + 2 * DAY).sequence);
    again.nextDay(NOW + 2 * DAY);
    sequences.push(again.publication(NOW + 2 * DAY).sequence);
    again.publish(4, 10, NOW + 2 * DAY);
    sequences.push(again.publication(NOW + 2 * DAY).sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  });

  it('has no next day where there is none', () => {
    expect(set.nextDay(NOW)).toBeUndefined();
    set.publish(0, 10, NOW);
    expect(set.nextDay(NOW)).toBeUndefined();
  });
});
