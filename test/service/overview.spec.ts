import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { readEstimate, refreshEstimates } from '#lib/billing';
import {
  type CheckCount,
  countChecks,
  type Decision,
  encodeBatch,
  readAnswerTimes,
  readCheckCounts,
  stepOf,
} from '#lib/verification';
import { BillingRig } from '../support/billing.js';
import { challenge } from '../support/checklist.js';
import { decision } from '../support/decisions.js';
import { DENIED, refusalOf } from '../support/refusal.js';
import { makeTenant, type TestTenant } from '../support/tenants.js';

let rig: BillingRig;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  rig = await BillingRig.start();
  a = await makeTenant(rig.operator, 'A');
  b = await makeTenant(rig.operator, 'B');
});
afterAll(() => rig.stop());

const APPEND = 'select * from append_decided($1, $2)';
const encoded = (...decisions: Decision[]): [string, Buffer] => {
  const { decided, evidence } = encodeBatch(decisions);
  return [decided, evidence];
};
const append = (...decisions: Decision[]): Promise<unknown> => rig.api.query(APPEND, encoded(...decisions));

/** What is counted of test mode, `kind outcome` → checks. */
async function counted(): Promise<Record<string, number>> {
  const { hours, days } = await readCheckCounts(rig.admin, 'test', Date.now());
  const sums = (counts: readonly CheckCount[]): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const { kind, outcome, checks } of counts)
      found[`${kind} ${outcome}`] = (found[`${kind} ${outcome}`] ?? 0) + checks;
    return found;
  };
  expect(sums(days)).toEqual(sums(hours));
  return sums(hours);
}

