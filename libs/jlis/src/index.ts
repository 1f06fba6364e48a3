export * from './crl-delivery.js';
export type { JlisCaller, PlatformCaller } from './jlis-call.js';
export { JLIS_SETTINGS, type JlisEndpoint, type JlisEndpoints, loadJlisEndpoints } from './jlis-endpoints.js';
export * from './jlis-services.js';
export { JlisUnavailable, type JlisDetail } from './jlis-unavailable.js';
export * from './jlis.module.js';
export * from './ocsp-transport.js';
