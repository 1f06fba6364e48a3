export * from './crl-check.js';
export * from './crl-reader.js';
export * from './crl-signer.js';
export type { CrlEntryFlags, CrlEntryLimits } from './crl-entry.js';
export type { CrlExtensions, IssuingDistributionPoint } from './crl-extensions.js';
export * from './revocation-columns.js';
export * from './revocation-columns-builder.js';
export * from './revocation-diff.js';
