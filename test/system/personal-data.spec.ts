import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createShomeiClient, type ShomeiClient } from '#lib/api-client';
import { rawBody, SandboxClient } from '../support/card.js';
import { consentNow } from '../support/consent.js';
import { authenticationBody } from '../support/login.js';
import { pdf } from '../support/files.js';
import { Needles } from '../support/needles.js';
import { type Employee, Office } from '../support/office.js';
import { APPLICATION_BODY } from '../support/onboarding.js';
import { addCards, searchTables } from '../support/personal-data.js';
import { signedDocument } from '../support/proofs.js';
import { eventually, exchange, Story } from '../support/story.js';

const CONTACT = { role: 'responsible', name: '連絡　責子', email: 'sekiko@bank.example', phone: '03-5555-0199' };
const APPLICATION = { ...APPLICATION_BODY, contacts: [CONTACT] };
const TERMS = { identify: true, counterpart: true, latest_attributes: true, allowed_ages: [18, 20] };
const DOCUMENT = '秘密の契約書 第八号';
/** Everything a process could say. */
const LOUD = { LOG_LEVEL: 'trace' };
const PROGRAMS = ['api', 'admin', 'worker'] as const;

let story: Story;
let office: Office;
let sandbox: SandboxClient;
let apiKey: string;
let client: ShomeiClient;
let owner: pg.Client;
const needles = new Needles();
/** Answers of the API, by status and code. */
const answers = new Map<string, number>();

beforeAll(async () => {
  const environment = { api: LOUD, admin: LOUD, worker: { ...LOUD, JLIS_WITHDRAWALS_SECONDS: '2' } };
  story = await Story.begin({ throwaway: true, apps: ['sandbox', 'worker', 'api', 'admin'], environment });
  sandbox = new SandboxClient(story.stack.urls.sandbox);
  owner = new pg.Client({ connectionString: story.stack.urls.database.owner });
  await owner.connect();
}, 600_000);
afterAll(async () => {
  await owner?.end();
  await story?.end();
});

