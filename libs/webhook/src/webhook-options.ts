import type { Resolve } from './resolve-target.js';

/** Injection token of {@link WebhookOptions}. */
export const WEBHOOK_OPTIONS = Symbol('WEBHOOK_OPTIONS');

export interface WebhookOptions {
  /** Whether webhooks of test mode may go to this machine itself. */
  testLoopback: boolean;
  /** How names become addresses; absent: by the machine's resolver. */
  resolve?: Resolve;
}
