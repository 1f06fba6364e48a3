import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import {
  beginMonthClose,
  explainDifferences,
  hasUnexplainedDifference,
  importJlisFile,
  isMonth,
  type JlisItem,
  jlisReport,
  listReconciliations,
  MONTH_QUEUE,
  MONTH_REFUSED,
  monthJobName,
  monthJobOptions,
  periodOf,
  readInvoiceNeeds,
  type Reconciliation,
  startOf,
} from '#lib/billing';
import type { OperatorSession } from '#lib/operators';
import { Clock, type Mode, MODES, Problem, toPublicId } from '#lib/platform';
import { OperatorError } from '../context.js';
import { addJobs } from '../plan-request.js';
import { actingOf } from './acting.js';
import {
  closeRequest,
  explanationRequest,
  invoiceNeeds as needsSchema,
  type ReconciliationAnswer,
  monthCloseAnswer,
  monthCloseList,
  monthClosesQuery,
  reconciliationAnswer as reconciliationSchema,
  reconciliationList,
  reconciliationRequest,
} from './billing-schemas.js';
import { Answers, publicActor, uuidOf } from './contract.js';
import { modeOf } from './prices.controller.js';
import { RequirePermission, Session } from './session.guard.js';
import { REDIS_URL } from './settings.js';

interface Row {
  mode: Mode;
  month: string;
  begun_at: Date;
  begun_by: string;
  closed_at: Date | null;
  statements: string;
  statements_due: number | null;
  billed_yen: string;
  issued: string;
  drafts: string;
  undrafted: string;
  without_fee: { meter: JlisItem; day: string } | null;
  noticed_at: Date | null;
}

const monthOf = (text: string): string => {
  if (!isMonth(text)) throw new Problem('not_found');
  return text;
};

const reconciliationAnswer = ({ id, mode, month, result, ...rest }: Reconciliation): ReconciliationAnswer => ({
  id: toPublicId('rec', id),
  mode,
  month,
  file_sha256: rest.fileSha256,
  explanation: rest.explanation,
  made_by: publicActor(rest.madeBy),
  made_at: rest.madeAt.toISOString(),
  ...result,
});

