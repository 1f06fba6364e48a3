import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { logIn, signUp } from '../support/login.js';
import { usageOf } from '../support/verification.js';

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true });
  key = await stack.newKey({ tenantId });
}, 120_000);
afterAll(() => stack.stop());

const uuidOf = (id: string): string => id.slice(4).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const get = async (path: string, asker = key) => {
  const { status, body } = await stack.send('GET', path, { key: asker });
  return { status, body };
};
/** The person of a card at its first login. */
async function newPerson(card: string, asker = key): Promise<string> {
  return (await logIn(stack, asker, card)).person!.id!;
}
const usageOfChecks = async (personId: string) =>
  (
    await stack.owner.query<{ meter: string; method: string; purpose: string; outcome: string; billable: boolean }>(
      `select meter, method, purpose, outcome, billable from usage_event
       where source = 'status_check' and person_id = $1 order by id`,
      [uuidOf(personId)],
    )
  ).rows;

/** What a counterpart lookup would have joined: sign and auth certificate of one card. */
async function joinKinds(card: string): Promise<{ personId: string; younger: string }> {
  const [older, younger] = [await newPerson(card), (await signUp(stack, key, card)).person!.id!];
  await stack.owner.query(`update person set merged_into = $1, merged_at = clock_timestamp() where id = $2`, [
    uuidOf(older),
    uuidOf(younger),
  ]);
  await stack.owner.query('update person_certificate set person_id = $1 where person_id = $2', [
    uuidOf(older),
    uuidOf(younger),
  ]);
  return { personId: older, younger };
}

describe('GET /v1/persons', () => {
  it('lists living persons page by page, the newest first, each once', async () => {
    const mine = await stack.newTenant();
    await stack.setContract(mine, { identify: true });
    const asker = await stack.newKey({ tenantId: mine });
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.unshift(await newPerson(await stack.sandbox.issue(), asker));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await get(`/v1/persons?limit=2${query}`, asker);
      seen.push(...(body['data'] as { id: string }[]).map(({ id }) => id));
      cursor = body['next_cursor'] as string | null;
    } while (cursor !== null);
    expect(seen).toEqual(made);
  });
  it('refuses a cursor that is none of its own', async () => {
    expect(await get('/v1/persons?cursor=ver_1')).toMatchObject({ status: 400, body: { code: 'cursor_malformed' } });
    expect(await get('/v1/persons?limit=0')).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });
});

describe('GET /v1/persons/{id}', () => {
  it('of one that was merged names the survivor', async () => {
    const { personId, younger } = await joinKinds(await stack.sandbox.issue());
    expect((await get(`/v1/persons/${younger}`)).body).toMatchObject({ id: younger, merged_into: personId });
    expect((await get(`/v1/persons/${personId}`)).body).toMatchObject({ id: personId, merged_into: null });
  });

  it.each(['', '/certificates', '/status'])(
    "%s of nobody, of another tenant's person and of a wrong id is the same 404",
    async (below) => {
      const personId = await newPerson(await stack.sandbox.issue());
      const otherTenant = await stack.newTenant();
      const other = await stack.newKey({ tenantId: otherTenant });
      const answers = [
        await get(`/v1/persons/${personId}${below}`, other),
        await get(`/v1/persons/per_${'0'.repeat(32)}${below}`),
        await get(`/v1/persons/ver_${'0'.repeat(32)}${below}`),
      ];
      for (const { status, body } of answers) expect([status, body['code']]).toEqual([404, 'not_found']);
      expect(await usageOfChecks(personId)).toEqual([]);
    },
  );

  it('needs the scope', async () => {
    const limited = await stack.newKey({ tenantId, scopes: ['verifications:read'] });
    expect(await get('/v1/persons', limited)).toMatchObject({ status: 403, body: { scope: 'persons:read' } });
    const reader = await stack.newKey({ tenantId, scopes: ['persons:read'] });
    const answer = await stack.send('DELETE', `/v1/persons/per_${'0'.repeat(32)}`, { key: reader });
    expect([answer.status, answer.body['scope']]).toEqual([403, 'persons:write']);
  });
});

