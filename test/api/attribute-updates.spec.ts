import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import type { ContractChange } from '#lib/tenancy';
import { ApiStack, type TestKey } from '../support/api.js';
import { answeredChallenge, signedDocument, uuidOf } from '../support/proofs.js';

type Body = Schemas['AttributeUpdateRequest'];
type Update = Schemas['AttributeUpdate'];

let stack: ApiStack;
let key: TestKey;

beforeAll(async () => {
  stack = await ApiStack.start();
  key = await newKey();
}, 120_000);
afterAll(() => stack.stop());
afterEach(() => stack.sandbox.jlisFault('latest_attributes', 'none'));

async function newKey(terms: ContractChange = {}): Promise<TestKey> {
  const tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true, counterpart: true, latestAttributes: true, ...terms });
  return stack.newKey({ tenantId });
}

interface Holder {
  card: string;
  person: string;
  consent: string;
}
/** A card of its own whose holder is a person of the tenant and has consented. */
async function consenting(asker = key, facts: Record<string, unknown> = {}): Promise<Holder> {
  const card = await stack.sandbox.issue(facts);
  await stack.refresh();
  const { person_id, evidence } = await signedDocument(stack, asker, card);
  const { data, error } = await asker.client.POST('/v1/consents', {
    body: {
      person_id,
      purpose: 'latest_attributes',
      text_version: '1',
      given_at: '2026-11-20T00:00:00Z',
      covers: ['jlis_use', 'obtain_latest_attributes'],
      evidence,
    },
  });
  expect(error).toBeUndefined();
  return { card, person: person_id, consent: data!.id };
}

async function ask(
  person_ids: string[],
  { asker = key, idempotencyKey, since }: { asker?: TestKey; idempotencyKey?: string; since?: Body['since'] } = {},
): Promise<{ status: number; update: Update; code: string | undefined; replayed: boolean }> {
  const params = idempotencyKey === undefined ? {} : { params: { header: { 'Idempotency-Key': idempotencyKey } } };
  const body: Body = { person_ids, since: since ?? 'last_delivery' };
  const { data, error, response } = await asker.client.POST('/v1/attribute-updates', { body, ...params });
  const replayed = response.headers.get('idempotent-replayed') === 'true';
  return { status: response.status, update: data!, code: error?.code, replayed };
}
async function statesOf(persons: string[], options: Parameters<typeof ask>[1] = {}): Promise<string[]> {
  const { status, code, update } = await ask(persons, options);
  expect([status, code]).toEqual([201, undefined]);
  for (const { state, attributes } of update.results) expect(attributes !== null).toBe(state === 'updated');
  return update.results.map(({ state }) => state);
}
async function metered(...persons: string[]): Promise<Record<string, unknown>[]> {
  const { rows } = await stack.owner.query<Record<string, unknown>>(
    `select meter, method, purpose, outcome, billable, source, certificate_kind from usage_event
     where source = 'attribute_update' and person_id = any($1) order by id`,
    [persons.map(uuidOf)],
  );
  return rows;
}
async function asked(): Promise<number> {
  const requests = await stack.sandbox.jlisRequests();
  return requests.filter(({ service }) => service === 'latest_attributes').length;
}
const DELIVERED = {
  meter: 'attributes_delivered',
  method: 'service',
  purpose: 'attribute_update',
  outcome: 'valid',
  billable: true,
  source: 'attribute_update',
  certificate_kind: 'sign',
};

