import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RevocationColumns } from '#lib/pki';
import { ReplacedBuffers } from './replaced-buffers.js';
import type { ResidentCrl } from './resident-set.js';

let full = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if ((entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++;
});
beforeEach(() => {
  full = 0;
  observer.observe({ entryTypes: ['gc'] });
});
afterEach(() => observer.disconnect());

/** A list that says it has so many entries; nothing else is asked of it. */
function replaced(entries: number): ResidentCrl {
  const none = new Uint8Array(0);
  const words = new Uint32Array(0);
  class Sized extends RevocationColumns {
    override get size(): number {
      return entries;
    }
  }
  const data = { serials: words, times: words, reasons: none, longRows: none, longTimes: words, longReasons: none };
  const facts = { crlId: '1', anchorFingerprint: 'aa', thisUpdate: 0, nextUpdate: 0, sha256: 'cc' };
  return { ...facts, columns: new Sized(data) };
}

// Added in one turn of the event loop, because a collection that happens by itself between them would count as one.
function addNationalSets(buffers: ReplacedBuffers): void {
  for (let i = 0; i < 9; i++) buffers.add(replaced(10_000_000));
}

describe('replaced lists', () => {
  it('are collected when they come to more than two national sets, and not before', () => {
    let collections = 0;
    const buffers = new ReplacedBuffers(() => collections++);
    for (let i = 0; i < 8; i++) buffers.add(replaced(10_000_000));
    buffers.add(undefined);
    expect(collections).toBe(0);
    buffers.add(replaced(10_000_000));
    expect(collections).toBe(1);
    addNationalSets(buffers);
    expect(collections).toBe(2);
    buffers.stop();
  });

  it('ask for a full collection', async () => {
    const buffers = new ReplacedBuffers();
    const before = full;
    addNationalSets(buffers);
    for (let waited = 0; full === before && waited < 10_000; waited += 20) await sleep(20);
    buffers.stop();
    expect(full).toBeGreaterThan(before);
  });
});
