import { z } from 'zod';
import { METERS, monthText } from '#lib/billing';

const page = { cursor: z.string().max(64).optional(), limit: z.coerce.number().int().min(1).max(100).default(20) };

/** Without ids: named schemas would not be told apart into query parameters in the API's description. */
export const usageQuery = z.strictObject({ month: monthText.optional() });
export const usageEventsQuery = z.strictObject({
  month: monthText.optional(),
  meter: z.enum(METERS).optional(),
  day: z.iso.date().optional(),
  ...page,
});
export const pageQuery = z.strictObject(page);
