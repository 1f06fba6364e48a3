/** The services of docs/sandbox.md, as faults, log and counts name them. */
export const JLIS_SERVICES = [
  'capabilities',
  'serial_linkages',
  'counterparts',
  'age_checks',
  'consents',
  'consent_withdrawals',
  'latest_attributes',
] as const;
export type JlisService = (typeof JLIS_SERVICES)[number];

/** What a service answers. */
export interface ServiceAnswer {
  body: object;
  /** For the request log: what became of the request, without saying anything about a holder. */
  outcome: string;
  /** J-LIS charges for it. */
  metered: boolean;
}

export const unmetered = (outcome: string, body: object): ServiceAnswer => ({ body, outcome, metered: false });
