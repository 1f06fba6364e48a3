import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { fromPublicId, type Mode, newRandomId, Problem, withTenant } from '#lib/platform';
import { beginMonthClose } from './begin-month-close.js';
import { type Month, periodOf } from './japan-month.js';
import { allocate, type JlisReduction, takeOff } from './jlis-reduction.js';
import { countMonth, type MonthScope } from './month-counts.js';
import { type PricePlan, pricePlanTerms } from './price-plan.js';
import { type AllocatedReduction, totalReductionsIn } from './rate-jlis.js';
import { rateMonth, statementText } from './rate-month.js';
import type { StatementContent, UsageCount } from './statement.js';
import { jlisStarts, readModePrices, type Sight, tenantPrices, type TenantPrices } from './usage-scope.js';
import { wholeYen } from './yen.js';

/** What a closing came to. */
export interface MonthClosed {
  mode: Mode;
  month: Month;
  statements: number;
  events: number;
  billedYen: number;
}

export interface CountedTenant {
  tenant: TenantPrices;
  counts: UsageCount[];
}

/** Statements under way to the database at once. */
const LANES = 4;

/** On record each time a month is not closed because something used has no fee; its detail names `meter` and `day`. */
export const MONTH_REFUSED = 'month.refuse_close';

/** Two workers' closings of a mode exclude each other by an advisory lock of this class; it ends with its connection. */
const LOCK_CLASS = 0x4d4f4e54;

/**
 * Closes months: every event into the statement of its tenant, once. What a closing sees is fixed when it begins, so
 * doing it again, or going on after a crash, gives the same statements. Worker's role.
 */
@Injectable()
export class MonthClosing {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** Closes what is over of a mode, oldest first; what another process is closing is left to it. */
  async closeDue(mode: Mode, actor: string, goOn: () => boolean = () => true): Promise<MonthClosed[]> {
    const closed: MonthClosed[] = [];
    let last: Month | null = null;
    while (goOn()) {
      const rows: { month: Month | null }[] = await this.dataSource.query('select next_month_to_close($1) as month', [
        mode,
      ]);
      const month = rows[0]?.month;
      if (month === undefined || month === null || month === last) break;
      last = month;
      try {
        const done = await this.close(mode, month, actor);
        if (done) closed.push(done);
      } catch (error) {
        if (error instanceof Problem && error.code === 'month_not_over') break;
        throw error;
      }
    }
    return closed;
  }

  /**
   * Closes a month, or goes on with its closing. Undefined: it was closed already, and stays as it is; or another
   * process is at it.
   * @throws Problem `month_not_over`, `month_out_of_turn`, `rate_missing`
   */
  async close(mode: Mode, month: Month, actor: string): Promise<MonthClosed | undefined> {
    await this.dataSource.transaction((manager) => beginMonthClose(manager, { mode, month, actor }));
    const runner = this.dataSource.createQueryRunner();
    const lock = [LOCK_CLASS, mode === 'live' ? 1 : 2];
    try {
      const [row] = (await runner.query('select pg_try_advisory_lock($1, $2) as locked', lock)) as [
        { locked: boolean },
      ];
      if (!row.locked) return undefined;
      try {
        return await this.closeAlone(mode, month, actor);
      } catch (error) {
        if (error instanceof Problem && error.code === 'rate_missing')
          await this.noteRefusal({ mode, month, actor }, error.members);
        throw error;
      } finally {
        await runner.query('select pg_advisory_unlock($1, $2)', lock);
      }
    } finally {
      await runner.release();
    }
  }

  private async closeAlone(mode: Mode, month: Month, actor: string): Promise<MonthClosed | undefined> {
    if (await this.isClosed(mode, month)) return undefined;
    // Everything is rated before anything is written: a rate that is missing leaves the month as it was.
    const contents = await this.rate(mode, month);
    const queue = contents.values();
    const lane = async (): Promise<void> => {
      for (const content of queue) await this.write(mode, content, actor);
    };
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
    const failed = lanes.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    const closed = {
      mode,
      month,
      statements: contents.length,
      events: contents.reduce((sum, { totals }) => sum + totals.events, 0),
      billedYen: contents.reduce((sum, { totals }) => sum + totals.billed_yen, 0),
    };
    await this.end(closed, actor);
    return closed;
  }

