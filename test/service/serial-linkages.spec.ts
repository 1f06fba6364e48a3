import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { withTenant } from '#lib/platform';
import { consentAt, type JlisRecords, type LinkageBench, LinkageStage } from '../support/linkages.js';
import { principalOf } from '../support/persons.js';
import type { TestTenant } from '../support/tenants.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let stage: LinkageStage;
let bench: LinkageBench;
let jlis: JlisRecords;
let tenant: TestTenant;
let serial = 10000;
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
const sign = (offset: number, birthDate?: string) => ({
  kind: 'sign' as const,
  serial: serial + offset,
  ...(birthDate === undefined ? {} : { birthDate }),
});
const name = (offset: number): string => String(serial + offset);
const renewed = (from: number, to: number): unknown => jlis.previous.set(name(to), name(from));
const person = (offset: number) => bench.persons.person(tenant, auth(offset), bench.now(tenant));
const count = (table: string): Promise<number> => stage.count(tenant, table);
const events = () => stage.events(tenant);
const audited = (action: string) =>
  stage.owner.query<{ detail: Record<string, unknown> }[]>(
    'select detail from audit_event where tenant_id = $1 and action = $2 order by id',
    [tenant.tenantId, action],
  );
const state = (id: string) => bench.linkages.get(principalOf(tenant), id, 'req_test');

describe('a linkage', () => {
  it('of a certificate nobody has seen gives the person of the one before it, and makes nobody', async () => {
    const old = await person(0);
    renewed(0, 1);
    const { linkage } = await bench.link(tenant, auth(1));
    expect(linkage).toMatchObject({
      state: 'linked',
      source: 'jlis',
      personId: old.personId,
      previousCertificateId: old.certificateId,
    });
    expect(await count('person')).toBe(1);
    expect(await bench.persons.identify(tenant, auth(1), bench.now(tenant))).toMatchObject({
      personId: old.personId,
      isNew: false,
    });
    expect((await events()).map(({ type }) => type)).toEqual(['person.linked']);
    expect(await state(linkage.id)).toEqual(linkage);
  });

  it('of one that made a person of its own joins the two, and the older survives', async () => {
    const old = await person(0);
    const young = await person(1);
    renewed(0, 1);
    const { linkage } = await bench.link(tenant, auth(1));
    expect(linkage).toMatchObject({ state: 'linked', personId: old.personId, certificateId: young.certificateId });
    const told = await events();
    expect(told.map(({ type }) => type).sort()).toEqual(['person.linked', 'person.merged']);
    expect(told.find(({ type }) => type === 'person.merged')!.data).toEqual({
      person_id: old.personId,
      merged_person_id: young.personId,
    });
  });

  it('that is recorded is told without asking J-LIS, and needs no consent', async () => {
    const old = await person(0);
    renewed(0, 1);
    await bench.link(tenant, auth(1));
    stage.server.calls.length = 0;
    const { linkage } = await bench.link(tenant, auth(1), { consent: undefined });
    expect(linkage).toMatchObject({
      state: 'linked',
      source: 'own_record',
      personId: old.personId,
      previousCertificateId: old.certificateId,
    });
    expect(stage.server.calls).toEqual([]);
    expect(await count('consent')).toBe(1);
  });

  it.each([
    ['no consent', undefined, 'consent_missing'],
    ['a consent from the future', 2 * MINUTE, 'consent_given_in_future'],
    ['a consent of eleven years ago', -11 * 366 * DAY, 'consent_expired'],
  ])('with %s asks nobody', async (_what, age, detail) => {
    await person(0);
    renewed(0, 1);
    const consent = age === undefined ? undefined : consentAt(bench.now(tenant) + age);
    const { linkage } = await bench.link(tenant, auth(1), { consent });
    expect(linkage).toMatchObject({ state: 'consent_required', detail });
    expect(stage.server.calls).toEqual([]);
    expect(await count('consent')).toBe(0);
    expect(await count('certificate_link')).toBe(0);
  });

  it('rests on the sign-up consent where the contract says so, and nowhere else', async () => {
    await person(0);
    renewed(0, 1);
    const { linkage: without } = await bench.link(tenant, auth(1), { consent: { signUp: true } });
    expect(without).toMatchObject({ state: 'consent_required', detail: 'consent_sign_up_not_contracted' });
    await stage.owner.query(
      `update contract set sign_up_consent_version = 'terms-3', sign_up_consent_purposes = '{serial_linkage}'
       where tenant_id = $1 and mode = 'test'`,
      [tenant.tenantId],
    );
    const { linkage } = await bench.link(tenant, auth(1), { consent: { signUp: true } });
    expect(linkage).toMatchObject({ state: 'linked' });
    const consents: unknown[] = await stage.owner.query(
      'select source, text_version, purpose from consent where id = $1',
      [linkage.consentId],
    );
    expect(consents).toEqual([{ source: 'sign_up', text_version: 'terms-3', purpose: 'serial_linkage' }]);
  });

  it('to a stranger is discarded: only a keyed hash stays, and the answer does not tell whether there was one', async () => {
    renewed(0, 1);
    const { linkage: stranger } = await bench.link(tenant, auth(1));
    const { linkage: first } = await bench.link(tenant, auth(5));
    expect([stranger.state, stranger.detail, first.state, first.detail]).toEqual([
      'not_found',
      'no_known_previous',
      'not_found',
      'no_known_previous',
    ]);
    expect(await count('certificate_link')).toBe(0);
    expect(await count('person_certificate')).toBe(2);
    const [settled] = await audited('serial_linkage.settle');
    expect(settled!.detail['discarded']).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    const rows = await stage.owner.query<Record<string, unknown>[]>(
      'select detail, target from audit_event where tenant_id = $1',
      [tenant.tenantId],
    );
    expect(JSON.stringify(rows)).not.toContain(name(0));
  });

  it('needs the contract to include it', async () => {
    await stage.owner.query('update contract set identify = false where tenant_id = $1', [tenant.tenantId]);
    await expect(bench.link(tenant, auth(1))).rejects.toMatchObject({ code: 'feature_not_contracted' });
    expect(await count('person')).toBe(0);
  });

  it('never joins persons of two tenants', async () => {
    const other = await stage.newTenant();
    await bench.persons.person(other, auth(0), bench.now(other));
    renewed(0, 1);
    expect((await bench.link(tenant, auth(1))).linkage).toMatchObject({ state: 'not_found' });
  });

  it('adds nothing to the meter', async () => {
    await person(0);
    renewed(0, 1);
    await bench.link(tenant, auth(1));
    await bench.link(tenant, auth(2));
    expect(await count('usage_event')).toBe(0);
  });
});

