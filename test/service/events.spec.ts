import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { type Tenancy, withTenant } from '#lib/platform';
import {
  appendEvent,
  listEvents,
  readEventCursor,
  writeEventCursor,
  type EventCursor,
  type EventType,
} from '#lib/webhook';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

/** As many as a pool of a test has connections. */
const WRITERS = 4;

let database: TestDatabase;
let operator: DataSource;
let api: DataSource;
let worker: DataSource;
let owner: DataSource;
let tenant: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = await connect(database.urls.operator);
  api = await connect(database.urls.api);
  worker = await connect(database.urls.worker);
  owner = await connect(database.urls.owner);
});
afterAll(async () => {
  for (const each of [operator, api, worker, owner]) await each.destroy();
  await database.drop();
});
beforeEach(async () => {
  tenant = await makeTenant(operator, 'A');
});

const append = (personId: string, type: EventType = 'person.linked', of = tenant) =>
  withTenant(api, of, (manager) => appendEvent(manager, of, { type, at: Date.now(), data: { person_id: personId } }));
const read = (after?: EventCursor, options: { types?: readonly EventType[]; limit?: number } = {}) =>
  withTenant(api, tenant, (manager) =>
    listEvents(manager, tenant, { limit: 100, ...options, ...(after ? { after } : {}) }),
  );
const persons = (events: Awaited<ReturnType<typeof read>>) => events.map(({ data }) => data.person_id);

/** A transaction of the tenant's that is open, as if a process took long. */
async function open(of: Tenancy = tenant) {
  const runner = api.createQueryRunner();
  await runner.startTransaction();
  await runner.query(`select set_config('app.tenant_id', $1, true), set_config('app.mode', $2, true)`, [
    of.tenantId,
    of.mode,
  ]);
  const end = async (how: 'commit' | 'rollback'): Promise<void> => {
    try {
      await (how === 'commit' ? runner.commitTransaction() : runner.rollbackTransaction());
    } finally {
      await runner.release();
    }
  };
  return {
    query: (sql: string): Promise<unknown> => runner.query(sql),
    append: (personId: string) =>
      appendEvent(runner.manager, of, { type: 'person.linked', at: Date.now(), data: { person_id: personId } }),
    end,
  };
}

