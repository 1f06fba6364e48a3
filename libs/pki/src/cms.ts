export * from './cms-attributes.js';
export * from './cms-parse.js';
export * from './cms-verify.js';
export * from './cms-record.js';
