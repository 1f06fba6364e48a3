import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ResidentCrl } from './resident-set.js';

/** Octets of replaced lists that may wait for the collector: about two national sets. */
const LIMIT_OCTETS = 768 * 1024 * 1024;

/** Of an entry in columns. */
const ENTRY_OCTETS = 9;

/**
 * Keeps count of replaced lists that the collector has not taken yet. Their shared buffers do not make it run, and in a
 * process with work to do it runs often enough by itself; in one that only waits it is asked to when they come to too
 * much. That stops such a process once for some ten milliseconds.
 */
export class ReplacedBuffers {
  private octets = 0;
  private readonly observer = new PerformanceObserver((list) => {
    const kinds = list.getEntries().map((entry) => (entry as { detail?: { kind?: number } }).detail?.kind);
    if (kinds.includes(constants.NODE_PERFORMANCE_GC_MAJOR)) this.octets = 0;
  });

  constructor(private readonly collect: () => void = collectAll) {
    this.observer.observe({ entryTypes: ['gc'] });
  }

  add(list: ResidentCrl | undefined): void {
    if (list === undefined) return;
    this.octets += list.columns.size * ENTRY_OCTETS;
    if (this.octets < LIMIT_OCTETS) return;
    this.octets = 0;
    this.collect();
  }

  stop(): void {
    this.observer.disconnect();
  }
}

/** What `--expose-gc` gives. The function is fetched when it is needed and put into no scope of ours. */
function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  setImmediate(gc);
}
