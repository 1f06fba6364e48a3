import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { findPerson, idsOfPerson } from '#lib/persons';
import { withTenant } from '#lib/platform';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { PersonBench } from '../support/persons.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const T = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

type Held = { personId: string; certificateId: string };

let database: TestDatabase;
let operator: DataSource;
let owner: DataSource;
let api: DataSource;
let bench: PersonBench;
let tenant: TestTenant;
let serial = 1000;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = await connect(database.urls.operator);
  owner = await connect(database.urls.owner);
  api = await connect(database.urls.api);
  bench = new PersonBench(api);
});
afterAll(async () => {
  for (const dataSource of [operator, owner, api]) await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  tenant = await makeTenant(operator, 'A');
  serial += 100;
});

const auth = (offset = 0) => ({ kind: 'auth' as const, serial: serial + offset });
const sign = (offset = 0, birthDate?: string) => ({
  kind: 'sign' as const,
  serial: serial + offset,
  ...(birthDate === undefined ? {} : { birthDate }),
});
/** Types and data of the events of the tenant, in order. */
const events = () =>
  owner.query<{ type: string; data: Record<string, string> }[]>(
    'select type, data from event where tenant_id = $1 order by xact, id',
    [tenant.tenantId],
  );
async function actions(): Promise<string[]> {
  const found = await owner.query<{ action: string }[]>(
    `select action from audit_event where tenant_id = $1 and action like 'person.%' order by id`,
    [tenant.tenantId],
  );
  return found.map(({ action }) => action);
}
async function rows(table: string): Promise<number> {
  const [row] = await owner.query<{ n: number }[]>(`select count(*)::int as n from ${table} where tenant_id = $1`, [
    tenant.tenantId,
  ]);
  return row!.n;
}

describe('identifying', () => {
  it('makes one person of fifty first sights at once, and only one of them is told it is new', async () => {
    const seen = await Promise.all(Array.from({ length: 50 }, () => bench.identify(tenant, auth(), T)));
    const ids = new Set(seen.map((one) => (one.state === 'identified' ? one.personId : one.state)));
    expect(ids.size).toBe(1);
    expect(seen.filter((one) => one.state === 'identified' && one.isNew)).toHaveLength(1);
    expect([await rows('person'), await rows('person_certificate')]).toEqual([1, 1]);
    expect(await actions()).toEqual(['person.create']);
  });

  it('recognizes a certificate years later', async () => {
    const first = await bench.identify(tenant, auth(), T);
    expect(await bench.identify(tenant, auth(), T + 1500 * DAY)).toEqual({ ...first, isNew: false });
  });

  it('gives a sign and an auth certificate of the same number two persons', async () => {
    const [one, two] = [await bench.person(tenant, auth(), T), await bench.person(tenant, sign(), T)];
    expect(one.personId).not.toBe(two.personId);
  });

  it('gives two tenants unrelated persons for the same card', async () => {
    const other = await makeTenant(operator, 'B');
    const [mine, theirs] = [await bench.person(tenant, auth(), T), await bench.person(other, auth(), T)];
    expect(mine.personId).not.toBe(theirs.personId);
    const hashes: { certificate_hash: Buffer }[] = await owner.query(
      'select distinct certificate_hash from person_certificate where tenant_id in ($1, $2)',
      [tenant.tenantId, other.tenantId],
    );
    expect(hashes).toHaveLength(2);
    expect(await withTenant(api, other, (manager) => findPerson(manager, mine.personId))).toBeUndefined();
  });

  it('keeps serial number and certificate under seal', async () => {
    const { certificateId } = await bench.person(tenant, auth(), T);
    const [row] = await owner.query<{ sealed: Buffer }[]>('select * from person_certificate where id = $1', [
      certificateId,
    ]);
    const { certificate } = await bench.proof(tenant, auth(), T);
    expect(row!.sealed.includes(Buffer.from(certificate.raw.subarray(0, 64)))).toBe(false);
    expect(JSON.stringify({ ...row, sealed: null })).not.toContain(String(serial));
    const opened = await bench.as(tenant, (manager) => bench.certificates.open(manager, tenant, certificateId));
    expect(opened.serialNumber).toBe(String(serial));
    expect(Buffer.from(opened.certificate!)).toEqual(Buffer.from(certificate.raw));
  });

  it('does not open what was sealed for another row', async () => {
    const one = await bench.person(tenant, auth(), T);
    const two = await bench.person(tenant, auth(1), T);
    await owner.query(
      `update person_certificate a set sealed = b.sealed from person_certificate b where a.id = $1 and b.id = $2`,
      [one.certificateId, two.certificateId],
    );
    await expect(
      bench.as(tenant, (manager) => bench.certificates.open(manager, tenant, one.certificateId)),
    ).rejects.toThrow();
  });
});

