import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import type { ContractChange } from '#lib/tenancy';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, rawBody } from '../support/card.js';
import { login, signedBy, signedDocument, uuidOf } from '../support/proofs.js';
import { verifySignature } from '../support/verification.js';

type Consent = Schemas['Consent'];
type Body = Schemas['ConsentRequest'];

let stack: ApiStack;
let key: TestKey;
/** A person of `key`'s tenant, known by the sign certificate of this card. */
let card: string;
let person: string;

beforeAll(async () => {
  stack = await ApiStack.start();
  card = await stack.sandbox.issue();
  await stack.refresh();
  key = await newKey();
  person = (await signedDocument(stack, key, card)).person_id;
}, 120_000);
afterAll(() => stack.stop());
afterEach(() => stack.sandbox.jlisFault('consents', 'none'));

async function newKey(terms: ContractChange = {}): Promise<TestKey> {
  const tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true, counterpart: true, latestAttributes: true, ...terms });
  return stack.newKey({ tenantId });
}

const linkage = (change: Partial<Body> = {}): Body => ({
  person_id: person,
  purpose: 'serial_linkage',
  text_version: '2026-10',
  given_at: '2026-11-20T09:00:00+09:00',
  covers: ['jlis_use', 'obtain_previous_serial'],
  ...change,
});
const latest = (change: Partial<Body> = {}): Body =>
  linkage({ purpose: 'latest_attributes', covers: ['jlis_use', 'obtain_latest_attributes'], ...change });

interface Outcome {
  status: number;
  consent: Consent;
  code: string | undefined;
  replayed: boolean;
}
async function create(body: Body, asker = key, idempotencyKey?: string): Promise<Outcome> {
  const params = idempotencyKey === undefined ? {} : { params: { header: { 'Idempotency-Key': idempotencyKey } } };
  const { data, error, response } = await asker.client.POST('/v1/consents', { body, ...params });
  const replayed = response.headers.get('idempotent-replayed') === 'true';
  return { status: response.status, consent: data!, code: error?.code, replayed };
}
async function created(body: Body, asker = key): Promise<Consent> {
  const { status, code, consent } = await create(body, asker);
  expect([status, code]).toEqual([201, undefined]);
  return consent;
}
const codeOf = async (body: Body, asker = key): Promise<[number, string | undefined]> => {
  const { status, code } = await create(body, asker);
  return [status, code];
};
const path = (id: string) => ({ params: { path: { id } } });
const read = async (id: string, asker = key): Promise<Consent | undefined> =>
  (await asker.client.GET('/v1/consents/{id}', path(id))).data;

/** Ids of the consents that J-LIS has of the tenant of `asker`. */
async function heldByJlis(asker: TestKey): Promise<string[]> {
  const { rows } = await stack.owner.query<{ tenant_id: string }>('select tenant_id from api_key where id = $1', [
    asker.id,
  ]);
  const serviceId = `ten_${rows[0]!.tenant_id.replaceAll('-', '')}`;
  return (await stack.sandbox.jlisConsents())
    .filter(({ service_id }) => service_id === serviceId)
    .map(({ consent_id }) => consent_id);
}
const stored = async (asker: TestKey): Promise<number> =>
  (await asker.client.GET('/v1/consents', { params: { query: { limit: 100 } } })).data!.data.length;
async function withdrawnEvents(consentId: string): Promise<number> {
  const { rows } = await stack.owner.query(
    `select 1 from event where type = 'consent.withdrawn' and data->>'consent_id' = $1`,
    [uuidOf(consentId)],
  );
  return rows.length;
}

