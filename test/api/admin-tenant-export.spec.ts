import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PERMISSIONS, ROLES } from '#lib/operators';
import { fromPublicId, toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import { ApiStack, type RawAnswer, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { authenticationBody, logIn, signUp } from '../support/login.js';
import { type Verification, verifySignature } from '../support/verification.js';

const REASON = '契約終了に伴う引渡し';
const AT = '2026-04-01T00:00:00.000Z';

type Line = Record<string, unknown> & { kind: string; id: string };

let api: ApiStack;
let admin: AdminStack;
let browser: AdminBrowser;
let tenantId: string;
let key: TestKey;
let live: TestKey;
let other: TestKey;
let kept: Verification;
let login: Verification;
let presented: string;
let forgotten: Verification;
let strangers: Verification;
/** Ids of what is written past the API, by table. */
let made: Record<
  'consent' | 'linkage' | 'lookup' | 'age' | 'update' | 'hop' | 'counterpart' | 'link' | 'hopLink',
  string
>;

beforeAll(async () => {
  api = await ApiStack.start();
  admin = await AdminStack.on(api.database);
  browser = await admin.signedIn(await admin.person(['onboarding']));
  tenantId = await api.newTenant('去る商店');
  key = await api.newKey({ tenantId });
  other = await api.newKey();
  await api.setContract(tenantId, { identify: true, pinlessStatus: true });
  kept = await signUp(api, key, 'rare-kanji', { reference: 'customer-1' });
  login = await logIn(api, key, 'adult-valid');
  presented = await present('adult-valid');
  const leaving = await api.sandbox.issue();
  const left = await logIn(api, key, leaving);
  await present(leaving);
  forgotten = await signUp(api, key, await api.sandbox.issue());
  for (const gone of [String(left.person?.id), String(forgotten.person?.id)])
    expect((await api.send('DELETE', `/v1/persons/${gone}`, { key })).status).toBe(204);
  strangers = await verifySignature(other, await rawBody(api.sandbox));
  live = await api.newKey({ tenantId, mode: 'live' });
  made = await writeRest();
}, 300_000);
afterAll(async () => {
  await admin.stop();
  await api.stop();
});

/** @returns its id */
async function present(card: string): Promise<string> {
  const { certificate } = await authenticationBody(api, key, card);
  const headers = { 'idempotency-key': randomUUID() };
  const answer = await api.send('POST', '/v1/presentations', { key, headers, body: JSON.stringify({ certificate }) });
  expect([answer.status, answer.body['outcome']]).toEqual([201, 'valid']);
  return String(answer.body['id']);
}

/** What would take J-LIS and weeks to come by, as the API stores it. */
async function writeRest(): Promise<typeof made> {
  const ids = Object.fromEntries(
    ['consent', 'linkage', 'lookup', 'age', 'update', 'hop', 'counterpart', 'link', 'hopLink'].map((name) => [
      name,
      randomUUID(),
    ]),
  ) as typeof made;
  const person = fromPublicId('per', String(kept.person?.id))!;
  const verification = fromPublicId('ver', kept.id)!;
  const { rows } = await api.owner.query<{ id: string; tenant_key_id: string }>(
    'select id, tenant_key_id from person_certificate where person_id = $1',
    [person],
  );
  const { id: certificate, tenant_key_id: tenantKey } = rows[0]!;
  const insert = (table: string, columns: string, values: unknown[]): Promise<unknown> =>
    api.owner.query(
      `insert into ${table} (tenant_id, mode, ${columns})
       values ($1, 'test', ${values.map((_value, at) => `$${at + 2}`).join(', ')})`,
      [tenantId, ...values],
    );
  await insert('consent', 'id, person_id, purpose, text_version, covers, given_at, source, expires_at, created_at', [
    ids.consent,
    person,
    'serial_linkage',
    'v1',
    ['sign'],
    AT,
    'call',
    '2036-04-01T00:00:00.000Z',
    AT,
  ]);
  await insert('consent_withdrawal', 'consent_id, source, withdrawn_at', [ids.consent, 'tenant', AT]);
  for (const [id, hop, provenance] of [
    [ids.hop, true, 'linked'],
    [ids.counterpart, false, 'counterpart'],
  ] as const)
    await insert(
      'person_certificate',
      'id, person_id, kind, certificate_hash, provenance, hop, tenant_key_id, sealed, first_seen_at',
      [id, person, 'auth', Buffer.alloc(32, hop ? 1 : 2), provenance, hop, tenantKey, Buffer.from('sealed'), AT],
    );
  for (const [id, to] of [
    [ids.link, ids.counterpart],
    [ids.hopLink, ids.hop],
  ])
    await insert('certificate_link', 'id, relation, from_id, to_id, source, source_id, created_at', [
      id,
      'counterpart',
      certificate,
      to,
      'counterpart_lookup',
      ids.lookup,
      AT,
    ]);
  await insert(
    'serial_linkage',
    'id, verification_id, state, detail, person_id, certificate_id, consent_id, created_at, updated_at',
    [ids.linkage, verification, 'not_found', 'no_known_previous', person, certificate, ids.consent, AT, AT],
  );
  await insert(
    'counterpart_lookup',
    'id, verification_id, state, person_id, certificate_id, counterpart_certificate_id, source, created_at',
    [ids.lookup, verification, 'found', person, certificate, ids.counterpart, 'jlis', AT],
  );
  await insert('age_check', 'id, verification_id, person_id, certificate_hash, source, created_at, year, questions', [
    ids.age,
    verification,
    person,
    Buffer.alloc(32, 3),
    'jlis',
    AT,
    2026,
    JSON.stringify([{ age: 20 }]),
  ]);
  await insert('attribute_update', 'id, created_at', [ids.update, AT]);
  await insert('attribute_update_result', 'attribute_update_id, person_id, state, decided_at', [
    ids.update,
    person,
    'unchanged',
    AT,
  ]);
  return ids;
}

const ask = (by: AdminBrowser = browser, body: unknown = { mode: 'test', reason: REASON }, id?: string) =>
  by.send('POST', `/v1/tenants/${id ?? toPublicId('ten', tenantId)}/data-export`, body);

/** The lines of a whole file. @throws Error for one that was cut off or changed. */
function read(text: string): { lines: Line[]; counts: Record<string, number>; sha256: string; header: Line } {
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const trailer = JSON.parse(text.slice(end)) as { kind: string; counts: Record<string, number>; sha256: string };
  if (trailer.kind !== 'trailer') throw new Error('cut off');
  const before = text.slice(0, end);
  if (createHash('sha256').update(before).digest('hex') !== trailer.sha256) throw new Error('changed');
  const [header, ...lines] = before
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  return { lines, counts: trailer.counts, sha256: trailer.sha256, header: header! };
}
const whole = async (answer: Promise<RawAnswer>): Promise<ReturnType<typeof read>> => {
  const got = await answer;
  expect(got.status).toBe(200);
  return read(got.text);
};

describe('POST /v1/tenants/{id}/data-export', () => {
  it('gives a line for each thing of the tenant, and none of what it may not keep', async () => {
    const answer = await ask();
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const { lines, counts, header } = read(answer.text);
    expect(header).toMatchObject({
      kind: 'header',
      format: 'shomei-tenant-data/1',
      tenant_id: toPublicId('ten', tenantId),
      mode: 'test',
      exported_at: expect.stringMatching(/Z$/),
    });
    const of = (kind: string): Line[] => lines.filter((line) => line.kind === kind);
    expect(counts).toEqual(Object.fromEntries(Object.keys(counts).map((kind) => [kind, of(kind).length])));
    expect(lines).toHaveLength(Object.values(counts).reduce((sum, n) => sum + n, 0));
    const { person } = kept;
    // going live took a connection test with a key and checks of its own
    expect(of('api_key').find(({ id }) => id === toPublicId('key', key.id))).toMatchObject({
      name: 'test',
      last_four: key.secret.slice(-4),
    });
    expect(of('person').map(({ id }) => id)).toEqual([person!.id, login.person!.id].sort());
    const own = of('verification').filter((each) => each['api_key_id'] === toPublicId('key', key.id));
    expect(own.map(({ id }) => id)).toEqual([kept.id, login.id]);
    expect(own[0]).toMatchObject({
      type: 'signature',
      outcome: 'valid',
      reason_code: null,
      reference: 'customer-1',
      person_id: person!.id,
      verdict: { outcome: 'valid', checks: expect.any(Array), reasons: [] },
    });
    expect(of('presentation')).toEqual([
      {
        kind: 'presentation',
        id: presented,
        api_key_id: toPublicId('key', key.id),
        decided_at: expect.stringMatching(/Z$/),
        recorded_at: expect.stringMatching(/Z$/),
        outcome: 'valid',
        reason_code: null,
        person_id: login.person!.id,
      },
    ]);
    expect(of('audit_event').map((each) => (each['target'] as { id: string }).id)).toContain(presented);
    const certificates = of('certificate').map(({ id }) => id);
    expect(certificates).toHaveLength(3);
    expect(certificates).toContain(toPublicId('crt', made.counterpart));
    expect(of('certificate_link')).toMatchObject([
      { relation: 'counterpart', to_certificate_id: toPublicId('crt', made.counterpart) },
    ]);
    expect(of('consent')).toMatchObject([
      { id: toPublicId('cns', made.consent), given_at: AT, withdrawn_at: AT, withdrawal_source: 'tenant' },
    ]);
    // the login was asked about too
    expect(of('serial_linkage').map(({ id, state }) => [id, state])).toEqual(
      expect.arrayContaining([
        [toPublicId('lnk', made.linkage), 'not_found'],
        [expect.stringMatching(/^lnk_/), 'consent_required'],
      ]),
    );
    expect(of('serial_linkage').map((each) => each['person_id'])).not.toContain(forgotten.person?.id);
    expect(of('counterpart_lookup').map(({ id, state }) => [id, state])).toEqual([
      [toPublicId('cpl', made.lookup), 'found'],
    ]);
    expect(of('age_check')).toMatchObject([{ id: toPublicId('age', made.age), questions: [{ age: 20 }] }]);
    expect(of('attribute_update')).toMatchObject([
      { id: toPublicId('atu', made.update), results: [{ person_id: person!.id, state: 'unchanged' }] },
    ]);
    const { rows } = await api.owner.query<{ usage: string; audit: string }>(
      `select (select count(*) from usage_event where tenant_id = $1 and mode = 'test') as usage,
         (select count(*) from audit_event where tenant_id = $1 and mode = 'test' and action not like 'jlis.%'
           and action <> 'tenant.data_export') as audit`,
      [tenantId],
    );
    expect([counts['usage_event'], counts['audit_event']]).toEqual([Number(rows[0]!.usage), Number(rows[0]!.audit)]);
    expect(of('audit_event').at(-1)).toMatchObject({
      action: 'tenant.data_export_open',
      actor: { type: 'operator', id: null },
      target: { type: 'tenant', id: toPublicId('ten', tenantId) },
      ip: null,
      detail: { reason: REASON },
    });
    const attributes = kept.attributes!;
    for (const absent of [
      attributes.name.value,
      attributes.address.value,
      key.secret,
      made.hop.replaceAll('-', ''),
      strangers.id,
      toPublicId('key', live.id),
      toPublicId('key', other.id),
      'certificate_hash',
      '"receipt"',
    ])
      expect([absent, answer.text.includes(absent)]).toEqual([absent, false]);
    expect(lines.some(({ id }) => id === forgotten.id || id === forgotten.person?.id)).toBe(false);
  });

  it('of the other mode has that mode’s things alone', async () => {
    const { lines, header } = await whole(ask(browser, { mode: 'live', reason: REASON }));
    expect(header['mode']).toBe('live');
    expect(lines.filter(({ kind }) => kind === 'api_key').map(({ id }) => id)).toEqual([toPublicId('key', live.id)]);
    expect(lines.filter(({ kind }) => !['api_key', 'audit_event'].includes(kind))).toEqual([]);
  });

  it('is on record with its hash and counts, and a file that was cut off or changed is found out', async () => {
    const { text } = await ask();
    const { sha256, counts, header } = read(text);
    const events = (await admin.audited(`tenant:${tenantId}`)).filter(({ action }) => action.includes('data_export'));
    expect(events.at(-1)).toMatchObject({
      action: 'tenant.data_export',
      detail: { sha256, counts, export: fromPublicId('aud', String(header['export_id'])) },
    });
    expect(events.at(-2)).toMatchObject({ action: 'tenant.data_export_open', detail: { reason: REASON } });
    expect(events.at(-1)!.actor).toBe(events.at(-2)!.actor);
    const lines = text.trimEnd().split('\n');
    expect(() => read(`${lines.slice(0, -1).join('\n')}\n`)).toThrow('cut off');
    expect(() => read(`${[...lines.slice(0, 3), ...lines.slice(4)].join('\n')}\n`)).toThrow('changed');
    expect(() => read(text.replace('customer-1', 'customer-2'))).toThrow('changed');
  });

  it('is for admins and onboarding, with a reason, of a tenant that is there', async () => {
    for (const role of ROLES) {
      const allowed = (PERMISSIONS['tenant_data:export'] as readonly string[]).includes(role);
      const answer = await ask(await admin.signedIn(await admin.person([role])));
      expect([role, ...outcome(answer)]).toEqual([role, ...(allowed ? [200] : [403, 'permission_missing'])]);
    }
    for (const body of [
      { mode: 'test' },
      { mode: 'test', reason: '  ' },
      { reason: REASON },
      { mode: 'x', reason: REASON },
    ])
      expect(outcome(await ask(browser, body))).toEqual([400, 'request_invalid']);
    for (const id of [toPublicId('ten', randomUUID()), 'ten_1', kept.id])
      expect(outcome(await ask(browser, undefined, id))).toEqual([404, 'not_found']);
  });

  it('is given of a terminated tenant too', async () => {
    const path = `/v1/tenants/${toPublicId('ten', tenantId)}/steps`;
    expect((await browser.send('POST', path, { step: 'terminate', reason: REASON })).body['state']).toBe('terminated');
    const { counts } = await whole(ask());
    expect(counts).toMatchObject({ person: 2, consent: 1, certificate: 3 });
  });
});
