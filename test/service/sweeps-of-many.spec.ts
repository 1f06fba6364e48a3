import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import type { QueryRunner } from 'typeorm';
import { listSweepResults, personsByReference, SWEEP_QUEUE, type SweepTurn, turnOptions } from '#lib/monitoring';
import { Logger, type Mode, withTenant } from '#lib/platform';
import { QUEUE_PREFIX } from '#lib/revocation';
import { QueueErrors } from '../../apps/worker/src/queue-errors.js';
import { SweepProcessor } from '../../apps/worker/src/sweep.processor.js';
import { SweepSchedule } from '../../apps/worker/src/sweep-schedule.js';
import { principalOf } from '../support/persons.js';
import { emptyTestRedis } from '../support/redis.js';
import { eventually } from '../support/story.js';
import { SweepStage, T } from '../support/sweeps.js';
import type { TestTenant } from '../support/tenants.js';

/** Persons of one chunk of a sweep. */
const CHUNK = 2_500;

let stage: SweepStage;
let tenant: TestTenant;
beforeAll(async () => {
  stage = await SweepStage.start();
  await stage.publish();
}, 120_000);
afterAll(() => stage.stop());
beforeEach(async () => {
  stage.now = T;
  tenant = await stage.newTenant();
});

/** Persons of whom nothing else is known, in one statement. */
const crowd = (of: TestTenant, size: number): Promise<unknown> =>
  stage.owner.query(
    `insert into person (tenant_id, mode, id, created_at)
     select $1, 'test', gen_random_uuid(), now() from generate_series(1, $2::int)`,
    [of.tenantId, size],
  );
/** As if a status check of some of them had been decided at T. */
const check = (of: TestTenant, where: string): Promise<unknown> =>
  stage.owner.query(
    `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable,
       certificate_kind, certificate_hash, occurred_at)
     select tenant_id, mode, gen_random_uuid(), 'status_check', gen_random_uuid(), id, 'auth_check', 'crl', 'status_check',
       'valid', true, 'auth', sha256(id::text::bytea), $2
     from person where tenant_id = $1 and ${where}`,
    [of.tenantId, new Date(T)],
  );
const HALF = `right(id::text, 1) < '8'`;
const swept = async (id: string): Promise<string[]> => {
  const rows: { person_id: string }[] = await stage.owner.query(
    'select person_id from status_sweep_result where sweep_id = $1 order by person_id',
    [id],
  );
  return rows.map(({ person_id }) => person_id);
};
const choice = { kind: 'not_checked_since', since: T } as const;

