export * from './append-usage.js';
export * from './billing.module.js';
export * from './usage-event.js';
export * from './usage-event.entity.js';
