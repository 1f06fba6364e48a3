import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { type KeyRing, loadConfig, newId, newRandomId, toPublicId, unwrapKey } from '#lib/platform';
import { attachFile, fileApplication, openContacts, readFile, rotateTenantKey } from '#lib/tenancy';
import { openEvidence, sealEvidence } from '#lib/verification';
import type { OperatorContext } from '../../apps/admin/src/context.js';
import { keyRingRewrap, keyRingStatus, SEALED_KINDS, tenantDestroyKey } from '../../apps/admin/src/key-commands.js';
import { createTestDatabase, type TestDatabase, testKeyRing } from '../support/database.js';
import { pdf } from '../support/files.js';
import { APPLICATION } from '../support/onboarding.js';
import { type TestOperator, TestPeople } from '../support/operators.js';
import { DENIED, refusalOf } from '../support/refusal.js';
import { connect, keyRing, makeTenant, type TestTenant } from '../support/tenants.js';

let database: TestDatabase;
let people: TestPeople;
let owner: DataSource;
let first: TestOperator;
/** SHA-256 of the token of a session of the first admin, opened while the old ring was in use. */
let adminToken: Buffer;
/** A tenant with an application, and a file of its checklist. */
let applicant: string;
let file: string;
let tenant: TestTenant;
let lines: string[];
let typed: string[];
let context: OperatorContext;
/** The ring of the run with a newer key, which is active. */
let ring: KeyRing;
const OLD = keyRing().active;

beforeAll(async () => {
  const old = JSON.parse(testKeyRing()) as { keys: Record<string, string> };
  const text = JSON.stringify({ active: 'newer', keys: { ...old.keys, newer: randomBytes(32).toString('base64') } });
  process.env['KEY_RING'] = text;
  ring = loadConfig(['KEY_RING'], { KEY_RING: text }).KEY_RING;
  database = await createTestDatabase();
  owner = await connect(database.urls.owner);
  people = new TestPeople(await connect(database.urls.admin), await connect(database.urls.operator));
  first = await people.firstAdmin();
  await people.firstAdmin();
  adminToken = (await people.session(first)).tokenSha256;
  const { tenantId } = await fileApplication(people.admin, keyRing(), {
    application: APPLICATION,
    actor: 'operator:test',
  });
  applicant = tenantId;
  file = await attachFile(people.admin, keyRing(), {
    tenantId,
    operatorId: first.id,
    item: 'delegation',
    name: '委任状.pdf',
    type: 'application/pdf',
    content: pdf('委任'),
    actor: `operator:${first.id}`,
  });
}, 300_000);
afterAll(async () => {
  delete process.env['KEY_RING'];
  for (const each of [people.admin, people.operator, owner]) await each.destroy();
  await database.drop();
});
beforeEach(async () => {
  lines = [];
  typed = [];
  const answer = (): Promise<string> => Promise.resolve(typed.shift() ?? '');
  const out = (line: string): void => void lines.push(line);
  context = { dataSource: people.operator, actor: 'operator:test', out, ask: answer, askSecret: answer };
  tenant = await makeTenant(people.operator, 'A');
});

const signIn = async (person: TestOperator): Promise<void> => {
  typed = [person.email, person.password, await people.nextCode(person)];
};
const lastLine = (): unknown => JSON.parse(lines.at(-1)!);
const keyRow = async (id: string): Promise<{ ring_key_id: string; wrapped: Buffer } | undefined> =>
  (
    await owner.query<{ ring_key_id: string; wrapped: Buffer }[]>(
      'select ring_key_id, wrapped from tenant_key where id = $1',
      [id],
    )
  )[0];

