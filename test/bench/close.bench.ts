import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { addPrices, MonthClosing } from '#lib/billing';
import { createDataSource } from '#lib/platform';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { flat, planTerms } from '../support/prices.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

const EVENTS = Number(process.env['SHOMEI_BENCH_USAGE_EVENTS'] ?? 10_000_000);
const TENANTS = Number(process.env['SHOMEI_BENCH_TENANTS'] ?? 1_000);
const GOAL = 7;
const MONTH = '2026-10';
const NEXT_MONTH = '2026-11';
const BATCH = 500_000;

interface Row {
  name: string;
  seconds?: number;
  value?: number | string;
  goal?: string;
  met?: boolean;
}

const timed = async <T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { seconds: (performance.now() - startedAt) / 1000, result };
};

/**
 * Events of one month over all tenants, a tenth of them status checks of some persons; the largest tenant has as many as
 * a few hundred small ones. Written past the rules, in the order of time as they would have come.
 */
async function fill(owner: pg.Client): Promise<void> {
  const { rows: indexes } = await owner.query<{ name: string; made: string }>(
    `select indexname as name, indexdef as made from pg_indexes
     where tablename = 'usage_event' and indexname <> 'usage_event_pkey'`,
  );
  await owner.query(`
    insert into tenant (id, name) select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench ' || n
    from generate_series(1, ${TENANTS}) as n;
    insert into contract (tenant_id, mode) select id, 'test' from tenant where name like 'bench %';
    drop index ${indexes.map(({ name }) => name).join(', ')};
    alter table usage_event drop constraint usage_event_pkey`);
  for (let done = 0; done < EVENTS; done += BATCH)
    await owner.query(
      `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable,
         certificate_kind, certificate_hash, occurred_at)
       select ('00000000-0000-4000-8000-' || lpad(to_hex(1 + floor(${TENANTS} * power(random(), 2))::int), 12, '0'))::uuid, 'test',
         ('0193f0c0-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'status_check', gen_random_uuid(),
         case when status then ('00000000-0000-4000-9000-' || lpad(to_hex((random() * 20000)::int), 12, '0'))::uuid end,
         case when sign then 'sign_check' else 'auth_check' end, 'crl',
         case when status then 'status_check' when sign then 'signature_verification' else 'authentication' end,
         (case when doubt then 'indeterminate' when random() < 0.03 then 'invalid' else 'valid' end)::outcome, not doubt,
         case when sign then 'sign' else 'auth' end, sha256(int8send(n)),
         '${MONTH}-01 00:00+09'::timestamptz + n * (interval '31 days' / ${EVENTS})
       from (select n, random() < 0.1 as status, random() < 0.4 as sign, random() < 0.01 as doubt
         from generate_series(${done}::bigint, ${Math.min(EVENTS, done + BATCH) - 1}) as n) as e`,
    );
  await owner.query('alter table usage_event add constraint usage_event_pkey primary key (tenant_id, mode, id)');
  for (const { made } of indexes) await owner.query(made);
  await owner.query('vacuum (analyze) usage_event');
}

/**
 * Rating and closing of a month as the worker does it, against a bare count of the same rows and the write of as many
 * statements, in one run.
 */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }): Promise<Row[]> {
  const stack = await startStack({ throwaway: true, apps: [] });
  const owner = new pg.Client({ connectionString: stack.urls.database.owner });
  await owner.connect();
  const pool = (url: string) => createDataSource({ url, pool: 8, applicationName: 'bench' }).initialize();
  const [worker, operator] = await Promise.all([pool(stack.urls.database.worker), pool(stack.urls.database.operator)]);
  try {
    const filled = await timed(() => fill(owner));
    const tiers = [
      { up_to: 5_000, unit_price: '12' },
      { up_to: null, unit_price: '9.5' },
    ];
    const terms = planTerms({ base_fee: '50000', minimum: '60000' });
    terms.prices = [...terms.prices.slice(1), flat('sign_check', '0', { tiers, free: 100 })];
    const { rows: tenants } = await owner.query<{ id: string }>(`select id from tenant where name like 'bench %'`);
    const actor = 'operator:bench';
    await operator.transaction(async (manager) => {
      for (const { id } of tenants) {
        const row = { table: 'price_plan', tenant_id: id, mode: 'test', valid_from: `${MONTH}-01`, terms } as const;
        await addPrices(manager, { row, actor });
      }
      const scope = {
        mode: 'test',
        id: randomUUID(),
        tenant_id: null,
        valid_from: '2026-01-01',
        valid_until: '2027-01-01',
      } as const;
      await addPrices(manager, {
        row: { table: 'jlis_recognition', ...scope, terms: { approval_reference: 'bench' } },
        actor,
      });
    });
    const count = () => timed(() => owner.query<{ n: string }>(`select count(*) as n from usage_event`));
    await count();
    const before = await count();
    const memoryBefore = process.memoryUsage().rss;
    let memoryMost = memoryBefore;
    const watch = setInterval(() => (memoryMost = Math.max(memoryMost, process.memoryUsage().rss)), 20);
    const closing = new MonthClosing(worker);
    const closed = await timed(() => closing.close('test', MONTH, actor));
    clearInterval(watch);
    const after = await count();
    const again = await timed(() => closing.close('test', MONTH, actor));
    // A month without events has the same statements to write: what is left of the other is rating.
    await owner.query(`update test_clock set offset_ms = 400::bigint * 86400000`);
    const written = await timed(() => closing.close('test', NEXT_MONTH, actor));
    if (closed.result?.events !== EVENTS) throw new Error(`${closed.result?.events} of ${EVENTS} events were billed`);
    const bare = Math.min(before.seconds, after.seconds);
    const ratio = (closed.seconds - written.seconds) / bare;
    return [
      { name: `filled: ${EVENTS} events, ${TENANTS} tenants`, seconds: filled.seconds },
      { name: 'bare count(*)', seconds: bare },
      { name: `closing a month without events, ${closed.result.statements} statements`, seconds: written.seconds },
      { name: 'rating and closing', seconds: closed.seconds },
      { name: '  beyond writing statements, against count', value: ratio, goal: `<= ${GOAL}`, met: ratio <= GOAL },
      { name: '  memory it added to the process, MiB', value: Math.round((memoryMost - memoryBefore) / 2 ** 20) },
      { name: 'closing again', seconds: again.seconds },
    ];
  } finally {
    await owner.end();
    await Promise.all([worker.destroy(), operator.destroy()]);
    await stack.stop();
  }
}
