import { createHash, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { publicKeyOf } from '#lib/audit';
import { fromPublicId } from '#lib/platform';
import { DOCUMENTED_ITEMS } from '#lib/tenancy';
import { type AdminBrowser, outcome } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { pdf } from '../support/files.js';
import { LiveAuthority } from '../support/live-authority.js';
import { type Employee, Office } from '../support/office.js';
import { APPLICATION_BODY } from '../support/onboarding.js';
import { type Answer, eventually, runToEnd, Story } from '../support/story.js';

const BANK = { ...APPLICATION_BODY, legal_name: '株式会社あおぞら銀行', purpose_of_use: '本人確認' };
const SERIAL = 300_000_001;

let story: Story;
let office: Office;
let authority: LiveAuthority;
let hanako: Employee;
let jiro: Employee;
let auditor: Employee;
let directory: string;
let bank: string;
let testKey: string;
let liveKey: string;
let verified: Answer;

beforeAll(async () => {
  authority = await LiveAuthority.start();
  directory = mkdtempSync(join(tmpdir(), 'shomei-bank-'));
  story = await Story.begin({ throwaway: true, apps: ['sandbox', 'worker', 'api', 'admin'] });
  office = await Office.open(story);
  [hanako, jiro, auditor] = [
    await office.hire('onboarding'),
    await office.hire('onboarding'),
    await office.hire('auditor'),
  ];
}, 600_000);
afterAll(async () => {
  await story?.end();
  await authority?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string): string => join(directory, name);
const uuid = (kind: 'ten' | 'apr', id: unknown): string => fromPublicId(kind, String(id))!;
const step = (id: string, body: object, by = hanako): Promise<RawAnswer> =>
  by.browser.send('POST', `/v1/tenants/${id}/steps`, { reason: '銀行の審査', ...body });
const stateOf = async (): Promise<unknown> => (await hanako.browser.send('GET', `/v1/tenants/${bank}`)).body['state'];
const approve = ({ body }: RawAnswer, browser: AdminBrowser): Promise<RawAnswer> =>
  browser.send('POST', `/v1/approvals/${String(body['id'])}/approve`, { payload_sha256: body['payload_sha256'] });
const propose = (by = hanako): Promise<RawAnswer> =>
  by.browser.send('POST', `/v1/tenants/${bank}/go-live`, { reason: '審査完了' });
/** Actions about a thing, oldest first, with the code of what was refused. */
const audited = async (target: string): Promise<string[]> =>
  (
    await story.rows<{ action: string; code: string | null }>(
      `select action, detail ->> 'code' as code from audit_event where target = $1 order by id`,
      [target],
    )
  ).map(({ action, code }) => (code === null ? action : `${action}: ${code}`));
const me = async (apiKey: string): Promise<unknown> => {
  const answer = await story.me({ apiKey });
  return answer.status === 200 ? answer.mode : (answer as unknown as { code: string }).code;
};
/** What a key opens once every process goes by the tenant's new state: within a second. */
const opens = (apiKey: string, wanted: string): Promise<unknown> =>
  eventually(
    () => me(apiKey),
    (said) => said === wanted,
  );

describe('a bank comes', () => {
  it('with a mistyped corporate number, and is told which field is wrong in both languages', async () => {
    const { status, body } = await hanako.browser.send('POST', '/v1/applications', {
      ...BANK,
      corporate_number: '4011001098994',
      invoice_registration_number: null,
    });
    expect([status, body['code']]).toEqual([422, 'application_invalid']);
    expect(body['errors']).toEqual([
      {
        field: 'corporate_number',
        rule: 'corporate_number_check_digit',
        message: expect.any(String),
        message_ja: expect.stringMatching(/[ぁ-ん]/u),
      },
    ]);
  });

  it('is rejected by the review the first time: nothing of it works, and nothing brings it back', async () => {
    const filed = await hanako.browser.send('POST', '/v1/applications', BANK);
    const id = (filed.body['tenant'] as { id: string }).id;
    const made = await hanako.browser.send('POST', `/v1/tenants/${id}/api-keys`, { name: 'early', mode: 'test' });
    expect((await step(id, { step: 'review' })).status).toBe(200);
    expect((await step(id, { step: 'reject', reason: '利用目的が不明確' })).body['state']).toBe('rejected');
    expect(await me(String(made.body['api_key']))).toBe('api_key_invalid');
    for (const next of ['review', 'accept', 'resume'])
      expect(outcome(await step(id, { step: next }))).toEqual([409, 'tenant_step_refused']);
    expect(await audited(`tenant:${uuid('ten', id)}`)).toEqual([
      'tenant.create',
      'application.file',
      'tenant.review',
      'tenant.reject',
    ]);
  });

  it('again, is reviewed and accepted, and has test mode at once', async () => {
    const filed = await hanako.browser.send('POST', '/v1/applications', {
      ...BANK,
      purpose_of_use: '犯罪収益移転防止法に基づく口座開設時の本人確認',
    });
    bank = (filed.body['tenant'] as { id: string }).id;
    for (const next of ['review', 'accept']) expect((await step(bank, { step: next })).status).toBe(200);
    const made = await hanako.browser.send('POST', `/v1/tenants/${bank}/api-keys`, {
      name: 'integration',
      mode: 'test',
    });
    testKey = String(made.body['api_key']);
    expect(await opens(testKey, 'test')).toBe('test');
    const early = await hanako.browser.send('POST', `/v1/tenants/${bank}/api-keys`, { name: 'early', mode: 'live' });
    expect(outcome(early)).toEqual([409, 'tenant_not_live']);
  });

  it('shows its papers, each item by a file that is what it says', async () => {
    const path = (item: string): string => `/v1/tenants/${bank}/checklist/items/${item}`;
    const attach = (item: string, type: string, content: Buffer): Promise<RawAnswer> =>
      hanako.browser.sendRaw('POST', `${path(item)}/files?name=${encodeURIComponent('書類.pdf')}`, type, content);
    expect(outcome(await attach('delegation', 'application/pdf', Buffer.from('MZ an executable')))).toEqual([
      422,
      'file_not_as_declared',
    ]);
    for (const item of DOCUMENTED_ITEMS) {
      expect((await attach(item, 'application/pdf', pdf(item))).status).toBe(201);
      expect((await hanako.browser.send('POST', `${path(item)}/confirm`, {})).status).toBe(200);
    }
    expect(outcome(await hanako.browser.send('POST', `${path('connection_test')}/confirm`, {}))).toEqual([
      409,
      'checklist_item_automatic',
    ]);
  });

  const NOTIFY = { step: 'notify', notified_on: '2026-11-20', reference: 'J-LIS 2026-123' };

  it('passes the connection test by its own traffic and by nothing else', async () => {
    const refused = await step(bank, NOTIFY);
    expect([...outcome(refused), refused.body['open']]).toEqual([409, 'checklist_incomplete', ['connection_test']]);
    const card = await story.card();
    await story.refresh();
    const options = { apiKey: testKey };
    const signed = await card.sign();
    const good = await eventually(
      () => story.verify(signed, options),
      ({ body }) => body.outcome === 'valid',
    );
    expect(good.body.outcome).toBe('valid');
    const other = { ...signed, content: Buffer.from('something else').toString('base64') };
    expect((await story.verify(other, options)).body.outcome).toBe('invalid');
    const challenge = await story.challenge(options);
    expect((await story.authenticate(await card.answer(challenge), options)).body.outcome).toBe('valid');
    const { body } = await hanako.browser.send('GET', `/v1/tenants/${bank}/checklist`);
    expect([body['open'], body['connection_test']]).toMatchObject([[], { state: 'done' }]);
    expect((await step(bank, NOTIFY)).body['state']).toBe('notified');
  }, 600_000);
});

describe('the bank', () => {
  it('goes live with a proposal of one and the approval of another', async () => {
    const proposal = await propose();
    expect(proposal.status).toBe(201);
    expect(outcome(await approve(proposal, hanako.browser))).toEqual([403, 'approval_own']);
    expect(await stateOf()).toBe('notified');
    const unseen = { ...proposal, body: { ...proposal.body, payload_sha256: '0'.repeat(64) } };
    expect(outcome(await approve(unseen, jiro.browser))).toEqual([409, 'approval_changed']);
    expect((await approve(proposal, jiro.browser)).body['state']).toBe('executed');
    expect(await stateOf()).toBe('live');
    expect(await audited(`approval:${uuid('apr', proposal.body['id'])}`)).toEqual([
      'approval.propose',
      'approval.approve_refused: approval_own',
      'approval.approve_refused: approval_changed',
      'approval.approve',
      'approval.execute',
    ]);
    const made = await hanako.browser.send('POST', `/v1/tenants/${bank}/api-keys`, {
      name: 'production',
      mode: 'live',
    });
    liveKey = String(made.body['api_key']);
    expect(await opens(liveKey, 'live')).toBe('live');
  });

  it('verifies its first customer, under a root that two people trusted and by its list', async () => {
    const { certificate, fingerprint } = authority.root;
    const root = { hierarchy: 'sign', certificate: certificate.toString('base64'), fingerprint, reason: '第3世代' };
    const proposal = await office.first.browser.send('POST', '/v1/trust-anchors/proposals', root);
    expect((await approve(proposal, office.second.browser)).body['state']).toBe('executed');
    const options = { apiKey: liveKey };
    const { body } = authority.sign(SERIAL);
    const early = await eventually(
      () => story.verify(body, options),
      (answer) => answer.body.reason?.code !== 'issuer_unknown',
    );
    expect(early.body).toMatchObject({ mode: 'live', outcome: 'indeterminate' });
    await story.operator(`source set --mode live --hierarchy sign --crl-index ${authority.indexUrl} --layout full`);
    await story.operator('revocation refresh --mode live --hierarchy sign --wait --timeout 60');
    verified = await eventually(
      () => story.verify({ ...body, reference: 'account-1' }, options),
      (answer) => answer.body.outcome === 'valid',
      30_000,
    );
    expect(verified.body).toMatchObject({
      mode: 'live',
      outcome: 'valid',
      reason: null,
      revocation: { method: 'crl', status: 'good' },
      attributes: { name: { value: '架空　花子' } },
    });
    // A card of the sandbox is nobody in live.
    const card = await story.verify(await (await story.card()).sign(), options);
    expect(card.body.reason?.code).toBe('wrong_mode');
  }, 600_000);

  it('holds a receipt that the published keys of live vouch for, and those of test do not', async () => {
    const jwks = async (mode: string): Promise<ReturnType<typeof createLocalJWKSet>> =>
      createLocalJWKSet((await (await fetch(`${story.stack.urls.api}/jwks/${mode}.json`)).json()) as JSONWebKeySet);
    const receipt = verified.body.receipt!;
    const expected = { issuer: story.stack.urls.api, audience: bank, typ: 'shomei-receipt+jwt' };
    const { payload } = await jwtVerify(receipt, await jwks('live'), expected);
    expect(payload).toMatchObject({ jti: verified.body.id, mode: 'live', outcome: 'valid' });
    await expect(jwtVerify(receipt, await jwks('test'), expected)).rejects.toThrow();
    expect(JSON.stringify(payload)).not.toContain(String(SERIAL));
  });

  it('is told that a customer’s certificate was revoked once the next list is loaded', async () => {
    authority.revoke(SERIAL);
    await story.operator('revocation refresh --mode live --hierarchy sign --wait --timeout 60');
    const { body } = authority.sign(SERIAL);
    const answer = await eventually(
      () => story.verify(body, { apiKey: liveKey }),
      (each) => each.body.outcome === 'invalid',
      30_000,
    );
    expect(answer.body.reason).toMatchObject({ code: 'revoked', operands: { reason: 'superseded' } });
  }, 600_000);
});

describe('what an auditor takes away', () => {
  const check = (what: 'audit' | 'evidence', ...args: string[]) => runToEnd(`dev/check-${what}.mjs`, {}, args);
  const report = ({ out }: { out: string[] }): Record<string, unknown> =>
    JSON.parse(out.join('')) as Record<string, unknown>;

  it('of the audit trail: whole, and found out when a line is altered or taken out', async () => {
    const { auditSigningKey: key } = story.stack.secrets;
    const der = Buffer.from(key.private_key, 'base64');
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const keys = { [key.id]: publicKeyOf({ id: key.id, privateKey }).toString('base64') };
    writeFileSync(file('keys.json'), JSON.stringify(keys));
    const sealed = () =>
      story.rows<{ n: number }>(`select count(*)::int as n from audit_seal s join audit_event e on e.id = s.event_id
        where e.action = 'tenant.go_live'`);
    expect((await eventually(sealed, ([row]) => row!.n > 0, 30_000))[0]!.n).toBe(1);
    await story.operator(`audit export --file ${file('trail.jsonl')}`);
    const whole = await check('audit', file('trail.jsonl'), '--keys', file('keys.json'));
    expect([whole.code, report(whole)]).toMatchObject([0, { whole: true, keys_confirmed: true }]);
    const lines = readFileSync(file('trail.jsonl'), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"tenant.go_live"'));
    const altered = lines.map((line, index) => (index === at ? line.replace('tenant.go_live', 'tenant.review') : line));
    const shorter = lines.filter((_line, index) => index !== at);
    for (const [name, forged, code] of [
      ['altered', altered, 'altered'],
      ['shorter', shorter, 'missing'],
    ] as const) {
      writeFileSync(file(name), forged.join('\n'));
      const found = await check('audit', file(name), '--keys', file('keys.json'));
      expect([name, found.code]).toEqual([name, 1]);
      const codes = (report(found)['faults'] as { code: string }[]).map((fault) => fault.code);
      expect([name, codes]).toEqual([name, expect.arrayContaining([expect.stringContaining(code)])]);
    }
  }, 600_000);

  it('of the evidence: gives the verdict again offline, and is found out when a byte of it is another', async () => {
    const path = `/v1/verifications/${verified.body.id}/evidence-bundle`;
    const wish = { reason: '検査官の求めによる' };
    expect(outcome(await hanako.browser.send('POST', path, wish))).toEqual([403, 'permission_missing']);
    const { status, text } = await auditor.browser.send('POST', path, wish);
    expect(status).toBe(200);
    const keys = await (await fetch(`${story.stack.urls.api}/jwks/live.json`)).text();
    writeFileSync(file('jwks.json'), keys);
    const trusted = ['--keys', file('jwks.json'), '--anchor', authority.root.fingerprint];
    writeFileSync(file('bundle.json'), text);
    const whole = await check('evidence', file('bundle.json'), ...trusted);
    expect([whole.code, report(whole)]).toMatchObject([
      0,
      { faults: [], rederived: { outcome: 'valid' }, revocation: 'rederived' },
    ]);
    const bundle = JSON.parse(text) as { evidence: { signature: string } };
    const signature = Buffer.from(bundle.evidence.signature, 'base64');
    signature[9]! ^= 1;
    const forged = { ...bundle, evidence: { ...bundle.evidence, signature: signature.toString('base64') } };
    writeFileSync(file('forged.json'), JSON.stringify(forged));
    const found = await check('evidence', file('forged.json'), ...trusted);
    const parts = (report(found)['faults'] as { part: string }[]).map(({ part }) => part);
    expect([found.code, parts]).toEqual([1, expect.arrayContaining(['facts.outcome'])]);
  }, 600_000);
});

describe('the end', () => {
  it('of service for a while: both keys are told, and work again after it', async () => {
    expect((await step(bank, { step: 'suspend' })).body['state']).toBe('suspended');
    for (const key of [testKey, liveKey]) expect(await opens(key, 'tenant_suspended')).toBe('tenant_suspended');
    const refused = await story.verify(authority.sign(SERIAL + 1).body, { apiKey: liveKey });
    expect([refused.status, refused.problem.code]).toEqual([403, 'tenant_suspended']);
    expect((await step(bank, { step: 'resume' })).body['state']).toBe('live');
    expect([await opens(testKey, 'test'), await opens(liveKey, 'live')]).toEqual(['test', 'live']);
  }, 600_000);

  it('of the contract: the keys are dead for good, what was verified is kept, and its last step is told', async () => {
    expect((await step(bank, { step: 'terminate' })).body['state']).toBe('terminated');
    for (const key of [testKey, liveKey]) expect(await opens(key, 'api_key_invalid')).toBe('api_key_invalid');
    for (const next of ['resume', 'notify', 'suspend'])
      expect(
        (await step(bank, { ...(next === 'notify' ? { notified_on: '2026-11-20', reference: 'x' } : {}), step: next }))
          .status,
      ).toBe(409);
    const kept = await story.rows<{ evidence: boolean }>(
      `select evidence is not null as evidence from verification where 'ver_' || replace(id::text, '-', '') = $1`,
      [verified.body.id],
    );
    expect(kept).toEqual([{ evidence: true }]);
    expect((await audited(`tenant:${uuid('ten', bank)}`)).filter((action) => action.startsWith('tenant.'))).toEqual([
      'tenant.create',
      'tenant.review',
      'tenant.accept',
      'tenant.notify',
      'tenant.go_live',
      'tenant.suspend',
      'tenant.resume',
      'tenant.terminate',
    ]);
  }, 600_000);

  it('hands the bank what it had, whole and without a name, and that is on record', async () => {
    const path = `/v1/tenants/${bank}/data-export`;
    const { status, text } = await hanako.browser.send('POST', path, { mode: 'live', reason: '契約終了に伴う引渡し' });
    expect(status).toBe(200);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ id }) => id === verified.body.id)).toMatchObject({ reference: 'account-1', outcome: 'valid' });
    expect(text).not.toContain('架空');
    const trailer = lines.at(-1) as { kind: string; sha256: string };
    const before = text.slice(0, text.trimEnd().lastIndexOf('\n') + 1);
    expect([trailer.kind, trailer.sha256]).toEqual(['trailer', createHash('sha256').update(before).digest('hex')]);
    expect((await audited(`tenant:${uuid('ten', bank)}`)).slice(-2)).toEqual([
      'tenant.data_export_open',
      'tenant.data_export',
    ]);
  }, 60_000);
});