/** One request to the API, with a key of one's own to repeat it by. */
async function ask(method: string, path: string, body?: unknown, key = apiKey): Promise<Record<string, unknown>> {
  const { status, json } = await exchange(`${story.stack.urls.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': randomUUID() },
    ...(body === undefined ? {} : { body }),
  });
  const said = json as (Record<string, unknown> & { code?: string; outcome?: string }) | undefined;
  const mark = `${status} ${said?.code ?? said?.outcome ?? ''}`.trim();
  answers.set(mark, (answers.get(mark) ?? 0) + 1);
  return said ?? {};
}
const idOf = (thing: unknown): string => (thing as { id: string }).id;

function addSecretsOf(person: Employee): void {
  const { email, password, firstPassword, secret, recoveryCodes, browser } = person;
  for (const each of [password, firstPassword]) needles.addText(`password of ${email}`, each);
  needles.addOctets(`second factor of ${email}`, secret);
  for (const code of recoveryCodes) needles.addText(`recovery code of ${email}`, code);
  needles.addText(`session of ${email}`, browser.cookie!.split('=')[1]!);
  needles.addText(`request token of ${email}`, browser.csrf!);
}

describe('a whole installation at work', () => {
  it('has operators who sign in, mistype, and make a tenant of an application', async () => {
    office = await Office.open(story);
    const officer = await office.hire('onboarding', 'auditor');
    const { browser } = officer;
    for (const person of [office.first, office.second, officer]) addSecretsOf(person);
    for (const [what, text] of Object.entries({ ...CONTACT, role: '連絡　責子' }))
      needles.addText(`contact: ${what}`, text);
    const wrong = 'not the password of anybody';
    needles.addText('wrong password', wrong);
    await browser.send('POST', '/v1/session', { email: officer.email, password: wrong });
    const bad = { ...APPLICATION, corporate_number: '4011001098994' };
    expect((await browser.send('POST', '/v1/applications', bad)).status).toBe(422);
    await browser.send('POST', '/v1/applications', { ...APPLICATION, contacts: [{ ...CONTACT, more: CONTACT.name }] });
    await browser.send('POST', '/v1/applications', `{"contacts": "${CONTACT.name}`);
    const filed = await browser.send('POST', '/v1/applications', APPLICATION);
    const tenant = idOf(filed.body['tenant']);
    for (const step of ['review', 'accept'])
      expect((await browser.send('POST', `/v1/tenants/${tenant}/steps`, { step, reason: '確認' })).status).toBe(200);
    expect((await browser.send('GET', `/v1/tenants/${tenant}/application`)).body).toEqual(APPLICATION);
    expect((await browser.send('PATCH', `/v1/tenants/${tenant}/contracts/test`, TERMS)).status).toBe(200);
    const files = `/v1/tenants/${tenant}/checklist/items/delegation/files`;
    const named = `${files}?name=${encodeURIComponent(`${CONTACT.name}の委任状.pdf`)}`;
    for (const [type, status] of [
      ['application/pdf', 201],
      ['image/png', 422],
    ] as const)
      expect((await browser.sendRaw('POST', named, type, pdf(CONTACT.name))).status).toBe(status);
    const made = await browser.send('POST', `/v1/tenants/${tenant}/api-keys`, { name: 'story', mode: 'test' });
    apiKey = String(made.body['api_key']);
    client = createShomeiClient({ baseUrl: story.stack.urls.api, apiKey });
    const admin = await browser.send('POST', `/v1/tenants/${tenant}/api-keys`, {
      name: 'keys',
      mode: 'test',
      scopes: ['admin', 'verifications:read'],
    });
    const child = await ask(
      'POST',
      '/v1/api-keys',
      { name: 'child', scopes: ['verifications:read'] },
      String(admin.body['api_key']),
    );
    for (const key of [apiKey, String(admin.body['api_key']), String(child['secret'])]) {
      needles.addText('API key', key);
      needles.addText('API key', key.slice('shm_test_'.length));
    }
  }, 600_000);

  it('checks every card of the catalogue in every way, and much that is wrong', async () => {
    const cards = await addCards(needles, sandbox);
    expect(cards.length).toBeGreaterThan(20);
    await story.refresh();
    await eventually(
      async () => ask('POST', '/v1/signature-verifications', await rawBody(sandbox)),
      ({ outcome }) => outcome === 'valid',
    );
    needles.addText('signed document', DOCUMENT);
    for (const { id, holder, certificates } of cards) {
      const verified: unknown[] = [];
      if (certificates.sign) {
        const raw = await rawBody(sandbox, { card: id, text: DOCUMENT });
        const cms = await sandbox.signCms(id, { content: raw.content!, detached: false });
        needles.addOctets(`signature of ${id}`, Buffer.from(raw.signature, 'base64').subarray(0, 48));
        verified.push(
          await ask('POST', '/v1/signature-verifications', {
            ...raw,
            identify: true,
            counterpart: true,
            consent: consentNow(),
            reference: `ref-${id}`,
          }),
        );
        await ask('POST', '/v1/signature-verifications', { format: 'cms', cms, revocation: 'ocsp' });
        await ask('POST', '/v1/signature-verifications', {
          ...raw,
          content: Buffer.from(holder.name).toString('base64'),
        });
        await ask('POST', '/v1/signature-verifications', { ...raw, name: holder.name, address: holder.address });
        await ask('POST', '/v1/signature-verifications', { ...raw, reference: `${holder.name}\u0000` });
      }
      const login = await authenticationBody({ sandbox }, { client }, id);
      verified.push(
        await ask('POST', '/v1/authentications', {
          ...login,
          identify: true,
          counterpart: true,
          consent: consentNow(),
        }),
      );
      await ask('POST', '/v1/authentications', { ...login, identify: true });
      await ask('POST', '/v1/authentications', { ...login, challenge_id: holder.name });
      for (const check of verified) await lookAround(check as Checked);
      await ask('GET', `/v1/persons/${encodeURIComponent(holder.name)}`);
      await ask('GET', `/v1/verifications?reference=${encodeURIComponent(holder.address)}`);
    }
    for (const mark of ['201 valid', '201 invalid', '400 request_invalid', '404 not_found', '409 challenge_used'])
      expect([mark, answers.get(mark) ?? 0]).toEqual([mark, expect.any(Number)]);
    expect(answers.get('201 valid')).toBeGreaterThan(30);
    expect([...answers.keys()].filter((mark) => mark.startsWith('5'))).toEqual([]);
  }, 600_000);

  interface Checked {
    id: string;
    outcome: string;
    person: { id: string | null } | null;
  }
  /** What a tenant asks about a check and the person it was of. */
  async function lookAround({ id, outcome, person }: Checked): Promise<void> {
    for (const path of ['', '/evidence']) await ask('GET', `/v1/verifications/${id}${path}`);
    await ask('POST', `/v1/verifications/${id}/reverify`, { as_of: 'now' });
    if (outcome !== 'valid') return;
    await ask('POST', '/v1/age-checks', { verification_id: id, ages: [18, 20] });
    await ask('POST', '/v1/serial-linkages', { verification_id: id, consent: consentNow() });
    await ask('POST', '/v1/counterpart-lookups', { verification_id: id, consent: consentNow() });
    if (person?.id)
      for (const path of ['', '/certificates', '/status']) await ask('GET', `/v1/persons/${person.id}${path}`);
  }

  it('delivers latest attributes, forgets a person, and hears garbage from J-LIS', async () => {
    for (const card of ['adult-valid', 'rare-kanji', 'consent-withdrawn']) {
      const { person_id, evidence } = await signedDocument({ sandbox }, { client }, card);
      const { given_at, text_version } = consentNow();
      const covers = ['jlis_use', 'obtain_latest_attributes'];
      const stated = { person_id, purpose: 'latest_attributes', text_version, given_at, covers, evidence };
      const consent = await ask('POST', '/v1/consents', stated);
      await sandbox.move(card, { name: '転籍　新名', address: '大阪府見本市転籍町９９番地' });
      for (const fault of ['none', 'garbage', 'internal_error', 'wrong_person'] as const) {
        await sandbox.jlisFault('latest_attributes', fault);
        await ask('POST', '/v1/attribute-updates', { person_ids: [person_id] });
      }
      await sandbox.healthy();
      await ask('POST', `/v1/consents/${String(consent['id'])}/withdraw`);
    }
    await addCards(needles, sandbox);
    const login = await ask('POST', '/v1/authentications', {
      ...(await authenticationBody({ sandbox }, { client }, 'renewed-new')),
      identify: true,
    });
    expect(await ask('DELETE', `/v1/persons/${(login as unknown as Checked).person!.id!}`)).toEqual({});
    for (const path of ['persons', 'events', 'consents', 'verifications', 'audit-events', 'me'])
      await ask('GET', `/v1/${path}`);
  }, 600_000);

  it('makes mistakes of its own while personal data is in its hands', async () => {
    await story.rows(`alter table verification add constraint planted check (reference is distinct from 'break')`);
    await story.rows(`alter table tenant_application add constraint planted check (service_name <> 'break')`);
    const broken = await ask('POST', '/v1/signature-verifications', {
      ...(await rawBody(sandbox)),
      reference: 'break',
    });
    expect(broken).toMatchObject({ code: 'internal_error' });
    const { browser } = office.first;
    const filed = await browser.send('POST', '/v1/applications', { ...APPLICATION, service_name: 'break' });
    expect(filed.status).toBe(500);
  });

  it('has audit trail and checks searched by operators', async () => {
    const auditor = await office.hire('auditor', 'support');
    addSecretsOf(auditor);
    for (const path of ['audit-events?limit=100', 'verifications?outcome=valid', 'operators', 'approvals', 'tenants'])
      await auditor.browser.send('GET', `/v1/${path}`);
    const found = await auditor.browser.send('GET', '/v1/verifications?outcome=valid&limit=100');
    for (const { id } of (found.body['data'] as { id: string }[]).slice(0, 5))
      for (const wish of ['evidence-bundle', 'reveal']) {
        const path = `/v1/verifications/${id}/${wish}`;
        expect((await auditor.browser.send('POST', path, { reason: '検査官の求め' })).status).toBe(200);
      }
    await auditor.browser.send('DELETE', '/v1/session');
    expect((await auditor.browser.send('GET', '/v1/tenants')).status).toBe(401);
    const sealed = async () => story.rows<{ n: number }>('select count(*)::int as n from audit_seal');
    expect((await eventually(sealed, ([row]) => row!.n > 100, 30_000))[0]!.n).toBeGreaterThan(100);
  }, 600_000);
});

