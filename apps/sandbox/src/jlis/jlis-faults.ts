import { z } from 'zod';
import { JLIS_SERVICES, type JlisService } from './jlis-service.js';

/** Faults any service can have. */
const PLAIN_FAULTS = [
  'none',
  'down',
  'slow',
  'garbage',
  'hang_up',
  'too_many_requests',
  'unavailable',
  'internal_error',
] as const;

const fault = <const Mode extends string>(modes: readonly Mode[]) =>
  z.strictObject({
    mode: z.enum(modes),
    delay_ms: z.number().int().min(0).max(600_000).default(0),
    /** Ends by itself after so many requests. */
    times: z.number().int().min(1).max(1_000_000).optional(),
    /** With too_many_requests and unavailable. */
    retry_after_seconds: z.number().int().min(0).max(86_400).default(1),
    /** With wrong_person: whose card. */
    card: z.string().max(40).default('demo'),
  });

const plain = fault(PLAIN_FAULTS);

/** `PUT /control/faults`, member `jlis`: only services named are changed. */
export const jlisFaultsSchema = z.strictObject({
  capabilities: plain.optional(),
  serial_linkages: fault([...PLAIN_FAULTS, 'wrong_person', 'same_serial', 'cycle']).optional(),
  counterparts: fault([...PLAIN_FAULTS, 'wrong_person', 'same_serial']).optional(),
  age_checks: plain.optional(),
  consents: plain.optional(),
  consent_withdrawals: plain.optional(),
  latest_attributes: fault([...PLAIN_FAULTS, 'wrong_person', 'same_serial']).optional(),
} satisfies Record<JlisService, z.ZodType>);
export type JlisFaultsRequest = z.output<typeof jlisFaultsSchema>;
export type JlisFault = NonNullable<JlisFaultsRequest[JlisService | 'serial_linkages']>;

const NO_FAULT: JlisFault = { mode: 'none', delay_ms: 0, retry_after_seconds: 1, card: 'demo' };

/** What goes wrong on purpose at the J-LIS services. Not kept: after a restart everything works. */
export class JlisFaults {
  private readonly current = new Map<JlisService, JlisFault>();

  set(request: JlisFaultsRequest): void {
    for (const service of JLIS_SERVICES) {
      const asked = request[service];
      if (asked) this.current.set(service, asked);
    }
  }

  clear(): void {
    this.current.clear();
  }

  get all(): Record<string, JlisFault> {
    return Object.fromEntries([...this.current].filter(([, { mode }]) => mode !== 'none'));
  }

  /** The fault the next request to `service` meets; one with a number of times is used up by it. */
  take(service: JlisService): JlisFault {
    const found = this.current.get(service) ?? NO_FAULT;
    if (found.times !== undefined) {
      if (found.times > 1) this.current.set(service, { ...found, times: found.times - 1 });
      else this.current.delete(service);
    }
    return found;
  }
}
