import { z } from 'zod';
import type { StateStore } from './state-store.js';

const FILE = 'clock.json';
const clockSchema = z.object({ offsetMs: z.number().int() });

/** System time plus an offset the operator may change; the offset survives restarts. */
export class SandboxClock {
  private offset: number;

  constructor(private readonly store: StateStore) {
    this.offset = store.read(FILE, clockSchema)?.offsetMs ?? 0;
  }

  get offsetMs(): number {
    return this.offset;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.offset;
  }

  move(offsetMs: number): void {
    this.store.write(FILE, { offsetMs });
    this.offset = offsetMs;
  }
}
