import { ENDPOINT_CLASSES, type Limits } from '#lib/tenancy';

/** No quotas, and rates that no test reaches. */
export const WIDE_LIMITS = Object.fromEntries(
  ENDPOINT_CLASSES.map((each) => [each, { perSecond: 100_000, perMonth: null }]),
) as Limits;
