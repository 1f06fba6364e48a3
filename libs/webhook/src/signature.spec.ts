import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { bodyOf, makeSecret, signedHeaders } from './signature.js';

const EVENT = {
  id: '01a20901-297e-7000-971c-0e6046021404',
  type: 'person.linked',
  occurredAt: new Date('2026-11-23T03:00:00Z'),
  sequence: 7,
  data: { person_id: '5d0a1b2c-0000-4000-8000-000000000001' },
} as const;
const body = bodyOf(EVENT);
const now = Math.floor(Date.now() / 1_000);

describe('a webhook', () => {
  it('says type, time, ids and sequence, and nothing else', () => {
    expect(JSON.parse(body)).toEqual({
      type: 'person.linked',
      timestamp: '2026-11-23T03:00:00.000Z',
      id: 'evt_01a20901297e7000971c0e6046021404',
      sequence: 7,
      data: { person_id: 'per_5d0a1b2c000040008000000000000001' },
    });
  });

  it('is believed by another implementation of Standard Webhooks', () => {
    const secret = makeSecret();
    const headers = signedHeaders([secret], { id: 'evt_1', seconds: now, body });
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  });

  it('is believed with the old and the new secret while one replaces the other, and with no third', () => {
    const [old, next, other] = [makeSecret(), makeSecret(), makeSecret()];
    const headers = signedHeaders([next, old], { id: 'evt_1', seconds: now, body });
    for (const secret of [old, next]) expect(new Webhook(secret).verify(body, headers)).toBeDefined();
    expect(() => new Webhook(other).verify(body, headers)).toThrow();
  });

  it('is signed over its id, its time and every octet', () => {
    const secret = makeSecret();
    const headers = signedHeaders([secret], { id: 'evt_1', seconds: now, body });
    const verify = (change: Record<string, string>, text = body): unknown =>
      new Webhook(secret).verify(text, { ...headers, ...change });
    expect(() => verify({ 'webhook-id': 'evt_2' })).toThrow();
    expect(() => verify({ 'webhook-timestamp': String(now - 1) })).toThrow();
    expect(() => verify({}, `${body} `)).toThrow();
  });

  it('has a secret of 256 bits', () => {
    expect(Buffer.from(makeSecret().slice('whsec_'.length), 'base64')).toHaveLength(32);
    expect(makeSecret()).not.toBe(makeSecret());
  });
});