describe('a renewal', () => {
  it('makes one person of two: the older survives, an event and an audit row tell of it', async () => {
    const newer = await bench.person(tenant, auth(1), T);
    const older = await bench.person(tenant, auth(), T - DAY);
    const linked = await bench.renewal(tenant, { newerId: newer.certificateId, olderId: older.certificateId }, T + 1);
    expect(linked).toEqual({ state: 'linked', personId: older.personId, certificateId: older.certificateId });
    expect(await bench.identify(tenant, auth(1), T + 2)).toMatchObject({ personId: older.personId, isNew: false });
    const merged = await bench.as(tenant, (manager) => findPerson(manager, newer.personId));
    expect(merged?.mergedInto).toBe(older.personId);
    expect((await events()).map(({ type, data }) => [type, data['person_id']])).toEqual([
      ['person.merged', older.personId],
      ['person.linked', older.personId],
    ]);
    expect((await actions()).slice(2)).toEqual(['person.merge', 'person.link']);
  });

  it('told twice changes nothing the second time', async () => {
    const newer = await bench.person(tenant, auth(1), T);
    const older = await bench.person(tenant, auth(), T - DAY);
    const answer = { newerId: newer.certificateId, olderId: older.certificateId };
    const first = await bench.renewal(tenant, answer, T);
    const before = [await rows('event'), await rows('audit_event'), await rows('certificate_link')];
    expect(await bench.renewal(tenant, answer, T)).toEqual(first);
    expect([await rows('event'), await rows('audit_event'), await rows('certificate_link')]).toEqual(before);
  });

  it('told many times at once makes one merge', async () => {
    const newer = await bench.person(tenant, auth(1), T);
    const older = await bench.person(tenant, auth(), T - DAY);
    const answer = { newerId: newer.certificateId, olderId: older.certificateId };
    const all = await Promise.all(Array.from({ length: 10 }, () => bench.renewal(tenant, answer, T)));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await rows('event')).toBe(2);
  });

  it('flattens chains of merges: every id points at the one survivor', async () => {
    const held: Held[] = [];
    for (const offset of [0, 1, 2, 3]) held.push(await bench.person(tenant, auth(offset), T - offset));
    const link = (newer: number, older: number) =>
      bench.renewal(tenant, { newerId: held[newer]!.certificateId, olderId: held[older]!.certificateId }, T);
    // Persons made ever earlier, so that each merge has a new survivor.
    await link(0, 1);
    await link(1, 2);
    await link(2, 3);
    const root = held[3]!.personId;
    const pointers: { merged_into: string }[] = await owner.query(
      'select distinct merged_into from person where tenant_id = $1 and id <> $2',
      [tenant.tenantId, root],
    );
    expect(pointers).toEqual([{ merged_into: root }]);
    const ids = await bench.as(tenant, (manager) => idsOfPerson(manager, root));
    expect(new Set(ids)).toEqual(new Set(held.map(({ personId }) => personId)));
  });

  it('records what lies between as hops that become certificates when they are presented', async () => {
    const newer = await bench.person(tenant, auth(9), T);
    const older = await bench.person(tenant, auth(), T - DAY);
    const hops = [String(serial + 8), String(serial + 7)];
    expect(
      await bench.renewal(tenant, { newerId: newer.certificateId, olderId: older.certificateId, hops }, T),
    ).toMatchObject({ state: 'linked', personId: older.personId });
    const known = await bench.as(tenant, (manager) => bench.certificates.ofPersons(manager, [older.personId]));
    expect(known.filter((one) => one.hop)).toHaveLength(2);
    expect(await rows('certificate_link')).toBe(3);
    const presented = await bench.identify(tenant, auth(8), T + 1);
    expect(presented).toMatchObject({ state: 'identified', personId: older.personId, isNew: false });
    const after = await bench.as(tenant, (manager) => bench.certificates.ofPersons(manager, [older.personId]));
    expect(after.filter((one) => one.hop)).toHaveLength(1);
  });

  it.each([
    ['previous_differs', 'another certificate before it than was recorded', [2, 1], [2, 0]],
    ['newer_differs', 'a certificate that was renewed to another one', [1, 0], [2, 0]],
    ['cycle', 'a certificate before itself', [1, 0], [0, 1]],
    ['cycle', 'itself', [1, 0], [2, 2]],
  ] as const)('is ambiguous (%s) when it names %s, and nothing changes', async (detail, _, recorded, answered) => {
    const held: Held[] = [];
    for (const offset of [0, 1, 2]) held.push(await bench.person(tenant, auth(offset), T + offset));
    const link = ([newer, older]: readonly [number, number]) =>
      bench.renewal(tenant, { newerId: held[newer]!.certificateId, olderId: held[older]!.certificateId }, T + DAY);
    expect(await link(recorded)).toMatchObject({ state: 'linked' });
    const before = [await rows('event'), await rows('certificate_link')];
    expect(await link(answered)).toEqual({ state: 'ambiguous', detail });
    expect([await rows('event'), await rows('certificate_link')]).toEqual(before);
  });

  it('leaves no hop behind when it is ambiguous', async () => {
    const newer = await bench.person(tenant, auth(1), T);
    const older = await bench.person(tenant, auth(), T);
    const hops = [String(serial + 7), String(serial + 7)];
    expect(
      await bench.renewal(tenant, { newerId: newer.certificateId, olderId: older.certificateId, hops }, T),
    ).toMatchObject({ state: 'ambiguous' });
    expect(await rows('person_certificate')).toBe(2);
  });

  it('never joins persons whose sign certificates name different birth dates', async () => {
    const [one, two] = [
      await bench.person(tenant, sign(0, '420081031'), T),
      await bench.person(tenant, sign(1, '420081101'), T),
    ];
    expect(await bench.renewal(tenant, { newerId: two.certificateId, olderId: one.certificateId }, T)).toEqual({
      state: 'ambiguous',
      detail: 'birth_dates_differ',
    });
    expect(await bench.identify(tenant, sign(1, '420081101'), T)).toMatchObject({ personId: two.personId });
  });
});

