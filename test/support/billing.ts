import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  addPrices,
  findStatement,
  MonthClosing,
  type Month,
  openUsageMonth,
  type PricePlanTerms,
  type PriceRow,
  type Reader,
  type Statement,
  type UsageEvent,
  type UsageMonth,
} from '#lib/billing';
import { leave, type Mode, withTenant } from '#lib/platform';
import { createTenant } from '#lib/tenancy';
import { createTestDatabase, type TestDatabase } from './database.js';
import { planTerms } from './prices.js';
import { connect, keyRing } from './tenants.js';

const ACTOR = 'operator:test';
/** Of an advisory lock. */
const HELD_UP = 77;

/** A usage event to put into the database; by default a sign check by list for a signature, valid, of nobody known. */
export interface GivenEvent extends Partial<Omit<UsageEvent, 'id'>> {
  tenantId: string;
  mode?: Mode;
  /** A time with its offset. */
  at: string;
  /** Who or what was asked about: the same name is the same person. */
  person?: string;
  certificate?: string;
}

const uuidOf = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name.padEnd(6, '_')).subarray(0, 6).toString('hex')}`;

/** A database with tenants, prices and usage of any time, and the worker that closes its months. */
export class BillingRig {
  private constructor(
    readonly database: TestDatabase,
    readonly owner: pg.Client,
    readonly operator: DataSource,
    readonly worker: DataSource,
    readonly api: DataSource,
    readonly admin: DataSource,
    readonly closing: MonthClosing,
  ) {}

  static async start(): Promise<BillingRig> {
    const database = await createTestDatabase();
    const owner = new pg.Client({ connectionString: database.urls.owner });
    await owner.connect();
    // A usage event of a verification needs the verification; here it is the meter that is looked at.
    const { operator, worker, api, admin } = database.urls;
    const pools = await Promise.all([operator, worker, api, admin].map(connect));
    const [asOperator, asWorker, asApi, asAdmin] = pools as [DataSource, DataSource, DataSource, DataSource];
    return new BillingRig(database, owner, asOperator, asWorker, asApi, asAdmin, new MonthClosing(asWorker));
  }

  async stop(): Promise<void> {
    await this.owner.end();
    await Promise.all([this.operator, this.worker, this.api, this.admin].map((pool) => pool.destroy()));
    await this.database.drop();
  }

  /** A tenant, with a price plan of test mode where one is given. */
  async tenant(plan?: { from: string; terms?: Partial<PricePlanTerms> }): Promise<string> {
    const name = `tenant ${randomBytes(4).toString('hex')}`;
    const tenantId = await createTenant(this.operator, keyRing(), { name, actor: ACTOR });
    if (plan) await this.plan(tenantId, plan.from, planTerms(plan.terms));
    return tenantId;
  }

  async plan(tenantId: string, from: string, terms: PricePlanTerms): Promise<void> {
    await this.add({ table: 'price_plan', tenant_id: tenantId, mode: 'test', valid_from: from, terms });
  }

  async add(row: PriceRow): Promise<void> {
    await this.operator.transaction((manager) => addPrices(manager, { row, actor: ACTOR }));
  }

  /** J-LIS can tell the status checks of a tenant, or of all, as such. */
  recognise(from: string, until: string, tenantId: string | null): Promise<void> {
    const terms = { approval_reference: 'J-LIS-1' };
    const row = { mode: 'test', id: randomUUID(), tenant_id: tenantId, valid_from: from, valid_until: until } as const;
    return this.add({ table: 'jlis_recognition', ...row, terms });
  }

  /** Stores events as if they had been metered at those times. @returns their ids */
  async meter(events: readonly GivenEvent[]): Promise<string[]> {
    const rows = events.map((event) => {
      const meter = event.meter ?? 'sign_check';
      const outcome = event.outcome ?? 'valid';
      return {
        id: randomUUID(),
        tenant_id: event.tenantId,
        mode: event.mode ?? 'test',
        source_id: randomUUID(),
        person_id: event.person === undefined ? null : uuidOf(event.person),
        meter,
        method: event.method ?? (meter.endsWith('_check') ? 'crl' : 'service'),
        purpose: event.purpose ?? 'signature_verification',
        outcome,
        billable: event.billable ?? outcome !== 'indeterminate',
        certificate_kind: meter === 'auth_check' ? 'auth' : 'sign',
        certificate: event.certificate ?? randomUUID(),
        occurred_at: event.at,
      };
    });
    await this.owner.query(
      `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable,
         certificate_kind, certificate_hash, occurred_at)
       select r.tenant_id, r.mode, r.id, 'status_check', r.source_id, r.person_id, r.meter, r.method, r.purpose, r.outcome,
         r.billable, r.certificate_kind, sha256(convert_to(r.certificate, 'UTF8')), r.occurred_at
       from jsonb_to_recordset($1) as r(tenant_id uuid, mode tenant_mode, id uuid, source_id uuid, person_id uuid, meter text,
         method text, purpose text, outcome outcome, billable boolean, certificate_kind text, certificate text,
         occurred_at timestamptz)`,
      [JSON.stringify(rows)],
    );
    return rows.map(({ id }) => id);
  }

  /** Does work while nobody can read usage events. */
  async whileUnreadable(work: () => Promise<void>): Promise<void> {
    await this.owner.query('begin');
    try {
      await this.owner.query('lock table usage_event in access exclusive mode');
      await work();
    } finally {
      await this.owner.query('rollback');
    }
  }

  /**
   * Does work while the closing of a month has written the statements of all tenants but one, and ends the closing.
   * @param last of them
   */
  async whileClosing<T>(month: Month, last: string, work: () => Promise<T>): Promise<T> {
    await this.owner.query(`
      create function wait_for_test() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock(${HELD_UP}); return new; end $$;
      create trigger wait_for_test before insert on statement for each row when (new.tenant_id = '${last}')
        execute function wait_for_test();
      select pg_advisory_lock(${HELD_UP});`);
    const closing = this.closing.close('test', month, ACTOR);
    leave(closing);
    try {
      await this.untilWaiting(1);
      // The other statements are on their way beside it.
      await this.until(
        `select count(*) = statements_due - 1 as done from month_close c join statement s using (mode, month)
         where c.mode = 'test' and c.month = $1 group by statements_due`,
        [month],
      );
      return await work();
    } finally {
      await this.owner.query(`select pg_advisory_unlock(${HELD_UP})`);
      await closing;
      await this.owner.query('drop trigger wait_for_test on statement; drop function wait_for_test()');
    }
  }

  /** Until so many connections wait for a lock. */
  async untilWaiting(many: number): Promise<void> {
    await this.until(
      `select count(*) = $1 as done from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      [many],
    );
  }

  private async until(sql: string, values: readonly unknown[]): Promise<void> {
    for (;;) {
      const { rows } = await this.owner.query<{ done: boolean }>(sql, [...values]);
      if (rows[0]?.done) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Closes the months of test mode from one to another. */
  async closeUntil(last: Month): Promise<void> {
    for (;;) {
      const rows: { month: Month | null }[] = await this.worker.query(`select next_month_to_close('test') as month`);
      const month = rows[0]!.month;
      if (month === null || month > last) return;
      await this.closing.close('test', month, ACTOR);
    }
  }

  async statement(tenantId: string, month: Month): Promise<Statement> {
    const tenancy = { tenantId, mode: 'test' as const };
    const found = await withTenant(this.api, tenancy, (manager) => findStatement(manager, { ...tenancy, month }));
    if (!found) throw new Error(`no statement of ${month}`);
    return found;
  }

  /** Works on a month of a tenant under the rights of its reader. */
  async month<T>(
    reader: Reader,
    tenantId: string,
    month: Month,
    work: (manager: Pick<DataSource, 'query'>, opened: UsageMonth) => Promise<T>,
  ): Promise<T> {
    const tenancy = { tenantId, mode: 'test' as const };
    const opened = async (manager: Pick<DataSource, 'query'>): Promise<T> =>
      work(manager, await openUsageMonth(manager, reader, tenancy, month));
    return reader === 'tenant' ? withTenant(this.api, tenancy, opened) : opened(this.admin);
  }
}
