import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChangeWatch, type Told } from '#lib/monitoring';
import { Clock, Logger } from '#lib/platform';
import { TenantKeys, changeContract, type Disclosure } from '#lib/tenancy';
import { DAY, SweepStage, T } from '../support/sweeps.js';
import { keyRing, type TestTenant } from '../support/tenants.js';

let stage: SweepStage;
let tenant: TestTenant;
let serial = 5_000_000;
beforeAll(async () => {
  stage = await SweepStage.start();
}, 120_000);
afterAll(() => stage.stop());
beforeEach(async () => {
  stage.now = T;
  serial += 1_000;
  tenant = await watching();
});

async function watching(): Promise<TestTenant> {
  const made = await stage.newTenant();
  await optIn(made, true);
  return made;
}
const optIn = ({ tenantId }: TestTenant, changeEvents: boolean) =>
  changeContract(stage.operator, { tenantId, mode: 'test', change: { changeEvents }, actor: 'operator:test' });

const disclose = (disclosure: Disclosure) =>
  changeContract(stage.operator, { ...tenant, change: { disclosure }, actor: 'operator:test' });

/** A worker; a refresh counts as over at once. */
function worker(): ChangeWatch {
  const clock = new Clock(stage.worker, new Logger('test', 'silent'));
  clock.now = () => stage.now;
  return new ChangeWatch(stage.worker, new TenantKeys(stage.worker, keyRing()), clock, new Logger('test', 'silent'));
}
const look = (): Promise<Told | undefined> => worker().look('test', 0);

const told = async (of = tenant): Promise<[string, string][]> => {
  const rows: { type: string; data: { person_id: string } }[] = await stage.owner.query(
    `select type, data from event where tenant_id = $1 and type like 'person.%' order by xact, id`,
    [of.tenantId],
  );
  return rows
    .filter(({ type }) => ['person.status_changed', 'person.certificate_expiring'].includes(type))
    .map(({ type, data }) => [type, data.person_id]);
};

