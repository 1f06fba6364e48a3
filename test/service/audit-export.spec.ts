import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  type AuditEvent,
  ExportCheck,
  type ExportExpectation,
  type ExportReport,
  exportAudit,
  type ExportRange,
  NothingSealed,
  publicKeyOf,
  searchAudit,
  verifyAudit,
} from '#lib/audit';
import { withTenant } from '#lib/platform';
import { auditExport, auditSearch, auditVerify } from '../../apps/admin/src/audit-commands.js';
import type { OperatorContext } from '../../apps/admin/src/context.js';
import { act, sealer, signingKey } from '../support/audit.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { runToEnd } from '../support/story.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const KEY = signingKey('a1');
const trustedKeys = new Map([['a1', publicKeyOf(KEY)]]);
const directory = mkdtempSync(join(tmpdir(), 'shomei-audit-'));
let database: TestDatabase;
let owner: pg.Client;
let api: DataSource;
let worker: DataSource;
let operator: DataSource;
let a: TestTenant;
let b: TestTenant;
const said: string[] = [];
let context: OperatorContext;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  api = await connect(database.urls.api);
  worker = await connect(database.urls.worker);
  operator = await connect(database.urls.operator);
  const ask = (): Promise<string> => Promise.reject(new Error('nobody answers'));
  context = { dataSource: operator, actor: 'operator:test', out: (line) => void said.push(line), ask, askSecret: ask };
  await expect(exportOf({})).rejects.toThrow(NothingSealed);
  // Three days: the chain is told that it was begun two days ago.
  await owner.query(`update audit_chain set day = (clock_timestamp() at time zone 'Asia/Tokyo')::date - 2`);
  a = await makeTenant(operator, 'A');
  b = await makeTenant(operator, 'B');
  await act(api, a, 3);
  await act(api, b, 2);
  await sealer(worker, KEY).run();
  await act(api, a, 2, 'later');
  await sealer(worker, KEY).run();
}, 60_000);
afterAll(async () => {
  await owner.end();
  for (const pool of [api, worker, operator]) await pool.destroy();
  await database.drop();
  rmSync(directory, { recursive: true });
});

async function exportOf(range: ExportRange): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportAudit(operator, range, Date.now())) lines.push(line);
  return lines;
}
function check(lines: readonly string[], expected: ExportExpectation = { trustedKeys }): ExportReport {
  const checker = new ExportCheck(expected);
  for (const line of lines) checker.line(line);
  return checker.report();
}
const verify = (): Promise<ExportReport> => verifyAudit(operator, {}, { trustedKeys }, Date.now());
const chainLength = async (): Promise<number> =>
  Number((await owner.query<{ seq: string }>('select seq from audit_chain')).rows[0]!.seq);

describe('an export', () => {
  it('is whole, from the first event to the last sealed one', async () => {
    const report = check(await exportOf({}));
    expect(report).toMatchObject({ whole: true, keys_confirmed: true, after_seq: 0, seq: await chainLength() });
  });

  it('of some days is whole in itself', async () => {
    const { from, to } = check(await exportOf({}));
    expect(from! < to!).toBe(true);
    for (const range of [{ to: from! }, { from: to! }, { from: from!, to: to! }])
      expect(check(await exportOf(range))).toMatchObject({ whole: true, from: range.from ?? from, to: range.to ?? to });
    await expect(exportOf({ from: '2100-01-01' })).rejects.toThrow(NothingSealed);
  });

  it("of a tenant shows nothing of another's and still keeps every place", async () => {
    const lines = await exportOf({ tenant: { tenantId: b.tenantId } });
    expect(check(lines)).toMatchObject({ whole: true, events: 3, seq: await chainLength() });
    expect(lines.join('\n')).not.toContain(a.tenantId);
  });

  it('does not show what is not sealed yet', async () => {
    await act(api, a, 1, 'unsealed');
    expect((await exportOf({})).join('\n')).not.toContain('unsealed');
    await sealer(worker, KEY).run();
    expect((await exportOf({})).join('\n')).toContain('unsealed');
  });
});