describe('the same request again', () => {
  const call = () => ({
    requestId: 'req_test',
    idempotency: { keyHash: randomUUID().replaceAll('-', '').repeat(2), requestHash: 'ab'.repeat(32) },
  });

  it('gives the same linkage as it is now, asks nobody and needs no proof', async () => {
    await person(0);
    renewed(0, 1);
    const again = call();
    const { linkage, replayed } = await bench.link(tenant, auth(1), { call: again });
    expect(replayed).toBe(false);
    stage.server.calls.length = 0;
    const second = await bench.linkages.create(principalOf(tenant), {}, again, () =>
      Promise.reject(new Error('asked')),
    );
    expect(second).toEqual({ linkage, replayed: true });
    expect(stage.server.calls).toEqual([]);
  });

  it('in two processes at once is one linkage', async () => {
    await person(0);
    renewed(0, 1);
    const elsewhere = stage.newBench();
    await elsewhere.clock.refresh();
    const again = call();
    const [one, two] = await Promise.all([
      bench.link(tenant, auth(1), { call: again }),
      elsewhere.link(tenant, auth(1), { call: again }),
    ]);
    expect(one.linkage.id).toBe(two.linkage.id);
    expect([one.replayed, two.replayed].sort()).toEqual([false, true]);
    expect(await count('serial_linkage')).toBe(1);
    expect(await count('certificate_link')).toBe(1);
  });

  it('under a used key with another body is refused', async () => {
    const again = call();
    await bench.link(tenant, auth(1), { call: again });
    const changed = { ...again, idempotency: { ...again.idempotency, requestHash: 'cd'.repeat(32) } };
    await expect(bench.link(tenant, auth(1), { call: changed })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });
});

describe('another tenant', () => {
  it('sees neither linkages nor certificates', async () => {
    const old = await person(0);
    renewed(0, 1);
    const { linkage } = await bench.link(tenant, auth(1));
    const other = principalOf(await stage.newTenant());
    await expect(bench.linkages.get(other, linkage.id, 'req_test')).rejects.toMatchObject({ code: 'not_found' });
    await expect(bench.linkages.newerOf(other, old.certificateId, 'req_test')).rejects.toMatchObject({
      code: 'certificate_unknown',
    });
    const seen: unknown[] = await withTenant(stage.api, other, (manager) =>
      manager.query('select 1 from serial_linkage'),
    );
    expect(seen).toEqual([]);
  });
});

describe('old to newer', () => {
  it('is told step by step from own records alone', async () => {
    const old = await person(0);
    renewed(0, 1);
    const { linkage: one } = await bench.link(tenant, auth(1));
    renewed(1, 2);
    const { linkage: two } = await bench.link(tenant, auth(2));
    stage.server.calls.length = 0;
    const { personId, newer } = await bench.linkages.newerOf(principalOf(tenant), old.certificateId, 'req_test');
    expect(personId).toBe(old.personId);
    expect(newer.map((step) => [step.previousCertificateId, step.certificateId])).toEqual([
      [old.certificateId, one.certificateId],
      [one.certificateId, two.certificateId],
    ]);
    expect(stage.server.calls).toEqual([]);
  });

  it('is refused for a sign certificate', async () => {
    const { certificateId } = await bench.persons.person(tenant, sign(20), bench.now(tenant));
    await expect(bench.linkages.newerOf(principalOf(tenant), certificateId, 'req_test')).rejects.toMatchObject({
      code: 'certificate_of_other_kind',
    });
  });
});
