import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eraseDueSweepResults } from '#lib/monitoring';
import { newId } from '#lib/platform';
import { SweepStage, T } from '../support/sweeps.js';
import type { TestTenant } from '../support/tenants.js';

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
  tenant = await stage.newTenant();
});

/** A completed sweep of persons, one of whom it did not know, as if it had ended that many months ago. */
async function swept(monthsAgo: number, personIds: readonly string[]): Promise<string> {
  const choice = { kind: 'persons', personIds: [...personIds, newId(Date.now())] } as const;
  const { id } = await stage.order(tenant, { choice, certificates: 'auth', onBadRows: 'skip' });
  await stage.carryOut(tenant, id);
  await stage.rewrite(`update status_sweep set ended_at = clock_timestamp() - $2 * interval '1 month' where id = $1`, [
    id,
    monthsAgo,
  ]);
  return id;
}
const people = async (count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await stage.register(tenant, serial + n, { pair: false }));
  await stage.publish();
  return ids;
};
const rowsOf = async (id: string): Promise<number[]> =>
  Promise.all(
    ['result', 'person', 'rejection'].map((name) => stage.count(tenant, `status_sweep_${name}`, `sweep_id = '${id}'`)),
  );
const hold = async (personId?: string): Promise<string> => {
  const id = newId(Date.now());
  await stage.owner.query(
    `insert into legal_hold (tenant_id, mode, id, person_id, reason, placed_by) values ($1, $2, $3, $4, 'case 12', 'test')`,
    [tenant.tenantId, tenant.mode, id, personId ?? null],
  );
  return id;
};
const lift = (id: string): Promise<unknown> =>
  stage.owner.query(
    `update legal_hold set lifted_by = 'test', lift_reason = 'closed', lifted_at = now() where id = $1`,
    [id],
  );
const reads = (id: string): Promise<unknown>[] => [
  stage.results(tenant, id),
  stage.sweeps.rejections(tenant, id, { after: 0, limit: 10 }),
  stage.sweeps.checkTable(tenant, id, 'utf-8'),
  stage.sweeps.checkTable(tenant, id, 'cp932'),
];

describe('what a sweep found about persons', () => {
  it('is erased thirteen months after its end and not before; the sweep stays with its summary', async () => {
    const ids = await people(2);
    const [old, young] = [await swept(13.1, ids), await swept(12.9, ids)];
    expect(await rowsOf(old)).toEqual([2, 2, 1]);
    await eraseDueSweepResults(stage.worker);
    expect([await rowsOf(old), await rowsOf(young)]).toEqual([
      [0, 0, 0],
      [2, 2, 1],
    ]);
    for (const read of reads(old)) await expect(read).rejects.toMatchObject({ code: 'sweep_results_erased' });
    expect(await stage.results(tenant, young)).toHaveLength(2);
    const sweep = await stage.sweeps.get(tenant, old);
    expect(sweep).toMatchObject({ state: 'completed', done: 2, summary: { alive: 2 }, rejected: 1 });
    expect(sweep.resultsErasedAt).toBeGreaterThan(Date.now() - 600_000);
    const erased = `action = 'status_sweep.erase_results' and target = 'status_sweep:${old}'`;
    expect(await stage.count(tenant, 'audit_event', erased)).toBe(1);
    // What it was metered as is billing's.
    expect(await stage.count(tenant, 'usage_event', `source_id = '${old}'`)).toBe(2);
    await eraseDueSweepResults(stage.worker);
    expect(await stage.count(tenant, 'audit_event', erased)).toBe(1);
  });

  it('is told no more from the first batch on, also when the next one is another process’s', async () => {
    const id = await swept(14, await people(3));
    const erase = async (upTo: number): Promise<number> => {
      const [row]: { n: number }[] = await stage.worker.query('select erase_due_sweep_results($1) as n', [upTo]);
      return row!.n;
    };
    expect([await erase(2), await rowsOf(id)]).toEqual([2, [1, 3, 1]]);
    await expect(stage.results(tenant, id)).rejects.toMatchObject({ code: 'sweep_results_erased' });
    expect([await erase(3), await rowsOf(id)]).toEqual([3, [0, 1, 1]]);
    expect([await erase(5_000), await rowsOf(id)]).toEqual([2, [0, 0, 0]]);
    expect(await erase(5_000)).toBe(0);
  });

  it.each(['everything', 'one of the persons', 'somebody who was merged into one'] as const)(
    'is kept while %s of the tenant is held',
    async (what) => {
      const [person, survivor] = (await people(2)) as [string, string];
      const [id, other] = [await swept(14, [person]), await swept(14, [survivor])];
      if (what === 'somebody who was merged into one')
        await stage.owner.query('update person set merged_into = $2, merged_at = now() where id = $1', [
          person,
          survivor,
        ]);
      const held = await hold(what === 'everything' ? undefined : what === 'one of the persons' ? person : survivor);
      await eraseDueSweepResults(stage.worker);
      expect((await rowsOf(id))[0]).toBe(1);
      expect((await rowsOf(other))[0]).toBe(what === 'one of the persons' ? 0 : 1);
      await lift(held);
      await eraseDueSweepResults(stage.worker);
      expect([(await rowsOf(id))[0], (await rowsOf(other))[0]]).toEqual([0, 0]);
    },
  );

  it('of a sweep that has not ended is never due', async () => {
    await people(1);
    const { id } = await stage.order(tenant);
    await stage.rewrite(`update status_sweep set recorded_at = recorded_at - interval '5 years' where id = $1`, [id]);
    await eraseDueSweepResults(stage.worker);
    expect((await stage.sweeps.get(tenant, id)).resultsErasedAt).toBeUndefined();
  });
});

describe('the database', () => {
  it('lets the worker’s door alone erase, and its owner read nothing that was found', async () => {
    for (const role of [stage.api, stage.operator])
      await expect(role.query('select erase_due_sweep_results(1)')).rejects.toThrow(/permission denied/);
    for (const role of [stage.api, stage.worker, stage.operator])
      await expect(role.query('set role shomei_retention_clerk')).rejects.toThrow(/permission denied/);
    for (const [table, column] of [
      ['status_sweep_result', 'conclusion'],
      ['status_sweep_result', 'certificates'],
      ['status_sweep_person', 'reference'],
      ['status_sweep', 'summary'],
    ])
      expect(
        await stage.owner.query(`select has_column_privilege('shomei_retention_clerk', $1, $2, 'select') as may`, [
          table,
          column,
        ]),
      ).toEqual([{ may: false }]);
  });

  it('has results erased once, of a sweep that has ended, and nothing else changed with it', async () => {
    const id = await swept(1, await people(1));
    const { id: queued } = await stage.order(tenant);
    const update = (of: string, change: string) =>
      stage.owner.query(`update status_sweep set ${change} where id = $1`, [of]);
    await expect(update(queued, 'results_erased_at = now()')).rejects.toThrow(/erased once|violates check/);
    await expect(update(id, `results_erased_at = now(), summary = '{}'`)).rejects.toThrow(/erased once/);
    await expect(update(id, 'results_left = false')).rejects.toThrow(/violates check/);
    await update(id, 'results_erased_at = now()');
    for (const change of ['results_erased_at = null', `results_erased_at = now() - interval '1 day'`, `rejected = 0`])
      await expect(update(id, change)).rejects.toThrow(/erased once|no such step/);
    await update(id, 'results_left = false');
    await expect(update(id, 'results_left = true')).rejects.toThrow(/erased once/);
  });
});
