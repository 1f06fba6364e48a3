import type { Schemas } from '#lib/api-client';

/** A consent that covers linkage and counterpart, given a minute ago. */
export const consentNow = (change: Partial<Schemas['StatedConsent']> = {}): Schemas['StatedConsent'] => ({
  text_version: 'renewal-1',
  given_at: new Date(Date.now() - 60_000).toISOString(),
  covers: ['jlis_use', 'obtain_previous_serial', 'obtain_counterpart'],
  ...change,
});
