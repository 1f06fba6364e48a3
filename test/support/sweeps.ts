import type { DataSource } from 'typeorm';
import { StatusSweeps, SweepSteps, type StepOutcome, type Sweep, type SweepRequest } from '#lib/monitoring';
import { Clock, Logger } from '#lib/platform';
import { OcspSources, readListsAt } from '#lib/revocation';
import { TenantKeys } from '#lib/tenancy';
import { createTestDatabase, type TestDatabase } from './database.js';
import { ListBench } from './lists.js';
import { PersonBench, principalOf } from './persons.js';
import { connect, keyRing, makeTenant, type TestTenant } from './tenants.js';

export const T = Date.UTC(2026, 0, 10);
export const DAY = 86_400_000;
const CALL = { requestId: 'req_test' };

/** A database with lists, tenants and the processes that sweep. */
export class SweepStage {
  readonly persons: PersonBench;
  readonly sweeps: StatusSweeps;
  /** By the clock of the mode. */
  now = T;

  private constructor(
    private readonly database: TestDatabase,
    readonly owner: DataSource,
    readonly operator: DataSource,
    readonly api: DataSource,
    readonly worker: DataSource,
    readonly lists: ListBench,
  ) {
    this.persons = new PersonBench(api);
    this.sweeps = new StatusSweeps(api, this.clock(api));
  }

  static async start(): Promise<SweepStage> {
    const database = await createTestDatabase();
    const { urls } = database;
    const [owner, operator, api, worker] = await Promise.all(
      [urls.owner, urls.operator, urls.api, urls.worker].map(connect),
    );
    return new SweepStage(database, owner!, operator!, api!, worker!, await ListBench.start(owner!));
  }

  async stop(): Promise<void> {
    for (const dataSource of [this.owner, this.operator, this.api, this.worker]) await dataSource.destroy();
    await this.database.drop();
  }

  /** A clock of the stage's time. */
  private clock(dataSource: DataSource): Clock {
    const clock = new Clock(dataSource, new Logger('test', 'silent'));
    clock.now = () => this.now;
    return clock;
  }

  newTenant(): Promise<TestTenant> {
    return makeTenant(this.operator, 'A');
  }

  /** A process that carries sweeps out. */
  process(): SweepSteps {
    return new SweepSteps(this.worker, new TenantKeys(this.worker, keyRing()), {
      listsAt: (mode, epoch) => readListsAt(this.worker, mode, epoch),
      ocsp: (mode) => OcspSources.read(this.worker, mode, { timeoutMs: 10_000 }),
    });
  }

  /** Lists of both hierarchies, made now and good for a day. */
  async publish(times = { thisUpdate: this.now, nextUpdate: this.now + DAY }): Promise<void> {
    for (const kind of ['sign', 'auth'] as const) await this.lists.publish(kind, times);
  }

  /** A person with a sign certificate of this serial, and an auth certificate of the same, told by J-LIS to be theirs. */
  async register(tenant: TestTenant, serial: number, { pair = true } = {}): Promise<string> {
    const auth = await this.persons.person(tenant, { kind: 'auth', serial }, this.now);
    if (!pair) return auth.personId;
    // The person seen first survives.
    await this.persons.person(tenant, { kind: 'sign', serial }, this.now + 1);
    await this.persons.counterpart(tenant, auth.certificateId, { kind: 'sign', serial }, this.now);
    return auth.personId;
  }

  async order(tenant: TestTenant, request: Partial<SweepRequest> = {}): Promise<Sweep> {
    const whole = {
      choice: { kind: 'all' },
      certificates: 'both',
      method: 'crl',
      onBadRows: 'refuse',
      ...request,
    } as const;
    return (await this.sweeps.create(principalOf(tenant), whole, CALL)).sweep;
  }

  /** Turns until it has ended. */
  async carryOut(tenant: TestTenant, id: string, by = this.process()): Promise<StepOutcome> {
    for (;;) {
      const outcome = await by.step(
        { ...this.job(tenant, id) },
        () => this.now,
        () => true,
      );
      if (outcome !== 'more') return outcome;
    }
  }

  job({ tenantId, mode }: TestTenant, id: string) {
    return { tenantId, mode, id };
  }

  results(tenant: TestTenant, id: string) {
    return this.sweeps.results(tenant, id, { limit: 10_000 }, { actor: 'api_key:test' });
  }

  /** Events that say how sweeps of a tenant ended. */
  async ends({ tenantId }: TestTenant): Promise<{ type: string; id: string; occurredAt: number }[]> {
    const rows: { type: string; id: string; occurred_at: Date }[] = await this.owner.query(
      `select type, data->>'status_sweep_id' as id, occurred_at from event where tenant_id = $1 and type like 'sweep.%'`,
      [tenantId],
    );
    return rows.map(({ type, id, occurred_at }) => ({ type, id, occurredAt: occurred_at.getTime() }));
  }

  /** Changes what no role may: the past of a sweep. */
  async rewrite(sql: string, values: unknown[]): Promise<void> {
    await this.owner.transaction(async (manager) => {
      await manager.query('alter table status_sweep disable trigger guard');
      await manager.query(sql, values);
      await manager.query('alter table status_sweep enable trigger guard');
    });
  }

  async count({ tenantId }: TestTenant, table: string, where = 'true'): Promise<number> {
    const rows: { n: number }[] = await this.owner.query(
      `select count(*)::int as n from ${table} where tenant_id = $1 and ${where}`,
      [tenantId],
    );
    return rows[0]!.n;
  }
}
