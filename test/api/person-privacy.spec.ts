import { randomUUID, X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { consentNow } from '../support/consent.js';
import { authenticationBody, logIn } from '../support/login.js';
import { Needles } from '../support/needles.js';
import { addFacts, searchTables } from '../support/personal-data.js';
import { signedDocument, uuidOf } from '../support/proofs.js';

/** Old enough for J-LIS to connect its certificates. */
const SETTLED = { not_before: new Date(Date.now() - 3 * 86_400_000).toISOString() };

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, {
    identify: true,
    counterpart: true,
    latestAttributes: true,
    allowedAges: [20],
  });
  key = await stack.newKey({ tenantId });
}, 120_000);
afterAll(() => stack.stop());
afterEach(async () => {
  await stack.sandbox.healthy();
  await stack.sandbox.chainLinkages(false);
  await stack.moveClock('0');
});

type Post = { status: number; code: unknown; body: Record<string, unknown>; replayed: boolean };
async function post(path: string, body: object, idempotencyKey: string = randomUUID()): Promise<Post> {
  const answer = await stack.send('POST', path, {
    key,
    body: JSON.stringify(body),
    headers: { 'idempotency-key': idempotencyKey },
  });
  const replayed = answer.headers.get('idempotent-replayed') === 'true';
  return { status: answer.status, code: answer.body['code'], body: answer.body, replayed };
}
const auditText = async (path: string): Promise<string> => (await stack.send('GET', path, { key })).text;
const everything = async (): Promise<string> => {
  const [after, before] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
  const query = `recorded_after=${after}&recorded_before=${before}`;
  const paths = [`.jsonl?${query}`, `.csv?${query}`, '?limit=100'];
  return (await Promise.all(paths.map((rest) => auditText(`/v1/audit-events${rest}`)))).join('\n');
};

describe('what a tenant is told of certificates it does not know', () => {
  it('is nothing in its audit events: neither that there were any nor how many', async () => {
    await stack.sandbox.chainLinkages(true);
    // Nothing before it; and two certificates before it, none of which this tenant has seen.
    const [fresh, renewed] = [await stack.sandbox.issue(SETTLED), await stack.sandbox.issueRenewed(2)];
    const told: unknown[] = [];
    for (const card of [fresh, renewed]) {
      const login = await logIn(stack, key, card, { consent: consentNow() });
      expect(login.linkage).toMatchObject({ state: 'not_found', detail: 'no_known_previous' });
      const { body } = await stack.send('GET', `/v1/audit-events?target=${login.linkage!.id}`, { key });
      told.push((body['data'] as { action: string; detail: object }[]).map((event) => Object.keys(event.detail)));
    }
    expect(told[1]).toEqual(told[0]);
    const text = await everything();
    expect(text).toContain('serial_linkage.settle');
    expect(text).not.toContain('discarded');
    expect(text).not.toContain('jlis.call');
    const { rows } = await stack.owner.query<{ n: number }>(
      `select count(*)::int as n from audit_event where tenant_id = $1 and (action = 'jlis.call' or detail ? 'discarded')`,
      [tenantId],
    );
    expect(rows[0]!.n).toBeGreaterThan(3);
  });

  it('is nothing of the steps between two it knows, also when the person is deleted', async () => {
    await stack.sandbox.chainLinkages(true);
    const card = await stack.sandbox.issueRenewed(3);
    await logIn(stack, key, card, { earlier: 3 });
    const { person, linkage } = await logIn(stack, key, card, { consent: consentNow() });
    expect(linkage).toMatchObject({ state: 'linked' });
    expect((await stack.send('DELETE', `/v1/persons/${person!.id}`, { key })).status).toBe(204);
    const { body } = await stack.send('GET', `/v1/audit-events?target=${person!.id}&action=person.delete`, { key });
    expect(body['data']).toMatchObject([{ detail: { certificates: 2 } }]);
  });
});

