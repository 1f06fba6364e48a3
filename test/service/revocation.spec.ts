import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { type Certificate, parseCertificate, type RevocationFinding, type TrustAnchor, validatePath } from '#lib/pki';
import { createDataSource } from '#lib/platform';
import {
  AnchorStore,
  failureCode,
  PartitionBusy,
  type PartitionJob,
  PartitionRefresh,
  RefreshPlanner,
  RevocationData,
  type RevocationMethod,
  RevocationService,
} from '#lib/revocation';
import { setSource } from '../../apps/admin/src/revocation-commands.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { EventLog, startOperator, startReader, startRefresher, trustSandbox } from '../support/revocation.js';
import { makeAuthority } from '../support/pki.js';
import { TestSandbox } from '../support/sandbox.js';

const MODE = 'test';
let sandbox: TestSandbox;
let database: TestDatabase;
let operator: Awaited<ReturnType<typeof startOperator>>;
let owner: DataSource;
let worker: INestApplicationContext;
let reader: INestApplicationContext;
const log = new EventLog();

beforeAll(async () => {
  [sandbox, database] = await Promise.all([TestSandbox.start(), createTestDatabase()]);
  operator = await startOperator(database);
  owner = await createDataSource({ url: database.urls.owner, pool: 2, applicationName: 'test-owner' }).initialize();
  await trustSandbox(operator, sandbox);
  worker = await startRefresher(database);
  reader = await startReader(database, log);
}, 60_000);

afterAll(async () => {
  await Promise.all([worker?.close(), reader?.close()]);
  await Promise.all([operator?.dataSource.destroy(), owner?.destroy()]);
  await Promise.all([sandbox?.stop(), database?.drop()]);
});

afterEach(async () => {
  await sandbox.healthy();
  log.events.length = 0;
});

const plan = (hierarchy: 'sign' | 'auth' = 'sign'): Promise<PartitionJob[]> =>
  worker.get(RefreshPlanner).plan({ mode: MODE, hierarchy });
const fetchPartition = (job: PartitionJob): Promise<string> => worker.get(PartitionRefresh).refresh(job);

/** The stored code of the failure that fetching ends in. */
async function failureOf(job: PartitionJob): Promise<string> {
  return fetchPartition(job).then(
    (outcome) => `no failure but ${outcome}`,
    (error: unknown) => failureCode(error),
  );
}

async function partitionNamed(name: string): Promise<PartitionJob> {
  const rows: { id: string }[] = await owner.query(
    `select id from crl_partition where mode = 'test' and hierarchy = 'sign' and name = $1`,
    [name],
  );
  return { mode: MODE, partitionId: rows[0]!.id };
}

/** Everything about a partition that a reader or an auditor can see. */
const storedState = ({ partitionId }: PartitionJob): Promise<unknown> =>
  owner.query(
    `select p.head_crl_id, p.epoch, p.last_success_at, sha256(s.columns), (select count(*) from crl where partition_id = p.id)
     from crl_partition p join crl_snapshot s on s.partition_id = p.id where p.id = $1`,
    [partitionId],
  );

interface Held {
  certificate: Certificate;
  anchor: TrustAnchor;
}

async function card(id: string, hierarchy: 'sign' | 'auth' = 'sign'): Promise<Held> {
  const certificate = parseCertificate(await sandbox.certificate(id, hierarchy));
  const anchors = reader.get(AnchorStore).of(MODE);
  const { anchor } = validatePath({ certificate, anchors, hierarchy, at: Date.now() });
  if (anchor === undefined) throw new Error(`card ${id} has no path`);
  return { certificate, anchor };
}

const ask = async (held: Held, method: RevocationMethod = 'crl', at = Date.now()): Promise<RevocationFinding[]> =>
  reader.get(RevocationService).statusOf({ mode: MODE, ...held, method, at });
const status = async (held: Held, at = Date.now()): Promise<string> => (await ask(held, 'crl', at)).at(-1)!.status;

describe('before any list was fetched', () => {
  it('a certificate has no status by CRL', async () => {
    expect(await ask(await card('adult-valid'))).toEqual([
      { method: 'crl', status: 'unavailable', detail: 'no_partition' },
    ]);
  });
});

