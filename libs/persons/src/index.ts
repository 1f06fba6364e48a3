export * from './consent.js';
export * from './consent-check.js';
export * from './proof.js';
export * from './serial-linkage-schedule.js';
export * from './serial-linkage-walk.js';
export * from './survivor.js';
