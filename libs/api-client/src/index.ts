import createClient, { type Client } from 'openapi-fetch';
import type { components as AdminComponents, paths as AdminPaths } from './admin-schema.js';
import type { components, paths } from './schema.js';

export * from './verify-webhook.js';

export type ShomeiClient = Client<paths>;
/** The bodies of the API by their names in docs/openapi/api.json. */
export type Schemas = components['schemas'];

/** A typed client of the SP API. Each call resolves with `data` or, when the API refused, with the problem in `error`. */
export const createShomeiClient = (options: { baseUrl: string; apiKey: string }): ShomeiClient =>
  createClient<paths>({ baseUrl: options.baseUrl, headers: { authorization: `Bearer ${options.apiKey}` } });

export type AdminClient = Client<AdminPaths>;
/** The bodies of the operators' REST by their names in docs/openapi/admin.json. */
export type AdminSchemas = AdminComponents['schemas'];

/**
 * A typed client of the operators' REST. In a browser the session's cookie goes along by itself; elsewhere `fetch` has
 * to carry it. `csrfToken` is asked before each request and gives the one the session was opened with.
 */
export function createAdminClient(options: {
  baseUrl: string;
  csrfToken: () => string | undefined;
  fetch?: (request: Request) => Promise<Response>;
}): AdminClient {
  const { baseUrl, csrfToken, fetch } = options;
  const client = createClient<AdminPaths>({ baseUrl, credentials: 'same-origin', ...(fetch ? { fetch } : {}) });
  client.use({
    onRequest({ request }) {
      const token = csrfToken();
      if (token !== undefined) request.headers.set('x-csrf-token', token);
      return request;
    },
  });
  return client;
}
