import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PERMISSIONS, type Role, ROLES } from '#lib/operators';
import { fromPublicId, newId, toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, rawBody } from '../support/card.js';
import { logIn } from '../support/login.js';
import type { TestOperator } from '../support/operators.js';
import { runToEnd } from '../support/story.js';
import { verifySignature, type Verification } from '../support/verification.js';

const PROGRAM = 'dist/apps/admin/src/check-evidence.js';
const REASON = 'Request 12 of the prosecutor';
const ACTS = ['evidence-bundle', 'reveal', 'reverify'] as const;
type Act = (typeof ACTS)[number];

let api: ApiStack;
let admin: AdminStack;
let key: TestKey;
let auditor: TestOperator;
let browser: AdminBrowser;
let support: AdminBrowser;
let directory: string;
let trust: string[];

beforeAll(async () => {
  api = await ApiStack.start();
  admin = await AdminStack.on(api.database);
  key = await api.newKey();
  await api.setContract((await tenantOf(key))!, { identify: true });
  auditor = await admin.person(['auditor']);
  browser = await admin.signedIn(auditor);
  support = await admin.signedIn(await admin.person(['support']));
  directory = mkdtempSync(join(tmpdir(), 'shomei-evidence-'));
  const keys = join(directory, 'jwks.json');
  writeFileSync(keys, (await api.send('GET', '/jwks/test.json')).text);
  trust = ['--keys', keys, ...(await api.sandbox.anchors()).flatMap(({ fingerprint }) => ['--anchor', fingerprint])];
}, 300_000);
afterAll(async () => {
  await admin.stop();
  await api.stop();
  rmSync(directory, { recursive: true, force: true });
});

const tenantOf = async ({ id }: TestKey): Promise<string | undefined> =>
  (await api.owner.query<{ tenant_id: string }>('select tenant_id from api_key where id = $1', [id])).rows[0]
    ?.tenant_id;
const uuidOf = ({ id }: Pick<Verification, 'id'>): string => fromPublicId('ver', id)!;

const bodyOf = (act: Act, reason: unknown = REASON): Record<string, unknown> =>
  act === 'reverify' ? { reason, as_of: 'then' } : { reason };
const ask = (of: Pick<Verification, 'id'>, act: Act, by: AdminBrowser = browser, body: unknown = bodyOf(act)) =>
  by.send('POST', `/v1/verifications/${of.id}/${act}`, body);

interface Recorded {
  action: string;
  actor: string;
  detail: Record<string, unknown>;
  request_id: string | null;
  ip: string | null;
  tenant_id: string | null;
}
async function recorded(of: Pick<Verification, 'id'>): Promise<Recorded[]> {
  const { rows } = await api.owner.query<Recorded>(
    `select action, actor, detail, request_id, host(ip) as ip, tenant_id from audit_event
     where target = $1 and actor like 'operator:%' order by id`,
    [`verification:${uuidOf(of)}`],
  );
  return rows;
}

const signed = async (): Promise<Verification> => verifySignature(key, await rawBody(api.sandbox));

