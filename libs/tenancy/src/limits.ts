/**
 * What the endpoints of the SP API are limited by: each has limits of its own, so that reading a list never costs a
 * verification. The database knows the same five.
 */
export const ENDPOINT_CLASSES = ['verification', 'challenge', 'jlis_service', 'read', 'manage'] as const;
export type EndpointClass = (typeof ENDPOINT_CLASSES)[number];

export interface Limit {
  /** Requests in a second, over all processes of the API. */
  perSecond: number;
  /** Requests in a month of Japan; null: as many as the rate lets through. */
  perMonth: number | null;
}
export type Limits = Readonly<Record<EndpointClass, Readonly<Limit>>>;
export type LimitsChange = Partial<Record<EndpointClass, Partial<Limit>>>;

/** The most that a contract can say; the database refuses more. */
export const GREATEST_LIMIT: Limit & { perMonth: number } = { perSecond: 100_000, perMonth: 999_999_999_999 };

/** The column `contract.limits`. */
export type StoredLimits = Record<EndpointClass, { per_second: number; per_month: number | null }>;

const ofEach = <T>(limitOf: (endpointClass: EndpointClass) => T): Record<EndpointClass, T> =>
  Object.fromEntries(ENDPOINT_CLASSES.map((each) => [each, limitOf(each)])) as Record<EndpointClass, T>;

export const readLimits = (stored: StoredLimits): Limits =>
  ofEach((each) => ({ perSecond: stored[each].per_second, perMonth: stored[each].per_month }));

export const storeLimits = (limits: Limits): StoredLimits =>
  ofEach((each) => ({ per_second: limits[each].perSecond, per_month: limits[each].perMonth }));

/** What is absent stays as it is. */
export const mergeLimits = (limits: Limits, change: LimitsChange): Limits =>
  ofEach((each) => ({ ...limits[each], ...change[each] }));