describe('a change of a list', () => {
  it('is told once to everybody who knows the certificate, sign and auth folded into one, and to nobody else', async () => {
    const other = await watching();
    const stranger = await watching();
    const not = await stage.newTenant();
    const [mine, theirs] = [await stage.register(tenant, serial), await stage.register(other, serial)];
    await stage.register(stranger, serial + 1);
    await stage.register(not, serial);
    await stage.publish();
    await look();
    expect(await told()).toEqual([]);
    stage.lists.revoke('sign', serial, 'affiliationChanged', T);
    stage.lists.revoke('auth', serial, 'affiliationChanged', T);
    await stage.publish();
    await look();
    expect(await told()).toEqual([['person.status_changed', mine]]);
    expect(await told(other)).toEqual([['person.status_changed', theirs]]);
    for (const nobody of [stranger, not]) expect(await told(nobody)).toEqual([]);
    const [event]: { data: object; occurred_at: Date }[] = await stage.owner.query(
      `select data, occurred_at from event where tenant_id = $1 and type = 'person.status_changed'`,
      [tenant.tenantId],
    );
    expect(event).toEqual({ data: { person_id: mine }, occurred_at: new Date(T) });
  });

  it('is told once however often the refresh is repeated, by however many workers, and after a kill in the middle', async () => {
    const mine = await stage.register(tenant, serial);
    await stage.publish();
    await look();
    const [before]: { epoch: string }[] = await stage.owner.query(
      'select epoch from status_watch where tenant_id = $1',
      [tenant.tenantId],
    );
    stage.lists.revoke('auth', serial, 'superseded', T);
    await stage.publish();
    await Promise.all(Array.from({ length: 6 }, () => look()));
    // What a worker leaves behind that dies before its last statement: the place where it began.
    await stage.owner.query('update status_watch set epoch = $2 where tenant_id = $1', [
      tenant.tenantId,
      before!.epoch,
    ]);
    await Promise.all(Array.from({ length: 6 }, () => look()));
    await stage.publish();
    await look();
    expect(await told()).toEqual([['person.status_changed', mine]]);
  });

  it('of a certificate known by a counterpart lookup only is not told when the contract says none', async () => {
    const { certificateId } = await stage.persons.person(tenant, { kind: 'auth', serial }, T);
    await stage.persons.counterpart(tenant, certificateId, { kind: 'sign', serial }, T);
    await disclose('none');
    await stage.publish();
    await look();
    stage.lists.revoke('sign', serial, 'affiliationChanged', T);
    await stage.publish();
    await look();
    expect(await told()).toEqual([]);
  });

  it('that waits to be told of such a certificate waits on while the contract says none', async () => {
    const { personId, certificateId } = await stage.persons.person(tenant, { kind: 'auth', serial }, T);
    await stage.persons.counterpart(tenant, certificateId, { kind: 'sign', serial }, T);
    await stage.publish();
    await look();
    for (const kind of ['auth', 'sign'] as const) {
      stage.lists.revoke(kind, serial, 'affiliationChanged', T);
      await stage.publish();
      await look();
    }
    const event = ['person.status_changed', personId];
    expect(await told()).toEqual([event]);
    await disclose('none');
    stage.now = T + DAY;
    await look();
    expect(await told()).toEqual([event]);
    await disclose('conclusion_only');
    stage.now = T + 2 * DAY;
    await look();
    expect(await told()).toEqual([event, event]);
  });

  it('that comes later on the same day is told the next day, not lost', async () => {
    const mine = await stage.register(tenant, serial);
    await stage.publish();
    await look();
    stage.lists.revoke('sign', serial, 'affiliationChanged', T);
    await stage.publish();
    await look();
    stage.lists.revoke('auth', serial, 'affiliationChanged', T);
    await stage.publish();
    await look();
    expect(await told()).toEqual([['person.status_changed', mine]]);
    stage.now = T + DAY;
    await look();
    await look();
    expect(await told()).toEqual(Array.from({ length: 2 }, () => ['person.status_changed', mine]));
  });

  it('of the reason alone is a change too', async () => {
    const mine = await stage.register(tenant, serial, { pair: false });
    stage.lists.revoke('auth', serial, 'certificateHold', T);
    await stage.publish();
    await look();
    expect(await told()).toEqual([['person.status_changed', mine]]);
    stage.now = T + DAY;
    stage.lists.revoke('auth', serial, 'keyCompromise', T);
    await stage.publish();
    await look();
    expect(await told()).toHaveLength(2);
  });

  it('waits until its refresh is over', async () => {
    const mine = await stage.register(tenant, serial, { pair: false });
    stage.lists.revoke('auth', serial, 'superseded', T);
    await stage.publish();
    await worker().look('test', 3_600_000);
    expect(await told()).toEqual([]);
    await stage.owner.query(`update crl_partition set last_attempt_at = null where hierarchy = 'sign'`);
    await stage.owner.query(`update revocation_source set last_listed_at = now() where hierarchy = 'sign'`);
    await stage.owner.query(
      `update crl_partition p set listed_at = s.last_listed_at from revocation_source s where s.hierarchy = p.hierarchy`,
    );
    await look();
    expect(await told()).toEqual([]);
    await stage.owner.query(`update crl_partition set last_attempt_at = now() where hierarchy = 'sign'`);
    await look();
    expect(await told()).toEqual([['person.status_changed', mine]]);
  });

  it('is told of what is accepted from the opting in on, and not after the opting out', async () => {
    const late = await stage.newTenant();
    await stage.register(late, serial, { pair: false });
    stage.lists.revoke('auth', serial, 'superseded', T);
    await stage.publish();
    await optIn(late, true);
    await look();
    expect(await told(late)).toEqual([]);
    const mine = await stage.register(late, serial + 1, { pair: false });
    stage.lists.revoke('auth', serial + 1, 'superseded', T);
    await stage.publish();
    await look();
    expect(await told(late)).toEqual([['person.status_changed', mine]]);
    await optIn(late, false);
    stage.now = T + DAY;
    stage.lists.revoke('auth', serial + 1, 'keyCompromise', T);
    await stage.publish();
    await look();
    expect(await told(late)).toHaveLength(1);
  });

  it("of a tenant whose key is missing holds up nobody else's events, and is told when it is there again", async () => {
    const other = await watching();
    const [mine, theirs] = [
      await stage.register(tenant, serial, { pair: false }),
      await stage.register(other, serial, { pair: false }),
    ];
    stage.lists.revoke('auth', serial, 'superseded', T);
    await stage.publish();
    await stage.owner.query(`update tenant_key set ring_key_id = 'gone' where tenant_id = $1`, [tenant.tenantId]);
    await look();
    expect([await told(), await told(other)]).toEqual([[], [['person.status_changed', theirs]]]);
    await stage.owner.query(
      `update tenant_key set ring_key_id = (select ring_key_id from tenant_key where tenant_id = $2 and mode = 'test')
       where tenant_id = $1`,
      [tenant.tenantId, other.tenantId],
    );
    await look();
    expect(await told()).toEqual([['person.status_changed', mine]]);
  });
});

