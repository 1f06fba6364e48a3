import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SweepRequest } from '#lib/monitoring';
import { Persons, type ConclusionCode } from '#lib/persons';
import { Clock, Logger } from '#lib/platform';
import type { CrlReason } from '#lib/pki';
import { changeContract } from '#lib/tenancy';
import { principalOf } from '../support/persons.js';
import { DAY, SweepStage, T } from '../support/sweeps.js';
import type { TestTenant } from '../support/tenants.js';

let stage: SweepStage;
let tenant: TestTenant;
let serial = 1_000_000;
beforeAll(async () => {
  stage = await SweepStage.start();
}, 120_000);
afterAll(() => stage.stop());
beforeEach(async () => {
  stage.now = T;
  serial += 1_000;
  tenant = await stage.newTenant();
});

const conclusions = async (id: string): Promise<Map<string, ConclusionCode>> =>
  new Map((await stage.results(tenant, id)).map(({ personId, conclusion }) => [personId, conclusion]));

describe('a sweep of everybody', () => {
  const CASES: [CrlReason | undefined, CrlReason | undefined, ConclusionCode][] = [
    [undefined, undefined, 'unchanged'],
    ['affiliationChanged', undefined, 'attributes_changed'],
    ['superseded', 'superseded', 'renewed'],
    ['affiliationChanged', 'affiliationChanged', 'death_or_emigration'],
    ['cessationOfOperation', 'certificateHold', 'card_stopped'],
    ['keyCompromise', undefined, 'compromised'],
    [undefined, 'certificateHold', 'auth_unusable'],
    ['unspecified', undefined, 'anomaly'],
  ];
  const people = async (): Promise<Map<string, ConclusionCode>> => {
    const expected = new Map<string, ConclusionCode>();
    for (const [index, [sign, auth, code]] of CASES.entries()) {
      expected.set(await stage.register(tenant, serial + index), code);
      if (sign) stage.lists.revoke('sign', serial + index, sign, T - DAY);
      if (auth) stage.lists.revoke('auth', serial + index, auth, T - DAY);
    }
    return expected;
  };

  it('concludes from the pair of each, meters each question once, and says by which lists', async () => {
    const expected = await people();
    await stage.publish();
    const ordered = await stage.order(tenant);
    expect(ordered).toMatchObject({ state: 'queued', done: 0 });
    expect(await stage.carryOut(tenant, ordered.id)).toBe('completed');
    expect(await conclusions(ordered.id)).toEqual(expected);
    const sweep = await stage.sweeps.get(tenant, ordered.id);
    expect(sweep).toMatchObject({
      state: 'completed',
      total: CASES.length,
      done: CASES.length,
      checkedAt: T,
      summary: Object.fromEntries([...expected.values()].map((code) => [code, 1])),
      snapshot: { sign: { lists: 1, missing: 0, stale: 0, oldestThisUpdate: T }, auth: { lists: 1 } },
    });
    const moved = (await stage.results(tenant, ordered.id)).find(
      ({ conclusion }) => conclusion === 'attributes_changed',
    );
    expect(moved).toMatchObject({
      since: T - DAY,
      aliveAsOf: T,
      sign: { state: 'revoked', reason: 'affiliationChanged', revokedAt: T - DAY, thisUpdate: T },
      auth: { state: 'good', thisUpdate: T },
    });
    expect(moved!.sign!.crlNumber).toMatch(/^\d+$/);
    const events = `purpose = 'status_check' and source = 'status_check' and source_id = '${ordered.id}' and billable`;
    expect(await stage.count(tenant, 'usage_event', events)).toBe(2 * CASES.length);
    expect(await stage.count(tenant, 'audit_event', `action = 'status_sweep.complete'`)).toBe(1);
    expect(await stage.ends(tenant)).toEqual([{ type: 'sweep.completed', id: ordered.id, occurredAt: T }]);
  });

  it('puts certificates to nobody but their person, also between those of others whom it is not about', async () => {
    const codes = new Map<string, string>();
    for (const [n, code] of ['unchanged', 'unchanged', 'auth_only', 'auth_unusable', 'unchanged'].entries())
      codes.set(await stage.register(tenant, 700 + n, { pair: code !== 'auth_only' }), code);
    stage.lists.revoke('auth', 703, 'affiliationChanged', T - DAY);
    await stage.publish();
    // Out of the sweep with all that is known of them: whoever comes first, and one in the middle.
    const people = [...codes.keys()].sort();
    const [first, , middle, , last] = people;
    await stage.owner.query('update person set merged_into = $2, merged_at = now() where id = any($1)', [
      [first, middle],
      last,
    ]);
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    const known: { person_id: string; kind: string; id: string }[] = await stage.owner.query(
      'select person_id, kind, id from person_certificate where tenant_id = $1',
      [tenant.tenantId],
    );
    const of = (person: string, kind: string): string | undefined =>
      known.find((each) => each.person_id === person && each.kind === kind)?.id;
    const found = (await stage.results(tenant, id)).map(({ personId, conclusion, sign, auth }) => [
      personId,
      conclusion,
      sign?.certificateId,
      auth?.certificateId,
    ]);
    expect(found).toEqual(
      people
        .filter((person) => person !== first && person !== middle)
        .map((person) => [person, codes.get(person), of(person, 'sign'), of(person, 'auth')]),
    );
  });

  it('that was made before ids of certificates had columns of their own is told as it was', async () => {
    await people();
    await stage.publish();
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    const before = await stage.results(tenant, id);
    expect(before.flatMap(({ sign, auth }) => [sign?.certificateId, auth?.certificateId])).not.toContain(undefined);
    await stage.owner.query(
      `update status_sweep_result set certificates = jsonb_build_object(
         'sign', jsonb_build_object('certificateId', sign_certificate_id) || (certificates->'sign'),
         'auth', jsonb_build_object('certificateId', auth_certificate_id) || (certificates->'auth')),
         sign_certificate_id = null, auth_certificate_id = null
       where sweep_id = $1`,
      [id],
    );
    expect(await stage.results(tenant, id)).toEqual(before);
  });

  it('of auth certificates alone tells who is alive and leaves the rest unasked', async () => {
    const expected = await people();
    await stage.publish();
    const { id } = await stage.order(tenant, { certificates: 'auth' });
    await stage.carryOut(tenant, id);
    const found = await stage.results(tenant, id);
    expect(found.filter(({ conclusion }) => conclusion === 'alive')).toHaveLength(4);
    expect(found.every(({ sign }) => sign === undefined)).toBe(true);
    for (const { personId, aliveAsOf, conclusion } of found) {
      const isGood = CASES[[...expected.keys()].indexOf(personId)]![1] === undefined;
      expect([personId, aliveAsOf, conclusion === 'alive']).toEqual([personId, isGood ? T : undefined, isGood]);
    }
    expect(await stage.count(tenant, 'usage_event', `meter = 'sign_check'`)).toBe(0);
  });

  it('rests on the lists in force when it began, though newer ones come in the middle of it and after a kill', async () => {
    const first = await stage.register(tenant, serial);
    await stage.publish();
    const { id } = await stage.order(tenant);
    // It begins and is stopped before its first chunk is written.
    const beginning = stage.process().step(
      stage.job(tenant, id),
      () => T,
      () => true,
    );
    await beginning;
    const { id: second } = await stage.order(tenant);
    await stage.owner.query(
      `update status_sweep set state = 'running', began_at = clock_timestamp(), checked_at = $2, total = 1,
         crl_epoch = (select crl_epoch from status_sweep where id = $3), snapshot = (select snapshot from status_sweep where id = $3)
       where id = $1`,
      [second, new Date(T), id],
    );
    stage.lists.revoke('auth', serial, 'affiliationChanged', T);
    stage.lists.revoke('sign', serial, 'affiliationChanged', T);
    stage.now = T + 60_000;
    await stage.publish();
    await stage.publish({ thisUpdate: T + 120_000, nextUpdate: T + DAY });
    expect(await stage.carryOut(tenant, second)).toBe('completed');
    expect(await conclusions(second)).toEqual(new Map([[first, 'unchanged']]));
    const { id: third } = await stage.order(tenant);
    await stage.carryOut(tenant, third);
    expect(await conclusions(third)).toEqual(new Map([[first, 'death_or_emigration']]));
    const [one, two, three] = await Promise.all([id, second, third].map((each) => stage.sweeps.get(tenant, each)));
    expect(two!.snapshot).toEqual(one!.snapshot);
    expect(three!.snapshot!.sign.sha256).not.toBe(one!.snapshot!.sign.sha256);
  });

  it('says undetermined where the source is stale, and charges nothing for it', async () => {
    await stage.register(tenant, serial);
    await stage.publish({ thisUpdate: T - 2 * DAY, nextUpdate: T });
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({
      summary: { undetermined: 1 },
      snapshot: { sign: { stale: 1 }, auth: { stale: 1 } },
    });
    expect(await stage.count(tenant, 'usage_event', `outcome = 'indeterminate' and not billable`)).toBe(2);
    expect(await stage.count(tenant, 'usage_event', 'billable')).toBe(0);
  });

  it('shows no status of a certificate known by a counterpart lookup only, but counts it in the conclusion', async () => {
    const auth = await stage.persons.person(tenant, { kind: 'auth', serial }, T);
    await stage.persons.counterpart(tenant, auth.certificateId, { kind: 'sign', serial }, T);
    stage.lists.revoke('sign', serial, 'affiliationChanged', T);
    await stage.publish();
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    const [result] = await stage.results(tenant, id);
    expect(result).toMatchObject({ conclusion: 'attributes_changed', sign: { provenance: 'counterpart' } });
    expect(Object.keys(result!.sign!).sort()).toEqual(['certificateId', 'provenance']);
    expect(result!.since).toBeUndefined();
  });

  it('does not ask about such a certificate when the contract says none', async () => {
    const auth = await stage.persons.person(tenant, { kind: 'auth', serial }, T);
    await stage.persons.counterpart(tenant, auth.certificateId, { kind: 'sign', serial }, T);
    stage.lists.revoke('sign', serial, 'affiliationChanged', T);
    await stage.publish();
    const change = { disclosure: 'none' } as const;
    await changeContract(stage.operator, { ...tenant, change, actor: 'operator:test' });
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    const [result] = await stage.results(tenant, id);
    expect([result!.conclusion, result!.sign]).toEqual(['auth_only', undefined]);
    expect(await stage.count(tenant, 'usage_event', `meter = 'sign_check'`)).toBe(0);
  });

  it('is done once by many processes at the same time, nobody twice and nobody missed', async () => {
    for (let offset = 0; offset < 30; offset++) await stage.register(tenant, serial + offset, { pair: false });
    await stage.publish();
    const { id } = await stage.order(tenant);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => stage.carryOut(tenant, id)));
    expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(1);
    expect(await stage.results(tenant, id)).toHaveLength(30);
    expect(await stage.count(tenant, 'usage_event')).toBe(30);
    expect(await stage.ends(tenant)).toHaveLength(1);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({ done: 30, total: 30, summary: { auth_only: 30 } });
  });

  it('that was cancelled writes nothing more', async () => {
    await stage.register(tenant, serial);
    await stage.publish();
    const { id } = await stage.order(tenant);
    await stage.sweeps.cancel(tenant, id, { actor: 'api_key:test' });
    expect(await stage.carryOut(tenant, id)).toBe('taken');
    expect(await stage.results(tenant, id)).toEqual([]);
    expect(await stage.ends(tenant)).toEqual([{ type: 'sweep.cancelled', id, occurredAt: T }]);
    await expect(stage.sweeps.cancel(tenant, id, { actor: 'api_key:test' })).rejects.toMatchObject({
      code: 'sweep_ended',
    });
  });

  it('fails with a reason when what is under seal cannot be opened', async () => {
    await stage.register(tenant, serial, { pair: false });
    await stage.publish();
    await stage.owner.query('update person_certificate set sealed = sealed || $2 where tenant_id = $1', [
      tenant.tenantId,
      Buffer.of(0),
    ]);
    const { id } = await stage.order(tenant);
    expect(await stage.carryOut(tenant, id)).toBe('failed');
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({
      state: 'failed',
      failure: 'certificate_unreadable',
      done: 0,
    });
    expect(await stage.ends(tenant)).toEqual([{ type: 'sweep.failed', id, occurredAt: T }]);
  });

  it('goes on when the clock of the mode was moved back', async () => {
    await stage.register(tenant, serial, { pair: false });
    await stage.publish();
    const { id } = await stage.order(tenant);
    stage.now = T - DAY;
    expect(await stage.carryOut(tenant, id)).toBe('completed');
    // Lists from the future say nothing.
    expect((await stage.sweeps.get(tenant, id)).summary).toEqual({ undetermined: 1 });
  });
});