describe('GET /v1/persons/{id}/certificates', () => {
  it('tells kind, origin, end and status, no serial number, and meters each', async () => {
    const { personId } = await joinKinds(await stack.sandbox.issue());
    const { status, body } = await get(`/v1/persons/${personId}/certificates`);
    expect(status).toBe(200);
    const listed = body['data'] as Record<string, unknown>[];
    expect(listed.map(({ kind }) => kind)).toEqual(['auth', 'sign']);
    for (const certificate of listed)
      expect(certificate).toMatchObject({
        id: expect.stringMatching(/^crt_/),
        provenance: 'presented',
        disclosure: 'status',
        status: 'good',
        reason: null,
        not_after: expect.stringMatching(/T14:59:59/),
      });
    expect((await usageOfChecks(personId)).map(({ meter }) => meter).sort()).toEqual(['auth_check', 'sign_check']);
    const { rows } = await stack.owner.query(
      `select 1 from audit_event where action = 'person.read_certificates' and target = $1`,
      [`person:${uuidOf(personId)}`],
    );
    expect(rows).toHaveLength(1);
  });

  it('lists no hop', async () => {
    const { personId } = await joinKinds(await stack.sandbox.issue());
    await stack.owner.query(
      `update person_certificate set hop = true, provenance = 'linked', presented_at = null
       where person_id = $1 and kind = 'auth'`,
      [uuidOf(personId)],
    );
    const { body } = await get(`/v1/persons/${personId}/certificates`);
    expect((body['data'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(['sign']);
  });
});

describe('GET /v1/persons/{id}/status', () => {
  it('of two good certificates is unchanged and alive as of the list', async () => {
    const { personId } = await joinKinds(await stack.sandbox.issue());
    const { body } = await get(`/v1/persons/${personId}/status`);
    expect(body).toMatchObject({
      conclusion: 'unchanged',
      alive: { state: 'confirmed_as_of', this_update: expect.stringMatching(/Z$/) },
      next_step: 'none',
      sign: { status: 'good', provenance: 'presented' },
      auth: { status: 'good', provenance: 'presented' },
      usage: [
        { meter: 'sign_check', method: 'crl' },
        { meter: 'auth_check', method: 'crl' },
      ],
    });
    const check = { method: 'crl', purpose: 'status_check', outcome: 'valid', billable: true };
    expect(await usageOfChecks(personId)).toEqual([
      { meter: 'sign_check', ...check },
      { meter: 'auth_check', ...check },
    ]);
  });

  it('of the younger id is that of the survivor', async () => {
    const { personId, younger } = await joinKinds(await stack.sandbox.issue());
    await get(`/v1/persons/${younger}/status`);
    expect(await usageOfChecks(personId)).toHaveLength(2);
  });

  it('of a moved, a lost and a deceased holder is what the pair says', async () => {
    const cards = await Promise.all([1, 2, 3].map(() => stack.sandbox.issue()));
    const joined: string[] = [];
    for (const card of cards) joined.push((await joinKinds(card)).personId);
    await stack.sandbox.revoke(cards[0]!, 'sign', 'affiliationChanged');
    await stack.sandbox.revoke(cards[1]!, 'both', 'cessationOfOperation');
    await stack.sandbox.revoke(cards[2]!, 'both', 'affiliationChanged');
    await stack.refresh();
    const found = [];
    for (const id of joined) {
      const { body } = await get(`/v1/persons/${id}/status`);
      found.push([body['conclusion'], (body['alive'] as { state: string }).state, body['next_step']]);
    }
    expect(found).toEqual([
      ['attributes_changed', 'confirmed_as_of', 'ask_for_new_sign_certificate'],
      ['card_stopped', 'not_confirmed', 'block_login_and_re_enrol'],
      ['death_or_emigration', 'not_confirmed', 'hold_and_review'],
    ]);
  });

  it('known by a counterpart only counts in the conclusion, and is itself not told', async () => {
    const card = await stack.sandbox.issue();
    const { personId } = await joinKinds(card);
    await stack.owner.query(
      `update person_certificate set provenance = 'counterpart', presented_at = null where person_id = $1 and kind = 'auth'`,
      [uuidOf(personId)],
    );
    const { body } = await get(`/v1/persons/${personId}/status`);
    expect(body).toMatchObject({
      conclusion: 'unchanged',
      sign: { status: 'good' },
      auth: { status: null, reason: null, this_update: null, provenance: 'counterpart' },
    });
    const listed = (await get(`/v1/persons/${personId}/certificates`)).body['data'] as Record<string, unknown>[];
    expect(listed.find(({ kind }) => kind === 'auth')).toMatchObject({
      disclosure: 'conclusion_only',
      status: null,
      not_after: null,
    });
  });
});

describe('a verification beside which both kinds are known', () => {
  it('tells what both say, as it was then, and counts the other certificate once without a charge', async () => {
    const card = await stack.sandbox.issue();
    const { personId } = await joinKinds(card);
    const verification = await logIn(stack, key, card);
    expect(verification.person!.status).toMatchObject({
      conclusion: 'unchanged',
      alive: { state: 'confirmed_as_of' },
      usage: [{ meter: 'sign_check' }],
    });
    expect(await usageOfChecks(personId)).toEqual([
      { meter: 'sign_check', method: 'crl', purpose: 'status_check', outcome: 'valid', billable: false },
    ]);
    expect(await usageOf(stack, verification)).toHaveLength(1);
    const { data } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id: verification.id } } });
    expect(data).toEqual(verification);
  });

  it('is told to be changed when the other one is revoked', async () => {
    const card = await stack.sandbox.issue();
    await joinKinds(card);
    await stack.sandbox.revoke(card, 'sign', 'affiliationChanged');
    await stack.refresh();
    expect((await logIn(stack, key, card)).person!.status).toMatchObject({ conclusion: 'attributes_changed' });
  });
});