describe('a sweep of those not checked since', () => {
  /** Whom it has to be about: also whoever had somebody merged into them who was checked is left out. */
  async function prepared(size: number): Promise<string[]> {
    await crowd(tenant, size);
    await check(tenant, HALF);
    const [one, other]: { id: string }[] = await stage.owner.query(
      `(select id from person where tenant_id = $1 and ${HALF} limit 1) union all
       (select id from person where tenant_id = $1 and not ${HALF} limit 1)`,
      [tenant.tenantId],
    );
    await stage.owner.query('update person set merged_into = $2, merged_at = now() where tenant_id = $1 and id = $3', [
      tenant.tenantId,
      other!.id,
      one!.id,
    ]);
    const rows: { id: string }[] = await stage.owner.query(
      `select id from person where tenant_id = $1 and not ${HALF} and id <> $2 order by id`,
      [tenant.tenantId, other!.id],
    );
    return rows.map(({ id }) => id);
  }

  it('is made without choosing anybody, and chosen as it goes: nobody twice or missed by processes killed in its midst', async () => {
    const expected = await prepared(3 * CHUNK);
    const { id } = await stage.order(tenant, { choice });
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({ state: 'queued', done: 0 });
    expect(await stage.count(tenant, 'status_sweep_person')).toBe(0);
    const workers = `from pg_stat_activity where datname = current_database() and usename = 'shomei_worker'`;
    const turn = (): Promise<string> =>
      stage
        .process()
        .step(
          stage.job(tenant, id),
          () => T,
          () => false,
        )
        .catch(() => 'died');
    /** A turn of a process that is killed while it writes: what that leaves behind is what its connections do, they end. */
    const killed = async (): Promise<string> => {
      const holder = stage.owner.createQueryRunner();
      await holder.startTransaction();
      try {
        await holder.query('select 1 from status_sweep where id = $1 for update', [id]);
        const dying = turn();
        await eventually(
          () => stage.owner.query<unknown[]>(`select 1 ${workers} and wait_event_type = 'Lock'`),
          (waiting) => waiting.length > 0,
          30_000,
        );
        await holder.query(`select pg_terminate_backend(pid) ${workers}`);
        return await dying;
      } finally {
        await holder.rollbackTransaction();
        await holder.release();
      }
    };
    const outcomes: string[] = [];
    // Each is killed once while it begins or writes a chunk, and then done.
    while (outcomes.at(-1) !== 'completed') outcomes.push(await killed(), await turn());
    expect(outcomes).toEqual(['died', 'more', 'died', 'more', 'died', 'completed']);
    expect(await swept(id)).toEqual(expected);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({
      total: expected.length,
      done: expected.length,
      summary: { nothing_known: expected.length },
    });
    expect(await stage.ends(tenant)).toHaveLength(1);
  }, 60_000);

  it('is about whoever was not checked when it began, by however many processes at once', async () => {
    const expected = await prepared(2 * CHUNK);
    const { id } = await stage.order(tenant, { choice });
    await stage.process().step(
      stage.job(tenant, id),
      () => T,
      () => false,
    );
    // Checked in its midst, after it began.
    await check(tenant, `not ${HALF}`);
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => stage.carryOut(tenant, id)));
    expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(1);
    expect(await swept(id)).toEqual(expected);
  }, 60_000);
});

describe('a turn of a sweep, which writes a chunk while the one before is committed', () => {
  it('leaves nothing of a chunk where the one before was not stored', async () => {
    await crowd(tenant, 3 * CHUNK);
    const { id } = await stage.order(tenant);
    // Another process is at the first chunk and has stored some of it.
    const [first]: { id: string }[] = await stage.owner.query(
      `insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, checked_at, certificates)
       select tenant_id, mode, $2, id, 'nothing_known', $3, '{}' from person where tenant_id = $1 order by id limit 1
       returning person_id as id`,
      [tenant.tenantId, id, new Date(T)],
    );
    expect(await stage.carryOut(tenant, id)).toBe('taken');
    expect(await swept(id)).toEqual([first!.id]);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({ state: 'running', done: 0, summary: {} });
    await stage.owner.query('delete from status_sweep_result where sweep_id = $1', [id]);
    expect(await stage.carryOut(tenant, id)).toBe('completed');
    expect(await swept(id)).toHaveLength(3 * CHUNK);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({
      done: 3 * CHUNK,
      summary: { nothing_known: 3 * CHUNK },
    });
  }, 60_000);
});

