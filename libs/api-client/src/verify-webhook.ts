import type { components } from './schema.js';

/** What a webhook brings: what changed, by type and ids. Ask the API for what it is now. */
export interface WebhookEvent extends Pick<components['schemas']['Event'], 'id' | 'type' | 'data'> {
  /** ISO 8601, by the clock of the mode. */
  timestamp: string;
  /** Of the endpoint's events, from 1 without a gap; they need not arrive in this order. */
  sequence: number;
}

/** Why a request is not to be believed. */
export type WebhookRefusal = 'headers_missing' | 'too_old' | 'too_new' | 'signature_wrong';

/** Answer 400 or 401 and do nothing. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
  constructor(readonly reason: WebhookRefusal) {
    super(reason);
  }
}

export interface WebhookRequest {
  /** The octets or text as they came: parsed and written again they may differ. */
  body: string | Uint8Array;
  /** In lower case, as Node.js gives them, or as fetch does. */
  headers: Headers | Record<string, string | string[] | undefined>;
  /** `whsec_…`; several while a secret is being replaced. */
  secrets: string | readonly string[];
  /** How far the sender's clock and a repeated request may be off, seconds. */
  toleranceSeconds?: number;
  /** Milliseconds since 1970. */
  now?: number;
}

/**
 * Whether the platform sent this request, unchanged and just now (Standard Webhooks, `v1`). Afterwards look whether
 * `webhook-id`, which is the event's id, was processed before: a delivery may come twice.
 * @throws WebhookRefused
 */
export async function verifyWebhook(request: WebhookRequest): Promise<WebhookEvent> {
  const { body, headers, secrets, toleranceSeconds = 300, now = Date.now() } = request;
  const header = (name: string): string => {
    const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, unknown>)[name];
    if (typeof value !== 'string' || value === '') throw new WebhookRefused('headers_missing');
    return value;
  };
  const [id, seconds, signatures] = [header('webhook-id'), header('webhook-timestamp'), header('webhook-signature')];
  if (!/^[0-9]{1,12}$/.test(seconds)) throw new WebhookRefused('headers_missing');
  const age = now / 1_000 - Number(seconds);
  if (age > toleranceSeconds) throw new WebhookRefused('too_old');
  if (-age > toleranceSeconds) throw new WebhookRefused('too_new');
  const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  const signed = new TextEncoder().encode(`${id}.${seconds}.${text}`);
  // At most a few are ever sent; a header full of them must not cost us a second.
  const candidates = signatures
    .split(' ', 8)
    .flatMap((each) => (each.startsWith('v1,') ? (octets(each.slice(3)) ?? []) : []));
  for (const secret of typeof secrets === 'string' ? [secrets] : secrets) {
    const raw = octets(secret.replace(/^whsec_/, ''));
    if (!raw) throw new TypeError('a webhook secret is whsec_ and base64');
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
    // Compares in constant time.
    for (const candidate of candidates)
      if (await crypto.subtle.verify('HMAC', key, candidate, signed)) return JSON.parse(text) as WebhookEvent;
  }
  throw new WebhookRefused('signature_wrong');
}

function octets(base64: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
