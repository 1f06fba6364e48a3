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

describe('replaced lists', () => {
  it('are collected when they come to more than two national sets, and not before', async () => {
    const buffers = new ReplacedBuffers();
    for (let i = 0; i < 8; i++) buffers.add(replaced(10_000_000));
    buffers.add(undefined);
    await sleep(100);
    const before = full;
    buffers.add(replaced(10_000_000));
    await sleep(100);
    buffers.stop();
    expect(full).toBeGreaterThan(before);
  });
});
