import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RevocationColumnsBuilder } from '#lib/pki';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import * as der from '../support/der-writer.js';
import { Reader, yieldToReaders } from './reader-process.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

const PARTITIONS = 3_800;
const ENTRIES = Number(process.env['SHOMEI_BENCH_SET_ENTRIES'] ?? 30_000_000);
const ROUNDS = 3;
/** Longer than a process keeps its loading thread without work. */
const IDLE_MS = 13_000;
/** Long enough for all lists to be replaced. */
const TAKE_OVER_MS = 12_000;

interface Row {
  name: string;
  measured: number;
  unit: string;
  goal: string;
  met: boolean;
}

/** `count` four-octet serials of partition `index`, as a stored snapshot. */
function snapshot(index: number, count: number): Uint8Array {
  const builder = new RevocationColumnsBuilder();
  for (let i = 0; i < count; i++)
    builder.append(
      (Math.imul(index * count + i, 0x9e3779b1) & 0x3fffffff) + 0x40000000,
      1_760_000_000 + i,
      1 + (i % 6),
    );
  return builder.build('bench').encode();
}

/** The directory name of an invented distribution point. */
const point = (index: number): Buffer =>
  der.sequence(
    der.tlv(0x31, der.sequence(der.oid('2.5.4.6'), der.tlv(0x13, Buffer.from('JP')))),
    der.tlv(0x31, der.sequence(der.oid('2.5.4.10'), der.tlv(0x0c, Buffer.from('JPKI-TEST')))),
    der.tlv(0x31, der.sequence(der.oid('2.5.4.3'), der.tlv(0x0c, Buffer.from(`N${index} CRLDP`)))),
  );

/** Writes heads as accepted lists leave them behind; how they are accepted is another benchmark's matter. */
async function fill(client: pg.Client, each: number): Promise<void> {
  const anchors = await client.query<{ fingerprint: Buffer }>(
    `select fingerprint from trust_anchor where mode = 'test' and hierarchy = 'sign' and generation = '2023'`,
  );
  const anchor = anchors.rows[0]!.fingerprint;
  for (let index = 0; index < PARTITIONS; index++) {
    await client.query(
      `with partition as (
         insert into crl_partition (mode, hierarchy, anchor_fingerprint, distribution_point, distribution_point_key, name, path, listed_at)
         values ('test', 'sign', $1, $2, $3, $3, '/', now()) returning id),
       list as (
         insert into crl (mode, partition_id, this_update, next_update, sha256, bytes, entry_count)
         select 'test', id, now(), now() + interval '2 days', sha256($2), 1, $4 from partition returning id, partition_id)
       insert into crl_snapshot (mode, partition_id, crl_id, columns, baseline) select 'test', partition_id, id, $5, true from list`,
      [anchor, point(index), `cn=n${index} crldp`, each, snapshot(index, each)],
    );
  }
  await client.query(
    `update crl_partition p set head_crl_id = c.id from crl c where c.partition_id = p.id and p.name like 'cn=n%'`,
  );
  await touch(client);
}

/** Makes every partition one that readers have to take over anew. */
async function touch(client: pg.Client): Promise<void> {
  await client.query(
    `with first as (select epoch from revocation_epoch where mode = 'test'),
     numbered as (select id, row_number() over (order by id) as n from crl_partition where mode = 'test'),
     moved as (update crl_partition p set epoch = first.epoch + numbered.n from numbered, first
       where p.mode = 'test' and p.id = numbered.id returning 1)
     update revocation_epoch set epoch = epoch + (select count(*) from moved) where mode = 'test'`,
  );
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** The resident set of a process that answers: start, size, speed, and its pauses while all of it is replaced. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shomei-bench-'));
  const stack = await startStack({ dataDir, ports: { api: 3930, sandbox: 3931 }, apps: ['sandbox'] });
  const client = new pg.Client({ connectionString: stack.urls.database.owner });
  try {
    await stack.operator(['seed-demo']);
    await stack.sandbox.stop();
    yieldToReaders(stack.postgres);
    await client.connect();
    const empty = await Reader.start(stack);
    await sleep(IDLE_MS);
    const { resident: before } = await empty.ask('memory');
    await empty.stop();
    await fill(client, Math.ceil(ENTRIES / PARTITIONS));
    const ready: number[] = [];
    for (let round = 1; round < ROUNDS; round++) {
      const reader = await Reader.start(stack);
      ready.push(reader.start.readyMs!);
      await reader.stop();
    }
    const reader = await Reader.start(stack);
    ready.push(reader.start.readyMs!);
    const { entries } = reader.start;
    // Its loading thread has ended by then.
    await sleep(IDLE_MS);
    const { resident } = await reader.ask('memory');
    await reader.ask('delay');
    await sleep(TAKE_OVER_MS);
    const { delayMs: noise } = await reader.ask('delay');
    await touch(client);
    await sleep(TAKE_OVER_MS);
    const { delayMs, ownDelayMs, busyMs } = await reader.ask('delay');
    const { perSecond } = await reader.ask('lookups');
    await reader.stop();
    const readyS = median(ready) / 1000;
    const size = (resident! - before!) / entries!;
    return [
      row(`${entries} entries ready after process start`, readyS, 's', '<= 5', readyS <= 5),
      row('memory taken, against an empty set', size, 'octets an entry', '<= 10', size <= 10),
      row('lookups, random lists and serials', perSecond! / 1e6, 'million a second', '>= 2', perSecond! >= 2e6),
      row('longest pause of a process that waits, for comparison', noise!, 'ms', '', true),
      row('longest pause while all lists are replaced', delayMs!, 'ms', '', true),
      row('the same, but for waiting for a processor', ownDelayMs!, 'ms', '<= 10', ownDelayMs! <= 10),
      row('the most its thread ran without a break', busyMs!, 'ms', '', true),
    ];
  } finally {
    await client.end();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const row = (name: string, measured: number, unit: string, goal: string, met: boolean): Row => ({
  name,
  measured,
  unit,
  goal,
  met,
});
