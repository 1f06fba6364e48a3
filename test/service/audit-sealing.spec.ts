import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { AuditChainBroken, appendAudit, AuditWatch, GENESIS, type Head, nextHead, readBacklog } from '#lib/audit';
import { createDataSource, Logger, OperatorMustAct } from '#lib/platform';
import { act, sealer, signingKey } from '../support/audit.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const KEY = signingKey('a1');
let database: TestDatabase;
let owner: pg.Client;
let api: DataSource;
let worker: DataSource;
let operator: DataSource;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  api = await connect(database.urls.api);
  worker = await connect(database.urls.worker);
  operator = await connect(database.urls.operator);
  a = await makeTenant(operator, 'A');
  b = await makeTenant(operator, 'B');
});
afterAll(async () => {
  await owner.end();
  for (const pool of [api, worker, operator]) await pool.destroy();
  await database.drop();
});

const rows = async <T extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<T[]> =>
  (await owner.query<T>(sql, parameters)).rows;
const count = async (table: string): Promise<number> =>
  Number((await rows<{ n: string }>(`select count(*) as n from ${table}`))[0]!.n);

/** The chain from its beginning, each head from the one before. */
async function recompute(): Promise<Head> {
  let end = GENESIS;
  for (const seal of await rows<{ seq: string; day: string; row_hash: string; head: string }>(
    `select seq, day::text, encode(row_hash, 'hex') as row_hash, encode(head, 'hex') as head from audit_seal order by seq`,
  )) {
    end = nextHead(end, seal.day, seal.row_hash);
    expect(seal).toMatchObject({ seq: String(end.seq), head: end.head });
  }
  const [chain] = await rows<{ seq: string; head: string }>(`select seq, encode(head, 'hex') as head from audit_chain`);
  expect({ seq: Number(chain!.seq), head: chain!.head }).toEqual(end);
  return end;
}

describe('sealing', () => {
  it('puts every event of every tenant and of the platform into one chain without gaps', async () => {
    await act(api, a, 3);
    await act(api, b, 2);
    await appendAudit(operator, { actor: 'operator:test', action: 'clock.set', target: 'clock:test' });
    const events = await count('audit_event');
    expect(await sealer(worker, KEY).run()).toBe(events);
    expect((await recompute()).seq).toBe(events);
    expect(await sealer(worker, KEY).run()).toBe(0);
  });

  it('misses no event whose transaction commits long after later ones were sealed', async () => {
    const late = new pg.Client({ connectionString: database.urls.owner });
    await late.connect();
    await late.query('begin');
    await late.query(
      `insert into audit_event (id, actor, action, target) values ('00000000-0000-7000-8000-000000000000', 'x', 'late.one', 'x')`,
    );
    await act(api, a, 2);
    const seal = sealer(worker, KEY);
    expect(await seal.run()).toBe(2);
    await act(api, b, 1);
    expect(await seal.run()).toBe(1);
    await late.query('commit');
    await late.end();
    expect(await seal.run()).toBe(1);
    const [last] = await rows<{ action: string }>(
      'select e.action from audit_seal s join audit_event e on e.id = s.event_id order by s.seq desc limit 1',
    );
    expect(last!.action).toBe('late.one');
    expect((await recompute()).seq).toBe(await count('audit_event'));
  });

  it('does not stumble over many events of one transaction', async () => {
    await owner.query(
      `insert into audit_event (id, actor, action, target)
       select gen_random_uuid(), 'x', 'bulk.one', 'x' from generate_series(1, 4500)`,
    );
    expect(await sealer(worker, KEY).run()).toBe(4500);
    expect((await recompute()).seq).toBe(await count('audit_event'));
  });

  it('builds one chain however many workers are at it while events are written', async () => {
    const workers = await Promise.all([1, 2, 3].map(() => connect(database.urls.worker)));
    let writing = true;
    const writers = [a, b, a, b].map((tenant) => act(api, tenant, 60).finally(() => (writing = false)));
    const seals = workers.map(async (pool) => {
      while (writing) await sealer(pool, KEY).run();
    });
    await Promise.all([...writers, ...seals]);
    await sealer(worker, KEY).run();
    for (const pool of workers) await pool.destroy();
    expect((await recompute()).seq).toBe(await count('audit_event'));
  });

  it('goes on where a worker was cut off', async () => {
    await act(api, a, 5);
    const options = { url: database.urls.worker, pool: 1, applicationName: 'dying' };
    const dying = await createDataSource(options).initialize();
    const run = sealer(dying, KEY).run();
    await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dying'`);
    await run.catch(() => undefined);
    await dying.destroy();
    await sealer(worker, KEY).run();
    expect((await recompute()).seq).toBe(await count('audit_event'));
  });

  it('looks everything through once when the database came from another cluster', async () => {
    await act(api, a, 2);
    // As after a restore: numbers of transactions that are still to come here.
    await owner.query(`update audit_chain set watermark = '9000000000000000000', cluster = 1`);
    expect(await sealer(worker, KEY).run()).toBe(2);
    await act(api, a, 1);
    expect(await sealer(worker, KEY).run()).toBe(1);
    expect((await recompute()).seq).toBe(await count('audit_event'));
  });
});