describe('DELETE /v1/persons/{id}', () => {
  const remove = (id: string, asker = key) => stack.send('DELETE', `/v1/persons/${id}`, { key: asker });

  it('forgets: persons and verifications are 404, and leave the lists', async () => {
    const card = await stack.sandbox.issue();
    const reference = randomUUID();
    const login = await logIn(stack, key, card, { reference });
    const id = login.person!.id!;
    expect((await remove(id)).status).toBe(204);
    expect((await remove(id)).status).toBe(404);
    for (const path of [`/v1/persons/${id}`, `/v1/persons/${id}/status`, `/v1/verifications/${login.id}`])
      expect((await get(path)).status).toBe(404);
    expect((await get(`/v1/verifications?reference=${reference}`)).body['data']).toEqual([]);
    const listed = (await get('/v1/persons?limit=100')).body['data'] as { id: string }[];
    expect(listed.map((one) => one.id)).not.toContain(id);
    const { rows } = await stack.owner.query('select 1 from verification where reference = $1', [reference]);
    expect(rows).toHaveLength(1);
  });

  it('severs: the card seen again names nobody, and its new verifications are shown', async () => {
    const card = await stack.sandbox.issue();
    await remove(await newPerson(card));
    const again = await logIn(stack, key, card);
    expect(again).toMatchObject({ outcome: 'valid', person: { state: 'severed', id: null, new: false } });
    expect((await get(`/v1/verifications/${again.id}`)).status).toBe(200);
  });

  it('by a merged id forgets the whole person, all certificates of it', async () => {
    const card = await stack.sandbox.issue();
    const { personId, younger } = await joinKinds(card);
    expect((await remove(younger)).status).toBe(204);
    expect((await get(`/v1/persons/${personId}`)).status).toBe(404);
    expect((await signUp(stack, key, card)).person).toMatchObject({ state: 'severed' });
    expect((await logIn(stack, key, card)).person).toMatchObject({ state: 'severed' });
  });

  it('answers no replay of what it hides', async () => {
    const card = await stack.sandbox.issue();
    const body = { ...(await rawBody(stack.sandbox, { card })), identify: true };
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const { data } = await key.client.POST('/v1/signature-verifications', { body, params });
    await remove(data!.person!.id!);
    const replay = await key.client.POST('/v1/signature-verifications', { body, params });
    expect([replay.response.status, replay.error?.code]).toEqual([404, 'not_found']);
  });

  it('leaves its verifications no proof of anything', async () => {
    await stack.setContract(tenantId, { counterpart: true });
    const login = await logIn(stack, key, await stack.sandbox.issue());
    await remove(login.person!.id!);
    const body = JSON.stringify({ verification_id: login.id });
    const answer = await stack.send('POST', '/v1/counterpart-lookups', { key, body });
    expect([answer.status, answer.body['code']]).toEqual([422, 'proof_unknown']);
  });

  it('while the card logs in again and again never lets it come back as somebody new', async () => {
    const card = await stack.sandbox.issue();
    const id = await newPerson(card);
    const logins = Array.from({ length: 12 }, () => logIn(stack, key, card));
    expect((await remove(id)).status).toBe(204);
    for (const { person } of await Promise.all(logins)) expect([id, null, undefined]).toContain(person?.id);
    expect((await logIn(stack, key, card)).person).toMatchObject({ state: 'severed' });
  });

  it("of another tenant's person is 404 and changes nothing", async () => {
    const id = await newPerson(await stack.sandbox.issue());
    const other = await stack.newKey();
    expect((await remove(id, other)).status).toBe(404);
    expect((await get(`/v1/persons/${id}`)).status).toBe(200);
  });

  it('touches nothing of another tenant that knows the same card', async () => {
    const card = await stack.sandbox.issue();
    const otherTenant = await stack.newTenant();
    await stack.setContract(otherTenant, { identify: true });
    const other = await stack.newKey({ tenantId: otherTenant });
    const theirs = await newPerson(card, other);
    await remove(await newPerson(card));
    expect((await logIn(stack, other, card)).person).toMatchObject({ state: 'identified', id: theirs, new: false });
  });
});

