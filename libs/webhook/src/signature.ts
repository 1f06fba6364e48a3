import { createHmac, randomBytes } from 'node:crypto';
import { toPublicId } from '#lib/platform';
import type { EventData, EventType } from './append-event.js';
import { publicEventData } from './event-data.js';

const PREFIX = 'whsec_';
/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;

/** A new signing secret: `whsec_` and 256 random bits in base64. */
export const makeSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/**
 * The headers by which a receiver knows that we sent it this body, and when (Standard Webhooks, symmetric signature `v1`).
 * @param secrets each adds a signature: during a rotation the receiver may know the old one or the new one
 * @param seconds since 1970, real time
 */
export function signedHeaders(
  secrets: readonly string[],
  { id, seconds, body }: { id: string; seconds: number; body: string },
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') };
}

/** What is sent of an event: its type, its time by the clock of the mode, ids, and its place among the endpoint's. */
export const bodyOf = (event: {
  id: string;
  type: EventType;
  occurredAt: Date;
  sequence: number;
  data: EventData;
}): string =>
  JSON.stringify({
    type: event.type,
    timestamp: event.occurredAt.toISOString(),
    id: toPublicId('evt', event.id),
    sequence: event.sequence,
    data: publicEventData(event.data),
  });