describe('201: a consent', () => {
  it('is kept as it was given, for ten years, and read and listed', async () => {
    const consent = await created(linkage());
    expect(consent).toEqual({
      id: expect.stringMatching(/^cns_[0-9a-f]{32}$/),
      person_id: person,
      purpose: 'serial_linkage',
      text_version: '2026-10',
      given_at: '2026-11-20T00:00:00.000Z',
      covers: ['jlis_use', 'obtain_previous_serial'],
      source: 'registered',
      evidence_verification_id: null,
      registered_with_jlis: false,
      expires_at: '2036-11-20T00:00:00.000Z',
      created_at: expect.any(String),
      withdrawal: null,
    });
    expect(await read(consent.id)).toEqual(consent);
    const query = { person_id: person, purpose: 'serial_linkage' as const, limit: 1 };
    const { data } = await key.client.GET('/v1/consents', { params: { query } });
    expect(data!.data).toEqual([consent]);
  });

  it('to latest attributes is registered with J-LIS by the document that the person signed', async () => {
    const asker = await newKey();
    const signed = await signedDocument(stack, asker, card, 'my consent 1');
    const consent = await created(latest(signed), asker);
    expect(consent).toMatchObject({
      registered_with_jlis: true,
      evidence_verification_id: signed.evidence.verification_id,
      expires_at: '2036-11-20T00:00:00.000Z',
    });
    expect(await heldByJlis(asker)).toHaveLength(1);
    // The same document is the same consent, under another key and under none.
    expect(await create(latest(signed), asker)).toMatchObject({ status: 201, consent, replayed: true });
    expect(await create(latest(signed), asker, 'other')).toMatchObject({ status: 201, consent, replayed: true });
    expect(await heldByJlis(asker)).toHaveLength(1);
  });

  it('that ten send at once with and without a key is one, here and at J-LIS', async () => {
    const asker = await newKey();
    const body = latest(await signedDocument(stack, asker, card, 'my consent 2'));
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) => create(body, asker, index % 2 === 0 ? undefined : `key-${index % 4}`)),
    );
    const done = all.filter(({ status }) => status === 201);
    expect(new Set(done.map(({ consent }) => consent.id)).size).toBe(1);
    expect(all.filter(({ status, code }) => status !== 201 && code !== 'idempotency_in_flight')).toEqual([]);
    expect([await stored(asker), (await heldByJlis(asker)).length]).toEqual([1, 1]);
  });

  it('with the same key is the first answer again, long after the evidence was fresh', async () => {
    const body = latest(await signedDocument(stack, key, card, 'my consent 3'));
    const first = await create(body, key, 'consent-3');
    expect([first.status, first.replayed]).toEqual([201, false]);
    await stack.moveClock('+11m');
    try {
      expect(await create(body, key, 'consent-3')).toEqual({ ...first, replayed: true });
      expect((await create({ ...body, text_version: '2' }, key, 'consent-3')).code).toBe('idempotency_key_reused');
    } finally {
      await stack.moveClock('0');
    }
  });
});

describe('a withdrawal', () => {
  it('by the tenant is told once, and repeated changes nothing', async () => {
    const consent = await created(linkage());
    const withdraw = () => key.client.POST('/v1/consents/{id}/withdraw', path(consent.id));
    const { data: first, response } = await withdraw();
    expect([response.status, first]).toEqual([
      200,
      { ...consent, withdrawal: { withdrawn_at: expect.any(String), source: 'tenant' } },
    ]);
    expect((await withdraw()).data).toEqual(first);
    expect(await read(consent.id)).toEqual(first);
    expect(await withdrawnEvents(consent.id)).toBe(1);
  });

  it('at J-LIS is found by asking, told once, and of its tenant alone', async () => {
    const [one, other] = [await newKey(), await newKey()];
    const own = await stack.sandbox.issue();
    await stack.refresh();
    const consents = [];
    for (const asker of [one, other])
      consents.push(await created(latest(await signedDocument(stack, asker, own)), asker));
    expect(await stack.sandbox.withdrawConsents(own)).toHaveLength(2);
    expect(await stack.readWithdrawals()).toBeGreaterThanOrEqual(2);
    for (const [index, asker] of [one, other].entries()) {
      const { id } = consents[index]!;
      expect((await read(id, asker))!.withdrawal).toEqual({ withdrawn_at: expect.any(String), source: 'jlis' });
      expect(await withdrawnEvents(id)).toBe(1);
    }
    expect(await stack.readWithdrawals()).toBe(0);
    // A cursor that was lost is no loss: what is read again is known.
    await stack.owner.query(`update jlis_cursor set cursor = '0'`);
    expect(await stack.readWithdrawals()).toBeGreaterThanOrEqual(2);
    expect(await withdrawnEvents(consents[0]!.id)).toBe(1);
  });

  it('at J-LIS that is down is found the next time, and one of nobody here stops nothing', async () => {
    const asker = await newKey();
    const own = await stack.sandbox.issue();
    await stack.refresh();
    const unknown = await created(latest(await signedDocument(stack, asker, own, 'to be forgotten')), asker);
    const { id } = await created(latest(await signedDocument(stack, asker, own)), asker);
    await stack.owner.query('delete from consent where id = $1', [uuidOf(unknown.id)]);
    await stack.sandbox.withdrawConsents(own);
    await stack.sandbox.jlisFault('consent_withdrawals', 'garbage', { times: 5 });
    await expect(stack.readWithdrawals()).rejects.toMatchObject({ name: 'JlisUnavailable' });
    expect((await read(id, asker))!.withdrawal).toBeNull();
    await stack.sandbox.jlisFault('consent_withdrawals', 'none');
    expect(await stack.readWithdrawals()).toBe(2);
    expect((await read(id, asker))!.withdrawal).toMatchObject({ source: 'jlis' });
  });
});

