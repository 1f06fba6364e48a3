import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardRecord } from '../card-record.js';
import { signSchema } from '../card-request.js';
import { signWithCard } from '../card-signing.js';
import { movedTo } from '../moved-to.js';
import { Sandbox } from '../sandbox.js';
import { JlisProblem } from './jlis-problem.js';
import { consentRequestSchema, type ConsentRequest } from './jlis-request.js';

const DAY_MS = 86_400_000;
const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
const open = (): Promise<Sandbox> => Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await open();
}, 60_000);
afterAll(() => rmSync(stateDirectory, { recursive: true }));
afterEach(() => sandbox.clock.move(0));

const DOCUMENT = Buffer.from('I agree that my latest attributes are delivered.');
const base64 = (bytes: Buffer): string => bytes.toString('base64');
const iso = (ms: number): string => new Date(ms).toISOString();
const service = 'ten_a';

interface SigningChange {
  padding?: string;
  digest_algorithm?: string;
  digest?: string;
}

/** A consent document signed by the card, as a platform operator would send it. */
async function signed(card: CardRecord, change: SigningChange = {}): Promise<Record<string, unknown>> {
  const what = change.digest === undefined ? { content: base64(DOCUMENT) } : {};
  const request = signSchema.parse({ certificate: 'sign', pin: 'TEST1234', ...what, ...change });
  const answer = await signWithCard(sandbox.cards, card, request, sandbox.clock.now());
  const now = sandbox.clock.now();
  return {
    sign_serial: card.certificates.sign.at(-1)?.serial,
    text_version: '2026-1',
    given_at: iso(now),
    expires_at: iso(now + 365 * DAY_MS),
    document: base64(DOCUMENT),
    padding: change.padding ?? 'pkcs1_v15',
    digest_algorithm: change.digest_algorithm ?? 'sha256',
    ...answer,
  };
}

const register = (body: object, serviceId = service, requestId: string = randomUUID()): Record<string, string> => {
  const request: ConsentRequest = consentRequestSchema.parse(body);
  const answer = sandbox.desk.registerConsent(request, { serviceId, requestId }, sandbox.clock.now());
  return answer.body as Record<string, string>;
};

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof JlisProblem) return error.code;
    throw error;
  }
  return 'none';
};

const issue = (): CardRecord =>
  sandbox.cards.issue({
    holder: sandbox.cards.get('demo').holder,
    municipality: 'mihon',
    generation: '2023',
    hasSign: true,
    notBefore: sandbox.clock.now() - DAY_MS,
  });
const latest = (consentId: string | undefined, card: CardRecord, earlier = 0, serviceId = service): object =>
  sandbox.desk.latestAttributes(
    {
      consent_id: consentId ?? '',
      sign_serial: sandbox.cards.getRecord(card, 'sign', undefined, earlier).serial,
    },
    { serviceId, requestId: randomUUID() },
    sandbox.clock.now(),
  ).body;
const withdrawn = (): [number, string][] => {
  const { body } = sandbox.desk.withdrawals({ after: 0, limit: 200 }, sandbox.clock.now());
  const { withdrawals } = body as { withdrawals: { sequence: number; consent_id: string }[] };
  return withdrawals.map(({ sequence, consent_id }) => [sequence, consent_id]);
};

describe('a consent is registered', () => {
  test.each([
    ['pkcs1_v15', 'sha256'],
    ['pkcs1_v15', 'sha512'],
    ['pkcs1_v15_bare', 'sha256'],
    ['pss', 'sha256'],
    ['pss', 'sha384'],
  ])('when its document is signed: %s %s', async (padding, digest_algorithm) => {
    expect(register(await signed(issue(), { padding, digest_algorithm }))['consent_id']).toMatch(/^cns-[0-9a-f]{24}$/);
  });

  test.each(['pkcs1_v15', 'pss'])('when the digest that stands for its document is signed: %s', async (padding) => {
    const digest = base64(createHash('sha256').update(DOCUMENT).digest());
    const body = await signed(issue(), { digest, padding });
    expect(refusal(() => register({ ...body, document: digest }))).toBe('none');
  });

  test('once for one request of one service, whatever became of the certificate since', async () => {
    const card = issue();
    const body = await signed(card);
    const requestId = randomUUID();
    const first = register(body, service, requestId);
    sandbox.cards.revoke(card, ['sign'], 'keyCompromise', sandbox.clock.now());
    expect(register(body, service, requestId)).toEqual(first);
    expect(refusal(() => register({ ...body, text_version: 'other' }, service, requestId))).toBe('request_invalid');
    expect(refusal(() => register(body, 'ten_b', requestId))).toBe('consent_refused');
  });

  test('for ten years at most', async () => {
    const body = await signed(issue());
    const given_at = '2026-02-28T01:00:00.000Z';
    expect(register({ ...body, given_at, expires_at: '2099-01-01T00:00:00Z' })['expires_at']).toBe(
      '2036-02-28T01:00:00.000Z',
    );
  });
});

