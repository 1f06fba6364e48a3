export * from './crl-delivery.js';
export type { JlisCaller, PlatformCaller } from './jlis-call.js';
export { JLIS_SETTINGS, type JlisOptions, loadJlisOptions } from './jlis-options.js';
export * from './jlis-services.js';
export { JlisUnavailable, type JlisDetail } from './jlis-unavailable.js';
export * from './jlis.module.js';
export * from './ocsp-transport.js';