describe('a certificate that ends', () => {
  const END = '2026-03-15T14:59:59Z';
  const ends = Date.parse(END);
  const held = () => ({ kind: 'auth' as const, serial, notAfter: END });

  it('is told of 60, 30 and 7 days before, once each, also when the clock goes back', async () => {
    const { personId } = await stage.persons.person(tenant, held(), T);
    const days = async (left: number): Promise<number> => {
      stage.now = ends - left * DAY;
      await look();
      await look();
      return (await told()).length;
    };
    expect([await days(61), await days(60), await days(45), await days(30), await days(29)]).toEqual([0, 1, 1, 2, 2]);
    expect([await days(50), await days(8), await days(7), await days(1), await days(-1)]).toEqual([2, 2, 3, 3, 3]);
    expect(await told()).toEqual(Array.from({ length: 3 }, () => ['person.certificate_expiring', personId]));
  });

  it('is told of once when it was met late, and not when it was renewed or revoked', async () => {
    const { personId, certificateId } = await stage.persons.person(tenant, held(), T);
    const revoked = await stage.persons.person(tenant, { ...held(), serial: serial + 1 }, T);
    const old = await stage.persons.person(tenant, { ...held(), serial: serial + 2 }, T);
    const young = await stage.persons.person(tenant, { kind: 'auth', serial: serial + 3 }, T + 1);
    await stage.persons.renewal(tenant, { olderId: old.certificateId, newerId: young.certificateId }, T + 1);
    stage.lists.revoke('auth', serial + 1, 'certificateHold', T);
    await stage.publish();
    stage.now = ends - 5 * DAY;
    await look();
    expect(await told()).toEqual(
      expect.arrayContaining([
        ['person.status_changed', revoked.personId],
        ['person.certificate_expiring', personId],
      ]),
    );
    expect(await told()).toHaveLength(2);
    const [event]: { data: object }[] = await stage.owner.query(
      `select data from event where tenant_id = $1 and type = 'person.certificate_expiring'`,
      [tenant.tenantId],
    );
    expect(event!.data).toEqual({ person_id: personId, certificate_id: certificateId });
  });
});

describe('the door to the tenants that are told', () => {
  it('tells the worker ids and counters, and nobody else anything', async () => {
    const door = `select * from watching_tenants('test') where tenant_id = $1`;
    const [row]: object[] = await stage.worker.query(door, [tenant.tenantId]);
    expect(Object.keys(row!).sort()).toEqual(['day', 'epoch', 'lookup_key_id', 'tenant_id']);
    for (const role of [stage.api, stage.operator])
      await expect(role.query(door, [tenant.tenantId])).rejects.toThrow(
        /permission denied for function watching_tenants/,
      );
    for (const table of ['status_watch', 'status_change', 'status_notice', 'expiry_notice', 'person_certificate'])
      expect(await stage.worker.query(`select 1 from ${table}`)).toEqual([]);
    expect(await stage.worker.query(`select * from watching_tenants('live')`)).toEqual([]);
    await stage.owner.query(`update tenant set state = 'suspended' where id = $1`, [tenant.tenantId]);
    expect(await stage.worker.query(door, [tenant.tenantId])).toEqual([]);
  });
});
