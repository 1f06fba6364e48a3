import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { withTenant } from '#lib/platform';
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

let database: TestDatabase;
let operator: DataSource;
let api: DataSource;
let tenant: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = await connect(database.urls.operator);
  api = await connect(database.urls.api);
});
afterAll(async () => {
  await operator.destroy();
  await api.destroy();
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
/** Transactions in other databases of the server hold events back too: they end. */
async function readAtLast(count: number, types?: readonly EventType[]): Promise<Awaited<ReturnType<typeof read>>> {
  for (;;) {
    const found = await read(undefined, types ? { types } : {});
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const persons = (events: Awaited<ReturnType<typeof read>>) => events.map(({ data }) => data.person_id);

describe('reading events', () => {
  it('never misses one that commits after a later one was read', async () => {
    const [early, late] = [randomUUID(), randomUUID()];
    const opened = api.createQueryRunner();
    await opened.startTransaction();
    try {
      await opened.query(`select set_config('app.tenant_id', $1, true), set_config('app.mode', 'test', true)`, [
        tenant.tenantId,
      ]);
      await appendEvent(opened.manager, tenant, {
        type: 'person.linked',
        at: Date.now(),
        data: { person_id: late },
      });
      await append(early);
      // The one that is committed has a higher place than the one that is not: it waits.
      expect(await read()).toEqual([]);
      await opened.commitTransaction();
    } finally {
      await opened.release();
    }
    expect(persons(await readAtLast(2))).toEqual([late, early]);
  });

  it('page by page, with writers at work, gives each exactly once', async () => {
    const written = Array.from({ length: 60 }, () => randomUUID());
    const writing = (async () => {
      for (let at = 0; at < written.length; at += 3)
        await Promise.all(written.slice(at, at + 3).map((id) => append(id)));
    })();
    const seen: (string | undefined)[] = [];
    let after: EventCursor | undefined;
    let done = false;
    void writing.finally(() => (done = true));
    for (let last = false; !last;) {
      // Once all is written and everybody's transactions have ended.
      last = done && seen.length >= written.length;
      for (let page = await read(after, { limit: 7 }); page.length > 0; page = await read(after, { limit: 7 })) {
        seen.push(...persons(page));
        after = page.at(-1)!.cursor;
      }
    }
    await writing;
    expect(seen).toHaveLength(60);
    expect(new Set(seen)).toEqual(new Set(written));
  });

  it('filters by type', async () => {
    const [linked, merged] = [randomUUID(), randomUUID()];
    await append(linked);
    await append(merged, 'person.merged');
    expect(persons(await readAtLast(1, ['person.merged']))).toEqual([merged]);
  });

  it("shows nothing of another tenant's", async () => {
    const other = await makeTenant(operator, 'B');
    await append(randomUUID(), 'person.linked', other);
    expect(await read()).toEqual([]);
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
