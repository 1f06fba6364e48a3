import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createShomeiClient } from '#lib/api-client';
import { toPublicId, withTenant } from '#lib/platform';
import { appendEvent } from '#lib/webhook';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { type BenchTenant, Registrations, serialOf, timed } from './registrations.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

/** Lines of the file without its header; as many persons are registered. */
const ROWS = Number(process.env['SHOMEI_BENCH_REFERENCES'] ?? 1_000_000);
/** Entries of both lists together. */
const REVOKED = 2_000_000;
/** One person of so many has both certificates revoked. */
const REVOKED_OF = 20;
const LOOK_MS = 250;
const EVENT_LOOK_MS = 50;
/** Verifications written by one statement. */
const AT_ONCE = 100_000;

const indexOf = (number: number): number => (number % REVOKED_OF === 0 ? number / REVOKED_OF : REVOKED + number);
/** What the tenant calls the person with this number: in no order of ours. */
const referenceOf = (number: number): string => `C-${serialOf(number)}`;

/** Lines of the file that stand for nobody, counted from the header as 1, and why. */
const BAD: ReadonlyMap<number, { text: string; code: string }> = new Map([
  [1_001, { text: 'C-0', code: 'reference_unknown' }],
  [Math.floor(ROWS / 2), { text: `=1+1`, code: 'formula' }],
  [ROWS + 1, { text: referenceOf(0), code: 'reference_repeated' }],
]);
/** Whom the line is about. */
const numberAt = (line: number): number => line - 2;

function file(): Buffer {
  const lines = ['reference'];
  for (let line = 2; line <= ROWS + 1; line++) lines.push(BAD.get(line)?.text ?? referenceOf(numberAt(line)));
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}

/** Each person was identified once by a verification with the tenant's reference. */
async function identify({ owner }: Registrations, { tenantId }: BenchTenant): Promise<void> {
  for (let first = 0; first < ROWS; first += AT_ONCE) {
    const last = Math.min(ROWS, first + AT_ONCE) - 1;
    await owner.query(
      `with v as (
         insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, verdict, certificate_kind,
           certificate_hash, reference, tenant_key_id, evidence)
         select $1, 'test', gen_random_uuid(), 'signature', gen_random_uuid(), now(), 'valid', '{}', 'sign', sha256(''),
           'C-' || (((n * 2654435761) & 1073741823) + 1073741824), (select id from tenant_key where tenant_id = $1 limit 1), ''
         from generate_series($2::bigint, $3::bigint) n returning id, reference)
       insert into verification_person (tenant_id, mode, verification_id, person_id, state)
       select $1, 'test', v.id, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'identified'
       from v join generate_series($2::bigint, $3::bigint) n
         on v.reference = 'C-' || (((n * 2654435761) & 1073741823) + 1073741824)`,
      [tenantId, first, last],
    );
  }
}

/** A process of the stack and the most memory it had since it was last asked, MiB (proc(5)). */
class Memory {
  constructor(private readonly pid: number) {
    this.peak();
  }

  get now(): number {
    return this.read('VmRSS');
  }

  peak(): number {
    const peak = this.read('VmHWM');
    // From here on.
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
    return peak;
  }

  private read(field: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)![1]) / 1_024);
  }
}

/** Reads the table as it comes. @throws Error unless each good line is there once, with what its person's certificates come to */
async function check(body: ReadableStream<Uint8Array>): Promise<{ rows: number; octets: number; revoked: number }> {
  const seen = new Uint8Array(ROWS);
  const found = { rows: -1, octets: 0, revoked: 0 };
  const take = (row: string): void => {
    if (++found.rows === 0) return;
    const [line, reference, , conclusion] = row.replaceAll('"', '').split(',') as [string, string, string, string];
    const number = numberAt(Number(line));
    if (reference !== referenceOf(number) || seen[number] !== 0) throw new Error(`not a row of the file: ${row}`);
    seen[number] = 1;
    const isRevoked = number % REVOKED_OF === 0;
    if ((conclusion === 'unchanged') === isRevoked) throw new Error(`not what line ${line} comes to: ${row}`);
    if (isRevoked) found.revoked++;
  };
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body) {
    found.octets += part.length;
    const rows = (rest + decoder.decode(part, { stream: true })).split('\r\n');
    rest = rows.pop()!;
    rows.forEach(take);
  }
  if (rest !== '') throw new Error(`the table ends in the middle of a row, after ${found.rows}: ${rest}`);
  return found;
}

async function makeKey(stack: Stack, { tenantId, mode }: BenchTenant): Promise<string> {
  const asked = ['api-key', 'create', '--tenant', toPublicId('ten', tenantId), '--mode', mode, '--name', 'bench'];
  return (JSON.parse(await stack.operator(asked)) as { api_key: string }).api_key;
}