describe('a selection', () => {
  it('of persons names whom it does not know or has already, by line; the others go on by choice', async () => {
    const [a, b] = [
      await stage.register(tenant, serial, { pair: false }),
      await stage.register(tenant, serial + 1, { pair: false }),
    ];
    const stranger = await stage.register(await stage.newTenant(), serial + 2, { pair: false });
    const choice = { kind: 'persons', personIds: [a, stranger, b, a] } as const;
    await expect(stage.order(tenant, { choice })).rejects.toMatchObject({
      code: 'sweep_rows_refused',
      members: {
        rejected: 2,
        errors: [
          { field: 'line 2', message: 'person_unknown' },
          { field: 'line 4', message: 'person_repeated: line 1' },
        ],
      },
    });
    expect(await stage.count(tenant, 'status_sweep')).toBe(0);
    await stage.publish();
    const sweep = await stage.order(tenant, { choice, onBadRows: 'skip' });
    expect(sweep.rejected).toBe(2);
    expect(await stage.sweeps.rejections(tenant, sweep.id, { after: 0, limit: 10 })).toEqual([
      { line: 2, code: 'person_unknown' },
      { line: 4, code: 'person_repeated', firstLine: 1 },
    ]);
    await stage.carryOut(tenant, sweep.id);
    expect(new Set((await stage.results(tenant, sweep.id)).map(({ personId }) => personId))).toEqual(new Set([a, b]));
  });

  it('of those not checked since leaves out who was', async () => {
    const early = await stage.register(tenant, serial, { pair: false });
    await stage.publish();
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    stage.now = T + 10 * DAY;
    const late = await stage.register(tenant, serial + 1, { pair: false });
    await stage.publish();
    const { id: second } = await stage.order(tenant, { choice: { kind: 'not_checked_since', since: T } });
    await stage.carryOut(tenant, second);
    expect([...(await conclusions(second)).keys()]).toEqual([late]);
    const { id: third } = await stage.order(tenant, { choice: { kind: 'not_checked_since', since: T + DAY } });
    await stage.carryOut(tenant, third);
    expect([...(await conclusions(third)).keys()]).toEqual([early]);
  });

  it('can be counted without being made: persons, certificates of each kind, and who counted already this year', async () => {
    const principal = principalOf(tenant);
    await stage.register(tenant, serial);
    await stage.register(tenant, serial + 1, { pair: false });
    const request = { choice: { kind: 'all' }, certificates: 'both', method: 'crl', onBadRows: 'refuse' } as const;
    expect(await stage.sweeps.forecast(principal, request)).toEqual({
      persons: 2,
      certificates: { sign: 1, auth: 2 },
      alreadyCounted: { sign: 0, auth: 0 },
      exact: true,
      rejections: [],
    });
    await stage.publish();
    const { id } = await stage.order(tenant, { certificates: 'auth' });
    await stage.carryOut(tenant, id);
    expect(await stage.sweeps.forecast(principal, request)).toMatchObject({ alreadyCounted: { sign: 0, auth: 2 } });
    // The year is the one of J-LIS's tariff: it ends with March in Japan.
    stage.now = Date.UTC(2026, 2, 31, 15) - 1;
    expect(await stage.sweeps.forecast(principal, request)).toMatchObject({ alreadyCounted: { sign: 0, auth: 2 } });
    stage.now += 1;
    expect(await stage.sweeps.forecast(principal, request)).toMatchObject({ alreadyCounted: { sign: 0, auth: 0 } });
    expect(await stage.count(tenant, 'status_sweep')).toBe(1);
  });

  it('is estimated by comparable sweeps of this tenant that ended lately, and else by nothing', async () => {
    const other = await stage.newTenant();
    for (let offset = 0; offset < 4; offset++) await stage.register(tenant, serial + offset, { pair: false });
    await stage.register(other, serial + 9, { pair: false });
    await stage.publish();
    const estimate = async (of: TestTenant, change: Partial<SweepRequest> = {}) => {
      const request = {
        choice: { kind: 'all' },
        certificates: 'auth',
        method: 'crl',
        onBadRows: 'skip',
        ...change,
      } as const;
      return (await stage.sweeps.forecast(principalOf(of), request)).estimate;
    };
    expect(await estimate(tenant)).toBeUndefined();
    const { id } = await stage.order(tenant, { certificates: 'auth' });
    await stage.carryOut(tenant, id);
    /** As if it had taken so long, so long ago, about so many. */
    const history = (seconds: number, days: number, done: number): Promise<unknown> =>
      stage.rewrite(
        `update status_sweep set ended_at = now() - $2 * interval '1 day',
           began_at = now() - $2 * interval '1 day' - $3 * interval '1 second', done = $4, total = $4
         where id = $1`,
        [id, days, seconds, done],
      );
    await history(2, 1, 8);
    expect(await estimate(tenant)).toEqual({ seconds: 1, perSecond: expect.closeTo(4, 6), sweeps: 1 });
    for (const change of [{ certificates: 'both' }, { method: 'ocsp' }] as const)
      expect(await estimate(tenant, change)).toBeUndefined();
    // What another tenant's took is not told.
    expect(await estimate(other)).toBeUndefined();
    await history(2, 91, 8);
    expect(await estimate(tenant)).toBeUndefined();
    await history(2, 1, 0);
    expect(await estimate(tenant)).toBeUndefined();
  });
});

