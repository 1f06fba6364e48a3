import { z } from 'zod';
import { invoiceSearchFields } from '#lib/billing';

/** Without an id: named schemas would not be told apart into query parameters in the API's description. */
export const invoicesQuery = z.strictObject({
  ...invoiceSearchFields,
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