describe('422: a consent', () => {
  it.each<[string, Partial<Body>, string]>([
    ['given a minute from now', { given_at: new Date(Date.now() + 60_000).toISOString() }, 'consent_given_in_future'],
    ['given ten years ago', { given_at: '2016-11-23T00:00:00Z' }, 'consent_expired'],
    ['to something else', { covers: ['jlis_use', 'obtain_counterpart'] }, 'consent_covers_missing'],
    ['without J-LIS', { covers: ['obtain_previous_serial'] }, 'consent_covers_missing'],
    ['of nobody', { person_id: 'per_0193f0c0000070008000000000000000' }, 'person_unknown'],
    ['of no id', { person_id: 'nonsense' }, 'person_unknown'],
  ])('%s is refused', async (_what, change, code) => {
    expect(await codeOf(linkage(change))).toEqual([422, code]);
  });

  it("of another tenant's person is person_unknown, and its list shows nothing", async () => {
    const other = await newKey();
    expect(await codeOf(linkage(), other)).toEqual([422, 'person_unknown']);
    const { data } = await other.client.GET('/v1/consents', { params: { query: { person_id: person } } });
    expect(data).toEqual({ data: [], next_cursor: null });
  });

  it('to latest attributes without evidence is consent_evidence_missing', async () => {
    expect(await codeOf(latest())).toEqual([422, 'consent_evidence_missing']);
  });

  it('with the signature of somebody else, of another tenant, or of a login is refused before J-LIS is asked', async () => {
    const [other, stranger] = [await newKey(), await stack.sandbox.issue()];
    await stack.refresh();
    await stack.sandbox.forgetJlisRequests();
    const { evidence } = await signedDocument(stack, key, stranger);
    expect(await codeOf(latest({ evidence }))).toEqual([422, 'proof_of_other_person']);
    const unidentified = await signedBy(stack, key, { card: await issued() });
    expect(await codeOf(latest({ evidence: { ...evidence, verification_id: unidentified } }))).toEqual([
      422,
      'proof_of_other_person',
    ]);
    const foreign = await signedDocument(stack, other, card);
    expect(await codeOf(latest({ evidence: foreign.evidence }))).toEqual([422, 'proof_unknown']);
    const verification_id = await login(stack, key, card);
    expect(await codeOf(latest({ evidence: { ...evidence, verification_id } }))).toEqual([422, 'proof_of_other_kind']);
    expect(await stack.sandbox.jlisRequests()).toEqual([]);
  });

  it('with another document than was signed, or signed as CMS, is refused', async () => {
    const { evidence } = await signedDocument(stack, key, card, 'I agree to this.');
    const document = base64('I agree to that.');
    expect(await codeOf(latest({ evidence: { ...evidence, document } }))).toEqual([422, 'consent_document_mismatch']);
    const cms = await stack.sandbox.signCms(card, { content: document, padding: 'pkcs1_v15' });
    const { id } = await verifySignature(key, { format: 'cms', cms, content: document, revocation: 'crl' });
    expect(await codeOf(latest({ evidence: { verification_id: id, document } }))).toEqual([
      422,
      'consent_signature_unsupported',
    ]);
  });

  it('whose evidence is older than ten minutes is proof_expired', async () => {
    const signed = await signedDocument(stack, key, card);
    await stack.moveClock('+601s');
    try {
      expect(await codeOf(latest(signed))).toEqual([422, 'proof_expired']);
    } finally {
      await stack.moveClock('0');
    }
  });

  it('of a certificate revoked before it was verified is proof_unsuccessful, and revoked since then consent_refused', async () => {
    const body = await rawBody(stack.sandbox, { card: 'on-hold' });
    const { id } = await verifySignature(key, body);
    expect(await codeOf(latest({ evidence: { verification_id: id, document: body.content! } }))).toEqual([
      422,
      'proof_unsuccessful',
    ]);
    const own = await issued();
    const signed = await signedDocument(stack, key, own);
    await stack.sandbox.revoke(own, 'both', 'cessationOfOperation');
    expect(await codeOf(latest(signed))).toEqual([422, 'consent_refused']);
  });
});