describe('a consent is refused', () => {
  test('whose signature is of another document, by another card, or of another form than stated', async () => {
    const [card, other] = [issue(), issue()];
    const body = await signed(card);
    const signature = (await signed(other))['signature'];
    for (const change of [
      { document: base64(Buffer.from('something else')) },
      { signature },
      { signature: base64(Buffer.alloc(256)) },
      { signature: base64(Buffer.alloc(3, 1)) },
      { padding: 'pss' },
      { padding: 'pkcs1_v15_bare' },
      { digest_algorithm: 'sha512' },
    ])
      expect([change, refusal(() => register({ ...body, ...change }))]).toEqual([change, 'consent_refused']);
  });

  test('whose certificate is not that of the serial, was never issued, or is not good any more', async () => {
    const [card, other] = [issue(), issue()];
    const body = await signed(card);
    const foreign = await signed(other);
    for (const change of [
      { certificate: foreign['certificate'] },
      { sign_serial: foreign['sign_serial'] },
      { sign_serial: '424242' },
      { certificate: base64(Buffer.from('no certificate')) },
    ])
      expect([change, refusal(() => register({ ...body, ...change }))]).toEqual([change, 'consent_refused']);
    sandbox.cards.revoke(card, ['sign'], 'affiliationChanged', sandbox.clock.now());
    expect(refusal(() => register(body))).toBe('consent_refused');
  });

  test('that has expired already', async () => {
    const body = await signed(issue());
    const past = { given_at: '2024-01-01T00:00:00Z', expires_at: '2025-01-01T00:00:00Z' };
    expect(refusal(() => register({ ...body, ...past }))).toBe('consent_refused');
  });
});

describe('the latest attributes', () => {
  const move = (card: CardRecord, sign: boolean): void =>
    sandbox.cards.changeHolder(
      card,
      movedTo(card, { address: '北海道例題町字転入２番地', municipality: 'reidai', sign }),
      sign,
      sandbox.clock.now(),
    );

  test('are unchanged, then none, then new, as the holder moves and fetches a certificate', async () => {
    const card = issue();
    const { consent_id } = register(await signed(card));
    expect(latest(consent_id, card)).toEqual({ state: 'unchanged' });
    move(card, false);
    expect(latest(consent_id, card)).toEqual({ state: 'no_new_certificate' });
    sandbox.cards.renew(card, sandbox.clock.now());
    expect(latest(consent_id, card, 1)).toEqual({
      state: 'updated',
      attributes: {
        name: '試用　桜',
        name_substitution: '0000',
        sex: '2',
        date_of_birth: '419930903',
        address: '北海道例題町字転入２番地',
        address_substitution: '000000000000',
      },
      serial: card.certificates.sign.at(-1)?.serial,
    });
    expect(latest(consent_id, card)).toEqual({ state: 'unchanged' });
  });

  test('are told under a consent of this service, of this holder, that has not expired', async () => {
    const card = issue();
    const missing = { state: 'consent_missing' };
    const { consent_id } = register(await signed(card));
    expect(latest('cns-000000000000000000000000', card)).toEqual(missing);
    expect(latest(consent_id, card, 0, 'ten_b')).toEqual(missing);
    expect(latest(consent_id, issue())).toEqual(missing);
    sandbox.clock.move(366 * DAY_MS);
    expect(latest(consent_id, card)).toEqual(missing);
  });
});

describe('a withdrawal', () => {
  test('ends the delivery and is in the list, in the order in which holders withdrew', async () => {
    const [one, two] = [issue(), issue()];
    const ids = [register(await signed(one))['consent_id'], register(await signed(two))['consent_id']];
    const before = withdrawn().length;
    const meant = sandbox.consents.list(sandbox.clock.now());
    for (const id of [ids[1], ids[0]])
      sandbox.consents.withdraw(
        meant.filter((consent) => consent.id === id),
        sandbox.clock.now(),
      );
    expect(latest(ids[0], one)).toEqual({ state: 'withdrawn' });
    expect(withdrawn().slice(before)).toEqual([
      [before + 1, ids[1]],
      [before + 2, ids[0]],
    ]);
  });

  test('comes by itself ten minutes after every consent of card consent-withdrawn', async () => {
    const card = sandbox.cards.get('consent-withdrawn');
    const { consent_id } = register(await signed(card));
    expect(latest(consent_id, card)).toEqual({ state: 'unchanged' });
    expect(withdrawn().map(([, id]) => id)).not.toContain(consent_id);
    sandbox.clock.move(10 * 60_000);
    expect(withdrawn().map(([, id]) => id)).toContain(consent_id);
    expect(latest(consent_id, card)).toEqual({ state: 'withdrawn' });
  });

  test('survives a restart with its number, as consents do', async () => {
    const card = issue();
    const { consent_id } = register(await signed(card));
    const list = withdrawn();
    sandbox = await open();
    expect(withdrawn()).toEqual(list);
    expect(latest(consent_id, sandbox.cards.get(card.id))).toEqual({ state: 'unchanged' });
  });

  test('is told page by page', () => {
    const now = sandbox.clock.now();
    const all = withdrawn();
    const first = sandbox.desk.withdrawals({ after: 0, limit: 1 }, now).body;
    expect(first).toMatchObject({ withdrawals: [{ sequence: 1 }], next: '1' });
    const last = sandbox.desk.withdrawals({ after: all.length - 1, limit: 1 }, now).body;
    expect(last).toMatchObject({ withdrawals: [{ sequence: all.length }], next: null });
    expect(sandbox.desk.withdrawals({ after: all.length, limit: 1 }, now).body).toEqual({
      withdrawals: [],
      next: null,
    });
  });
});
