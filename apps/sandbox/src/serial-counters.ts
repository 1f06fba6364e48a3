import { z } from 'zod';
import { FIRST_SERIAL, type Hierarchy } from './hierarchy.js';
import type { StateStore } from './state-store.js';

const FILE = 'serials.json';
const countersSchema = z.object({ sign: z.number().int(), auth: z.number().int() });

/** One increasing serial per hierarchy, whatever the CA generation. A serial lost in a crash is never used again. */
export class SerialCounters {
  private readonly next: Record<Hierarchy, number>;

  constructor(private readonly store: StateStore) {
    this.next = store.read(FILE, countersSchema) ?? { sign: FIRST_SERIAL, auth: FIRST_SERIAL };
  }

  take(hierarchy: Hierarchy): bigint {
    const serial = this.next[hierarchy]++;
    this.store.write(FILE, this.next);
    return BigInt(serial);
  }
}