describe('201: an update', () => {
  it('of somebody who has not moved is unchanged and costs nothing; after the move it is updated, once', async () => {
    const { card, person } = await consenting();
    expect(await statesOf([person])).toEqual(['unchanged']);
    expect(await metered(person)).toEqual([]);
    await stack.sandbox.move(card, { address: '大阪府見本市転入町１番地' });
    const { update } = await ask([person]);
    expect(update.results).toMatchObject([
      {
        person_id: person,
        state: 'updated',
        attributes: {
          address: { value: '大阪府見本市転入町１番地', substitution: '0'.repeat(12), substitution_fits: true },
          date_of_birth: { precision: 'day' },
          other: [],
        },
      },
    ]);
    expect(await metered(person)).toEqual([DELIVERED]);
    // What was delivered is known now.
    expect(await statesOf([person])).toEqual(['unchanged']);
    expect(await metered(person)).toHaveLength(1);
    // Unless it got lost on the way.
    expect(await statesOf([person], { since: 'own_certificate' })).toEqual(['updated']);
    expect(await metered(person)).toHaveLength(2);
  });

  it('goes on from what was delivered: the next move is news again', async () => {
    const { card, person } = await consenting();
    await stack.sandbox.move(card, { address: '東京都架空区一町１番地' });
    expect(await statesOf([person])).toEqual(['updated']);
    await stack.sandbox.move(card, { address: '東京都架空区二町２番地' });
    const { update } = await ask([person]);
    expect(update.results[0]!.attributes!.address.value).toBe('東京都架空区二町２番地');
  });

  it('repeated with its key says delivered, and asks and meters nothing', async () => {
    const { card, person } = await consenting();
    await stack.sandbox.move(card, { name: '転居　済子' });
    const unknown = 'per_0193f0c0000070008000000000000000';
    const first = await ask([person, unknown], { idempotencyKey: 'update-1' });
    expect(first.update.results.map(({ state }) => state)).toEqual(['updated', 'person_unknown']);
    await stack.sandbox.forgetJlisRequests();
    const again = await ask([person, unknown], { idempotencyKey: 'update-1' });
    expect(again).toMatchObject({
      status: 201,
      replayed: true,
      update: {
        id: first.update.id,
        created_at: first.update.created_at,
        results: [
          { person_id: person, state: 'delivered', attributes: null },
          { person_id: unknown, state: 'person_unknown', attributes: null },
        ],
      },
    });
    expect([await asked(), (await metered(person)).length]).toEqual([0, 1]);
    expect((await ask([person], { idempotencyKey: 'update-1' })).code).toBe('idempotency_key_reused');
  });

  it('is stored nowhere: not in a table, not in the log', async () => {
    const facts = { name: '極秘　花子', address: '東京都架空区極秘町９番９号' };
    const { card, person } = await consenting(key, { birth_date: '419911119' });
    await stack.sandbox.move(card, facts);
    expect(await statesOf([person], { idempotencyKey: 'update-2' })).toEqual(['updated']);
    const secrets = [...Object.values(facts), '極秘', '419911119', '1991-11-19'];
    const { rows: tables } = await stack.owner.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { name } of tables)
      for (const secret of secrets)
        for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')]) {
          const { rows } = await stack.owner.query(`select 1 from ${name} t where strpos(t::text, $1) > 0`, [form]);
          expect([name, form, rows.length]).toEqual([name, form, 0]);
        }
    for (const secret of secrets) expect(stack.log).not.toContain(secret);
  });

  it('tells for each person apart what is the case, in the order asked', async () => {
    const good = await consenting();
    const gone = await consenting();
    const withdrawn = await consenting();
    const atJlis = await consenting();
    const none = (await signedDocument(stack, key, await issued())).person_id;
    const foreign = await consenting(await newKey());
    await stack.sandbox.revoke(gone.card, 'both', 'affiliationChanged');
    await key.client.POST('/v1/consents/{id}/withdraw', { params: { path: { id: withdrawn.consent } } });
    await stack.sandbox.withdrawConsents(atJlis.card);
    await stack.sandbox.forgetJlisRequests();
    const persons = [none, gone, withdrawn, atJlis, foreign, good].map((one) =>
      typeof one === 'string' ? one : one.person,
    );
    expect(await statesOf(persons)).toEqual([
      'consent_missing',
      'no_new_certificate',
      'withdrawn',
      'withdrawn',
      'person_unknown',
      'unchanged',
    ]);
    // Without a consent that is valid here nothing is asked.
    expect(await asked()).toBe(3);
    expect(await metered(...persons)).toEqual([]);
    // What J-LIS said is kept, told once, and asked no more.
    const { data } = await key.client.GET('/v1/consents/{id}', { params: { path: { id: atJlis.consent } } });
    expect(data!.withdrawal).toMatchObject({ source: 'jlis' });
    expect(await statesOf([atJlis.person])).toEqual(['withdrawn']);
    expect(await asked()).toBe(3);
    await stack.readWithdrawals();
    const events = await stack.owner.query(
      `select 1 from event where type = 'consent.withdrawn' and data->>'consent_id' = $1`,
      [uuidOf(atJlis.consent)],
    );
    expect(events.rows).toHaveLength(1);
  });

  it('of two ids that now stand for one person is one question and one count', async () => {
    // Old enough to have its counterpart told.
    const notBefore = new Date(Date.now() - 5 * 86_400_000).toISOString();
    const { card, person } = await consenting(key, { not_before: notBefore });
    const body = { ...(await answeredChallenge(stack, key, card)), identify: true };
    const { data: loggedIn } = await key.client.POST('/v1/authentications', { body });
    const younger = loggedIn!.person!.id!;
    expect(younger).not.toBe(person);
    const { data: lookup } = await key.client.POST('/v1/counterpart-lookups', {
      body: {
        verification_id: loggedIn!.id,
        consent: { text_version: '1', given_at: '2026-11-20T00:00:00Z', covers: ['jlis_use', 'obtain_counterpart'] },
      },
    });
    expect(lookup).toMatchObject({ state: 'found', person_id: person });
    await stack.sandbox.move(card, { name: '一人　二号' });
    await stack.sandbox.forgetJlisRequests();
    expect(await statesOf([younger, person])).toEqual(['updated', 'updated']);
    expect([await asked(), (await metered(person, younger)).length]).toEqual([1, 1]);
    expect(await statesOf([younger])).toEqual(['unchanged']);
  });
});