describe('what is personal', () => {
  it('is in no table, log line or answer in the clear, whatever is asked about the person', async () => {
    const facts = { name: '極秘　花子', address: '東京都架空区極秘町９番９号', birth_date: '419911119' };
    // The lists do not know of the renewal yet: the old certificate is still good.
    const card = await stack.sandbox.issueRenewed(1, 3 * 3_600_000, facts);
    const [old, auth] = [await authenticationBody(stack, key, card, 1), await authenticationBody(stack, key, card)];
    const sign = await rawBody(stack.sandbox, { card, text: 'I agree.' });
    const serials = [old, auth, sign].map(({ certificate }) =>
      BigInt(`0x${new X509Certificate(Buffer.from(certificate, 'base64')).serialNumber}`).toString(),
    );
    const answers: string[] = [];
    const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
      const init = {
        key,
        ...(body ? { body: JSON.stringify(body), headers: { 'idempotency-key': randomUUID() } } : {}),
      };
      const answer = await stack.send(method, path, init);
      // A verification of a signature is there to tell the attributes.
      if (path !== '/v1/signature-verifications') answers.push(answer.text);
      return answer.body;
    };
    const consent = consentNow();
    await ask('POST', '/v1/authentications', { ...old, identify: true });
    const login = await ask('POST', '/v1/authentications', { ...auth, identify: true, counterpart: true, consent });
    expect(login).toMatchObject({ linkage: { state: 'linked' }, counterpart: { state: 'found' } });
    const signed = await ask('POST', '/v1/signature-verifications', { ...sign, identify: true });
    const person_id = (signed['person'] as { id: string }).id;
    expect(person_id).toBe((login['person'] as { id: string }).id);
    const evidence = { verification_id: signed['id'], document: sign.content };
    const covers = ['jlis_use', 'obtain_latest_attributes'];
    const { given_at } = consent;
    const stated = { person_id, purpose: 'latest_attributes', text_version: '1', given_at, covers, evidence };
    expect(await ask('POST', '/v1/consents', stated)).toMatchObject({ registered_with_jlis: true });
    expect(await ask('POST', '/v1/serial-linkages', { verification_id: login['id'] })).toMatchObject({
      state: 'linked',
    });
    expect(await ask('POST', '/v1/counterpart-lookups', { verification_id: signed['id'] })).toMatchObject({
      state: 'found',
    });
    for (const id of [login['id'], signed['id']])
      expect(await ask('POST', '/v1/age-checks', { verification_id: id, ages: [20] })).toHaveProperty('answers');
    expect(await ask('POST', '/v1/attribute-updates', { person_ids: [person_id] })).toHaveProperty('results');
    for (const path of ['', '/certificates', '/status']) await ask('GET', `/v1/persons/${person_id}${path}`);
    for (const path of ['persons', 'events', 'consents', 'verifications', 'audit-events'])
      await ask('GET', `/v1/${path}`);
    for (const serial of serials) {
      expect(await ask('GET', `/v1/serial-linkages?previous=${serial}`)).toMatchObject({ code: 'certificate_unknown' });
      const bare = { verification_id: serial };
      expect(await ask('POST', '/v1/serial-linkages', bare)).toMatchObject({ code: 'proof_unknown' });
      expect(await ask('GET', `/v1/persons/${serial}`)).toMatchObject({ code: 'not_found' });
    }
    const needles = new Needles();
    addFacts(needles, 'holder', facts);
    for (const serial of serials) needles.addSerial('serial of holder', BigInt(serial));
    expect(needles.find(stack.log)).toEqual([]);
    expect(answers.filter((text) => needles.find(text).length > 0).map((text) => text.slice(0, 200))).toEqual([]);
    expect(await searchTables(stack.owner, needles)).toEqual([]);
  }, 60_000);
});