describe('a person who is deleted', () => {
  it('is in no sweep any more', async () => {
    const gone = await stage.register(tenant, serial, { pair: false });
    const stays = await stage.register(tenant, serial + 1, { pair: false });
    await stage.publish();
    const { id } = await stage.order(tenant, { choice: { kind: 'persons', personIds: [gone, stays] } });
    await stage.carryOut(tenant, id);
    const clock = new Clock(stage.api, new Logger('test', 'silent'));
    await new Persons(stage.api, clock).delete(tenant, gone, { actor: 'api_key:test' });
    expect((await stage.results(tenant, id)).map(({ personId }) => personId)).toEqual([stays]);
    expect(await stage.count(tenant, 'status_sweep_person', `person_id = '${gone}'`)).toBe(0);
  });
});

describe('the database', () => {
  const update = (id: string, change: string) =>
    stage.owner.query(`update status_sweep set ${change} where id = $1`, [id]);

  it('lets a sweep go forward only, and never be about something else', async () => {
    await stage.register(tenant, serial, { pair: false });
    await stage.publish();
    const { id } = await stage.order(tenant);
    for (const change of [`certificates = 'sign'`, `method = 'ocsp'`, `state = 'completed', ended_at = now()`])
      await expect(update(id, change)).rejects.toThrow(/stays|no such step|violates check/);
    await stage.carryOut(tenant, id);
    for (const change of [`state = 'running', ended_at = null`, 'done = 0', `crl_epoch = 0`, `last_person = null`])
      await expect(update(id, change)).rejects.toThrow(/stays|no such step|goes forward/);
  });

  it('has each check that may cost something once', async () => {
    await stage.register(tenant, serial);
    await stage.publish();
    const { id } = await stage.order(tenant);
    await stage.carryOut(tenant, id);
    const again = `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome,
        billable, certificate_kind, certificate_hash, occurred_at)
      select tenant_id, mode, gen_random_uuid(), source, source_id, person_id, meter, method, purpose, outcome, billable,
        certificate_kind, certificate_hash, occurred_at from usage_event where tenant_id = $1 and source_id = $2 limit 1`;
    await expect(stage.owner.query(again, [tenant.tenantId, id])).rejects.toMatchObject({
      code: '23505',
      constraint: 'usage_event_checked_person',
    });
  });

  it('shows the worker which sweeps are due by its door, one of each tenant, and nobody else', async () => {
    const other = await stage.newTenant();
    const [first] = [await stage.order(tenant), await stage.order(tenant)];
    const theirs = await stage.order(other);
    const door = `select tenant_id, id from due_status_sweeps('test') where tenant_id = any($1)`;
    const tenants = [[tenant.tenantId, other.tenantId]];
    expect(await stage.worker.query(door, tenants)).toEqual(
      expect.arrayContaining([
        { tenant_id: tenant.tenantId, id: first.id },
        { tenant_id: other.tenantId, id: theirs.id },
      ]),
    );
    expect(await stage.worker.query(door, tenants)).toHaveLength(2);
    expect(await stage.worker.query(`select * from due_status_sweeps('live')`)).toEqual([]);
    for (const role of [stage.api, stage.operator])
      await expect(role.query(door, tenants)).rejects.toThrow(/permission denied for function due_status_sweeps/);
    // Without naming a tenant the worker itself sees nothing, and cannot become the door.
    for (const table of ['status_sweep', 'status_sweep_person', 'status_sweep_result'])
      expect(await stage.worker.query(`select 1 from ${table}`)).toEqual([]);
    await expect(stage.worker.query('set role shomei_monitor')).rejects.toThrow(/permission denied/);
    await stage.owner.query(`update tenant set state = 'suspended' where id = $1`, [tenant.tenantId]);
    expect(await stage.worker.query(door, tenants)).toEqual([{ tenant_id: other.tenantId, id: theirs.id }]);
  });

  it("keeps one tenant's sweeps from another", async () => {
    const { id } = await stage.order(tenant);
    const other = await stage.newTenant();
    await expect(stage.sweeps.get(other, id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(stage.sweeps.cancel(other, id, { actor: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(stage.sweeps.get({ ...tenant, mode: 'live' }, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(
      await stage.process().step(
        stage.job(other, id),
        () => T,
        () => true,
      ),
    ).toBe('taken');
  });
});