describe('a J-LIS that fails', () => {
  it('for everybody is 503 with nothing kept, and the same request can be sent again', async () => {
    const { card, person } = await consenting();
    await stack.sandbox.move(card, { name: '後日　配子' });
    await stack.sandbox.jlisFault('latest_attributes', 'garbage');
    expect(await ask([person], { idempotencyKey: 'update-3' })).toMatchObject({
      status: 503,
      code: 'jlis_unavailable',
    });
    expect(await metered(person)).toEqual([]);
    await stack.sandbox.jlisFault('latest_attributes', 'none');
    expect(await statesOf([person], { idempotencyKey: 'update-3' })).toEqual(['updated']);
    expect(await metered(person)).toHaveLength(1);
  });

  it('for one of two is unavailable for that one', async () => {
    const [one, other] = [await consenting(), await consenting()];
    await stack.sandbox.jlisFault('latest_attributes', 'internal_error', { times: 1 });
    expect((await statesOf([one.person, other.person])).sort()).toEqual(['unavailable', 'unchanged']);
  });

  it('and answers with the attributes of somebody else delivers nothing of them', async () => {
    const [one, other] = [await consenting(key, { birth_date: '320000101' }), await consenting()];
    await stack.sandbox.move(other.card, { name: '別人　登場' });
    await stack.sandbox.jlisFault('latest_attributes', 'wrong_person', { card: other.card });
    expect(await ask([one.person])).toMatchObject({ status: 503, code: 'jlis_unavailable' });
    await stack.sandbox.jlisFault('latest_attributes', 'same_serial');
    expect(await ask([one.person])).toMatchObject({ status: 503, code: 'jlis_unavailable' });
    expect(await metered(one.person)).toEqual([]);
    expect(stack.log).not.toContain('別人');
  });

  it('is asked once, since it may charge: a connection cut after the question is not a second question', async () => {
    const { card, person } = await consenting();
    await stack.sandbox.move(card, { name: '再送　不要' });
    await stack.sandbox.forgetJlisRequests();
    await stack.sandbox.jlisFault('latest_attributes', 'hang_up');
    expect(await ask([person])).toMatchObject({ status: 503, code: 'jlis_unavailable' });
    expect(await asked()).toBe(1);
  });
});

describe('400 and 403', () => {
  const id = (index: number): string => `per_${index.toString(16).padStart(32, '0')}`;
  it.each<[string, unknown]>([
    ['nobody', []],
    ['101 persons', Array.from({ length: 101 }, (_, index) => id(index))],
    ['the same one twice', [id(1), id(1)]],
    ['an id of another kind', ['crt_0193f0c0000070008000000000000000']],
    ['a serial number', ['200000001']],
  ])('%s is request_invalid', async (_what, person_ids) => {
    const answer = await stack.send('POST', '/v1/attribute-updates', { key, body: JSON.stringify({ person_ids }) });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it('a hundred are taken', async () => {
    const states = await statesOf(Array.from({ length: 100 }, (_, index) => id(index)));
    expect(states).toEqual(Array(100).fill('person_unknown'));
  });

  it('without the feature or the scope nothing is asked', async () => {
    const tenantId = await stack.newTenant();
    const none = await stack.newKey({ tenantId });
    expect(await ask([id(1)], { asker: none })).toMatchObject({ status: 403, code: 'feature_not_contracted' });
    const reader = await stack.newKey({ tenantId, scopes: ['persons:read'] });
    expect(await ask([id(1)], { asker: reader })).toMatchObject({ status: 403, code: 'scope_missing' });
  });
});

async function issued(): Promise<string> {
  const card = await stack.sandbox.issue();
  await stack.refresh();
  return card;
}
