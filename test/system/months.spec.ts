import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue, QueueEvents } from 'bullmq';
import type { DataSource } from 'typeorm';
import { addPrices, MONTH_QUEUE, type MonthClosed, type MonthJob, monthAt, nextMonth, startOf } from '#lib/billing';
import { QUEUE_PREFIX } from '#lib/revocation';
import { toPublicId } from '#lib/platform';
import { monthClose } from '../../apps/admin/src/month-commands.js';
import { ApiStack, type TestKey } from '../support/api.js';
import { testAuditSigningKey, testKeyRing } from '../support/database.js';
import { InvoiceOffice } from '../support/invoices.js';
import { logIn, signUp } from '../support/login.js';
import { parseCsv } from '../support/parse-csv.js';
import { flat, withPrice } from '../support/prices.js';
import { emptyTestRedis } from '../support/redis.js';
import { end, spawnCompiled } from '../support/sandbox.js';
import { eventually } from '../support/story.js';
import { connect } from '../support/tenants.js';

/** What a tenant's people did in a month, noted by who did it. */
interface Done {
  signed: string[];
  loggedIn: string[];
}
interface Tenant {
  id: string;
  key: TestKey;
  baseFee: number;
  minimum: number;
  months: Done[];
}

let stack: ApiStack;
let admin: DataSource;
let office: InvoiceOffice;
let months: string[];
let queue: Queue<MonthJob>;
let events: QueueEvents;
const workers: ChildProcess[] = [];
const tenants: Tenant[] = [];

/** Platform and J-LIS, both at noon in Japan on a day: the lists are fetched anew. */
async function play(day: string): Promise<void> {
  const offsetMs = Math.round((startOf(day) + 12 * 3_600_000 - Date.now()) / 1_000) * 1_000;
  await stack.sandbox.moveClock(offsetMs);
  await stack.moveClock(`+${offsetMs / 1_000}s`);
  await stack.refresh();
}

/** Tenant `n` in month `m` signs `(n + m) % 4` times and logs in `n % 3` times. */
async function use({ key, months: done }: Tenant, n: number, m: number): Promise<void> {
  const here: Done = { signed: [], loggedIn: [] };
  for (let i = 0; i < (n + m) % 4; i++) here.signed.push((await signUp(stack, key, 'adult-valid')).id);
  for (let i = 0; i < n % 3; i++) here.loggedIn.push((await logIn(stack, key, 'adult-valid')).id);
  done.push(here);
}

/** Reckoned from what was done and what was agreed, by nothing of the product: the first signature of a month is free. */
function expectedYen({ baseFee, minimum, months: done }: Tenant, m: number): number {
  const { signed, loggedIn } = done[m]!;
  const without = Math.max(minimum, baseFee + 20 * Math.max(0, signed.length - 1) + 2 * loggedIn.length);
  return without + Math.floor(without / 10);
}

async function startWorker(redisUrl: string): Promise<void> {
  const child = spawnCompiled('apps/worker/src/main.js', {
    DATABASE_URL: stack.databaseUrls.worker,
    REDIS_URL: redisUrl,
    KEY_RING: testKeyRing(),
    AUDIT_SIGNING_KEY: testAuditSigningKey(),
  });
  workers.push(child);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"event":"ready"')) resolve();
    });
    child.once('exit', () => reject(new Error(`the worker has ended: ${said}`)));
  });
}

/** Adds jobs that both workers may take, and waits until all are done. */
async function worked(...jobs: MonthJob[]): Promise<MonthClosed[]> {
  const added = await Promise.all(jobs.map((job, index) => queue.add(`test-${index}`, job)));
  return (await Promise.all(added.map((job) => job.waitUntilFinished(events)))).flat() as MonthClosed[];
}

beforeAll(async () => {
  stack = await ApiStack.start();
  admin = await connect(stack.databaseUrls.admin);
  const first = nextMonth(monthAt(Date.now()));
  months = [first, nextMonth(first), nextMonth(nextMonth(first))];
  office = await InvoiceOffice.open({ admin, operator: stack.operator });
  await office.issuer();
  for (let n = 0; n < 10; n++) {
    const id = await stack.newTenant(`髙﨑商事${n}`);
    await stack.setContract(id, { identify: true });
    const [baseFee, minimum] = [(n + 1) * 1_000, n === 9 ? 12_345 : 0];
    const terms = withPrice(flat('sign_check', '20', { free: 1 }), { base_fee: `${baseFee}`, minimum: `${minimum}` });
    const row = { table: 'price_plan', tenant_id: id, mode: 'test', valid_from: `${first}-01`, terms } as const;
    await stack.operator.transaction((manager) => addPrices(manager, { row, actor: 'operator:test' }));
    await office.terms(id, { recipient_name: `髙﨑商事${n}株式会社` });
    tenants.push({ id, key: await stack.newKey({ tenantId: id }), baseFee, minimum, months: [] });
  }
  for (const [m, month] of months.entries()) {
    await play(`${month}-10`);
    await Promise.all(tenants.map((tenant, n) => use(tenant, n, m)));
  }
  await play(`${nextMonth(months[2]!)}-01`);
}, 240_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => end(worker)));
  await Promise.all([queue?.close(), events?.close(), admin?.destroy()]);
  await stack?.stop();
});

