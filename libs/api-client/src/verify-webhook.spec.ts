import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { verifyWebhook, type WebhookRequest } from './verify-webhook.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const NOW = 1_700_000_000_000;
const BODY = JSON.stringify({ type: 'person.linked', id: 'evt_1', sequence: 1, data: {}, text: '髙﨑' });

/** As another implementation of Standard Webhooks signs it. */
const headersOf = (body = BODY, { secret = SECRET, at = NOW, id = 'evt_1' } = {}): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(at / 1_000),
  'webhook-signature': new Webhook(secret).sign(id, new Date(at), body),
});
const reason = async (request: Partial<WebhookRequest>): Promise<unknown> => {
  try {
    await verifyWebhook({ body: BODY, headers: headersOf(), secrets: SECRET, now: NOW, ...request });
    return 'believed';
  } catch (error) {
    return (error as { reason?: string }).reason ?? (error as Error).name;
  }
};

describe('verifyWebhook', () => {
  it('believes what another implementation has signed, as text, as octets, with either kind of headers', async () => {
    expect(await verifyWebhook({ body: BODY, headers: headersOf(), secrets: SECRET, now: NOW })).toEqual(
      JSON.parse(BODY),
    );
    expect(await reason({ body: Buffer.from(BODY) })).toBe('believed');
    expect(await reason({ headers: new Headers(headersOf()) })).toBe('believed');
  });

  it('believes either secret while one replaces the other', async () => {
    expect(await reason({ secrets: [OTHER, SECRET] })).toBe('believed');
    const both = `${headersOf(BODY, { secret: OTHER })['webhook-signature']} ${headersOf()['webhook-signature']}`;
    expect(await reason({ headers: { ...headersOf(), 'webhook-signature': both } })).toBe('believed');
  });

  it('refuses a changed body, id, time or signature, and another secret', async () => {
    expect(await reason({ body: BODY.replace('linked', 'merged') })).toBe('signature_wrong');
    expect(await reason({ headers: { ...headersOf(), 'webhook-id': 'evt_2' } })).toBe('signature_wrong');
    expect(await reason({ headers: { ...headersOf(), 'webhook-timestamp': String(NOW / 1_000 + 1) } })).toBe(
      'signature_wrong',
    );
    expect(await reason({ secrets: OTHER })).toBe('signature_wrong');
    for (const signature of ['v1,', 'v1,AAAA', 'v1,!', 'v2,AAAA', 'x', ' ', `v1a,${'A'.repeat(44)}`])
      expect(await reason({ headers: { ...headersOf(), 'webhook-signature': signature } })).toBe('signature_wrong');
  });

  it('refuses what is older or newer than the tolerance', async () => {
    expect(await reason({ now: NOW + 300_000 })).toBe('believed');
    expect(await reason({ now: NOW + 301_000 })).toBe('too_old');
    expect(await reason({ now: NOW - 301_000 })).toBe('too_new');
    expect(await reason({ now: NOW + 2_000, toleranceSeconds: 1 })).toBe('too_old');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('refuses a request without %s', async (name) => {
    const { [name]: _left, ...headers } = headersOf();
    expect(await reason({ headers })).toBe('headers_missing');
    expect(await reason({ headers: { ...headersOf(), [name]: '' } })).toBe('headers_missing');
  });

  it('refuses a time that is none', async () => {
    for (const time of ['soon', '-1', '1e9', `${NOW / 1_000}.5`])
      expect(await reason({ headers: { ...headersOf(), 'webhook-timestamp': time } })).toBe('headers_missing');
  });

  it('tells a secret that is none from a wrong one', async () => {
    expect(await reason({ secrets: 'whsec_%' })).toBe('TypeError');
  });
});
