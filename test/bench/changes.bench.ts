import { ChangeWatch } from '#lib/monitoring';
import { Clock, Logger } from '#lib/platform';
import { changeContract } from '#lib/tenancy';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { ownSeconds, Registrations, serialSql, serverSeconds, timed } from './registrations.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

/** Certificates, two a person. */
const REGISTRATIONS = Number(process.env['SHOMEI_BENCH_REGISTRATIONS'] ?? 5_000_000);
/** All of them are of registered persons: as bad as it can be. */
const CHANGES = Number(process.env['SHOMEI_BENCH_CHANGES'] ?? 50_000);
const TENANTS = Number(process.env['SHOMEI_BENCH_WATCHING'] ?? 50);
const GOAL_S = 30;

const PERSONS = REGISTRATIONS / 2;
/** Changed are the sign certificates of some persons and the auth certificates of others, spread over all tenants. */
const STEP = Math.floor(PERSONS / (CHANGES / 2));

/** The same join with all serials in the clear, which nobody may have, and an index on them. */
async function join({ owner }: Registrations): Promise<number> {
  await owner.query(`
    create unlogged table bench_registered as select n, kind, ${serialSql('n')} as serial
      from generate_series(0, ${PERSONS - 1}) n, (values (1::smallint), (2)) k(kind);
    create index on bench_registered (kind, serial);
    create unlogged table bench_changed as select kind, ${serialSql(`n * ${STEP} + kind - 1`)} as serial
      from generate_series(0, ${CHANGES / 2 - 1}) n, (values (1::smallint), (2)) k(kind)`);
  for (const table of ['bench_registered', 'bench_changed']) await owner.query(`vacuum (analyze) ${table}`);
  const { seconds, result } = await timed(() =>
    owner.query(`create unlogged table bench_event as
      select gen_random_uuid() as id, jsonb_build_object('person_id', n) as data
      from (select distinct n from bench_changed join bench_registered using (kind, serial)) p`),
  );
  if (result.rowCount !== CHANGES) throw new Error(`the join found ${result.rowCount} persons, not ${CHANGES}`);
  await owner.query('drop table bench_registered, bench_changed, bench_event');
  return seconds;
}

/** What one refresh has changed, told to all tenants, against a join of the same serials in the clear. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }) {
  const stack = await startStack({ throwaway: true, apps: [] });
  const registrations = await Registrations.start(stack);
  const { worker, operator, owner, tenantKeys } = registrations;
  try {
    const joined = await join(registrations);
    const each = PERSONS / TENANTS;
    for (let index = 0; index < TENANTS; index++) {
      const tenant = await registrations.newTenant();
      const change = { changeEvents: true };
      await changeContract(operator, { ...tenant, change, actor: 'operator:bench' });
      const [from, to] = [Math.round(index * each), Math.round((index + 1) * each)];
      await registrations.register(tenant, { from, to, indexOf: (number) => number });
    }
    await registrations.settle('person', 'person_certificate');
    const logger = new Logger('bench', 'silent');
    const watch = new ChangeWatch(worker, tenantKeys, new Clock(worker, logger), logger);
    for (const kind of ['sign', 'auth'] as const) await registrations.publish(kind, { count: 0, isFirst: true });
    await watch.look('test', 0);
    for (const [offset, kind] of (['sign', 'auth'] as const).entries())
      await registrations.publish(kind, { count: CHANGES / 2, step: STEP, offset, isFirst: false });
    await registrations.settle('crl_change');
    const [began, serverBegan] = [ownSeconds(), await serverSeconds(owner)];
    const told = await timed(() => watch.look('test', 0));
    const [own, server] = [ownSeconds() - began, (await serverSeconds(owner)) - serverBegan];
    const again = await timed(() => watch.look('test', 0));
    const { rows } = await owner.query<{ events: number; persons: number }>(
      `select count(*)::int as events, count(distinct data->>'person_id')::int as persons from event
       where type = 'person.status_changed'`,
    );
    const { events, persons } = rows[0]!;
    if (events !== CHANGES || persons !== CHANGES || again.result?.changes !== 0)
      throw new Error(`${events} events about ${persons} persons, then ${again.result?.changes} more`);
    return [
      { name: `join of ${CHANGES} with ${REGISTRATIONS} serials in the clear, indexed`, seconds: joined },
      {
        name: `${CHANGES} changes told to ${TENANTS} tenants, events written`,
        seconds: told.seconds,
        goal: `<= ${GOAL_S}`,
        met: told.seconds <= GOAL_S,
      },
      { name: '  against the join', value: told.seconds / joined },
      { name: '  of it in this process', processor: own },
      { name: '  of it in PostgreSQL', processor: server },
      { name: 'looked at again: nothing to tell', seconds: again.seconds },
    ];
  } finally {
    await registrations.stop();
    await stack.stop();
  }
}