describe('GET /v1/events', () => {
  it('goes on from its cursor, also when nothing was new, and refuses one it did not give', async () => {
    const first = await get('/v1/events');
    expect(first.body).toEqual({ data: [], next_cursor: null, has_more: false });
    expect(await get('/v1/events?cursor=abc')).toMatchObject({ status: 400, body: { code: 'cursor_malformed' } });
    expect(await get('/v1/events?types=person.unheard')).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
    const id = randomUUID();
    await stack.owner.query(
      `insert into event (tenant_id, mode, id, type, occurred_at, data)
       values ($1, 'test', $2, 'person.linked', clock_timestamp(), $3)`,
      [tenantId, id, JSON.stringify({ person_id: id, secret: 'not told' })],
    );
    const { body } = await get('/v1/events?types=person.linked,person.merged');
    expect(body['data']).toEqual([
      {
        id: `evt_${id.replaceAll('-', '')}`,
        type: 'person.linked',
        occurred_at: expect.stringMatching(/Z$/),
        data: { person_id: `per_${id.replaceAll('-', '')}` },
      },
    ]);
    const next = body['next_cursor'] as string;
    expect((await get(`/v1/events?cursor=${next}`)).body).toEqual({ data: [], next_cursor: next, has_more: false });
  });
  it('needs the scope', async () => {
    const limited = await stack.newKey({ tenantId, scopes: ['persons:read'] });
    expect(await get('/v1/events', limited)).toMatchObject({ status: 403, body: { scope: 'events:read' } });
  });
});
