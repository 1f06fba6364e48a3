export * from './append-audit.js';
export * from './audit-form.js';
export * from './audit-sealing.module.js';
export * from './audit-watch.js';
export * from './changed-fields.js';
export * from './seal-audit.js';
