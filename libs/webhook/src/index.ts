export * from './append-event.js';
export * from './event-log.js';