describe('of two chunks under way', () => {
  const WRITING = `from pg_stat_activity
    where datname = current_database() and usename = 'shomei_worker' and backend_xid is not null`;
  let id: string;
  beforeEach(async () => {
    await crowd(tenant, 4 * CHUNK);
    id = (await stage.order(tenant)).id;
    // One chunk, then its end.
    const begun = await stage.process().step(
      stage.job(tenant, id),
      () => T,
      () => false,
    );
    expect(begun).toBe('more');
  });

  /** A turn of which one chunk waits for the row of the sweep, which is held, and the next is stored and waits behind it. */
  async function turnThatWaits(meanwhile: (holder: QueryRunner) => Promise<unknown>): Promise<string> {
    const holder = stage.owner.createQueryRunner();
    await holder.startTransaction();
    try {
      await holder.query('select 1 from status_sweep where id = $1 for update', [id]);
      const turn = stage.carryOut(tenant, id).catch(() => 'died');
      const states = await eventually(
        async () => {
          const rows: { at: string }[] = await stage.owner.query(
            `select coalesce(nullif(wait_event_type, 'Client'), state) as at ${WRITING}`,
          );
          return rows.map(({ at }) => at).sort();
        },
        (at) => at.join() === 'Lock,idle in transaction',
        30_000,
      );
      expect(states).toEqual(['Lock', 'idle in transaction']);
      await meanwhile(holder);
      return await turn;
    } finally {
      await holder.rollbackTransaction();
      await holder.release();
    }
  }

  async function nothingBeyondTheFirst(): Promise<void> {
    expect(await swept(id)).toHaveLength(CHUNK);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({ state: 'running', done: CHUNK });
    expect(await stage.carryOut(tenant, id)).toBe('completed');
    expect(await swept(id)).toHaveLength(4 * CHUNK);
    expect(await stage.sweeps.get(tenant, id)).toMatchObject({
      done: 4 * CHUNK,
      summary: { nothing_known: 4 * CHUNK },
    });
    expect(await stage.ends(tenant)).toHaveLength(1);
  }

  it('neither is stored when the process is killed, and both are by the next', async () => {
    const killed = (holder: QueryRunner): Promise<unknown> =>
      holder.query(`select pg_terminate_backend(pid) ${WRITING}`);
    expect(await turnThatWaits(killed)).toBe('died');
    await nothingBeyondTheFirst();
  }, 60_000);

  it('neither is stored when what they wait for stays locked, and the turn is given up', async () => {
    expect(await turnThatWaits(() => Promise.resolve())).toBe('taken');
    await nothingBeyondTheFirst();
  }, 60_000);
});

describe('a dry run', () => {
  const forecast = (choose: typeof choice | { kind: 'all' }) =>
    stage.sweeps.forecast(principalOf(tenant), {
      choice: choose,
      certificates: 'both',
      method: 'crl',
      onBadRows: 'skip',
    });

  it('of more than can be counted within a request is reckoned from a part, and says so', async () => {
    await crowd(tenant, 60_000);
    await check(tenant, HALF);
    expect(await forecast({ kind: 'all' })).toMatchObject({ persons: 60_000, exact: false });
    const { persons, exact, alreadyCounted } = await forecast(choice);
    expect([exact, alreadyCounted.auth]).toEqual([false, 0]);
    expect(Math.abs(persons / 30_000 - 1)).toBeLessThan(0.03);
    expect(await stage.count(tenant, 'status_sweep')).toBe(0);
  }, 60_000);
});

