export * from './proof.js';
export * from './serial-linkage-schedule.js';
export * from './serial-linkage-walk.js';
