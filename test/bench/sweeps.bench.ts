import { randomUUID } from 'node:crypto';
import { SweepSteps } from '#lib/monitoring';
import { readEpoch, readListsAt, type ListsAt } from '#lib/revocation';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import {
  backendSeconds,
  type BenchTenant,
  NOT_AFTER,
  ownSeconds,
  Registrations,
  serverSeconds,
  serialOf,
  serialSql,
  timed,
} from './registrations.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

const PERSONS = Number(process.env['SHOMEI_BENCH_SWEEP_PERSONS'] ?? 1_000_000);
/** Entries of both lists together. */
const REVOKED = Number(process.env['SHOMEI_BENCH_SWEEP_REVOKED'] ?? 30_000_000);
/** One person of so many has both certificates revoked. */
const REVOKED_OF = 20;
const GOAL_S = 60;
const GOAL_RATIO = 0.5;
/** Memory at the end against that at a third of the way. */
const FLAT = 1.2;

/** The index of a person's serials: below half of REVOKED it is in the lists. */
const indexOf = (number: number): number =>
  number % REVOKED_OF === 0 ? (number / REVOKED_OF) % (REVOKED / 2) : REVOKED + number;

/**
 * What a default join of the same serials takes, in the clear and indexed by nothing: seconds by the clock, and of a
 * processor when one backend does it alone. On a busy machine only the latter can be compared.
 */
async function join({ owner }: Registrations): Promise<{ seconds: number; processor: number }> {
  await owner.query(`
    create unlogged table bench_registered as select kind, case when n % ${REVOKED_OF} = 0
      then ${serialSql(`(n / ${REVOKED_OF}) % ${REVOKED / 2}`)} else ${serialSql(`${REVOKED} + n`)} end as serial
      from generate_series(0, ${PERSONS - 1}) n, (values (1::smallint), (2)) k(kind);
    create unlogged table bench_revoked as select kind, ${serialSql('n')} as serial
      from generate_series(0, ${REVOKED / 2 - 1}) n, (values (1::smallint), (2)) k(kind)`);
  for (const table of ['bench_registered', 'bench_revoked']) await owner.query(`vacuum (analyze) ${table}`);
  const ask = () =>
    timed(() =>
      owner.query<{ n: number }>(
        'select count(*)::int as n from bench_registered join bench_revoked using (kind, serial)',
      ),
    );
  await ask();
  const { seconds, result } = await ask();
  await owner.query('set max_parallel_workers_per_gather = 0');
  const before = await backendSeconds(owner);
  await ask();
  const processor = (await backendSeconds(owner)) - before;
  await owner.query('reset max_parallel_workers_per_gather');
  const expected = 2 * Math.ceil(PERSONS / REVOKED_OF);
  if (result.rows[0]!.n !== expected) throw new Error(`the join found ${result.rows[0]!.n}, not ${expected}`);
  await owner.query('drop table bench_registered, bench_revoked');
  return { seconds, processor };
}

function compare(lists: ListsAt, at: number): number {
  let revoked = 0;
  for (const hierarchy of ['sign', 'auth'] as const)
    for (let number = 0; number < PERSONS; number++) {
      const serialNumber = String(serialOf(indexOf(number)));
      const finding = lists.ofSerial({ hierarchy, serialNumber, notAfter: NOT_AFTER, at });
      if (finding.status === 'revoked') revoked++;
    }
  return revoked;
}

async function order({ owner }: Registrations, { tenantId }: BenchTenant): Promise<string> {
  const id = randomUUID();
  await owner.query(
    `insert into status_sweep (tenant_id, mode, id, api_key_id, selection, certificates, method, created_at, rejected)
     values ($1, 'test', $2, gen_random_uuid(), 'all', 'both', 'crl', now(), 0)`,
    [tenantId, id],
  );
  return id;
}

const residentMiB = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);

/** A sweep of everybody with results stored, as the worker carries it out, against a join of the same serials. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }) {
  const stack = await startStack({ throwaway: true, apps: [] });
  const registrations = await Registrations.start(stack);
  try {
    const joined = await join(registrations);
    for (const kind of ['sign', 'auth'] as const)
      await registrations.publish(kind, { count: REVOKED / 2, isFirst: true });
    const tenant = await registrations.newTenant();
    await registrations.register(tenant, { from: 0, to: PERSONS, indexOf });
    await registrations.settle('person', 'person_certificate');
    const { worker, tenantKeys } = registrations;
    const read = () => readEpoch(worker, 'test').then((epoch) => readListsAt(worker, 'test', epoch));
    const lists = await timed(read);
    const before = ownSeconds();
    const compared = await timed(() => Promise.resolve(compare(lists.result, Date.now())));
    const comparedProcessor = ownSeconds() - before;
    const expected = 2 * Math.ceil(PERSONS / REVOKED_OF);
    if (compared.result !== expected) throw new Error(`${compared.result} were found revoked, not ${expected}`);

    const ocsp = () => Promise.reject(new Error('no OCSP here'));
    const steps = new SweepSteps(worker, tenantKeys, { listsAt: () => Promise.resolve(lists.result), ocsp });
    const id = await order(registrations, tenant);
    let early: number | undefined;
    const [began, serverBegan] = [ownSeconds(), await serverSeconds(registrations.owner)];
    const swept = await timed(async () => {
      for (;;) {
        const outcome = await steps.step(
          { ...tenant, id },
          () => Date.now(),
          () => true,
        );
        if (outcome === 'completed') return;
        if (outcome !== 'more') throw new Error(`the sweep was ${outcome}`);
        const { rows } = await registrations.owner.query<{ done: number }>(
          'select done from status_sweep where id = $1',
          [id],
        );
        if (rows[0]!.done >= PERSONS / 3) early ??= residentMiB();
      }
    });
    const sweptProcessor = ownSeconds() - began;
    const serverProcessor = (await serverSeconds(registrations.owner)) - serverBegan;
    const late = residentMiB();
    const { rows } = await registrations.owner.query<{ n: number }>(
      'select count(distinct person_id)::int as n from status_sweep_result where sweep_id = $1',
      [id],
    );
    if (rows[0]!.n !== PERSONS) throw new Error(`${rows[0]!.n} of ${PERSONS} persons have a result`);
    const whole = lists.seconds + swept.seconds;
    const ratio = comparedProcessor / joined.processor;
    return [
      {
        name: `default join of ${2 * PERSONS} with ${REVOKED} serials`,
        seconds: joined.seconds,
        processor: joined.processor,
      },
      { name: 'comparison in memory', seconds: compared.seconds, processor: comparedProcessor },
      { name: '  against the join, processor time', value: ratio, goal: `<= ${GOAL_RATIO}`, met: ratio <= GOAL_RATIO },
      { name: 'lists read', seconds: lists.seconds },
      {
        name: 'whole sweep, lists read and results stored',
        seconds: whole,
        goal: `<= ${GOAL_S}`,
        met: whole <= GOAL_S,
      },
      { name: '  persons a second', value: Math.round(PERSONS / whole) },
      { name: '  against the join', value: whole / joined.seconds },
      { name: '  of it in this process', processor: sweptProcessor },
      { name: '  of it in PostgreSQL', processor: serverProcessor },
      ...(early === undefined
        ? []
        : [
            { name: 'memory at a third of the way, MiB', value: early },
            { name: 'memory at the end, MiB', value: late, goal: `<= ${FLAT} of that`, met: late <= early * FLAT },
          ]),
    ];
  } finally {
    await registrations.stop();
    await stack.stop();
  }
}
