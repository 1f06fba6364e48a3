import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Certificate, parseCertificate, readCrl, type TrustAnchor, validatePath } from '#lib/pki';
import { createDataSource } from '#lib/platform';
import {
  type AcceptedList,
  AnchorStore,
  type HistoricFinding,
  ListRetention,
  PartitionRefresh,
  readListFile,
  RefreshPlanner,
  RevocationHistory,
} from '#lib/revocation';
import { statusAt } from '../../apps/admin/src/revocation-commands.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startOperator, startReader, startRefresher, trustSandbox } from '../support/revocation.js';
import { TestSandbox } from '../support/sandbox.js';

const MODE = 'test';
let sandbox: TestSandbox;
let database: TestDatabase;
let operator: Awaited<ReturnType<typeof startOperator>>;
let owner: DataSource;
let worker: INestApplicationContext;
let reader: INestApplicationContext;

beforeAll(async () => {
  [sandbox, database] = await Promise.all([TestSandbox.start(), createTestDatabase()]);
  operator = await startOperator(database);
  owner = await createDataSource({ url: database.urls.owner, pool: 2, applicationName: 'test-owner' }).initialize();
  await trustSandbox(operator, sandbox);
  worker = await startRefresher(database);
  reader = await startReader(database);
}, 60_000);

afterAll(async () => {
  await Promise.all([worker?.close(), reader?.close()]);
  await Promise.all([operator?.dataSource.destroy(), owner?.destroy()]);
  await Promise.all([sandbox?.stop(), database?.drop()]);
});

const history = (): RevocationHistory => reader.get(RevocationHistory);

async function refreshAll(): Promise<void> {
  for (const hierarchy of ['sign', 'auth'] as const) {
    const jobs = await worker.get(RefreshPlanner).plan({ mode: MODE, hierarchy });
    await Promise.all(jobs.map((job) => worker.get(PartitionRefresh).refresh(job)));
  }
}

interface Held {
  certificate: Certificate;
  anchor: TrustAnchor;
}

async function card(id: string): Promise<Held> {
  const certificate = parseCertificate(await sandbox.certificate(id, 'sign'));
  const anchors = reader.get(AnchorStore).of(MODE);
  const { anchor } = validatePath({ certificate, anchors, hierarchy: 'sign', at: certificate.notBefore });
  if (anchor === undefined) throw new Error(`card ${id} has no path`);
  return { certificate, anchor };
}

const ask = (held: Held, at: number): Promise<HistoricFinding> => history().statusAt({ mode: MODE, ...held, at });

/** The lists of one partition, oldest first. */
async function listsOf(name: string, hierarchy = 'sign'): Promise<AcceptedList[]> {
  const rows: { id: string }[] = await owner.query(
    `select id from crl_partition where mode = 'test' and hierarchy = $1 and name = $2`,
    [hierarchy, name],
  );
  const all = await history().acceptedAfter(MODE, 0n, 10_000);
  return all.filter(({ partitionId }) => partitionId === rows[0]!.id);
}

describe('before the first list', () => {
  it('a certificate has no status at any time', async () => {
    expect((await ask(await card('adult-valid'), Date.now())).finding).toEqual({
      method: 'crl',
      status: 'unavailable',
      detail: 'no_partition',
    });
  });
});

describe('the status as of a time', () => {
  let between: number;
  let afterwards: number;

  beforeAll(async () => {
    await refreshAll();
    between = Date.now();
    await sandbox.call('POST', '/control/cards/adult-valid/revoke', { certificate: 'sign', reason: 'superseded' });
    await refreshAll();
    afterwards = Date.now();
  });

  it('is what the list then in force said, and names that list', async () => {
    const held = await card('adult-valid');
    const [first, second] = await listsOf('2023-kakuu');
    const before = await ask(held, between);
    expect(before.finding).toMatchObject({ status: 'good', crlNumber: '100', sourceSha256: first!.sha256 });
    expect(before.list).toEqual(first);
    const after = await ask(held, afterwards);
    expect(after.finding).toMatchObject({
      status: 'revoked',
      reason: 'superseded',
      crlNumber: '101',
      thisUpdate: second!.thisUpdate,
      nextUpdate: second!.nextUpdate,
      sourceSha256: second!.sha256,
    });
    expect(second).toMatchObject({ entries: first!.entries + 1, source: `${sandbox.url}/crl/sign/2023-kakuu.crl` });
  });

  it('is unavailable for a time before the first list, and stale after the end of the last', async () => {
    const held = await card('adult-valid');
    const [first, second] = await listsOf('2023-kakuu');
    expect((await ask(held, first!.inForceAt - 1)).finding).toMatchObject({ detail: 'before_first_list' });
    expect((await ask(held, second!.nextUpdate)).finding).toMatchObject({ status: 'stale', crlNumber: '101' });
  });

  it('of an expired certificate is unknown where the list is silent', async () => {
    const held = await card('expired');
    expect((await ask(held, Date.now())).finding).toMatchObject({ status: 'unknown', detail: 'certificate_expired' });
  });

  it('is shown to an operator, with the list it rests on', async () => {
    const [first] = await listsOf('2023-kakuu');
    const file = await sandbox.certificateFile('adult-valid', 'sign');
    operator.lines.length = 0;
    await statusAt(operator, { mode: MODE, file, at: new Date(between).toISOString() });
    expect(operator.lines[0]).toBe('status        good');
    expect(operator.lines.join('\n')).toContain(`sha256        ${first!.sha256}`);
    operator.lines.length = 0;
    await statusAt(operator, { mode: MODE, file, at: new Date(afterwards).toISOString() });
    expect(operator.lines.slice(0, 2).join(' ')).toMatch(/^status {8}revoked revoked {7}\S+Z superseded$/);
    await expect(statusAt(operator, { mode: MODE, file, at: 'yesterday' })).rejects.toMatchObject({
      code: 'time_malformed',
    });
  });
});