describe('a refresh', () => {
  it('brings every listed partition to readers', async () => {
    const jobs = await plan();
    expect(jobs).toHaveLength(8);
    expect(await Promise.all(jobs.map(fetchPartition))).toEqual(jobs.map(() => 'accepted'));
    await reader.get(RevocationData).refresh();
    expect(await status(await card('adult-valid'))).toBe('good');
    expect(await status(await card('adult-valid-2019'))).toBe('good');
    const [moved] = await ask(await card('moved'));
    expect(moved).toMatchObject({ status: 'revoked', reason: 'affiliationChanged', crlNumber: '100' });
    expect(moved!.sourceSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('of the same file changes nothing', async () => {
    const job = await partitionNamed('2023-kakuu');
    const before: { epoch: string }[] = await owner.query('select * from revocation_epoch order by mode');
    expect(await fetchPartition(job)).toBe('unchanged');
    expect(await owner.query('select * from revocation_epoch order by mode')).toEqual(before);
  });

  it('is seen by a running reader within its poll', async () => {
    const held = await card('demo');
    expect(await status(held)).toBe('good');
    await sandbox.call('POST', '/control/cards/demo/revoke', { certificate: 'sign', reason: 'cessationOfOperation' });
    for (const job of await plan()) await fetchPartition(job);
    for (let i = 0; i < 30 && (await status(held)) === 'good'; i++) await sleep(100);
    expect((await ask(held))[0]).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' });
  });

  it('of many partitions at once loses none for a reader that polls all the while', async () => {
    await sandbox.call('POST', '/control/cards/adult-valid/revoke', { certificate: 'auth', reason: 'superseded' });
    const jobs = await plan('auth');
    const fetched = Promise.all(jobs.map(fetchPartition));
    let done = false;
    void fetched.finally(() => (done = true));
    while (!done) await reader.get(RevocationData).refresh();
    await fetched;
    await reader.get(RevocationData).refresh();
    expect(reader.get(RevocationData).set(MODE).stats.partitions).toBe(16);
    expect(await status(await card('adult-valid', 'auth'))).toBe('revoked');
  });
});

describe('a list that is not fit', () => {
  it.each([
    ['bad_signature', 'crl_refused:signature_invalid'],
    ['truncated', 'crl_malformed:truncated'],
    ['rollback', 'crl_refused:this_update_went_back,crl_number_went_back'],
    ['wrong_scope', 'crl_refused:scope_mismatch'],
    ['down', 'jlis_unreachable:UND_ERR_SOCKET'],
  ])('(%s) is refused, and the last good one stays', async (mode, code) => {
    const job = await partitionNamed('2023-mihon');
    const before = await storedState(job);
    await sandbox.faults({ crl: { mode } });
    expect(await failureOf(job)).toBe(code);
    expect(await storedState(job)).toEqual(before);
    await reader.get(RevocationData).refresh();
    expect(await status(await card('moved'))).toBe('revoked');
  });

  it('(garbage) is refused, and the last good one stays', async () => {
    const job = await partitionNamed('2023-mihon');
    const before = await storedState(job);
    await sandbox.faults({ crl: { mode: 'garbage' } });
    expect(await failureOf(job)).toMatch(/^crl_malformed:/);
    expect(await storedState(job)).toEqual(before);
  });

  it('(published three days ago) is refused for its end, and for going back', async () => {
    const job = await partitionNamed('2023-mihon');
    await sandbox.faults({ crl: { mode: 'stale' } });
    expect(await failureOf(job)).toBe('crl_refused:next_update_passed,this_update_went_back');
  });

  it('(not delivered within the idle time) is given up', async () => {
    const job = await partitionNamed('2023-mihon');
    await sandbox.faults({ crl: { mode: 'slow', delay_ms: 10_000 } });
    expect(await failureOf(job)).toBe('jlis_timeout');
  });

  it('(signed by another generation under the same name) is refused', async () => {
    const job = await partitionNamed('2023-mihon');
    const swap = (from: string, to: string): Promise<unknown> =>
      owner.query('update crl_partition set path = replace(path, $2, $3) where id = $1', [job.partitionId, from, to]);
    await swap('2023', '2019');
    const failure = await failureOf(job);
    await swap('2019', '2023');
    // Both lists are made at the sandbox's start, the older generation's perhaps a second before.
    expect(failure.replace(',this_update_went_back', '')).toBe(
      'crl_refused:authority_key_mismatch,signature_invalid,crl_number_reused',
    );
  });

  it('is counted until the next success', async () => {
    const job = await partitionNamed('2023-mihon');
    const read = async (): Promise<unknown> => {
      const rows: unknown[] = await owner.query(
        'select failures > 0 as failing, last_failure from crl_partition where id = $1',
        [job.partitionId],
      );
      return rows[0];
    };
    await sandbox.faults({ crl: { mode: 'truncated' } });
    await failureOf(job);
    expect(await read()).toEqual({ failing: true, last_failure: 'crl_malformed:truncated' });
    await sandbox.healthy();
    await fetchPartition(job);
    expect(await read()).toEqual({ failing: false, last_failure: null });
  });

  it('goes stale at its nextUpdate when nothing newer came', async () => {
    const held = await card('adult-valid');
    const end = (await ask(held))[0]!.nextUpdate!;
    expect([await status(held, end - 1), await status(held, end)]).toEqual(['good', 'stale']);
    expect(await status(await card('moved'), end)).toBe('stale');
  });
});

describe('an index that cannot be used', () => {
  it('is on record and changes no partition', async () => {
    const before = await owner.query('select id, listed_at from crl_partition order by id');
    await sandbox.faults({ crl: { mode: 'down' } });
    await expect(plan()).rejects.toMatchObject({ detail: 'unreachable' });
    const [source] = await owner.query(
      `select failures, last_failure from revocation_source where mode = 'test' and hierarchy = 'sign'`,
    );
    expect(source).toEqual({ failures: 1, last_failure: 'jlis_unreachable:UND_ERR_SOCKET' });
    expect(await owner.query('select id, listed_at from crl_partition order by id')).toEqual(before);
  });

  it('leaves out lists of issuers that are no anchors', async () => {
    const crlIndexUrl = (hierarchy: string): string => `${sandbox.url}/crl/${hierarchy}/index.json`;
    const source = { mode: MODE, hierarchy: 'sign', layout: 'partitioned' } as const;
    await setSource(operator, { ...source, crlIndexUrl: crlIndexUrl('auth') });
    expect(await plan()).toEqual([]);
    await setSource(operator, { ...source, crlIndexUrl: crlIndexUrl('sign'), ocspUrl: `${sandbox.url}/ocsp/sign` });
    expect(await plan()).toHaveLength(8);
  });
});

describe('a fault in the database', () => {
  it('while a list is accepted leaves nothing of it behind', async () => {
    const job = await partitionNamed('2023-shiken');
    const before = await storedState(job);
    await sandbox.call('POST', '/control/synthetic', {
      hierarchy: 'sign',
      generation: '2023',
      municipality: 'shiken',
      entries: 1_000,
    });
    await owner.query(`create function fail() returns trigger language plpgsql as $$ begin raise 'planted'; end $$`);
    await owner.query(
      `create trigger planted before update of head_crl_id on crl_partition for each row execute function fail()`,
    );
    expect(await failureOf(job)).toBe('internal');
    await owner.query('drop trigger planted on crl_partition');
    expect((await storedState(job)) as object[]).toEqual(before);
    expect(await fetchPartition(job)).toBe('accepted');
  });

  it('that damages a snapshot is noticed: it is not used, and the next refresh repairs it', async () => {
    const job = await partitionNamed('2023-mihon');
    const held = await card('moved');
    await owner.query(
      `update crl_snapshot set columns = set_byte(columns, 40, get_byte(columns, 40) # 1) where partition_id = $1`,
      [job.partitionId],
    );
    await owner.query(`with next as (update revocation_epoch set epoch = epoch + 1 where mode = 'test' returning epoch)
      update crl_partition set epoch = next.epoch from next where id = ${job.partitionId}`);
    await reader.get(RevocationData).refresh();
    expect(log.events).toContain('snapshot_corrupt');
    expect(await status(held)).toBe('revoked');
    const fresh = await startReader(database, log);
    const [finding] = await fresh
      .get(RevocationService)
      .statusOf({ mode: MODE, ...held, method: 'crl', at: Date.now() });
    expect(finding).toMatchObject({ status: 'unavailable', detail: 'no_partition' });
    expect(await fetchPartition(job)).toBe('repaired');
    await fresh.get(RevocationData).refresh();
    expect(fresh.get(RevocationService).crlStatus({ mode: MODE, ...held, at: Date.now() }).status).toBe('revoked');
    await fresh.close();
  });

  it('that loses a snapshot is noticed, and the next refresh brings it and its history back', async () => {
    const job = await partitionNamed('2023-kakuu');
    await owner.query('delete from crl_snapshot where partition_id = $1', [job.partitionId]);
    const fresh = await startReader(database, log);
    expect(log.events).toContain('snapshot_corrupt');
    const held = (): number => fresh.get(RevocationData).set(MODE).stats.partitions;
    const without = held();
    expect(await fetchPartition(job)).toBe('repaired');
    await fresh.get(RevocationData).refresh();
    expect(held()).toBe(without + 1);
    await fresh.close();
    expect(await owner.query('select baseline from crl_snapshot where partition_id = $1', [job.partitionId])).toEqual([
      { baseline: true },
    ]);
  });

  it('that was restored from before is noticed: lists accepted since are not passed over', async () => {
    await reader.get(RevocationData).refresh();
    await owner.query(`with lower as (update revocation_epoch set epoch = 1 where mode = 'test')
      update crl_partition set epoch = 1 where mode = 'test'`);
    await reader.get(RevocationData).refresh();
    expect(log.events).toContain('revocation_epoch_went_back');
    const { entries } = reader.get(RevocationData).set(MODE).stats;
    await sandbox.call('POST', '/control/synthetic', {
      hierarchy: 'sign',
      generation: '2023',
      municipality: 'shiken',
      entries: 1_500,
    });
    expect(await fetchPartition(await partitionNamed('2023-shiken'))).toBe('accepted');
    await reader.get(RevocationData).refresh();
    expect(reader.get(RevocationData).set(MODE).stats.entries).not.toBe(entries);
  });

  it('that ends all connections does not end the answers', async () => {
    const held = await card('moved');
    const name = new URL(database.urls.owner).pathname.slice(1);
    await owner.query(`revoke connect on database ${name} from public`);
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'shomei_api' and datname = $1`,
      [name],
    );
    await expect(reader.get(RevocationData).refresh()).rejects.toThrow();
    for (let i = 0; i < 30 && !log.events.includes('revocation_poll_failed'); i++) await sleep(100);
    expect(log.events.filter((event) => event === 'revocation_poll_failed')).toHaveLength(1);
    expect(await status(held)).toBe('revoked');
    await owner.query(`grant connect on database ${name} to public`);
    await reader.get(RevocationData).refresh();
  });
});

describe('two processes', () => {
  it('never fetch one partition at the same time', async () => {
    const job = await partitionNamed('2023-mihon');
    const other = await startRefresher(database);
    // Its thread is up before time matters.
    await other.get(PartitionRefresh).refresh(job);
    await sandbox.faults({ crl: { mode: 'slow', delay_ms: 300 } });
    const outcomes = await Promise.allSettled([fetchPartition(job), other.get(PartitionRefresh).refresh(job)]);
    await other.close();
    expect(outcomes.map(({ status: each }) => each).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = outcomes.find((outcome): outcome is PromiseRejectedResult => outcome.status === 'rejected');
    expect(refused?.reason).toBeInstanceOf(PartitionBusy);
  });
});

describe('the other layout', () => {
  it('covers certificates by one list per key', async () => {
    const source = { mode: MODE, hierarchy: 'sign', crlIndexUrl: `${sandbox.url}/crl/sign/index.json` } as const;
    await setSource(operator, { ...source, layout: 'full', ocspUrl: `${sandbox.url}/ocsp/sign` });
    const jobs = await plan();
    expect(await Promise.all(jobs.map(fetchPartition))).toEqual(['accepted', 'accepted']);
    const fresh = await startReader(database);
    const data = fresh.get(RevocationData).set(MODE);
    const { certificate, anchor } = await card('moved');
    expect(data.covering(certificate, anchor.fingerprint)).toHaveLength(2);
    await fresh.close();
    await setSource(operator, { ...source, layout: 'partitioned', ocspUrl: `${sandbox.url}/ocsp/sign` });
    await plan();
  });
});

describe('OCSP', () => {
  beforeAll(async () => {
    // The sandbox makes a responder's key at the first request, which may take longer than our client waits.
    for (let i = 0; i < 60 && (await ask(await card('adult-valid'), 'ocsp'))[0]?.status !== 'good'; i++)
      await sleep(100);
  });

  it.each([
    ['adult-valid', { status: 'good' }],
    ['moved', { status: 'revoked', reason: 'affiliationChanged' }],
    ['on-hold', { status: 'revoked', reason: 'certificateHold' }],
  ])('gives the status of %s', async (id, expected) => {
    const attempts = await ask(await card(id), 'ocsp');
    expect(attempts).toEqual([expect.objectContaining({ method: 'ocsp', ...expected })]);
    expect(attempts[0]!.producedAt).toBeGreaterThan(Date.now() - 120_000);
  });

  const unusable = [
    ['down', { status: 'unavailable', detail: 'ocsp_unreachable' }],
    ['slow', { status: 'unavailable', detail: 'ocsp_timeout' }],
    ['garbage', { status: 'unavailable', detail: 'ocsp_malformed' }],
    ['try_later', { status: 'unavailable', detail: 'responder_try_later' }],
    ['bad_signature', { status: 'unavailable', detail: 'signature_invalid' }],
    ['wrong_nonce', { status: 'unavailable', detail: 'nonce_mismatch' }],
    ['stale', { status: 'stale' }],
  ] as const;
  it.each(unusable)('that is unusable (%s) is no answer, and lists stand in where asked to', async (mode, expected) => {
    await sandbox.faults({ ocsp: { mode, ...(mode === 'slow' ? { delay_ms: 10_000 } : {}) } });
    const held = await card('moved');
    expect(await ask(held, 'ocsp')).toEqual([expect.objectContaining(expected)]);
    expect(await ask(held, 'ocsp_or_crl')).toEqual([
      expect.objectContaining({ method: 'ocsp', ...expected }),
      expect.objectContaining({ method: 'crl', status: 'revoked' }),
    ]);
  });

  it('that does not know the certificate is an answer: no list stands in for it', async () => {
    await sandbox.faults({ ocsp: { mode: 'unknown' } });
    expect(await ask(await card('adult-valid'), 'ocsp_or_crl')).toEqual([
      expect.objectContaining({ method: 'ocsp', status: 'unknown' }),
    ]);
  });

  it('asks nobody where no responder is set', async () => {
    const { certificate, anchor } = await card('adult-valid');
    const asked = reader
      .get(RevocationService)
      .statusOf({ mode: 'live', certificate, anchor, method: 'ocsp', at: Date.now() });
    expect(await asked).toEqual([{ method: 'ocsp', status: 'unavailable', detail: 'no_ocsp_source' }]);
  });
});

describe('a mode', () => {
  it('answers nothing from the lists of the other', async () => {
    const held = await card('moved');
    expect(reader.get(RevocationService).crlStatus({ mode: 'live', ...held, at: Date.now() })).toMatchObject({
      status: 'unavailable',
      detail: 'no_partition',
    });
  });

  const insert = `insert into trust_anchor (mode, fingerprint, hierarchy, generation, certificate, imported_by)
    values ($1, sha256($2), 'sign', '2023', $2, 'planted')`;

  it('live cannot hold a test anchor, whoever writes it', async () => {
    const planted = makeAuthority('sign', 2023).der;
    await owner.query('begin');
    // No approval could change it: what asks for one is out of the way here.
    await owner.query('alter table trust_anchor drop constraint live_anchor_is_approved, disable trigger guard');
    await expect(owner.query(insert, ['live', planted])).rejects.toMatchObject({
      constraint: 'live_never_trusts_test',
    });
    await owner.query('rollback');
  });

  it('does not start with an anchor of the other, and a running process leaves it out', async () => {
    const real = makeAuthority('sign', 2023, { organization: 'JPKI' }).der;
    const before = reader.get(AnchorStore).of(MODE).length;
    await owner.query(insert, ['test', real]);
    await owner.query(`update revocation_epoch set epoch = epoch + 1 where mode = 'test'`);
    await expect(startReader(database)).rejects.toMatchObject({ code: 'real_anchor_in_test' });
    await reader.get(RevocationData).refresh();
    expect(log.events).toContain('anchor_refused');
    expect(reader.get(AnchorStore).of(MODE)).toHaveLength(before);
    await owner.query(`delete from trust_anchor where imported_by = 'planted'`);
    await owner.query(`update revocation_epoch set epoch = epoch + 1 where mode = 'test'`);
  });
});

describe('the roles of the database', () => {
  it.each([
    ['api', 'shomei_api', `insert into crl_snapshot values ('test', 1, 1, '')`],
    ['api', 'shomei_api', `update revocation_epoch set epoch = 0`],
    ['worker', 'shomei_worker', `insert into trust_anchor select * from trust_anchor`],
    ['worker', 'shomei_worker', `update revocation_source set crl_index_url = 'x'`],
    ['worker', 'shomei_worker', `update crl set next_update = 'infinity'`],
    ['worker', 'shomei_worker', `delete from crl`],
    ['operator', 'shomei_operator', `update trust_anchor set mode = 'live'`],
    ['operator', 'shomei_operator', `update crl_partition set head_crl_id = null`],
  ] as const)('%s may not: %#', async (role, _, statement) => {
    const dataSource = await createDataSource({
      url: database.urls[role],
      pool: 1,
      applicationName: 'test',
    }).initialize();
    // 42501: insufficient_privilege.
    await expect(dataSource.query(statement)).rejects.toMatchObject({ code: '42501' });
    await dataSource.destroy();
  });
});