/** Writes and reads a tenant's events one by one until `work` has ended. @returns the longest that one took to be told, seconds */
async function longestWait(
  { worker }: Registrations,
  tenant: BenchTenant,
  client: ReturnType<typeof createShomeiClient>,
  work: Promise<unknown>,
): Promise<number> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  work.then(over, over);
  let longest = 0;
  let cursor: string | null = null;
  while (!isOver) {
    const { seconds } = await timed(async () => {
      const event = { type: 'person.linked', at: Date.now(), data: {} } as const;
      await withTenant(worker, tenant, (manager) => appendEvent(manager, tenant, event));
      for (;;) {
        const { data } = await client.GET('/v1/events', { params: { query: cursor === null ? {} : { cursor } } });
        cursor = data!.next_cursor;
        if (data!.data.length > 0) return;
        await sleep(EVENT_LOOK_MS);
      }
    });
    longest = Math.max(longest, seconds);
    await sleep(EVENT_LOOK_MS);
  }
  return longest;
}

/** A file of a million of a tenant's own references through the running system: uploaded, swept, and its table read. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }) {
  const stack = await startStack({ throwaway: true, apps: ['sandbox'], environment: { api: { LOG_LEVEL: 'warn' } } });
  const registrations = await Registrations.start(stack);
  try {
    for (const kind of ['sign', 'auth'] as const)
      await registrations.publish(kind, { count: REVOKED / 2, isFirst: true });
    const tenant = await registrations.newTenant();
    await registrations.register(tenant, { from: 0, to: ROWS, indexOf });
    await identify(registrations, tenant);
    await registrations.settle('person', 'person_certificate', 'verification', 'verification_person');
    const other = await registrations.newTenant();
    const apiKey = await makeKey(stack, tenant);
    const ofOther = createShomeiClient({ baseUrl: stack.urls.api, apiKey: await makeKey(stack, other) });
    await stack.worker.start();
    await stack.api.start();
    const client = createShomeiClient({ baseUrl: stack.urls.api, apiKey });
    const [api, worker] = [new Memory(stack.api.pid!), new Memory(stack.worker.pid!)];
    const [apiBefore, workerBefore] = [api.now, worker.now];

    const upload = `${stack.urls.api}/v1/status-sweeps/file?certificates=both&on_bad_rows=skip`;
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'text/csv' };
    const body = file();
    const uploading = timed(async () => {
      const answer = await fetch(upload, { method: 'POST', headers, body });
      const sweep = (await answer.json()) as { id: string; rejected: number };
      if (answer.status !== 201 || sweep.rejected !== BAD.size)
        throw new Error(`${answer.status} ${JSON.stringify(sweep)}`);
      return sweep;
    });
    const [uploaded, waited] = await Promise.all([uploading, longestWait(registrations, other, ofOther, uploading)]);
    const apiUpload = api.peak();
    const { id } = uploaded.result;
    const path = { id };
    const swept = await timed(async () => {
      for (;;) {
        const { data } = await client.GET('/v1/status-sweeps/{id}', { params: { path } });
        if (data?.state === 'completed') return data;
        if (data?.state !== 'queued' && data?.state !== 'running') throw new Error(`the sweep is ${data?.state}`);
        await sleep(LOOK_MS);
      }
    });
    const workerSweep = worker.peak();
    const good = ROWS - BAD.size;
    if (swept.result.progress.done !== good) throw new Error(`${swept.result.progress.done} done, not ${good}`);
    const { data: rejections } = await client.GET('/v1/status-sweeps/{id}/rejections', { params: { path } });
    for (const { line, code } of rejections!.data)
      if (BAD.get(line)?.code !== code) throw new Error(`line ${line} is said to be ${code}`);
    if (rejections!.data.length !== BAD.size) throw new Error(`${rejections!.data.length} lines are named`);

    api.peak();
    const downloaded = await timed(async () => {
      const { authorization } = headers;
      const answer = await fetch(`${stack.urls.api}/v1/status-sweeps/${id}/results.csv`, {
        headers: { authorization },
      });
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      return check(answer.body!);
    });
    const apiDownload = api.peak();
    const { rows, octets, revoked } = downloaded.result;
    const changed = Object.entries(swept.result.summary).filter(([code]) => code !== 'unchanged');
    if (rows !== good || revoked !== changed.reduce((sum, [, n]) => sum + n, 0))
      throw new Error(`${rows} rows, ${revoked} of revoked, ${JSON.stringify(swept.result.summary)}`);
    const perSecond = (seconds: number): number => Math.round(ROWS / seconds);
    return [
      { name: `file of ${ROWS} references, MiB`, value: Math.round(body.length / 2 ** 20) },
      {
        name: 'uploaded, looked up and stored',
        seconds: uploaded.seconds,
        'rows a second': perSecond(uploaded.seconds),
      },
      { name: "  another tenant's events meanwhile: the longest wait of one", seconds: waited },
      { name: 'swept, from then on', seconds: swept.seconds, 'rows a second': perSecond(swept.seconds) },
      { name: 'table read', seconds: downloaded.seconds, 'rows a second': perSecond(downloaded.seconds) },
      { name: '  its size, MiB', value: Math.round(octets / 2 ** 20) },
      { name: 'API before, MiB', value: apiBefore },
      { name: '  at most during the upload', value: apiUpload },
      { name: '  at most while the table is read', value: apiDownload },
      { name: 'worker before, MiB', value: workerBefore },
      { name: '  at most during the sweep', value: workerSweep },
    ];
  } finally {
    await registrations.stop();
    await stack.stop();
  }
}