describe('what a list changed', () => {
  let day: { added: number; changed: number; gone: number };

  beforeAll(async () => {
    await sandbox.call('POST', '/control/synthetic-national', { partitions: 4, entries_per_partition: 3_000 });
    await refreshAll();
    day = (await sandbox.call('POST', '/control/synthetic-national/next-day')) as typeof day;
    await refreshAll();
  });

  it('is a row for each serial that appeared, changed or went', async () => {
    const rows = await owner.query(
      `select kind, count(*)::int as rows from crl_change c join crl_partition p on p.id = c.partition_id
       where p.name like '%-n____' group by kind`,
    );
    const counts = Object.fromEntries(
      (rows as { kind: string; rows: number }[]).map(({ kind, rows: count }) => [kind, count]),
    );
    expect(counts).toEqual({ added: day.added, changed: day.changed, gone: day.gone });
  });

  it('is told exactly, and adds up to the list itself', async () => {
    for (const hierarchy of ['sign', 'auth']) {
      const [first, second] = await listsOf('2023-n0002', hierarchy);
      const [before, after] = await Promise.all([first!, second!].map((list) => history().entriesOf(MODE, list)));
      const delivered = readCrl((await readListFile(owner, MODE, second!.sha256))!);
      expect(Buffer.from(after!.encode())).toEqual(Buffer.from(delivered.entries.encode()));
      const { added, changed, gone } = await history().changesOf(MODE, second!);
      expect([added.size, changed.size, gone.size]).toEqual([day.added / 4, day.changed / 4, day.gone / 4]);
      for (const { serial } of added) expect(before!.find(serial)).toBeUndefined();
      for (const { serial, ...entry } of changed) {
        expect(after!.find(serial)).toEqual(entry);
        expect(before!.find(serial)).not.toEqual(entry);
      }
      for (const { serial, ...entry } of gone) {
        expect(after!.find(serial)).toBeUndefined();
        expect(before!.find(serial)).toEqual(entry);
      }
    }
  });

  it('is everything for the list with which a history begins', async () => {
    const [first] = await listsOf('2023-n0001');
    const { added, changed, gone } = await history().changesOf(MODE, first!);
    expect([added.size, changed.size, gone.size]).toEqual([3_000, 0, 0]);
  });

  it('can be read on from where a reader stopped, in the order of the commits', async () => {
    const all = await history().acceptedAfter(MODE, 0n, 10_000);
    const read: AcceptedList[] = [];
    for (let part = await history().acceptedAfter(MODE, 0n, 3); part.length > 0;) {
      read.push(...part);
      part = await history().acceptedAfter(MODE, BigInt(part.at(-1)!.epoch), 3);
    }
    expect(read).toEqual(all);
    const epochs = all.map(({ epoch }) => BigInt(epoch));
    expect(new Set(epochs).size).toBe(epochs.length);
  });

  it('is kept as a new beginning when most of a partition is replaced at once', async () => {
    const before = await listsOf('2023-n0001');
    await sandbox.call('POST', '/control/synthetic-national', { partitions: 4, entries_per_partition: 5_000 });
    await refreshAll();
    const lists = await listsOf('2023-n0001');
    expect(lists).toHaveLength(before.length + 1);
    const beginnings: { crl_id: string }[] = await owner.query(
      `select crl_id from crl_snapshot where partition_id = $1 and baseline order by crl_id`,
      [lists[0]!.partitionId],
    );
    expect(beginnings.map(({ crl_id }) => crl_id)).toEqual([lists[0]!.crlId, lists.at(-1)!.crlId]);
    const { added, gone } = await history().changesOf(MODE, lists.at(-1)!);
    expect(added.size - gone.size).toBe(lists.at(-1)!.entries - lists.at(-2)!.entries);
    // Of the lists between, no entries are stored, and they are still told.
    expect((await history().entriesOf(MODE, lists.at(-2)!))!.size).toBe(lists.at(-2)!.entries);
  });
});