describe('a day that is over', () => {
  const closings = () =>
    rows<{ day: string; after_seq: string; seq: string; key_id: string }>(
      'select day::text, after_seq, seq, key_id from audit_closing order by day',
    );

  it('is closed with a signature, also when nothing happened on it, and never again', async () => {
    await owner.query(`update audit_chain set day = day - 3`);
    await act(api, a, 1);
    expect(await sealer(worker, KEY).run()).toBe(1);
    const closed = await closings();
    expect(closed).toHaveLength(3);
    expect(closed.map(({ after_seq, seq }) => [Number(after_seq) === 0, after_seq === seq])).toEqual([
      [true, false],
      [false, true],
      [false, true],
    ]);
    await Promise.all([sealer(worker, KEY).run(), sealer(worker, KEY).run()]);
    expect(await closings()).toEqual(closed);
  });

  it('is not opened again by a clock that goes back', async () => {
    await owner.query(`update audit_chain set day = day + 1`);
    await act(api, a, 1);
    await sealer(worker, KEY).run();
    const [last] = await rows<{ ahead: boolean }>(
      `select s.day > (clock_timestamp() at time zone 'Asia/Tokyo')::date as ahead from audit_seal s order by seq desc limit 1`,
    );
    expect(last!.ahead).toBe(true);
    await owner.query(`update audit_chain set day = day - 1`);
    await owner.query(`update audit_seal set day = day - 1 where seq = (select max(seq) from audit_seal)`);
  });
});

describe('the backlog', () => {
  it('tells how many events wait, since when, and that none does', async () => {
    await act(api, a, 4);
    const behind = await readBacklog(worker);
    expect(behind).toMatchObject({ unsealed: 4, unclosedDays: 0 });
    expect(behind.now - behind.oldestUnsealedAt!).toBeLessThan(60_000);
    await sealer(worker, KEY).run();
    const after = await readBacklog(worker);
    expect(after).toMatchObject({ unsealed: 0, oldestUnsealedAt: undefined, seq: await count('audit_event') });
    expect(after.now - after.lastSealedAt!).toBeLessThan(60_000);
  });
});