/** Counts until nothing is left: transactions of other databases of the server are waited for too. */
async function countAll(): Promise<void> {
  const { rows } = await rig.owner.query<{ at: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as at');
  for (;;) {
    await countChecks(rig.worker);
    const progress = await rig.owner.query<{ reached: boolean }>(
      'select counted_below >= $1::xid8 as reached from check_count_progress',
      [rows[0]!.at],
    );
    if (progress.rows[0]!.reached) return;
  }
}

describe('count_checks', () => {
  it('counts what was decided for any tenant by kind and outcome, each once, however often and by how many it is called', async () => {
    const login = decision(b, { challengeId: await challenge(rig.api, b) });
    await append(decision(a), decision(a), decision(b), login);
    await append(decision(a, {}, 'invalid'), decision(b, {}, 'indeterminate'));
    await countAll();
    const all = {
      'signature valid': 3,
      'authentication valid': 1,
      'signature invalid': 1,
      'signature indeterminate': 1,
    };
    expect(await counted()).toEqual(all);
    await Promise.all(Array.from({ length: 4 }, () => countChecks(rig.worker)));
    await countAll();
    expect(await counted()).toEqual(all);
    const { hours } = await readCheckCounts(rig.admin, 'live', Date.now());
    expect(hours).toEqual([]);
  });

  it('goes on transaction by transaction when it may count few at a time, and loses none', async () => {
    const before = (await counted())['signature valid']!;
    for (let n = 0; n < 5; n++) await append(decision(a), decision(b));
    let calls = 0;
    for (let more = true; more; calls++) {
      const rows: { more: boolean }[] = await rig.worker.query('select count_checks(1) as more');
      more = rows[0]!.more;
    }
    expect(calls).toBeGreaterThan(1);
    await countAll();
    expect((await counted())['signature valid']).toBe(before + 10);
  });

  it('waits for what is not committed, and counts it when it is, though others were committed before', async () => {
    const before = (await counted())['signature valid']!;
    const slow = new pg.Client({ connectionString: rig.database.urls.api });
    await slow.connect();
    await slow.query('begin');
    await slow.query(APPEND, encoded(decision(a)));
    await append(decision(b));
    await countChecks(rig.worker);
    expect((await counted())['signature valid']).toBe(before);
    await slow.query('commit');
    await slow.end();
    await countAll();
    expect((await counted())['signature valid']).toBe(before + 2);
  });

  it.each([
    ['worker', 'select 1 from check_count'],
    ['worker', 'update check_count_progress set counted_below = $$0$$'],
    ['worker', 'select 1 from verification'],
    ['api', 'select 1 from check_count'],
    ['api', 'select count_checks(1)'],
    ['admin', 'select count_checks(1)'],
    ['admin', 'update check_count set checks = 1'],
    ['operator', 'select 1 from check_count'],
  ] as const)('leaves shomei_%s without %s', async (role, statement) =>
    expect(await refusalOf(rig[role].query(statement))).toBe(DENIED),
  );
});

describe('add_answer_times', () => {
  const hour = new Date(Date.now() - (Date.now() % 3_600_000));
  const add = (...times: object[]): Promise<string> =>
    refusalOf(rig.api.query('select add_answer_times($1)', [JSON.stringify(times)]));
  const slow = { mode: 'test', hour, octave_eighth: stepOf(512), answers: 1 };
  const whole = async () => (await readAnswerTimes(rig.admin, 'test', Date.now())).whole;

  it('adds what processes have measured', async () => {
    const fast = { ...slow, octave_eighth: stepOf(4), answers: 60 };
    await Promise.all([add(fast, slow), add(fast)]);
    expect(await whole()).toEqual({ answers: 121, p50Ms: 4, p99Ms: 4 });
    await add({ ...slow, answers: 2 });
    expect(await whole()).toEqual({ answers: 123, p50Ms: 4, p99Ms: 512 });
  });

  it('takes nothing of other days, nothing that takes away, and nothing that is no time', async () => {
    const before = await whole();
    expect(await add({ ...slow, hour: new Date(hour.getTime() - 86_400_000) }, { ...slow, answers: -5 })).toBe('done');
    expect(await add({ ...slow, octave_eighth: 500 })).toBe('answer_time_octave_eighth_check');
    expect(await add({ ...slow, hour: new Date(hour.getTime() + 1) })).toBe('answer_time_hour_check');
    expect(await whole()).toEqual(before);
  });

  it.each([
    ['api', 'select 1 from answer_time'],
    ['api', 'update answer_time set answers = 1'],
    ['worker', 'select add_answer_times($$[]$$)'],
    ['admin', 'select add_answer_times($$[]$$)'],
  ] as const)('leaves shomei_%s without %s', async (role, statement) =>
    expect(await refusalOf(rig[role].query(statement))).toBe(DENIED),
  );
});

describe('the estimate of a month', () => {
  const inFebruary = Date.parse('2020-02-20T12:00:00+09:00');
  const refresh = (): Promise<void> => refreshEstimates(rig.worker, rig.closing, () => inFebruary);

  it('is what its closing comes to over all tenants, without those that have something without a price', async () => {
    const tenants = [
      await rig.tenant({ from: '2020-02-01', terms: { base_fee: '29000' } }),
      await rig.tenant({ from: '2020-02-01', terms: { minimum: '5000' } }),
    ];
    for (const tenantId of tenants)
      await rig.meter([
        { tenantId, at: '2020-02-10T12:00:00+09:00' },
        { tenantId, at: '2020-02-11T12:00:00+09:00' },
      ]);
    expect(await readEstimate(rig.admin, 'test')).toBeUndefined();
    await refresh();
    const estimate = await readEstimate(rig.admin, 'test');
    await rig.closeUntil('2020-02');
    const statements = await Promise.all(tenants.map((tenantId) => rig.statement(tenantId, '2020-02')));
    const sum = (of: 'billed_yen' | 'contract_yen' | 'jlis_yen') =>
      statements.reduce((yen, { content }) => yen + content.totals[of], 0);
    expect(sum('billed_yen')).toBeGreaterThan(34_000);
    expect(estimate).toMatchObject({
      month: '2020-02',
      billedYen: sum('billed_yen'),
      contractYen: sum('contract_yen'),
      jlisYen: sum('jlis_yen'),
      unpriced: 0,
    });
  });

  it('is made anew when it is old, and by one worker alone', async () => {
    const madeAt = async () => (await readEstimate(rig.admin, 'test'))!.madeAt.getTime();
    const first = await madeAt();
    await refresh();
    expect(await madeAt()).toBe(first);
    await rig.owner.query(`update month_estimate set begun_at = begun_at - interval '1 hour'`);
    await Promise.all([refresh(), refresh()]);
    expect(await madeAt()).toBeGreaterThan(first);
  });

  it.each([
    ['api', 'select 1 from month_estimate'],
    ['admin', 'update month_estimate set billed_yen = 1'],
    ['operator', 'select 1 from month_estimate'],
  ] as const)('leaves shomei_%s without %s', async (role, statement) =>
    expect(await refusalOf(rig[role].query(statement))).toBe(DENIED),
  );
});
