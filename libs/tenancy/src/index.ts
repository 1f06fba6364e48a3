export * from './api-key.js';
export * from './api-keys.js';
export * from './contract.js';
export * from './onboard.js';
export * from './principal.js';
export * from './reference.js';
export * from './tenancy.module.js';
export * from './tenant-keys.js';