describe('of a deleted person', () => {
  it('no request repeated with its Idempotency-Key tells anything', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    await stack.refresh();
    const login = await logIn(stack, key, card);
    const consent = consentNow();
    const requests: [string, object, string][] = [
      ['/v1/serial-linkages', { verification_id: login.id, consent }, randomUUID()],
      ['/v1/counterpart-lookups', { verification_id: login.id, consent }, randomUUID()],
      ['/v1/age-checks', { verification_id: login.id, ages: [20] }, randomUUID()],
    ];
    for (const [path, body, idempotencyKey] of requests)
      expect([path, (await post(path, body, idempotencyKey)).status]).toEqual([path, 201]);
    for (const [path, body, idempotencyKey] of requests)
      expect([path, (await post(path, body, idempotencyKey)).replayed]).toEqual([path, true]);
    expect((await stack.send('DELETE', `/v1/persons/${login.person!.id}`, { key })).status).toBe(204);
    for (const [path, body, idempotencyKey] of requests) {
      const { status, code } = await post(path, body, idempotencyKey);
      expect([path, status, code]).toEqual([path, 404, 'not_found']);
    }
  });

  it('an age check made before anybody was identified is not told again either', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const { data } = await key.client.POST('/v1/authentications', { body: await authenticationBody(stack, key, card) });
    const [body, same] = [{ verification_id: data!.id, ages: [20] }, randomUUID()];
    expect((await post('/v1/age-checks', body, same)).status).toBe(201);
    const login = await logIn(stack, key, card);
    await stack.send('DELETE', `/v1/persons/${login.person!.id}`, { key });
    expect(await post('/v1/age-checks', body, same)).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('the serial whose attributes were delivered is erased, and the repeated request knows nobody', async () => {
    const card = await stack.sandbox.issue();
    await stack.refresh();
    const { person_id, evidence } = await signedDocument(stack, key, card);
    const stated = {
      text_version: '1',
      given_at: '2026-11-20T00:00:00Z',
      covers: ['jlis_use', 'obtain_latest_attributes'],
    };
    const registered = await post('/v1/consents', { person_id, purpose: 'latest_attributes', ...stated, evidence });
    expect(registered.status).toBe(201);
    await stack.sandbox.move(card, { address: '大阪府見本市転入町１番地' });
    const [body, same] = [{ person_ids: [person_id] }, randomUUID()];
    expect((await post('/v1/attribute-updates', body, same)).body['results']).toMatchObject([{ state: 'updated' }]);
    const sealed = async () =>
      (
        await stack.owner.query(
          'select 1 from attribute_update_result where person_id = $1 and (sealed_serial is not null or tenant_key_id is not null)',
          [uuidOf(person_id)],
        )
      ).rows.length;
    expect(await sealed()).toBe(1);
    await stack.send('DELETE', `/v1/persons/${person_id}`, { key });
    expect(await sealed()).toBe(0);
    expect((await post('/v1/attribute-updates', body, same)).body['results']).toEqual([
      { person_id, state: 'person_unknown', attributes: null },
    ]);
  });
});

describe('a verification repeated with its Idempotency-Key', () => {
  it('after ten minutes identifies nobody and asks J-LIS nothing: nobody is here any more', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const body = {
      ...(await rawBody(stack.sandbox, { card })),
      identify: true,
      counterpart: true,
      consent: consentNow(),
    };
    await stack.sandbox.jlisFault('counterparts', 'down');
    const same = randomUUID();
    const first = await post('/v1/signature-verifications', body, same);
    expect(first.body).toMatchObject({ outcome: 'valid', person: { state: 'identified' }, counterpart: null });
    await stack.sandbox.healthy();
    await stack.sandbox.forgetJlisRequests();
    await stack.moveClock('+11m');
    const late = await post('/v1/signature-verifications', body, same);
    expect(late).toMatchObject({ status: 201, replayed: true, body: { counterpart: null } });
    expect(await stack.sandbox.jlisRequests()).toEqual([]);
    await stack.moveClock('+9m');
    expect((await post('/v1/signature-verifications', body, same)).body).toMatchObject({
      counterpart: { state: 'found' },
    });
  });

  it('after a first try that was cut short has no person once the ten minutes are over', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const [body, same] = [{ ...(await authenticationBody(stack, key, card)), identify: true }, randomUUID()];
    const first = await post('/v1/authentications', body, same);
    // What a process leaves that is killed between the two commits.
    await stack.owner.query('delete from verification_person where verification_id = $1', [
      uuidOf(String(first.body['id'])),
    ]);
    await stack.moveClock('+11m');
    expect(await post('/v1/authentications', body, same)).toMatchObject({ replayed: true, body: { person: null } });
  });

  it('is answered as it was also when the contract includes persons no longer', async () => {
    const own = await stack.newTenant();
    await stack.setContract(own, { identify: true });
    const asker = await stack.newKey({ tenantId: own });
    const body = { ...(await rawBody(stack.sandbox)), identify: true };
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const first = await asker.client.POST('/v1/signature-verifications', { body, params });
    await stack.setContract(own, { identify: false });
    const second = await asker.client.POST('/v1/signature-verifications', { body, params });
    expect([second.response.status, second.data]).toEqual([201, first.data]);
    expect(await signUpRefused(asker)).toEqual([403, 'feature_not_contracted']);
  });
});

async function signUpRefused(asker: TestKey): Promise<[number, string | undefined]> {
  const body = { ...(await rawBody(stack.sandbox)), identify: true };
  const { response, error } = await asker.client.POST('/v1/signature-verifications', { body });
  return [response.status, error?.code];
}