  private async isClosed(mode: Mode, month: Month): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      'select 1 from month_close where mode = $1 and month = $2 and closed_at is not null',
      [mode, month],
    );
    return rows.length > 0;
  }

  /** The statements of all tenants, with prices that can change no more. What is held are counts and lines, not events. */
  private async rate(mode: Mode, month: Month): Promise<StatementContent[]> {
    for (;;) {
      const clock: { at: string }[] = await this.dataSource.query('select clock_timestamp()::text as at');
      const scope = await this.readScope(mode, month);
      const counted: CountedTenant[] = [];
      for await (const each of this.tenants(scope)) counted.push(each);
      const contents = rateAll(scope, counted);
      const fixed: { fixed: boolean }[] = await this.dataSource.query(
        'select fix_month_prices($1, $2, $3, $4) as fixed',
        [mode, month, clock[0]!.at, contents.length],
      );
      if (fixed[0]!.fixed) return contents;
    }
  }

  private async readScope(mode: Mode, month: Month): Promise<MonthScope> {
    const { dataSource } = this;
    const rows: { seen: string; seen_before: string | null; seen_before_at: Date | null }[] = await dataSource.query(
      'select seen, seen_before, seen_before_at from month_close where mode = $1 and month = $2',
      [mode, month],
    );
    const { seen, seen_before, seen_before_at } = rows[0]!;
    const sight: Sight = { seen, seenBefore: seen_before, seenBeforeAt: seen_before_at };
    const prices = await readModePrices(dataSource, mode);
    return { mode, month: periodOf(month), sight, prices, tenants: await this.readContracts(mode, month) };
  }

  /** Every tenant's prices in a month. */
  async readContracts(mode: Mode, month: Month): Promise<TenantPrices[]> {
    const rows: { tenant_id: string; terminated_at: Date | null; valid_from: string; terms: unknown }[] =
      await this.dataSource.query(
        `select tenant_id, terminated_at, to_char(valid_from, 'YYYY-MM-DD') as valid_from, terms from contracts_to_bill($1)`,
        [mode],
      );
    const tenants = new Map<string, { plans: PricePlan[]; terminatedAt?: number }>();
    for (const { tenant_id, terminated_at, valid_from, terms } of rows) {
      const tenant = tenants.get(tenant_id) ?? {
        plans: [],
        ...(terminated_at === null ? {} : { terminatedAt: terminated_at.getTime() }),
      };
      tenant.plans.push({ validFrom: valid_from, terms: pricePlanTerms.parse(terms) });
      tenants.set(tenant_id, tenant);
    }
    return [...tenants].map(([id, { plans, terminatedAt }]) => tenantPrices(id, plans, periodOf(month), terminatedAt));
  }

  /** Tenants with events or a contract in the month, by id. */
  async *tenants(scope: MonthScope): AsyncGenerator<CountedTenant> {
    const contracts = scope.tenants.filter(({ segments }) => segments.length > 0);
    const byId = new Map(scope.tenants.map((tenant) => [tenant.tenantId, tenant]));
    let next = 0;
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      for await (const { tenantId, counts } of countMonth(client, scope)) {
        for (; contracts[next] && contracts[next]!.tenantId < tenantId; next++)
          yield { tenant: contracts[next]!, counts: [] };
        if (contracts[next]?.tenantId === tenantId) next++;
        yield { tenant: byId.get(tenantId) ?? { tenantId, plans: [], segments: [] }, counts };
      }
    } finally {
      await runner.release();
    }
    for (; contracts[next]; next++) yield { tenant: contracts[next]!, counts: [] };
  }

  private write(mode: Mode, content: StatementContent, actor: string): Promise<void> {
    const tenantId = fromPublicId('ten', content.tenant_id)!;
    const text = statementText(content);
    const sha256 = createHash('sha256').update(text).digest();
    const { month, totals } = content;
    const tenancy = { tenantId, mode };
    return withTenant(this.dataSource, tenancy, async (manager) => {
      if (await isWritten(manager, { ...tenancy, month, sha256 })) return;
      const id = newRandomId();
      await manager.query(
        `insert into statement (tenant_id, mode, id, month, content, content_sha256, contract_yen, jlis_yen, billed_yen)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [tenantId, mode, id, month, text, sha256, totals.contract_yen, totals.jlis_yen, totals.billed_yen],
      );
      await appendAudit(manager, {
        actor,
        action: 'statement.write',
        target: `statement:${id}`,
        tenancy,
        detail: { month, sha256: sha256.toString('hex'), billed_yen: totals.billed_yen },
      });
    });
  }

  /** For whoever waits for the month: what was used, and the day on which it has no fee. */
  private async noteRefusal(
    { mode, month, actor }: { mode: Mode; month: Month; actor: string },
    detail: Record<string, unknown>,
  ): Promise<void> {
    await appendAudit(this.dataSource.manager, {
      actor,
      action: MONTH_REFUSED,
      target: `month:${mode}:${month}`,
      detail,
    });
  }

  private async end({ mode, month, statements, events, billedYen }: MonthClosed, actor: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('select end_month_close($1, $2)', [mode, month]);
      await appendAudit(manager, {
        actor,
        action: 'month.close',
        target: `month:${mode}:${month}`,
        detail: { statements, events, billed_yen: billedYen },
      });
    });
  }
}

/** Each tenant's share of a reduction of the whole platform's total is known when all are rated. */
export function rateAll(scope: MonthScope, counted: readonly CountedTenant[]): StatementContent[] {
  const whole = totalReductionsIn(scope.prices.reductions, scope.month).filter(
    ({ tenantId }) => tenantId === undefined,
  );
  const contents = counted.map(({ tenant, counts }) => rateTenant(scope, tenant, counts));
  if (whole.length === 0) return contents;
  const owed = new Map(counted.map(({ tenant }, index) => [tenant.tenantId, contents[index]!.totals.jlis_yen]));
  const shares = divide(whole, owed);
  return counted.map(({ tenant, counts }) => rateTenant(scope, tenant, counts, shares.get(tenant.tenantId)));
}

/** Reductions one after the other, each of what the ones before have left. */
function divide(whole: readonly JlisReduction[], owed: ReadonlyMap<string, number>): Map<string, AllocatedReduction[]> {
  const left = new Map(owed);
  const shares = new Map<string, AllocatedReduction[]>();
  const sum = [...owed.values()].reduce((total, yen) => total + BigInt(yen), 0n);
  for (const { reduction, amount } of takeOff(sum * 1000n, whole).taken)
    for (const [tenantId, yen] of allocate(wholeYen(amount), left)) {
      left.set(tenantId, left.get(tenantId)! - yen);
      shares.set(tenantId, [...(shares.get(tenantId) ?? []), { reduction, yen }]);
    }
  return shares;
}

/** The statement of a tenant: with its own reductions and those of all, of nobody else's. */
export const rateTenant = (
  { mode, month, prices }: MonthScope,
  { tenantId, segments }: TenantPrices,
  counts: readonly UsageCount[],
  allocated: readonly AllocatedReduction[] = [],
): StatementContent =>
  rateMonth({
    tenantId,
    mode,
    month: month.from.slice(0, 7),
    counts,
    starts: jlisStarts(prices, month),
    jlis: {
      tariffs: prices.tariffs,
      reductions: prices.reductions.filter((each) => (each.tenantId ?? tenantId) === tenantId),
    },
    segments,
    allocated,
  });

/**
 * Whether an earlier attempt has written it.
 * @throws Error when that came to something else: a mistake of ours, which nobody may be billed for.
 */
async function isWritten(
  manager: EntityManager,
  { tenantId, mode, month, sha256 }: { tenantId: string; mode: Mode; month: Month; sha256: Buffer },
): Promise<boolean> {
  const rows: { content_sha256: Buffer }[] = await manager.query(
    'select content_sha256 from statement where tenant_id = $1 and mode = $2 and month = $3',
    [tenantId, mode, month],
  );
  if (!rows[0]) return false;
  if (!rows[0].content_sha256.equals(sha256))
    throw new Error(`the statement of ${tenantId} for ${month} comes out differently`);
  return true;
}