describe('the watch', () => {
  it('shows the backlog as metrics, and raises one alarm for an event that waits too long', async () => {
    const registry = new Registry();
    const watch = new AuditWatch(worker, new Logger('test', 'info'), registry);
    const metric = async (name: string): Promise<number> =>
      Number(new RegExp(`^shomei_audit_${name} (.+)$`, 'm').exec(await registry.metrics())![1]);
    const [chain] = await rows<{ seq: string }>('select seq from audit_chain');
    await owner.query(
      `insert into audit_event (id, actor, action, target, recorded_at)
       values (gen_random_uuid(), 'x', 'x', 'x', clock_timestamp() - interval '10 minutes')`,
    );
    expect(await metric('unsealed')).toBe(1);
    expect(await metric('oldest_unsealed_age_seconds')).toBeGreaterThanOrEqual(600);
    expect(await metric('chain_length')).toBe(Number(chain!.seq));
    const alarms = jest.spyOn(Logger.prototype, 'error');
    const ends = jest.spyOn(Logger.prototype, 'log');
    await watch.look();
    await watch.look();
    await sealer(worker, KEY).run();
    await watch.look();
    expect(alarms.mock.calls.map(([event]) => event)).toEqual(['audit_unsealed']);
    expect(ends.mock.calls.map(([event]) => event)).toEqual(['audit_unsealed_over']);
    alarms.mockRestore();
    ends.mockRestore();
    expect(await metric('unsealed')).toBe(0);
    expect(await metric('last_seal_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 60);
  });
});

describe('nothing is built on', () => {
  it.each([
    ['a chain whose last seals were cut off', 'delete from audit_seal where seq > 5'],
    ['a chain whose end was rewritten', `update audit_chain set head = decode(repeat('ab', 32), 'hex')`],
    ['a chain with a seal that the worker did not write', `update audit_chain set seq = seq - 1`],
  ])('%s', async (_what, sql) => {
    await owner.query('create table kept_seal as select * from audit_seal');
    await owner.query('create table kept_chain as select * from audit_chain');
    try {
      await owner.query(sql);
      await expect(sealer(worker, KEY).run()).rejects.toThrow(AuditChainBroken);
    } finally {
      await owner.query(
        'delete from audit_seal; insert into audit_seal select * from kept_seal; delete from audit_chain; insert into audit_chain select * from kept_chain; drop table kept_seal, kept_chain',
      );
    }
  });

  it("a key under another key's id", async () => {
    await expect(sealer(worker, signingKey('a1')).run()).rejects.toThrow(OperatorMustAct);
  });
});

describe("the worker's role may not", () => {
  it.each([
    'select 1 from audit_event',
    'update audit_event set actor = $$x$$',
    'delete from audit_event',
    'insert into audit_event (id, actor, action, target, recorded_at) values (gen_random_uuid(), $$x$$, $$x$$, $$x$$, $$2020-01-01$$)',
    'insert into audit_event (id, actor, action, target, xact) values (gen_random_uuid(), $$x$$, $$x$$, $$x$$, $$1$$)',
    'update audit_seal set head = row_hash',
    'delete from audit_seal',
    'update audit_closing set seq = 0',
    'delete from audit_closing',
    'delete from audit_chain',
    'insert into audit_chain default values',
    'update audit_signing_key set public_key = public_key',
    'set role shomei_audit_sealer',
  ])('%s', async (sql) => {
    await expect(worker.query(sql)).rejects.toMatchObject({ driverError: { code: '42501' } });
  });

  it('learn what a sealed event says through the door', async () => {
    await sealer(worker, KEY).run();
    const found: Record<string, unknown>[] = await worker.query(`select * from unsealed_audit_events('0', null, 10)`);
    expect(found).toHaveLength(10);
    for (const { xact: _xact, id: _id, sealed, ...said } of found) {
      expect(sealed).toBe(true);
      expect(Object.values(said)).toEqual(Object.values(said).map(() => null));
    }
  });
});

it('no role but the owner changes or removes events, or says when one was written', async () => {
  const found = await rows<{ grantee: string; privilege_type: string; column_name: string | null }>(`
    select grantee, privilege_type, null as column_name from information_schema.role_table_grants
      where table_name = 'audit_event' and grantee like 'shomei\\_%' and privilege_type <> 'SELECT'
        and grantee <> current_user
    union all
    select grantee, privilege_type, column_name from information_schema.role_column_grants
      where table_name = 'audit_event' and grantee like 'shomei\\_%' and grantee <> current_user
        and (privilege_type not in ('SELECT', 'INSERT')
          or privilege_type = 'INSERT' and column_name in ('xact', 'recorded_at'))`);
  expect(found).toEqual([]);
});