describe('references', () => {
  it('are looked up one by one also where the statistics know nothing of them yet', async () => {
    const size = 20_000;
    await stage.owner.query('analyze verification, verification_person, person');
    await crowd(tenant, size);
    await stage.owner.query(
      `with v as (
         insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, verdict,
           certificate_kind, certificate_hash, reference, tenant_key_id, evidence)
         select tenant_id, mode, id, 'signature', $2, now(), 'valid', '{}', 'sign', sha256(''), 'R-' || row_number() over (order by id), $3, ''
         from person where tenant_id = $1 returning tenant_id, mode, id)
       insert into verification_person (tenant_id, mode, verification_id, person_id, state)
       select tenant_id, mode, id, id, 'identified' from v`,
      [tenant.tenantId, tenant.apiKeyId, tenant.tenantKeyId],
    );
    const references = Array.from({ length: 5_000 }, (_, n) => `R-${n * 4 + 1}`);
    const found = await withTenant(stage.api, tenant, async (manager) => {
      // Compared one with all it would take minutes.
      await manager.query('set local statement_timeout = 10000');
      return personsByReference(manager, tenant, [...references, 'R-0']);
    });
    expect(references.every((reference) => found.get(reference)?.length === 1)).toBe(true);
    expect(found.get('R-0')).toEqual([]);
  }, 60_000);

  it('stand beside the results of a sweep, each looked up by itself also where the statistics know nothing of it yet', async () => {
    await stage.owner.query('analyze status_sweep_result, status_sweep_person');
    await crowd(tenant, 20_000);
    const { id } = await stage.order(tenant);
    await stage.owner.query(
      `with named as (
         insert into status_sweep_person (tenant_id, mode, sweep_id, person_id, line, reference)
         select tenant_id, mode, $2, id, 1 + row_number() over (), 'R-' || id from person where tenant_id = $1 returning *)
       insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, checked_at, certificates)
       select tenant_id, mode, sweep_id, person_id, 'nothing_known', $3, '{}' from named`,
      [tenant.tenantId, id, new Date(T)],
    );
    const page = await withTenant(stage.api, tenant, async (manager) => {
      // Compared one with all it took minutes.
      await manager.query('set local statement_timeout = 10000');
      return listSweepResults(manager, id, { limit: 5_000 });
    });
    expect(page).toHaveLength(5_000);
    expect(page.every(({ reference, personId }) => reference === `R-${personId}`)).toBe(true);
  }, 60_000);
});

describe('a small sweep', () => {
  it('that is ordered while a large one of another tenant runs is done after one turn of that', async () => {
    const small = await stage.newTenant();
    await Promise.all([crowd(tenant, 4 * CHUNK), crowd(small, 10)]);
    const [large, little] = [await stage.order(tenant), await stage.order(small)];
    const logger = new Logger('test', 'silent');
    const connection = { url: await emptyTestRedis(), maxRetriesPerRequest: null };
    const queue = new Queue<SweepTurn>(SWEEP_QUEUE, { prefix: QUEUE_PREFIX, connection });
    const errors = new QueueErrors(logger, queue, queue, queue, queue);
    const doneByThen: number[] = [];
    const host = {
      findDue: async (mode: Mode) => {
        const due: { tenant_id: string; id: string }[] = await stage.worker.query(
          'select tenant_id, id from due_status_sweeps($1) where id = any($2)',
          [mode, [large.id, little.id]],
        );
        return due.map(({ tenant_id: tenantId, id }) => ({ tenantId, mode, id }));
      },
      // A turn is one chunk here.
      step: async (job: SweepTurn['sweep']) => {
        const outcome = await stage.process().step(
          job,
          () => T,
          () => false,
        );
        if (job.id === little.id) doneByThen.push((await stage.sweeps.get(tenant, large.id)).done);
        return outcome;
      },
    };
    const processor = new SweepProcessor(host, queue, errors, logger);
    const schedule = new SweepSchedule(host, queue, errors, logger);
    // The large one is there first.
    const first = { sweep: stage.job(tenant, large.id), turn: 0 };
    await queue.add('test', first, turnOptions(first));
    const worker = new Worker<SweepTurn>(SWEEP_QUEUE, (job) => processor.process(job), {
      prefix: QUEUE_PREFIX,
      connection,
      autorun: false,
    });
    const ended = new Promise<void>((resolve, reject) => {
      worker.on('completed', (job, outcome) => {
        if (job.data.sweep.id === large.id && outcome === 'completed') resolve();
      });
      worker.on('failed', (_job, error) => reject(error));
    });
    try {
      schedule.onApplicationBootstrap();
      await eventually(
        () => queue.getWaitingCount(),
        (n) => n === 2,
      );
      void worker.run();
      await ended;
    } finally {
      schedule.onModuleDestroy();
      await worker.close();
      await queue.close();
    }
    expect(doneByThen).toEqual([CHUNK]);
    expect(await stage.sweeps.get(tenant, large.id)).toMatchObject({ state: 'completed', done: 4 * CHUNK });
  }, 60_000);
});
