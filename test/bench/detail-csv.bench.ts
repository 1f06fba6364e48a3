import pg from 'pg';
import { addPrices, draftInvoice, eventCsv, findStatement, MonthClosing, type PriceRow, spool } from '#lib/billing';
import { createDataSource } from '#lib/platform';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { ISSUER, TERMS } from '../support/invoice-terms.js';
import { planTerms } from '../support/prices.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

const EVENTS = Number(process.env['SHOMEI_BENCH_DETAIL_EVENTS'] ?? 1_000_000);
const GOAL = 100_000;
const MONTH = '2026-10';
const TENANT = '00000000-0000-4000-8000-000000000001';
const ACTOR = 'operator:bench';

interface Row {
  name: string;
  seconds?: number;
  value?: number | string;
  goal?: string;
  met?: boolean;
}

/** A month of one tenant: verifications of its own, each metered once; written past the rules. */
const FILL = `
insert into tenant (id, name) values ('${TENANT}', 'bench detail');
insert into contract (tenant_id, mode) values ('${TENANT}', 'test');
insert into usage_event (tenant_id, mode, id, source, source_id, meter, method, purpose, outcome, billable, certificate_kind,
  certificate_hash, occurred_at)
select '${TENANT}', 'test', ('0193f0c0-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'status_check', gen_random_uuid(),
  case when n % 3 = 0 then 'sign_check' else 'auth_check' end, 'crl',
  case when n % 3 = 0 then 'signature_verification' else 'authentication' end,
  (case when n % 97 = 0 then 'indeterminate' when n % 31 = 0 then 'invalid' else 'valid' end)::outcome, n % 97 <> 0,
  case when n % 3 = 0 then 'sign' else 'auth' end, sha256(int8send(n)),
  '${MONTH}-01 00:00+09'::timestamptz + n * (interval '31 days' / ${EVENTS})
from generate_series(0::bigint, ${EVENTS - 1}) as n`;

/** The CSV of every usage event of an invoice, from the first statement to a hashed file that waits to be sent. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }): Promise<Row[]> {
  const stack = await startStack({ throwaway: true, apps: [] });
  const { database } = stack.urls;
  const owner = new pg.Client({ connectionString: database.owner });
  await owner.connect();
  const pool = (url: string) => createDataSource({ url, pool: 8, applicationName: 'bench' }).initialize();
  const [worker, operator, admin] = await Promise.all([database.worker, database.operator, database.admin].map(pool));
  try {
    await owner.query(FILL);
    await owner.query('vacuum (analyze) usage_event');
    const tenancy = { tenant_id: TENANT, mode: 'test' } as const;
    const rows: PriceRow[] = [
      { table: 'price_plan', ...tenancy, valid_from: `${MONTH}-01`, terms: planTerms() },
      { table: 'invoice_issuer', mode: 'test', valid_from: '2026-01-01', terms: ISSUER },
      { table: 'invoice_terms', ...tenancy, valid_from: '2026-01-01', terms: TERMS },
    ];
    await operator!.transaction(async (manager) => {
      for (const row of rows) await addPrices(manager, { row, actor: ACTOR });
    });
    await new MonthClosing(worker!).close('test', MONTH, ACTOR);
    const of = { tenantId: TENANT, mode: 'test', month: MONTH } as const;
    const { id: statementId } = (await findStatement(admin!, of))!;
    const { content } = await admin!.transaction((manager) =>
      draftInvoice(manager, { statementId, items: [], nowMs: () => Date.now(), actor: ACTOR }),
    );
    const invoice = { ...of, statementId, number: 'TEST-2026-000001', document: content };
    const memoryBefore = process.memoryUsage().rss;
    let memoryMost = memoryBefore;
    const watch = setInterval(() => (memoryMost = Math.max(memoryMost, process.memoryUsage().rss)), 20);
    let lines = 0;
    const counted = async function* (pieces: AsyncIterable<string>): AsyncGenerator<string> {
      for await (const piece of pieces) {
        lines += piece.split('\r\n').length - 1;
        yield piece;
      }
    };
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const file = await admin!.transaction((manager) => spool(counted(eventCsv(manager, 'operators', invoice))));
    const seconds = (performance.now() - startedAt) / 1000;
    const used = process.cpuUsage(cpu);
    clearInterval(watch);
    file.stream().destroy();
    if (lines !== EVENTS + 1) throw new Error(`${lines} rows of ${EVENTS} events`);
    const rate = Math.round(EVENTS / seconds);
    return [
      { name: `CSV of ${EVENTS} usage events, ${Math.round(file.size / 2 ** 20)} MiB`, seconds },
      { name: '  rows a second', value: rate, goal: `>= ${GOAL}`, met: rate >= GOAL },
      { name: '  processor time of the process, s', value: (used.user + used.system) / 1e6 },
      { name: '  memory it added to the process, MiB', value: Math.round((memoryMost - memoryBefore) / 2 ** 20) },
    ];
  } finally {
    await owner.end();
    await Promise.all([worker, operator, admin].map((each) => each!.destroy()));
    await stack.stop();
  }
}
