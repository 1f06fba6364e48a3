import { z } from 'zod';
import type { StateStore } from '../state-store.js';

const FILE = 'jlis-switches.json';

/** What is not known of the live services and can be tried either way. */
export const jlisSwitchesSchema = z.strictObject({
  /** Whether a superseded serial can be asked about. */
  chained_linkage: z.boolean(),
  /** Whether a counterpart comes with the key identifier of its CA and its end of life. */
  counterpart_details: z.boolean(),
});
export type JlisSwitchValues = z.infer<typeof jlisSwitchesSchema>;

/** `PUT /control/jlis` */
export const jlisSwitchesRequestSchema = jlisSwitchesSchema.partial();

export class JlisSwitches {
  private values: JlisSwitchValues;

  constructor(private readonly store: StateStore) {
    this.values = store.read(FILE, jlisSwitchesSchema) ?? { chained_linkage: false, counterpart_details: true };
  }

  get all(): JlisSwitchValues {
    return { ...this.values };
  }

  set(change: z.output<typeof jlisSwitchesRequestSchema>): void {
    const { chained_linkage = this.values.chained_linkage, counterpart_details = this.values.counterpart_details } =
      change;
    this.store.write(FILE, { chained_linkage, counterpart_details });
    this.values = { chained_linkage, counterpart_details };
  }
}