describe('POST /v1/verifications/{id}/evidence-bundle', () => {
  it('gives an auditor the file that the offline check accepts, and its hash is on record', async () => {
    const verification = await signed();
    const answer = await ask(verification, 'evidence-bundle');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${verification.id}.json"`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const sha256 = createHash('sha256').update(answer.text).digest();
    expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${sha256.toString('base64')}:`);
    const file = join(directory, 'bundle.json');
    writeFileSync(file, answer.text);
    const checked = await runToEnd(PROGRAM, {}, [file, ...trust]);
    expect([checked.code, checked.err]).toEqual([0, []]);
    expect(JSON.parse(checked.out.join(''))).toMatchObject({
      sha256: sha256.toString('hex'),
      faults: [],
      verification: { id: verification.id, outcome: 'valid' },
      revocation: 'rederived',
    });
    const requestId = answer.headers.get('x-request-id');
    const by = {
      actor: `operator:${auditor.id}`,
      request_id: requestId,
      ip: '127.0.0.1',
      tenant_id: await tenantOf(key),
    };
    expect(await recorded(verification)).toEqual([
      { ...by, action: 'evidence.open', detail: { reason: REASON, purpose: 'bundle' } },
      { ...by, action: 'evidence.export', detail: { sha256: sha256.toString('hex') } },
    ]);
  }, 60_000);

  it('of a row whose verdict was changed in the database is caught by the offline check', async () => {
    const verification = await signed();
    await api.owner.query(
      `update verification set verdict = jsonb_set(verdict, '{outcome}', '"invalid"') where id = $1`,
      [uuidOf(verification)],
    );
    const file = join(directory, 'tampered.json');
    writeFileSync(file, (await ask(verification, 'evidence-bundle')).text);
    const { code, out } = await runToEnd(PROGRAM, {}, [file, ...trust]);
    expect(code).toBe(1);
    expect(JSON.parse(out.join(''))).toMatchObject({
      faults: expect.arrayContaining([{ part: 'facts.outcome', fault: 'receipt_says_otherwise' }]),
    });
  }, 60_000);
});

describe('POST /v1/verifications/{id}/reveal', () => {
  it('shows the four attributes with their maps of replaced characters', async () => {
    const verification = await verifySignature(key, await rawBody(api.sandbox, { card: 'rare-kanji' }));
    const { status, body } = await ask(verification, 'reveal');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      verification_id: verification.id,
      tenant_id: toPublicId('ten', (await tenantOf(key))!),
      mode: 'test',
      certificate_kind: 'sign',
      attributes: verification.attributes,
      certificate: null,
      withheld: null,
    });
    expect((body['attributes'] as { name: { substitution: string } }).name.substitution).toMatch(/1/);
    expect((await recorded(verification)).map(({ action, detail }) => [action, detail])).toEqual([
      ['verification.reveal', { reason: REASON, purpose: 'reveal' }],
    ]);
  });

  it('shows the facts of an auth certificate, which has no attributes', async () => {
    const verification = await logIn(api, key, 'adult-valid');
    const { body } = await ask(verification, 'reveal');
    expect(body).toMatchObject({
      certificate_kind: 'auth',
      attributes: null,
      certificate: { serial_number: expect.stringMatching(/^\d+$/), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      withheld: null,
    });
  });

  it('shows nobody where the signature does not prove that it was the holder', async () => {
    const verification = await verifySignature(key, { ...(await rawBody(api.sandbox)), content: base64('other') });
    const { status, body } = await ask(verification, 'reveal');
    expect([status, body['attributes'], body['certificate'], body['withheld']]).toEqual([
      200,
      null,
      null,
      'not_proved',
    ]);
  });

  it('shows nothing when it cannot be recorded', async () => {
    const verification = await signed();
    await api.owner.query(
      `create function no_reveal() returns trigger language plpgsql as $$ begin raise exception 'full' using errcode = '53100'; end $$;
       create trigger no_reveal before insert on audit_event for each row
       when (new.action in ('verification.reveal', 'evidence.open')) execute function no_reveal()`,
    );
    try {
      for (const act of ACTS) {
        const answer = await ask(verification, act);
        expect(outcome(answer)).toEqual([503, 'storage_unavailable']);
        expect(answer.text).not.toMatch(/attributes|certificate|BEGIN|signature/);
      }
    } finally {
      await api.owner.query('drop trigger no_reveal on audit_event; drop function no_reveal()');
    }
    expect(await recorded(verification)).toEqual([]);
  });
});

describe('POST /v1/verifications/{id}/reverify', () => {
  it('repeats the checks as of then, and as of now finds what was revoked since', async () => {
    const card = await api.sandbox.issue();
    const verification = await verifySignature(key, await rawBody(api.sandbox, { card }));
    const then = await ask(verification, 'reverify');
    expect(then.body).toMatchObject({ outcome: 'valid', agrees: true, as_of: 'then', reason: null });
    expect((then.body['revocation_attempts'] as { basis: string }[]).map(({ basis }) => basis)).toEqual(['rederived']);
    await api.sandbox.revoke(card, 'sign', 'keyCompromise');
    await api.refresh();
    const asOf = (as_of: string) => ask(verification, 'reverify', browser, { as_of, reason: REASON });
    expect((await asOf('now')).body).toMatchObject({ outcome: 'invalid', reason: 'revoked', agrees: false });
    expect((await asOf('then')).body).toMatchObject({ outcome: 'valid', agrees: true });
    expect((await recorded(verification)).filter(({ action }) => action === 'verification.reverify')).toMatchObject([
      { detail: { as_of: 'then', outcome: 'valid', reason: null, agrees: true } },
      { detail: { as_of: 'now', outcome: 'invalid', reason: 'revoked', agrees: false } },
      { detail: { as_of: 'then', outcome: 'valid', reason: null, agrees: true } },
    ]);
    const { rows } = await api.owner.query(`select 1 from usage_event where purpose = 'reverification'`);
    expect(rows).toEqual([]);
  }, 60_000);
});

describe.each(ACTS)('%s', (act) => {
  it('is refused to support, and that is on record', async () => {
    const verification = await signed();
    const answer = await ask(verification, act, support);
    expect(outcome(answer)).toEqual([403, 'permission_missing']);
    expect(await recorded(verification)).toEqual([]);
    const { rows } = await api.owner.query<{ detail: unknown }>(
      `select detail from audit_event where request_id = $1 and action = 'operator.request_refused'`,
      [answer.headers.get('x-request-id')],
    );
    expect(rows).toEqual([
      { detail: { code: 'permission_missing', method: 'POST', path: `/v1/verifications/${verification.id}/${act}` } },
    ]);
  });

  it('is refused from the moment the role is taken away', async () => {
    const verification = await signed();
    const person = await admin.person(['auditor']);
    const before = await admin.signedIn(person);
    expect((await ask(verification, act, before)).status).toBe(200);
    await admin.people.giveRoles(person.id, ['auditor'], ['support'], admin.first, admin.second);
    const count = (await recorded(verification)).length;
    expect(outcome(await ask(verification, act, before))).toEqual([401, 'session_missing']);
    expect(outcome(await ask(verification, act, await admin.signedIn(person)))).toEqual([403, 'permission_missing']);
    expect(await recorded(verification)).toHaveLength(count);
  });

  it.each([undefined, '', '  ', 'no', 'x'.repeat(501), 7, 'a\u0000b'])('needs a reason: not %j', async (reason) => {
    const verification = { id: toPublicId('ver', newId(Date.now())) };
    const body = { ...bodyOf(act), reason };
    expect(outcome(await ask(verification, act, browser, body))).toEqual([400, 'request_invalid']);
  });

  it('knows no other verification, and refuses a forged request', async () => {
    expect(outcome(await ask({ id: toPublicId('ver', randomUUID()) }, act))).toEqual([404, 'not_found']);
    expect(outcome(await ask({ id: 'ver_x' }, act))).toEqual([404, 'not_found']);
    const verification = await signed();
    const forged = await browser.send('POST', `/v1/verifications/${verification.id}/${act}`, bodyOf(act), {
      'x-csrf-token': 'other',
    });
    expect(outcome(forged)).toEqual([403, 'csrf_token_wrong']);
    expect(await recorded(verification)).toEqual([]);
  });

  it('of evidence that was changed or moved in the database says so, and that is on record', async () => {
    const [one, other] = [await signed(), await signed()];
    await api.owner.query(
      `update verification set evidence = overlay(evidence placing '\\x00' from 40 for 1) where id = $1`,
      [uuidOf(one)],
    );
    await api.owner.query(
      `update verification v set evidence = o.evidence from verification o where v.id = $1 and o.id = $2`,
      [uuidOf(other), uuidOf(await signed())],
    );
    for (const verification of [one, other]) {
      expect(outcome(await ask(verification, act))).toEqual([409, 'evidence_damaged']);
      expect((await recorded(verification)).map(({ action }) => action)).toEqual([
        act === 'reveal' ? 'verification.reveal' : 'evidence.open',
        'evidence.damaged',
      ]);
    }
  });

  it('of erased evidence says so', async () => {
    const verification = await signed();
    await api.owner.query('update verification set evidence = null, erased_at = now() where id = $1', [
      uuidOf(verification),
    ]);
    expect(outcome(await ask(verification, act))).toEqual([409, 'evidence_erased']);
  });
});

describe('the door', () => {
  it.each(ROLES)('opens for the role %s exactly as the table of permissions says', async (role: Role) => {
    const session = await admin.people.session(await admin.person([role]));
    const id = uuidOf(await signed());
    for (const [purpose, permission] of [
      ['bundle', 'evidence:read'],
      ['reveal', 'holders:reveal'],
      ['reverify', 'evidence:read'],
    ] as const) {
      const rows: { refusal: string | null }[] = await admin.admin.query(
        'select refusal from open_evidence($1, $2, $3, $4, null, null, $5)',
        [session.tokenSha256, id, REASON, newId(Date.now()), purpose],
      );
      const may = (PERMISSIONS[permission] as readonly Role[]).includes(role);
      expect([purpose, rows[0]!.refusal]).toEqual([purpose, may ? null : 'permission_missing']);
    }
  });

  it('opens for nothing else, and past it nobody of the operators reads evidence or wrapped keys', async () => {
    const session = await admin.people.session(auditor);
    for (const purpose of ['curiosity', null])
      await expect(
        admin.admin.query('select 1 from open_evidence($1, $2, $3, $4, null, null, $5)', [
          session.tokenSha256,
          randomUUID(),
          REASON,
          newId(Date.now()),
          purpose,
        ]),
      ).rejects.toMatchObject({ code: '22023' });
    for (const role of [admin.admin, admin.operator])
      for (const statement of [
        'select evidence from verification',
        'select wrapped from tenant_key',
        'select certificate_hash from verification',
      ])
        await expect(role.query(statement)).rejects.toThrow(/permission denied/);
  });
});

it('writes nothing of the holder to the log', async () => {
  const verification = await verifySignature(key, await rawBody(api.sandbox, { card: 'rare-kanji' }));
  await ask(verification, 'reveal');
  await ask(verification, 'evidence-bundle');
  const { name, address } = verification.attributes!;
  for (const secret of [name.value, address.value, REASON]) expect(admin.log).not.toContain(secret);
});
