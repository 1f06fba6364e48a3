export * from './append-event.js';