describe('three months of ten tenants', () => {
  it('are closed each once by the jobs of two workers and a command at the machine', async () => {
    const redisUrl = await emptyTestRedis();
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    queue = new Queue(MONTH_QUEUE, { prefix: QUEUE_PREFIX, connection });
    events = new QueueEvents(MONTH_QUEUE, { prefix: QUEUE_PREFIX, connection });
    await Promise.all([startWorker(redisUrl), startWorker(redisUrl), events.waitUntilReady()]);
    // Without anybody: at the start of each month in Japan, and the files of what has been invoiced.
    const schedules = await eventually(
      () => queue.getJobSchedulers(),
      (found) => found.length === 2,
    );
    expect(schedules.map(({ key, pattern, tz }) => [key, pattern, tz]).sort()).toEqual([
      ['due', '10 * * * *', 'Asia/Tokyo'],
      ['exports', '40 * * * *', 'Asia/Tokyo'],
    ]);
    const lines: string[] = [];
    const nobody = (): Promise<string> => Promise.reject(new Error('nobody is asked'));
    const atMachine = { dataSource: stack.operator, redisUrl, actor: 'operator:test', ask: nobody, askSecret: nobody };
    await Promise.all([
      monthClose(
        { ...atMachine, out: (line) => void lines.push(line) },
        { mode: 'test', month: months[0]!, wait: true, timeoutMs: 60_000 },
      ),
      worked({ due: true }, { due: true }),
    ]);
    expect(JSON.parse(lines[0]!)).toEqual({ mode: 'test', month: months[0], state: 'closed' });
    // Where the command's job was under way, these two had left the month to it.
    await worked({ due: true });
    expect(await worked({ due: true }, { mode: 'test', month: months[1]! })).toEqual([]);
    const { rows } = await stack.owner.query<{ action: string; target: string; times: string }>(
      `select action, target, count(*) as times from audit_event where action = 'month.close' group by 1, 2 order by 2`,
    );
    expect(rows).toEqual(months.map((month) => ({ action: 'month.close', target: `month:test:${month}`, times: '1' })));
  });

  it('come to invoices that a calculation of its own comes to', async () => {
    for (const [m, month] of months.entries()) {
      const drafts = await Promise.all(tenants.map(({ id }) => office.draft(id, month)));
      const invoices = await office.finalize(...drafts);
      expect(invoices.map(({ totalYen }) => totalYen)).toEqual(tenants.map((tenant) => expectedYen(tenant, m)));
    }
  });

  it('come to one file a month of all tenants, whichever worker makes it', async () => {
    const made = await worked({ exports: true }, { exports: true }, { exports: true });
    expect(made).toHaveLength(3);
    const rows: { month: string; version: number; bytes: Buffer }[] = await admin.query(
      'select month, version, bytes from invoice_export order by month',
    );
    expect(rows.map(({ month, version }) => [month, version])).toEqual(months.map((month) => [month, 1]));
    for (const [m, { bytes }] of rows.entries()) {
      const [header, ...cells] = parseCsv(new TextDecoder().decode(bytes));
      const column = (row: string[], name: string) => row[header!.indexOf(name)]!;
      const totals = new Map(
        cells.map((row) => [column(row, 'tenant_id'), Number(column(row, 'invoice_total_yen'))] as const),
      );
      expect(totals).toEqual(new Map(tenants.map((tenant) => [toPublicId('ten', tenant.id), expectedYen(tenant, m)])));
    }
  });

  it('lead each tenant from its invoice to its lines, their events and the verifications, and back', async () => {
    for (const tenant of [tenants[2]!, tenants[5]!]) {
      const { client } = tenant.key;
      const { data: list } = await client.GET('/v1/invoices', { params: { query: { month: months[1]! } } });
      const [summary] = list!.data;
      const { data: invoice } = await client.GET('/v1/invoices/{id}', { params: { path: { id: summary!.id } } });
      const traced: string[] = [];
      for (const line of invoice!.lines.filter(({ kind }) => kind === 'usage')) {
        const path = { id: invoice!.statement_id, number: line.statement_line! };
        const { data: found } = await client.GET('/v1/statements/{id}/lines/{number}/events', { params: { path } });
        expect(found!.data).toHaveLength(line.quantity);
        for (const { id, verification_id } of found!.data) {
          traced.push(verification_id!);
          const { data: event } = await client.GET('/v1/usage-events/{id}', { params: { path: { id } } });
          expect(event).toMatchObject({ invoice_id: invoice!.id, lines: expect.arrayContaining([path.number]) });
        }
      }
      const { signed, loggedIn } = tenant.months[1]!;
      expect(traced.sort()).toEqual([...signed, ...loggedIn].sort());
    }
  });

  it('are handed to each tenant as the same octets each time, and of nobody else', async () => {
    const [own, other] = [tenants[4]!, tenants[6]!];
    const { data: list } = await own.key.client.GET('/v1/invoices');
    expect(list!.data.map(({ month }) => month).sort()).toEqual(months);
    const path = `/v1/invoices/${list!.data[0]!.id}`;
    for (const ending of ['.json', '.csv', '.csv?encoding=cp932', '.pdf', '/events.csv']) {
      const [first, second] = [await stack.bytes(path + ending, own.key), await stack.bytes(path + ending, own.key)];
      expect(first.equals(second)).toBe(true);
      expect((await stack.send('GET', path + ending, { key: other.key })).status).toBe(404);
    }
    const [header, ...rows] = parseCsv(new TextDecoder().decode(await stack.bytes(`${path}/events.csv`, own.key)));
    const m = months.indexOf(list!.data[0]!.month);
    expect(rows.map((row) => row[header!.indexOf('verification_id')]).sort()).toEqual(
      [...own.months[m]!.signed, ...own.months[m]!.loggedIn].sort(),
    );
  });
});
