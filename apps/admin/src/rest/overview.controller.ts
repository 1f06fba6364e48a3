import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { type MonthEstimate, readEstimate } from '#lib/billing';
import { Approvals, OperatorAccounts, type OperatorSession, type Permission } from '#lib/operators';
import { Clock, type Mode, Problem, toPublicId } from '#lib/platform';
import { readFreshness } from '#lib/revocation';
import type { TenantState } from '#lib/tenancy';
import { type AnswerQuantiles, type CheckCount, readAnswerTimes, readCheckCounts } from '#lib/verification';
import { OperatorError } from '../context.js';
import { queueDepths } from '../job-queues.js';
import { Answers } from './contract.js';
import { type OverviewAnswer, overviewAnswer, type OverviewQuery, overviewQuery } from './overview-schemas.js';
import { freshnessAnswer } from './revocation.controller.js';
import { Session, SignedIn } from './session.guard.js';
import { LATE_MS, REDIS_URL } from './settings.js';
import { waitingAnswer } from './waiting-approvals.js';

/** States in which somebody here has to do something. */
const WAITING_STATES = ['applied', 'in_review', 'notified', 'suspended'] as const satisfies readonly TenantState[];
/** Rows of a list that is only the beginning of one. */
const SHOWN = 6;

/** How everything is, in one request, which is repeated while somebody looks: nothing here is counted when it is asked for. */
@ApiTags('overview')
@Controller('v1/overview')
export class OverviewController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(LATE_MS) private readonly lateMs: number,
    @Inject(REDIS_URL) private readonly redisUrl: string | undefined,
  ) {}

  @Get()
  @SignedIn()
  @ApiOperation({
    operationId: 'getOverview',
    summary: 'How everything is',
    description:
      'What the operator’s roles may not read is null. It may be asked for every few seconds, and does not keep a session from idling.',
  })
  @Answers(200, overviewAnswer, [400, 401, 403, 503])
  async get(
    @Session() session: OperatorSession,
    @Query({ schema: overviewQuery }) { mode }: OverviewQuery,
  ): Promise<OverviewAnswer> {
    if (session.passwordExpired) throw new Problem('password_change_required');
    const now = this.clock.now('live');
    const part = <T>(permission: Permission, read: () => Promise<T>): Promise<T> | null =>
      session.permissions.includes(permission) ? read() : null;
    const [checks, revocation, queues, tenants, approvals, revenue] = await Promise.all([
      part('verifications:read', () => this.checks(mode, now)),
      part('revocation:read', () => this.revocation(mode)),
      part('revocation:read', () => this.queues()),
      part('tenants:read', () => this.tenants()),
      part('approvals:read', () => waitingAnswer(this.dataSource, this.approvals, this.accounts, session)),
      part('billing:read', () => this.revenue(mode)),
    ]);
    return { mode, now: new Date(now).toISOString(), checks, revocation, queues, tenants, approvals, revenue };
  }

  private async checks(mode: Mode, now: number): Promise<OverviewAnswer['checks']> {
    const counts = await readCheckCounts(this.dataSource, mode, now);
    const times = await readAnswerTimes(this.dataSource, mode, now);
    const slot = ({ from, ...quantiles }: AnswerQuantiles & { from: Date }) => ({
      from: from.toISOString(),
      ...quantilesAnswer(quantiles),
    });
    return {
      counted_at: counts.countedAt?.toISOString() ?? null,
      hours: counts.hours.map(countAnswer),
      days: counts.days.map(countAnswer),
      answer_times: {
        whole: times.whole ? quantilesAnswer(times.whole) : null,
        hours: times.hours.map(slot),
        days: times.days.map(slot),
      },
    };
  }

  private async revocation(mode: Mode): Promise<OverviewAnswer['revocation']> {
    return (await readFreshness(this.dataSource, mode, this.clock.now(mode), this.lateMs)).map(freshnessAnswer);
  }

  private async queues(): Promise<OverviewAnswer['queues']> {
    try {
      const depths = await queueDepths(this.redisUrl);
      return { reachable: true, queues: depths };
    } catch (error) {
      // What the page has to say then, and no reason to say nothing of the rest.
      if (error instanceof OperatorError) return { reachable: false, queues: [] };
      throw error;
    }
  }

  private async tenants(): Promise<OverviewAnswer['tenants']> {
    const rows: { id: string; name: string; state: TenantState; state_since: Date; waiting: string }[] =
      await this.dataSource.query(
        `select id, name, state, state_since, count(*) over () as waiting from tenant
         where state = any($1::tenant_state[]) order by state_since limit ${SHOWN}`,
        [WAITING_STATES],
      );
    return {
      count: Number(rows[0]?.waiting ?? 0),
      longest: rows.map(({ id, name, state, state_since: since }) => ({
        id: toPublicId('ten', id),
        name,
        state,
        state_since: since.toISOString(),
      })),
    };
  }

  private async revenue(mode: Mode): Promise<OverviewAnswer['revenue']> {
    const estimate = await readEstimate(this.dataSource, mode);
    return { estimate: estimate ? estimateAnswer(estimate) : null };
  }
}

const countAnswer = ({ from, kind, outcome, checks }: CheckCount) => ({
  from: from.toISOString(),
  kind,
  outcome,
  checks,
});

const quantilesAnswer = ({ answers, p50Ms, p99Ms }: AnswerQuantiles) => ({
  answers,
  p50_ms: Math.round(p50Ms * 10) / 10,
  p99_ms: Math.round(p99Ms * 10) / 10,
});

const estimateAnswer = (estimate: MonthEstimate) => ({
  month: estimate.month,
  contract_yen: estimate.contractYen,
  jlis_yen: estimate.jlisYen,
  billed_yen: estimate.billedYen,
  tenants: estimate.tenants,
  unpriced: estimate.unpriced,
  made_at: estimate.madeAt.toISOString(),
});
