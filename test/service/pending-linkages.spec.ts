import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GIVE_UP_AFTER_MS } from '#lib/persons';
import { type JlisRecords, type LinkageBench, LinkageStage } from '../support/linkages.js';
import { principalOf } from '../support/persons.js';
import { respond } from '../support/jlis-server.js';
import type { TestTenant } from '../support/tenants.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let stage: LinkageStage;
let bench: LinkageBench;
let jlis: JlisRecords;
let tenant: TestTenant;
let serial = 500000;
beforeAll(async () => {
  stage = await LinkageStage.start();
  ({ bench } = stage);
}, 120_000);
afterAll(() => stage.stop());
beforeEach(async () => {
  serial += 100;
  jlis = await stage.reset();
  tenant = await stage.newTenant();
});

const auth = (offset: number) => ({ kind: 'auth' as const, serial: serial + offset });
const name = (offset: number): string => String(serial + offset);
const renewed = (from: number, to: number): unknown => jlis.previous.set(name(to), name(from));
const person = (offset: number) => bench.persons.person(tenant, auth(offset), bench.now(tenant));
const count = (table: string): Promise<number> => stage.count(tenant, table);
const events = () => stage.events(tenant);
const asked = (): string[] => stage.asked();
const tryAgain = (id: string) => stage.background.pending.attempt(tenant, id);
const moveClock = (offsetMs: number) => stage.moveClock(offsetMs);
const state = (id: string) => bench.linkages.get(principalOf(tenant), id, 'req_test');

