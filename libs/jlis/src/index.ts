export * from './crl-delivery.js';
export { JlisUnavailable, type JlisDetail } from './jlis-unavailable.js';
export * from './ocsp-transport.js';
