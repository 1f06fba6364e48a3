/** Injection token: the address under which operators reach the console, without a trailing slash. */
export const PUBLIC_URL = Symbol('PUBLIC_URL');
/** Injection token: the address under which tenants reach the API, without a trailing slash; undefined: not told. */
export const API_URL = Symbol('API_URL');
/** Injection token: the console's page as it was built, with room for a nonce. */
export const CONSOLE_INDEX = Symbol('CONSOLE_INDEX');
/** Injection token: a list this close to its nextUpdate is late, milliseconds. */
export const LATE_MS = Symbol('LATE_MS');
/** Injection token: where jobs are handed to the worker; undefined: nowhere. */
export const REDIS_URL = Symbol('REDIS_URL');
/** Injection token: the settings of this process as they may be shown. */
export const SHOWN_SETTINGS = Symbol('SHOWN_SETTINGS');