describe('the commands', () => {
  const file = (name: string): string => join(directory, name);

  it('write an export that the offline check confirms, once per file, and on record', async () => {
    await auditExport(context, { format: 'jsonl', file: file('all.jsonl') });
    await expect(auditExport(context, { format: 'jsonl', file: file('all.jsonl') })).rejects.toMatchObject({
      code: 'file_exists',
    });
    writeFileSync(file('keys.json'), JSON.stringify({ a1: publicKeyOf(KEY).toString('base64') }));
    const program = 'dist/apps/admin/src/check-audit.js';
    const run = (...args: string[]) => runToEnd(program, {}, args);
    const whole = await run(file('all.jsonl'), '--keys', file('keys.json'));
    expect({ code: whole.code, report: JSON.parse(whole.out.join('')) as unknown }).toMatchObject({
      code: 0,
      report: { whole: true, keys_confirmed: true },
    });
    expect((await run(file('all.jsonl'))).code).toBe(3);
    const text = readFileSync(file('all.jsonl'), 'utf8');
    writeFileSync(file('changed.jsonl'), text.replace('thing:1', 'thing:9'));
    const changed = await run(file('changed.jsonl'), '--keys', file('keys.json'));
    expect(changed.code).toBe(1);
    expect(JSON.parse(changed.out.join(''))).toMatchObject({ whole: false, faults: [{ code: 'altered' }] });
    writeFileSync(file('garbage'), Buffer.from([0xff, 0x0a, 0x00, 0xfe]));
    expect((await run(file('garbage'))).code).toBe(1);
    expect((await run(file('nothing-there'))).code).toBe(2);
    expect((await run(file('all.jsonl'), '--keys', file('garbage'))).code).toBe(2);
    expect((await run()).code).toBe(64);
    expect((await run(file('all.jsonl'), '--fast')).code).toBe(64);
    expect((await run(file('all.jsonl'), '--from', 'yesterday')).code).toBe(64);
    const found = await searchAudit(operator, { action: 'audit.export', limit: 10 });
    expect(found[0]).toMatchObject({ actor: 'operator:test', detail: { format: 'jsonl' } });
  }, 300_000);

  it('write a table that spreadsheets read and do not run', async () => {
    await withTenant(api, a, (manager) =>
      manager.query(
        `insert into audit_event (id, tenant_id, mode, actor, action, target)
         values (gen_random_uuid(), $1, $2, '=1+1', '@SUM(A1)', E'-2\\n"x"')`,
        [a.tenantId, a.mode],
      ),
    );
    await sealer(worker, KEY).run();
    await auditExport(context, { format: 'csv', file: file('all.csv') });
    const text = readFileSync(file('all.csv'), 'utf8');
    expect(text.startsWith('\uFEFF"seq","day",')).toBe(true);
    expect(text).toContain(`"'=1+1","'@SUM(A1)",1,"'-2\n""x"""`);
    expect(text).toContain('髙橋');
    expect(text.endsWith('\r\n')).toBe(true);
  });

  it('search by tenant, action, actor and day, newest first', async () => {
    said.length = 0;
    const tenant = `ten_${b.tenantId.replaceAll('-', '')}`;
    await auditSearch(context, { tenant, action: 'thing.*', limit: '10' });
    expect(said.map((line) => (JSON.parse(line) as AuditEvent).target)).toEqual(['thing:1', 'thing:0']);
    said.length = 0;
    await auditSearch(context, { tenant, to: '2020-01-01' });
    expect(said).toEqual([]);
    for (const wrong of [{ limit: '0' }, { tenant: 'ten_1' }, { from: '2026-02-31' }, { from: 'x' }])
      await expect(auditSearch(context, wrong)).rejects.toThrow();
  });
});