describe('stored entries that are damaged', () => {
  it('at the beginning of a history make its answers unavailable, and no other', async () => {
    const held = await card('moved');
    const [first] = await listsOf('2023-mihon');
    const damage = `update crl_snapshot set columns = set_byte(columns, 40, get_byte(columns, 40) # 1)
      where partition_id = $1`;
    await owner.query(damage, [first!.partitionId]);
    expect((await ask(held, Date.now())).finding).toMatchObject({ status: 'unavailable', detail: 'history_corrupt' });
    expect((await ask(await card('adult-valid'), Date.now())).finding.status).toBe('revoked');
    await owner.query(damage, [first!.partitionId]);
    expect((await ask(held, Date.now())).finding.status).toBe('revoked');
  });

  it('of the head do not keep its successor away: the history begins anew with it', async () => {
    const [first] = await listsOf('2023-reidai');
    await owner.query(`update crl_snapshot set columns = '\\x00' where partition_id = $1`, [first!.partitionId]);
    await sandbox.call('POST', '/control/synthetic', {
      hierarchy: 'sign',
      generation: '2023',
      municipality: 'reidai',
      entries: 10,
    });
    await refreshAll();
    const lists = await listsOf('2023-reidai');
    expect(lists).toHaveLength(2);
    expect((await history().entriesOf(MODE, lists[1]!))!.size).toBe(lists[1]!.entries);
  });
});

describe('the file of a list', () => {
  const lift = `update crl_reference_progress set collected_until = '-infinity'`;
  const files = async (): Promise<Set<string>> => {
    const rows: { sha256: string }[] = await owner.query(
      `select distinct encode(sha256, 'hex') as sha256 from crl_file`,
    );
    return new Set(rows.map(({ sha256 }) => sha256));
  };

  it('is kept as it was delivered', async () => {
    const [, second] = await listsOf('2023-kakuu');
    const file = await readListFile(reader.get(DataSource), MODE, second!.sha256);
    expect(createHash('sha256').update(file!).digest('hex')).toBe(second!.sha256);
    expect(readCrl(file!).crlNumber).toBe('101');
  });

  it('stays while a verification rests on it or it is the newest, and goes otherwise', async () => {
    const [rested, newest] = await listsOf('2023-kakuu');
    const [idle] = await listsOf('2023-n0001');
    // A week goes by.
    await owner.query(`update crl set accepted_at = accepted_at - interval '7 days',
      next_update = next_update - interval '7 days'`);
    await owner.query(
      `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, recorded_at, outcome, verdict,
         certificate_kind, certificate_hash, tenant_key_id, evidence)
       values (gen_random_uuid(), 'test', gen_random_uuid(), 'signature', gen_random_uuid(), now(),
         now() - interval '5 days', 'valid', $1, 'sign', sha256(''), gen_random_uuid(), '')`,
      [JSON.stringify({ revocation: [{ method: 'crl', status: 'good', sourceSha256: rested!.sha256 }] })],
    );
    await owner.query(lift);
    expect(await worker.get(ListRetention).run()).toBeGreaterThan(0);
    const kept = await files();
    expect([rested, newest, idle].map((list) => kept.has(list!.sha256))).toEqual([true, true, false]);
    // Looked through once; the reference stays known.
    expect(await worker.get(ListRetention).run()).toBe(0);
    expect(await files()).toEqual(kept);
  });

  it('is not removed before verifications of its time have been looked through', async () => {
    await owner.query('delete from crl_reference');
    await owner.query(`update crl_reference_progress set collected_until = 'infinity'`);
    const before = await files();
    await owner.query(lift);
    // A window at a time, from the first list on: the verification of five days ago is found again.
    await worker.get(ListRetention).run();
    expect(await files()).toEqual(before);
  });
});

describe('the door to the verifications', () => {
  const connect = (role: 'api' | 'worker' | 'operator'): Promise<DataSource> =>
    createDataSource({ url: database.urls[role], pool: 1, applicationName: 'test' }).initialize();
  const call = `select * from referenced_lists('-infinity', 'infinity')`;

  it('tells the worker hashes and times, and nothing else', async () => {
    const dataSource = await connect('worker');
    const rows: object[] = await dataSource.query(call);
    expect(rows.map((row) => Object.keys(row).join())).toEqual(['mode,sha256,last_at']);
    await expect(dataSource.query('select 1 from verification')).rejects.toMatchObject({ code: '42501' });
    await dataSource.destroy();
  });

  it.each(['api', 'operator'] as const)('is closed to %s', async (role) => {
    const dataSource = await connect(role);
    await expect(dataSource.query(call)).rejects.toMatchObject({ code: '42501' });
    await dataSource.destroy();
  });
});