/** Months from their closing to the reconciliation with J-LIS. */
@ApiTags('months')
@Controller('v1/month-closes')
export class MonthClosesController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(REDIS_URL) private readonly redisUrl: string | undefined,
  ) {}

  @Get()
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listMonthCloses', summary: 'Months closed or being closed, newest first' })
  @Answers(200, monthCloseList, [400, 401, 403, 503])
  async list(
    @Query({ schema: monthClosesQuery }) { mode }: z.output<typeof monthClosesQuery>,
  ): Promise<z.output<typeof monthCloseList>> {
    // As of one moment: a closing that ends in between would be both closed and the one whose turn it is.
    const { data, month } = await this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const next: { month: string | null }[] = await manager.query('select next_month_to_close($1) as month', [mode]);
      return { data: await this.find(manager, mode), month: next[0]!.month };
    });
    const endsAt = month === null ? null : startOf(periodOf(month).until);
    return {
      data,
      next_month: month,
      next_month_ends_at: endsAt === null ? null : new Date(endsAt).toISOString(),
      next_month_is_over: endsAt !== null && this.clock.now(mode) >= endsAt,
    };
  }

  @Post()
  @HttpCode(202)
  @RequirePermission('months:close')
  @ApiOperation({
    operationId: 'closeMonth',
    summary: 'Have the worker close a month that is over',
    description: 'One that is being closed is tried once more.',
  })
  @Answers(202, monthCloseAnswer, [400, 401, 403, 409, 413, 415, 503])
  async close(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: closeRequest }) { mode, month }: z.output<typeof closeRequest>,
  ): Promise<z.output<typeof monthCloseAnswer>> {
    const acting = actingOf(session, request);
    await this.dataSource.transaction(async (manager) => {
      const [before] = await this.find(manager, mode, month);
      if (before?.state === 'closed') throw new Problem('month_is_closed', { closed_at: before.closed_at });
      await beginMonthClose(manager, { mode, month, ...acting });
    });
    const job = { mode, month };
    try {
      await addJobs(this.redisUrl, MONTH_QUEUE, [{ name: monthJobName(job), data: job, opts: monthJobOptions(job) }]);
    } catch (error) {
      if (error instanceof OperatorError) throw new Problem('queue_unavailable');
      throw error;
    }
    const [answer] = await this.find(this.dataSource.manager, mode, month);
    return answer!;
  }

  @Get(':mode/:month/invoice-needs')
  @RequirePermission('billing:read')
  @ApiOperation({
    operationId: 'getInvoiceNeeds',
    summary: 'What is missing so that a month can be invoiced',
    description: 'Before it is closed and after. A month can be closed all the same.',
  })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiParam({ name: 'month', type: String })
  @Answers(200, needsSchema, [401, 403, 404, 503])
  async invoiceNeeds(
    @Param('mode') named: string,
    @Param('month') text: string,
  ): Promise<z.output<typeof needsSchema>> {
    const [mode, month] = [modeOf(named), monthOf(text)];
    const needs = await readInvoiceNeeds(this.dataSource.manager, { mode, month, nowMs: this.clock.now(mode) });
    return {
      day: needs.day,
      has_issuer: needs.hasIssuer,
      tenants: needs.tenants,
      incomplete: needs.incomplete.map(({ tenantId, name, missing }) => ({
        tenant_id: toPublicId('ten', tenantId),
        tenant_name: name,
        missing,
      })),
    };
  }

  @Get(':mode/:month/jlis-report')
  @RequirePermission('billing:read')
  @Header('content-type', 'text/csv; charset=utf-8')
  @ApiProduces('text/csv')
  @ApiOperation({ operationId: 'getJlisReport', summary: 'The monthly report to J-LIS as CSV, made of the statements' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiParam({ name: 'month', type: String })
  @Answers(200, z.string(), [401, 403, 404, 409, 503])
  report(@Param('mode') mode: string, @Param('month') month: string): Promise<string> {
    return jlisReport(this.dataSource.manager, modeOf(mode), monthOf(month));
  }

  @Get(':mode/:month/reconciliations')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listReconciliations', summary: 'Bills of J-LIS held against a month, newest first' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiParam({ name: 'month', type: String })
  @Answers(200, reconciliationList, [401, 403, 404, 503])
  async reconciliations(
    @Param('mode') mode: string,
    @Param('month') month: string,
  ): Promise<z.output<typeof reconciliationList>> {
    const found = await listReconciliations(this.dataSource.manager, modeOf(mode), monthOf(month));
    return { data: found.map(reconciliationAnswer) };
  }

  @Post(':mode/:month/reconciliations')
  @RequirePermission('months:close')
  @ApiOperation({ operationId: 'reconcileMonth', summary: 'Hold a bill of J-LIS against a month' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiParam({ name: 'month', type: String })
  @Answers(201, reconciliationSchema, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async reconcile(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') mode: string,
    @Param('month') month: string,
    @Body({ schema: reconciliationRequest }) { file }: z.output<typeof reconciliationRequest>,
  ): Promise<ReconciliationAnswer> {
    const bill = { mode: modeOf(mode), month: monthOf(month), file, ...actingOf(session, request) };
    return reconciliationAnswer(await importJlisFile(this.dataSource, bill));
  }

  @Post('reconciliations/:id/explanation')
  @HttpCode(200)
  @RequirePermission('months:close')
  @ApiOperation({ operationId: 'explainDifferences', summary: 'Say why a bill of J-LIS differs, once' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, reconciliationSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async explain(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: explanationRequest }) { explanation }: z.output<typeof explanationRequest>,
  ): Promise<ReconciliationAnswer> {
    const said = { id: uuidOf('rec', id), explanation, ...actingOf(session, request) };
    return reconciliationAnswer(await explainDifferences(this.dataSource, said));
  }

  private async find(
    manager: Pick<EntityManager, 'query'>,
    mode: Mode,
    month?: string,
  ): Promise<z.output<typeof monthCloseAnswer>[]> {
    // A statement has one open draft at most, and one invoice that is not void.
    const rows: Row[] = await manager.query(
      `select c.mode, c.month, c.begun_at, c.begun_by, c.closed_at, c.statements_due, count(s.id) as statements,
         coalesce(sum(s.billed_yen), 0) as billed_yen, r.detail as without_fee, r.recorded_at as noticed_at,
         count(i.id) as issued, count(d.id) as drafts,
         count(s.id) filter (where s.billed_yen <> 0 and i.id is null and d.id is null) as undrafted
       from month_close c left join statement s on s.mode = c.mode and s.month = c.month
       left join invoice_draft d on d.tenant_id = s.tenant_id and d.mode = s.mode and d.statement_id = s.id
         and d.state = 'open'
       left join (select i.tenant_id, i.mode, i.statement_id, i.id from invoice i
           left join invoice_void v on v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id
           where v.invoice_id is null) i
         on i.tenant_id = s.tenant_id and i.mode = s.mode and i.statement_id = s.id
       left join lateral (
         select detail, recorded_at from audit_event
         where c.closed_at is null and target = 'month:' || c.mode || ':' || c.month and action = $3
         order by id desc limit 1) r on true
       where c.mode = $1 and ($2::text is null or c.month = $2)
       group by c.mode, c.month, r.detail, r.recorded_at order by c.month desc limit 120`,
      [mode, month ?? null, MONTH_REFUSED],
    );
    const answers: z.output<typeof monthCloseAnswer>[] = [];
    for (const row of rows)
      answers.push({
        mode: row.mode,
        month: row.month,
        state: row.closed_at === null ? ('closing' as const) : ('closed' as const),
        begun_at: row.begun_at.toISOString(),
        begun_by: publicActor(row.begun_by),
        closed_at: row.closed_at?.toISOString() ?? null,
        statements: Number(row.statements),
        // One closed before this was noted has all it will have.
        statements_due: row.closed_at === null ? row.statements_due : Number(row.statements),
        billed_yen: Number(row.billed_yen),
        invoices: { issued: Number(row.issued), drafts: Number(row.drafts), undrafted: Number(row.undrafted) },
        without_fee: row.without_fee && { ...row.without_fee, noticed_at: row.noticed_at!.toISOString() },
        unexplained_difference: await hasUnexplainedDifference(manager, row.mode, row.month),
      });
    return answers;
  }
}