describe('reading events', () => {
  it('never misses one that commits after a later one was read', async () => {
    const [early, late] = [randomUUID(), randomUUID()];
    const opened = await open();
    await opened.append(late);
    await append(early);
    // The one that is committed has a higher place than the one that is not: it waits.
    const meanwhile = await read();
    await opened.end('commit');
    expect(meanwhile).toEqual([]);
    expect(persons(await read())).toEqual([late, early]);
  });

  it('waits no longer for one that was rolled back', async () => {
    const told = randomUUID();
    const opened = await open();
    await opened.append(randomUUID());
    await append(told);
    const meanwhile = await read();
    await opened.end('rollback');
    expect(meanwhile).toEqual([]);
    expect(persons(await read())).toEqual([told]);
  });

  it("waits for nothing but the tenant's own events, however long anything else is under way", async () => {
    const told = randomUUID();
    const other = await makeTenant(operator, 'B');
    const writes = await open();
    await writes.query('select pg_current_xact_id()');
    const ofOther = await open(other);
    await ofOther.append(randomUUID());
    const ofOtherMode = await open({ tenantId: tenant.tenantId, mode: 'live' });
    await ofOtherMode.append(randomUUID());
    await append(told);
    const found = await read();
    for (const each of [writes, ofOther, ofOtherMode]) await each.end('rollback');
    expect(persons(found)).toEqual([told]);
  });

  it('gives a transaction its place with its first event, not with its begin', async () => {
    const [told, ...last] = [randomUUID(), randomUUID(), randomUUID()];
    const opened = await open();
    await opened.query('select pg_current_xact_id()');
    await append(told);
    const found = await read();
    for (const id of last) await opened.append(id);
    await opened.end('commit');
    expect(persons(found)).toEqual([told]);
    const next = await read(found[0]!.cursor);
    expect(persons(next)).toEqual(last);
    expect(new Set(next.map(({ cursor }) => cursor.xact)).size).toBe(1);
  });

  it('gives another place after a savepoint that was rolled back', async () => {
    const [told, last] = [randomUUID(), randomUUID()];
    const opened = await open();
    await opened.query('savepoint before');
    await opened.append(randomUUID());
    await append(told);
    const meanwhile = await read();
    await opened.query('rollback to savepoint before');
    const found = await read();
    await opened.append(last);
    await opened.end('commit');
    expect(meanwhile).toEqual([]);
    expect(persons(found)).toEqual([told]);
    expect(persons(await read(found[0]!.cursor))).toEqual([last]);
  });

  it('leaves no writer to choose a place', async () => {
    await append(randomUUID());
    const [first] = await read();
    const personId = randomUUID();
    await withTenant(api, tenant, (manager) =>
      manager.query(
        `insert into event (tenant_id, mode, id, xact, type, occurred_at, data)
         values ($1, $2, gen_random_uuid(), '1', 'person.linked', now(), jsonb_build_object('person_id', $3::text))`,
        [tenant.tenantId, tenant.mode, personId],
      ),
    );
    expect(persons(await read(first!.cursor))).toEqual([personId]);
  });

  it('is refused in a transaction that cannot see what was committed since it began', async () => {
    const refused = api.transaction('REPEATABLE READ', (manager) => listEvents(manager, tenant, { limit: 1 }));
    await expect(refused).rejects.toMatchObject({ driverError: { code: '25000' } });
  });

  it('page by page, gives each exactly once, in whatever order writers end', async () => {
    const end = Date.now() + 3_000;
    const dropped = new Error('dropped');
    const pause = (): Promise<void> => sleep(randomInt(12));
    const written: string[] = [];
    const write = async (): Promise<void> => {
      while (Date.now() < end) {
        const ids = Array.from({ length: 1 + randomInt(3) }, () => randomUUID());
        const isKept = await withTenant(worker, tenant, async (manager) => {
          if (randomInt(2) === 0) await manager.query('select pg_current_xact_id()');
          for (const id of ids) {
            await pause();
            await appendEvent(manager, tenant, { type: 'person.linked', at: Date.now(), data: { person_id: id } });
          }
          await pause();
          if (randomInt(4) === 0) throw dropped;
          return true;
        }).catch((error: unknown) => {
          if (error !== dropped) throw error;
          return false;
        });
        if (isKept) written.push(...ids);
      }
    };
    // Over the border at which the half of a place that a lock shows begins anew.
    await owner.query(`select setval('event_place', (last_value / 4294967296 + 2) * 4294967296 - 40) from event_place`);
    const waits = await open();
    await waits.query('select pg_current_xact_id()');
    let done = false;
    const writing = Promise.all(Array.from({ length: WRITERS }, write)).finally(() => (done = true));
    const seen: (string | undefined)[] = [];
    let after: EventCursor | undefined;
    try {
      for (let last = false; !last;) {
        // Once all is written.
        last = done;
        for (let page = await read(after, { limit: 3 }); page.length > 0; page = await read(after, { limit: 3 })) {
          seen.push(...persons(page));
          after = page.at(-1)!.cursor;
        }
      }
    } finally {
      await writing;
      await waits.end('rollback');
    }
    expect(seen).toHaveLength(written.length);
    expect(new Set(seen)).toEqual(new Set(written));
  });

  it('filters by type', async () => {
    const [linked, merged] = [randomUUID(), randomUUID()];
    await append(linked);
    await append(merged, 'person.merged');
    expect(persons(await read(undefined, { types: ['person.merged'] }))).toEqual([merged]);
  });

  it("shows nothing of another tenant's", async () => {
    const other = await makeTenant(operator, 'B');
    await append(randomUUID(), 'person.linked', other);
    expect(await read()).toEqual([]);
  });
});

describe('the order of events', () => {
  it('is read by the API role and moved by nobody', async () => {
    const roles = ['shomei_api', 'shomei_worker', 'shomei_admin', 'shomei_operator'];
    const may: { role: string; read: boolean; move: boolean; change: boolean }[] = await owner.query(
      `select role, has_function_privilege(role, 'event_horizon(uuid, tenant_mode)', 'execute') as read,
         has_sequence_privilege(role, 'event_place', 'update') as move, has_table_privilege(role, 'event', 'update') as change
       from unnest($1::text[]) as role`,
      [roles],
    );
    expect(may).toEqual(roles.map((role) => ({ role, read: role === 'shomei_api', move: false, change: false })));
  });
});

describe('a cursor', () => {
  it('is read as it was written', () => {
    const cursor = { xact: '18446744073709551615', id: randomUUID() };
    expect(readEventCursor(writeEventCursor(cursor))).toEqual(cursor);
  });
  it.each([
    '',
    'x',
    Buffer.from('1_x').toString('base64url'),
    Buffer.from(`18446744073709551616_${randomUUID()}`).toString('base64url'),
    `${writeEventCursor({ xact: '7', id: randomUUID() })}=`,
  ])('that nobody wrote is none (%s)', (text) => {
    expect(readEventCursor(text)).toBeUndefined();
  });
});