describe('a pending linkage', () => {
  const pend = async (offset: number) => {
    jlis.notYet.add(name(offset));
    const { linkage } = await bench.link(tenant, auth(offset));
    expect(linkage).toMatchObject({ state: 'pending', detail: 'not_yet_linkable', attempts: 1 });
    return linkage;
  };

  it('resolves when J-LIS knows more: the persons become one, and the tenant is told once', async () => {
    const old = await person(0);
    renewed(0, 1);
    const linkage = await pend(1);
    expect(linkage.personId).not.toBe(old.personId);
    expect(await tryAgain(linkage.id)).toBe('taken');
    await moveClock(6 * MINUTE);
    expect(await tryAgain(linkage.id)).toBe('pending');
    expect(await state(linkage.id)).toMatchObject({ state: 'pending', attempts: 2 });
    jlis.notYet.clear();
    await moveClock(DAY);
    expect(await stage.background.pending.findDue('test', 10)).toContainEqual({
      tenancy: { tenantId: tenant.tenantId, mode: 'test' },
      id: linkage.id,
    });
    expect(await tryAgain(linkage.id)).toBe('linked');
    expect(await tryAgain(linkage.id)).toBe('taken');
    expect(await state(linkage.id)).toMatchObject({
      state: 'linked',
      personId: old.personId,
      previousCertificateId: old.certificateId,
      attempts: 3,
    });
    const told = await events();
    expect(told.map(({ type }) => type).sort()).toEqual(['linkage.resolved', 'person.linked', 'person.merged']);
    expect(told.find(({ type }) => type === 'linkage.resolved')!.data).toEqual({
      serial_linkage_id: linkage.id,
      person_id: old.personId,
      certificate_id: linkage.certificateId,
    });
    expect(await count('usage_event')).toBe(0);
  });

  it('is resolved once by twenty attempts at the same time', async () => {
    await person(0);
    renewed(0, 1);
    const linkage = await pend(1);
    jlis.notYet.clear();
    await moveClock(DAY);
    stage.server.calls.length = 0;
    const ends = await Promise.all(Array.from({ length: 20 }, () => tryAgain(linkage.id)));
    expect(ends.filter((end) => end === 'linked')).toHaveLength(1);
    expect(ends.filter((end) => end === 'taken')).toHaveLength(19);
    expect(asked()).toEqual([name(1)]);
    expect((await events()).filter(({ type }) => type === 'linkage.resolved')).toHaveLength(1);
  });

  it('is taken up again when the process that had begun an attempt died', async () => {
    await person(0);
    renewed(0, 1);
    const linkage = await pend(1);
    jlis.notYet.clear();
    await moveClock(DAY);
    // What a killed process leaves behind: its claim.
    await stage.owner.query(`update serial_linkage set attempts = attempts + 1, next_attempt_at = $2 where id = $1`, [
      linkage.id,
      new Date(bench.now(tenant) + 3 * MINUTE),
    ]);
    expect(await tryAgain(linkage.id)).toBe('taken');
    await moveClock(DAY + 4 * MINUTE);
    expect(await tryAgain(linkage.id)).toBe('linked');
  });

  it('is not undone by a process that wakes up after another one resolved it', async () => {
    await person(0);
    renewed(0, 1);
    const linkage = await pend(1);
    await moveClock(DAY);
    const answer = stage.server.answer;
    let wake = (): void => undefined;
    const sleeping = new Promise<void>((resolve) => {
      stage.server.answer = (call, response) => {
        resolve();
        wake = () => respond(response, 200, { state: 'not_found' });
      };
    });
    const slow = tryAgain(linkage.id);
    await sleeping;
    stage.server.answer = answer;
    jlis.notYet.clear();
    await moveClock(DAY + 4 * MINUTE);
    expect(await tryAgain(linkage.id)).toBe('linked');
    wake();
    expect(await slow).toBe('taken');
    expect(await state(linkage.id)).toMatchObject({ state: 'linked' });
    expect((await events()).filter(({ type }) => type === 'linkage.resolved')).toHaveLength(1);
  });

  it('is given up after a week', async () => {
    const linkage = await pend(1);
    await moveClock(GIVE_UP_AFTER_MS - MINUTE);
    expect(await tryAgain(linkage.id)).toBe('pending');
    await moveClock(GIVE_UP_AFTER_MS + MINUTE);
    expect(await tryAgain(linkage.id)).toBe('not_found');
    expect(await state(linkage.id)).toMatchObject({ state: 'not_found', detail: 'not_linkable' });
    expect((await events()).map(({ type }) => type)).toEqual(['linkage.resolved']);
  });

  it.each<[string, () => { status: number; body: unknown }]>([
    ['is down', () => ({ status: 503, body: { code: 'unavailable' } })],
    ['fails', () => ({ status: 500, body: { code: 'internal_error' } })],
    ['answers garbage', () => ({ status: 200, body: '<html>' })],
    ['answers an unknown state', () => ({ status: 200, body: { state: 'perhaps', previous_serial: '1' } })],
    ['answers something that is no serial', () => ({ status: 200, body: { state: 'linked', previous_serial: '-1' } })],
  ])(
    'is what becomes of a question when J-LIS %s; nothing is half linked, and a retry converges',
    async (_w, fault) => {
      const old = await person(0);
      renewed(0, 1);
      jlis.faults.push(...Array.from({ length: 10 }, () => fault));
      const { linkage } = await bench.link(tenant, auth(1));
      expect(linkage).toMatchObject({ state: 'pending', detail: 'jlis_unavailable' });
      expect(await count('certificate_link')).toBe(0);
      jlis.faults.length = 0;
      await moveClock(DAY);
      expect(await tryAgain(linkage.id)).toBe('linked');
      expect(await state(linkage.id)).toMatchObject({ personId: old.personId });
    },
  );

  it('is one, however often it is asked for', async () => {
    const first = await pend(1);
    stage.server.calls.length = 0;
    const again = await Promise.all(Array.from({ length: 5 }, () => bench.link(tenant, auth(1))));
    expect(new Set(again.map(({ linkage }) => linkage.id))).toEqual(new Set([first.id]));
    expect(stage.server.calls).toEqual([]);
    expect(await count('serial_linkage')).toBe(1);
  });

  it('ends when the consent is withdrawn, and J-LIS is not asked any more', async () => {
    const linkage = await pend(1);
    await stage.owner.query(
      `insert into consent_withdrawal (tenant_id, mode, consent_id, source, withdrawn_at) values ($1, $2, $3, 'tenant', now())`,
      [tenant.tenantId, tenant.mode, linkage.consentId],
    );
    await moveClock(DAY);
    stage.server.calls.length = 0;
    expect(await tryAgain(linkage.id)).toBe('consent_required');
    expect(stage.server.calls).toEqual([]);
    expect(await state(linkage.id)).toMatchObject({ state: 'consent_required', detail: 'consent_withdrawn' });
  });

  it('ends when the contract includes it no longer, and J-LIS is not asked any more', async () => {
    const linkage = await pend(1);
    await stage.owner.query('update contract set identify = false where tenant_id = $1', [tenant.tenantId]);
    await moveClock(DAY);
    stage.server.calls.length = 0;
    expect(await tryAgain(linkage.id)).toBe('not_found');
    expect(stage.server.calls).toEqual([]);
    expect(await state(linkage.id)).toMatchObject({ state: 'not_found', detail: 'feature_not_contracted' });
  });

  it('of a tenant with many does not keep another one waiting', async () => {
    const busy = tenant;
    for (let offset = 30; offset < 36; offset++) await pend(offset);
    tenant = await stage.newTenant();
    const mine = await pend(40);
    await moveClock(DAY);
    const due = await stage.background.pending.findDue('test', 100);
    expect(due.slice(0, 2).map(({ tenancy }) => tenancy.tenantId)).toEqual([busy.tenantId, tenant.tenantId]);
    expect(due[1]!.id).toBe(mine.id);
    expect(await stage.background.pending.findDue('live', 100)).toEqual([]);
  });

  it('of another tenant cannot be attempted in its own name', async () => {
    const linkage = await pend(1);
    await moveClock(DAY);
    expect(await stage.background.pending.attempt(await stage.newTenant(), linkage.id)).toBe('taken');
    expect(await state(linkage.id)).toMatchObject({ attempts: 1 });
  });

  it('shows ids to the worker through its door, and nothing to anybody else', async () => {
    const linkage = await pend(1);
    await moveClock(DAY);
    const door = `select * from due_serial_linkages('test', now() + interval '2 days', 10)`;
    expect(await stage.worker.query(door)).toEqual([{ tenant_id: tenant.tenantId, id: linkage.id }]);
    await expect(stage.api.query(door)).rejects.toThrow(/permission denied for function due_serial_linkages/);
    await expect(stage.operator.query(door)).rejects.toThrow(/permission denied for function due_serial_linkages/);
    // Without naming a tenant the worker itself sees no row, and none of another mode.
    expect(await stage.worker.query('select id from serial_linkage')).toEqual([]);
    expect(await stage.worker.query(`select * from due_serial_linkages('live', 'infinity', 10)`)).toEqual([]);
    await expect(stage.worker.query('set role shomei_linkage_clerk')).rejects.toThrow(/permission denied/);
  });
});