describe('400, 403 and 404', () => {
  it.each<[string, Record<string, unknown>]>([
    ['a purpose that is none', { purpose: 'marketing' }],
    ['a text version with spaces', { text_version: 'version 1' }],
    ['a day without a time', { given_at: '2026-11-20' }],
    ['a cover twice', { covers: ['jlis_use', 'jlis_use'] }],
    ['no cover', { covers: [] }],
    ['a document of 33 KiB', { evidence: { verification_id: 'ver_1', document: base64('x'.repeat(33 * 1024)) } }],
  ])('%s is request_invalid', async (_what, change) => {
    const answer = await stack.send('POST', '/v1/consents', { key, body: JSON.stringify({ ...linkage(), ...change }) });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it.each<[Body['purpose'], ContractChange]>([
    ['serial_linkage', { identify: false }],
    ['counterpart', { counterpart: false }],
    ['latest_attributes', { latestAttributes: false }],
  ])('a consent to %s that the contract is not for is feature_not_contracted', async (purpose, terms) => {
    expect(await codeOf(linkage({ purpose }), await newKey(terms))).toEqual([403, 'feature_not_contracted']);
  });

  it("another tenant's consent and none at all are the same not_found, to read and to withdraw", async () => {
    const { id } = await created(linkage());
    const other = await newKey();
    for (const unknown of [id, 'cns_0193f0c0000070008000000000000000', 'nonsense']) {
      const answers = [
        await other.client.GET('/v1/consents/{id}', path(unknown)),
        await other.client.POST('/v1/consents/{id}/withdraw', path(unknown)),
      ];
      for (const { response, error } of answers) expect([response.status, error?.code]).toEqual([404, 'not_found']);
    }
    expect((await read(id))!.withdrawal).toBeNull();
  });
});

describe('503: a J-LIS that gives no usable answer', () => {
  it('leaves nothing recorded here, and the repeated request is one consent there', async () => {
    const asker = await newKey();
    const body = latest(await signedDocument(stack, asker, card, 'my consent 4'));
    await stack.sandbox.jlisFault('consents', 'garbage');
    expect(await codeOf(body, asker)).toEqual([503, 'jlis_unavailable']);
    expect(await stored(asker)).toBe(0);
    await stack.sandbox.jlisFault('consents', 'none');
    expect(await codeOf(body, asker)).toEqual([201, undefined]);
    expect([await stored(asker), (await heldByJlis(asker)).length]).toEqual([1, 1]);
  });
});

async function issued(): Promise<string> {
  const id = await stack.sandbox.issue();
  await stack.refresh();
  return id;
}