describe('what was done to the database is found', () => {
  /** Tries the change and takes it back. */
  async function after(sql: string): Promise<ExportReport['faults']> {
    await owner.query('create table kept_event as select * from audit_event');
    await owner.query('create table kept_seal as select * from audit_seal');
    await owner.query('create table kept_closing as select * from audit_closing');
    await owner.query('create table kept_chain as select * from audit_chain');
    try {
      await owner.query(sql);
      return (await verify()).faults;
    } finally {
      for (const table of ['event', 'seal', 'closing', 'chain'])
        await owner.query(
          `delete from audit_${table}; insert into audit_${table} select * from kept_${table}; drop table kept_${table}`,
        );
    }
  }
  const THIRD = '(select event_id from audit_seal where seq = 3)';

  it('nothing, when nothing was', async () => {
    expect(await verify()).toMatchObject({ whole: true, keys_confirmed: true, faults: [] });
    await auditVerify(context, {});
  });

  it.each([
    ['an event was changed', `update audit_event set actor = 'nobody' where id = ${THIRD}`, ['altered']],
    [
      'its time was',
      `update audit_event set recorded_at = recorded_at - interval '1 microsecond' where id = ${THIRD}`,
      ['altered'],
    ],
    [
      'a digit of its detail was',
      `update audit_event set detail = detail || '{"x": 1}' where id = ${THIRD}`,
      ['altered'],
    ],
    [
      'its tenant was',
      `update audit_event set tenant_id = gen_random_uuid(), mode = 'live' where id = ${THIRD}`,
      ['altered'],
    ],
    ['it was deleted', `delete from audit_event where id = ${THIRD}`, ['lost']],
    [
      'it was deleted with its seal',
      `delete from audit_event where id = ${THIRD}; delete from audit_seal where seq = 3`,
      ['missing'],
    ],
    ['the seal alone was deleted', 'delete from audit_seal where seq = 3', ['missing', 'never_sealed']],
    [
      'an event was slipped in under an old transaction',
      `insert into audit_event (id, actor, action, target, xact) values (gen_random_uuid(), 'x', 'x', 'x', '1')`,
      ['never_sealed'],
    ],
    [
      'a day lost its closing',
      'delete from audit_closing where day = (select min(day) + 1 from audit_closing)',
      ['day_not_closed'],
    ],
    [
      'a closing was changed',
      "update audit_closing set signed_at = signed_at - interval '1 hour' where day = (select min(day) from audit_closing)",
      ['signature_wrong'],
    ],
  ])('%s', async (_what, sql, codes) => {
    const found = (await after(sql)).map(({ code }) => code);
    expect(found).toEqual(expect.arrayContaining(codes));
  });

  it('and the command fails', async () => {
    await owner.query(`update audit_event set actor = actor || 'x' where id = ${THIRD}`);
    await expect(auditVerify(context, {})).rejects.toMatchObject({ code: 'audit_tampered' });
    await owner.query(`update audit_event set actor = left(actor, -1) where id = ${THIRD}`);
    await auditVerify(context, {});
  });
});

describe('search', () => {
  it("shows a tenant its own events of its mode and nobody else's", async () => {
    const seen = (tenancy: { tenantId: string; mode: 'live' | 'test' }): Promise<AuditEvent[]> =>
      withTenant(api, tenancy, (manager) => searchAudit(manager, { limit: 1000 }));
    const own = await seen(b);
    expect(own.length).toBeGreaterThan(2);
    expect(own.every((event) => event.tenantId === b.tenantId && event.mode === b.mode)).toBe(true);
    expect(await seen({ tenantId: b.tenantId, mode: 'live' })).toEqual([]);
    expect(await searchAudit(api, { limit: 1000 })).toEqual([]);
    expect(await withTenant(api, a, (manager) => searchAudit(manager, { tenantId: b.tenantId, limit: 10 }))).toEqual(
      [],
    );
  });

  it('goes on after the last event of a page, in either order', async () => {
    for (const order of ['newest', 'oldest'] as const) {
      const all = await searchAudit(operator, { order, limit: 1000 });
      const paged: AuditEvent[] = [];
      for (;;) {
        const after = paged.at(-1)?.id;
        const page = await searchAudit(operator, { order, limit: 4, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(all);
    }
  });

  it('finds by request, target, time and whole actions', async () => {
    const now = Date.now();
    expect(await searchAudit(operator, { target: 'thing:2', limit: 10 })).toHaveLength(1);
    expect(await searchAudit(operator, { action: 'thing.touch', from: now + 60_000, limit: 10 })).toEqual([]);
    expect(
      await searchAudit(operator, { action: 'thing.touch', from: now - 600_000, to: now + 60_000, limit: 4 }),
    ).toHaveLength(4);
    expect(await searchAudit(operator, { action: 'thing', limit: 10 })).toEqual([]);
    expect(await searchAudit(operator, { requestId: 'req_none', limit: 10 })).toEqual([]);
  });
});