describe('what is left of it', () => {
  const logs = new Map<string, string>();
  beforeAll(async () => {
    for (const program of PROGRAMS) await story.stack[program].stop();
    const { logDir } = story.stack;
    for (const file of readdirSync(logDir))
      logs.set(file.replace('.log', ''), readFileSync(join(logDir, file), 'utf8'));
  }, 600_000);

  it.each([...PROGRAMS, 'postgres', 'redis'])('is nothing personal and no secret in the log of %s', (program) => {
    const log = logs.get(program)!;
    expect(log.length).toBeGreaterThan(0);
    expect(needles.find(log)).toEqual([]);
  });

  it('the logs did tell of the mistakes, so that the search above had something to search', () => {
    for (const program of ['api', 'admin'])
      expect([program, /"request_failed"|"decision_write_failed"/.test(logs.get(program)!)]).toEqual([program, true]);
    expect(logs.get('postgres')).toContain('Failing row contains');
  });

  it('is no name, address, birth date, serial or certificate of a card, no contact, key or password in any table', async () => {
    expect(await searchTables(owner, needles)).toEqual([]);
  }, 600_000);

  it('would be found: one name in an audit event, one certificate in evidence', async () => {
    await owner.query('begin');
    await owner.query(`insert into audit_event (id, actor, action, target, detail)
      values (gen_random_uuid(), 'system:x', 'thing.touch', 'thing:1', '{"holder": "見本　太郎"}')`);
    const der = Buffer.from(await sandbox.certificate('demo'), 'base64');
    const { rows } = await owner.query<{ id: string }>(
      'select id from verification where evidence is not null limit 1',
    );
    await owner.query('update verification set evidence = $2 where id = $1', [rows[0]!.id, der]);
    const found = await searchTables(owner, needles);
    await owner.query('rollback');
    expect(found).toContainEqual(expect.stringMatching(/^audit_event\w*: name of adult-valid$/));
    expect(found).toContainEqual(expect.stringMatching(/^verification\w*: certificate of demo, sign$/));
    expect(found).toContainEqual(expect.stringMatching(/^verification\w*: name of demo$/));
  }, 600_000);
});