describe('key-ring rewrap', () => {
  it('knows every column that names a key of the ring', async () => {
    const columns: { name: string }[] = await owner.query(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and column_name like '%ring_key%' order by 1`,
    );
    expect(columns.map(({ name }) => name)).toEqual([
      'checklist_file.ring_key',
      'operator_account.totp_ring_key',
      'tenant_application.contacts_ring_key',
      'tenant_key.ring_key_id',
    ]);
    expect([...SEALED_KINDS].sort()).toEqual(['checklist_file', 'operator_totp', 'tenant_contacts', 'tenant_key']);
  });

  it('says that keys are in use until all is sealed under the active one, and then which may be removed', async () => {
    const data = sealEvidence(
      unwrapKey(keyRing(), tenant.tenantKeyId, OLD, (await keyRow(tenant.tenantKeyId))!.wrapped),
      tenant,
      'v',
      { certificate: Buffer.from('c'), signature: Buffer.from('s'), digest: Buffer.from('d') },
    );
    // One that does not open: its bytes were changed.
    const broken = newRandomId();
    await owner.query(
      `insert into tenant_key (tenant_id, mode, id, ring_key_id, wrapped) values ($1, $2, $3, $4, $5)`,
      [tenant.tenantId, tenant.mode, broken, OLD, randomBytes(61)],
    );
    expect(await keyRingStatus(context, ring)).toBeGreaterThan(3);
    expect(lastLine()).toMatchObject({ active: 'newer', may_be_removed: [] });

    const open = await people.token(first);
    await signIn(first);
    await expect(keyRingRewrap(context)).rejects.toMatchObject({ code: 'ring_keys_in_use' });
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual({
      kind: 'tenant_key',
      id: broken,
      ring_key_id: OLD,
      not_opened: expect.any(String),
    });
    expect(lastLine()).toMatchObject({ active: 'newer', remaining: 1, may_be_removed: [] });

    await owner.query('delete from tenant_key where id = $1', [broken]);
    await signIn(first);
    await keyRingRewrap(context);
    expect(lastLine()).toEqual({ active: 'newer', remaining: 0, may_be_removed: [OLD] });

    // The old key is not needed any more, for anything.
    const without: KeyRing = { active: 'newer', keys: new Map([['newer', ring.keys.get('newer')!]]) };
    const row = (await keyRow(tenant.tenantKeyId))!;
    expect(row.ring_key_id).toBe('newer');
    const key = unwrapKey(without, tenant.tenantKeyId, row.ring_key_id, row.wrapped);
    expect(openEvidence(key, tenant, 'v', data).certificate).toEqual(Buffer.from('c'));
    const [application]: { tenant_id: string; contacts: Buffer; contacts_ring_key: string }[] = await owner.query(
      'select tenant_id, contacts, contacts_ring_key from tenant_application',
    );
    const { tenant_id, contacts, contacts_ring_key } = application!;
    expect(openContacts(without, tenant_id, contacts, contacts_ring_key)).toEqual(APPLICATION.contacts);
    const read = await readFile(people.admin, without, { tenantId: applicant, id: file, actor: 'operator:test' });
    expect([read.file.name, read.content]).toEqual(['委任状.pdf', pdf('委任')]);
    // Nobody was signed out, and the second factor still opens.
    expect(await people.sessions.find(open, Date.now())).toBeDefined();
    await signIn(first);
    await keyRingRewrap(context);

    const events: { detail: { kind: string; from: string[] } }[] = await owner.query(
      `select detail from audit_event where action = 'key_ring.rewrap' and actor = $1`,
      [`operator:${first.id}`],
    );
    expect(new Set(events.map(({ detail }) => detail.kind))).toEqual(new Set(SEALED_KINDS));
    for (const { detail } of events) expect(detail.from).toEqual([OLD]);
  });

  it('is for admins, whose refusal is on record, and its doors open for nobody else', async () => {
    const auditor = await people.withoutApproval(['auditor'], database);
    await signIn(auditor);
    await expect(keyRingRewrap(context)).rejects.toMatchObject({ code: 'permission_missing' });
    const refused: unknown[] = await owner.query(
      `select 1 from audit_event where action = 'operator.request_refused' and actor = $1`,
      [`operator:${auditor.id}`],
    );
    expect(refused).toHaveLength(1);
    const { tokenSha256 } = await people.session(auditor);
    const list = (as: DataSource, token: Buffer): Promise<unknown> =>
      as.query(`select * from sealed_under_others($1, 'x', 'tenant_key', null, 10)`, [token]);
    const change = (as: DataSource, token: Buffer): Promise<unknown> =>
      as.query(`select seal_anew($1, 'tenant_key', $2, $3, 'x', $3)`, [token, tenant.tenantKeyId, [Buffer.from('x')]]);
    for (const work of [list, change]) {
      for (const token of [tokenSha256, randomBytes(32)])
        await expect(work(people.operator, token)).rejects.toMatchObject({ code: DENIED });
      expect(await refusalOf(work(people.admin, adminToken))).toBe(DENIED);
    }
    expect(await refusalOf(people.admin.query('select * from ring_key_use()'))).toBe(DENIED);
    // Something of another length is not the same secret; something that was changed meanwhile is left alone.
    const { wrapped } = (await keyRow(tenant.tenantKeyId))!;
    const put = (was: Buffer, becomes: Buffer): Promise<{ done: boolean }[]> =>
      people.operator.query(`select seal_anew($1, 'tenant_key', $2, $3, 'newer', $4) as done`, [
        adminToken,
        tenant.tenantKeyId,
        [was],
        [becomes],
      ]);
    await expect(put(wrapped, randomBytes(10))).rejects.toMatchObject({ code: '22023' });
    expect(await put(randomBytes(61), randomBytes(61))).toEqual([{ done: false }]);
    expect((await keyRow(tenant.tenantKeyId))!.wrapped).toEqual(wrapped);
  });
});

describe('tenant destroy-key', () => {
  const destroy = (id = tenant.tenantKeyId): Promise<void> =>
    tenantDestroyKey(context, {
      tenant: toPublicId('ten', tenant.tenantId),
      mode: tenant.mode,
      id,
      reason: 'The contract ended ten years ago',
    });
  const needs = (): unknown[] => lines.map((line) => (JSON.parse(line) as { need: string }).need);

  it('is refused with every reason, and afterwards nothing sealed under the key opens', async () => {
    const { ring_key_id, wrapped } = (await keyRow(tenant.tenantKeyId))!;
    const key = unwrapKey(ring, tenant.tenantKeyId, ring_key_id, wrapped);
    const id = newId(Date.now());
    const evidence = { certificate: Buffer.from('c'), signature: Buffer.from('s'), digest: Buffer.from('d') };
    const sealed = sealEvidence(key, tenant, id, evidence);
    await owner.query(
      `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, verdict, certificate_kind,
         certificate_hash, tenant_key_id, evidence)
       values ($1, $2, $3, 'signature', $4, now(), 'valid', '{}', 'sign', $5, $6, $7)`,
      [tenant.tenantId, tenant.mode, id, tenant.apiKeyId, randomBytes(32), tenant.tenantKeyId, sealed],
    );
    await owner.query(
      `insert into legal_hold (tenant_id, mode, id, reason, placed_by) values ($1, $2, $3, 'Case 12', 'operator:test')`,
      [tenant.tenantId, tenant.mode, newRandomId()],
    );
    const second = await rotateTenantKey(people.operator, ring, {
      tenantId: tenant.tenantId,
      mode: tenant.mode,
      actor: 'operator:test',
    });
    await expect(destroy()).rejects.toMatchObject({ code: 'tenant_key_needed' });
    expect(needs()).toEqual(['hold', 'evidence', 'other_keys']);
    const until = (JSON.parse(lines[1]!) as { until: string }).until;
    expect(Date.parse(until)).toBeGreaterThan(Date.now() + 6.9 * 365 * 86_400_000);
    lines = [];
    await expect(destroy(second)).rejects.toMatchObject({ code: 'tenant_key_needed' });
    expect(needs()).toEqual(['hold', 'tenant_not_terminated']);

    // Years later: the tenant is gone, the hold is lifted, the evidence erased.
    await owner.query('alter table tenant disable trigger user');
    await owner.query(`update tenant set state = 'terminated', terminated_at = now() where id = $1`, [tenant.tenantId]);
    await owner.query('alter table tenant enable trigger user');
    await owner.query(
      `update legal_hold set lifted_at = now(), lifted_by = 'operator:test', lift_reason = 'over' where tenant_id = $1`,
      [tenant.tenantId],
    );
    await owner.query('update verification set evidence = null, erased_at = now() where id = $1', [id]);
    lines = [];
    await destroy(second);
    await destroy();
    expect(await keyRow(tenant.tenantKeyId)).toBeUndefined();
    // Whoever kept the sealed bytes has only the ring left to try.
    for (const master of ring.keys.values()) {
      const imposter = { id: tenant.tenantKeyId, encryption: master, lookup: master };
      expect(() => openEvidence(imposter, tenant, id, sealed)).toThrow();
    }
    const events: { target: string; detail: object }[] = await owner.query(
      `select target, detail from audit_event where action = 'tenant_key.destroy' and tenant_id = $1 order by id`,
      [tenant.tenantId],
    );
    expect(events).toEqual(
      [second, tenant.tenantKeyId].map((destroyed) => ({
        target: `tenant_key:${destroyed}`,
        detail: { reason: 'The contract ended ten years ago' },
      })),
    );
    await expect(destroy()).rejects.toMatchObject({ code: 'tenant_key_unknown' });
  });

  it('of a key of another tenant is refused, and its reasons are told to the command alone', async () => {
    const other = await makeTenant(people.operator, 'B');
    await expect(destroy(other.tenantKeyId)).rejects.toMatchObject({ code: 'tenant_key_unknown' });
    const ask = 'select * from tenant_key_needs($1, $2, $3)';
    expect(await refusalOf(people.admin.query(ask, [tenant.tenantId, tenant.mode, tenant.tenantKeyId]))).toBe(DENIED);
  });
});