describe('a counterpart', () => {
  it('becomes known with the person, and is the same person when it is presented', async () => {
    const one = await bench.person(tenant, sign(), T);
    const linked = await bench.counterpart(tenant, one.certificateId, auth(50), T);
    expect(linked).toMatchObject({ state: 'linked', personId: one.personId });
    expect(await bench.identify(tenant, auth(50), T + 1)).toMatchObject({
      state: 'identified',
      personId: one.personId,
      isNew: false,
    });
  });

  it('joins two persons who were seen before', async () => {
    const younger = await bench.person(tenant, sign(), T);
    const older = await bench.person(tenant, auth(50), T - DAY);
    expect(await bench.counterpart(tenant, younger.certificateId, auth(50), T)).toEqual({
      state: 'linked',
      personId: older.personId,
      certificateId: older.certificateId,
    });
    expect(await bench.identify(tenant, sign(), T)).toMatchObject({ personId: older.personId });
  });

  it('that turns out to be another person is ambiguous when it is presented', async () => {
    const one = await bench.person(tenant, sign(0, '420081031'), T);
    const authCertificate = await bench.counterpart(tenant, one.certificateId, auth(50), T);
    if (authCertificate.state !== 'linked') throw new Error(authCertificate.state);
    expect(await bench.counterpart(tenant, authCertificate.certificateId, sign(1), T)).toMatchObject({
      state: 'linked',
    });
    expect(await bench.identify(tenant, sign(1, '319700101'), T)).toEqual({
      state: 'ambiguous',
      detail: 'birth_dates_differ',
    });
    expect(await bench.identify(tenant, sign(1, '420081031'), T)).toMatchObject({ personId: one.personId });
  });
});

describe('many at once', () => {
  it('first sights and merges in every order end in one person and without a deadlock', async () => {
    const held: Held[] = [];
    for (const offset of [0, 1, 2, 3, 4]) held.push(await bench.person(tenant, auth(offset), T + offset));
    await Promise.all([
      ...[1, 2, 3, 4].map((newer) =>
        bench.renewal(
          tenant,
          { newerId: held[newer]!.certificateId, olderId: held[newer - 1]!.certificateId },
          T + DAY,
        ),
      ),
      ...[0, 1, 2, 3, 4].flatMap((offset) => [
        bench.identify(tenant, auth(offset), T + DAY),
        bench.identify(tenant, auth(20 + offset), T + DAY),
      ]),
    ]);
    for (const offset of [0, 1, 2, 3, 4])
      expect(await bench.identify(tenant, auth(offset), T + DAY)).toMatchObject({ personId: held[0]!.personId });
  });
});
