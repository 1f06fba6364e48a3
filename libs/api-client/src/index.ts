import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type ShomeiClient = Client<paths>;
/** The bodies of the API by their names in docs/openapi/api.json. */
export type Schemas = components['schemas'];

/** A typed client of the SP API. Each call resolves with `data` or, when the API refused, with the problem in `error`. */
export const createShomeiClient = (options: { baseUrl: string; apiKey: string }): ShomeiClient =>
  createClient<paths>({ baseUrl: options.baseUrl, headers: { authorization: `Bearer ${options.apiKey}` } });
