import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import {
  eventsOfLine,
  eventsOfMonth,
  findStatement,
  isMonth,
  listStatements,
  monthAt,
  type Statement,
  statementAnswer,
  type StatementAnswer,
  statementList,
  statementSchema,
  statementSummaryAnswer,
  traceOfEvent,
  traceOfVerification,
  tracedUsageEvent,
  type UsageAnswer,
  usageAnswer,
  usageEventList,
  usageOfMonth,
} from '#lib/billing';
import { Clock, fromPublicId, type Mode, Problem, toPublicId } from '#lib/platform';
import { findVerification } from '#lib/verification';
import {
  pageQuery,
  statementQuery,
  tenantEventsQuery,
  tenantUsageQuery,
  verificationUsage,
} from './billing-schemas.js';
import { Answers, fieldUuid, page, uuidOf } from './contract.js';
import { foundAnswer } from './explain.js';
import { RequirePermission } from './session.guard.js';

/** Usage and statements of any tenant; nothing about persons. */
@ApiTags('statements')
@Controller('v1')
export class StatementsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('statements')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listStatements', summary: 'List statements, newest month first' })
  @Answers(200, statementList, [400, 401, 403, 503])
  async list(
    @Query({ schema: statementQuery }) { tenant_id, mode, month, cursor, limit }: z.output<typeof statementQuery>,
  ): Promise<z.output<typeof statementList>> {
    const found = await listStatements(this.dataSource.manager, {
      limit: limit + 1,
      ...(tenant_id === undefined ? {} : { tenantId: fieldUuid('ten', tenant_id, 'tenant_id') }),
      ...(mode === undefined ? {} : { mode }),
      ...(month === undefined ? {} : { month }),
      ...(cursor === undefined ? {} : { after: readCursor(cursor) }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => `${last.month}_${toPublicId('ten', last.tenantId)}`);
    return { data: rows.map(statementSummaryAnswer), next_cursor };
  }

  @Get('statements/:id')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getStatement', summary: 'Get a statement with its lines' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, statementSchema, [401, 403, 404, 503])
  async get(@Param('id') id: string): Promise<StatementAnswer> {
    return statementAnswer(await this.find(id));
  }

  @Get('statements/:id/lines/:number/events')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listLineEvents', summary: 'The usage events a line is made of, oldest first' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'number', type: Number })
  @Answers(200, usageEventList, [400, 401, 403, 404, 503])
  async events(
    @Param('id') id: string,
    @Param('number') number: string,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ): Promise<z.output<typeof usageEventList>> {
    return eventsOfLine(this.dataSource.manager, 'operators', await this.find(id), number, query);
  }

  @Get('tenants/:id/usage')
  @RequirePermission('billing:read')
  @ApiOperation({
    operationId: 'getTenantUsage',
    summary: 'Usage of a tenant in a month',
    description: 'Of a month that is not closed, amounts are an estimate from what there is now.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, usageAnswer, [400, 401, 403, 404, 503])
  usage(
    @Param('id') id: string,
    @Query({ schema: tenantUsageQuery }) { mode, month }: z.output<typeof tenantUsageQuery>,
  ): Promise<UsageAnswer> {
    const tenancy = { tenantId: uuidOf('ten', id), mode };
    return usageOfMonth(this.dataSource.manager, 'operators', tenancy, month ?? this.present(mode));
  }

  @Get('tenants/:id/usage-events')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listTenantUsageEvents', summary: 'Usage events of a tenant in a month, oldest first' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, usageEventList, [400, 401, 403, 404, 503])
  usageEvents(
    @Param('id') id: string,
    @Query({ schema: tenantEventsQuery }) query: z.output<typeof tenantEventsQuery>,
  ): Promise<z.output<typeof usageEventList>> {
    const { mode, month = this.present(mode), meter, day, ...rest } = query;
    const tenancy = { tenantId: uuidOf('ten', id), mode };
    const of = { ...(meter === undefined ? {} : { meter }), ...(day === undefined ? {} : { day }) };
    return eventsOfMonth(this.dataSource.manager, 'operators', tenancy, month, rest, of);
  }

  @Get('usage-events/:id')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getUsageEvent', summary: 'A usage event, and the lines of the statement it is in' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, tracedUsageEvent, [401, 403, 404, 503])
  async trace(@Param('id') id: string): Promise<z.output<typeof tracedUsageEvent>> {
    const uuid = uuidOf('use', id);
    const owners: { tenant_id: string; mode: Mode }[] = await this.dataSource.query(
      'select tenant_id, mode from usage_event where id = $1',
      [uuid],
    );
    const owner = owners[0];
    if (!owner) throw new Problem('not_found');
    return traceOfEvent(this.dataSource.manager, 'operators', { tenantId: owner.tenant_id, mode: owner.mode }, uuid);
  }

  @Get('verifications/:id/usage-events')
  @RequirePermission('billing:read')
  @ApiOperation({
    operationId: 'listVerificationUsage',
    summary: 'The usage events a verification has caused, and the lines they are in',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, verificationUsage, [401, 403, 404, 503])
  async ofVerification(@Param('id') id: string): Promise<z.output<typeof verificationUsage>> {
    const found = await findVerification(this.dataSource, uuidOf('ver', id));
    if (!found) throw new Problem('not_found');
    // What a bill is held against, and nothing that leads to the person: neither reference nor reason.
    const { id: own, tenant_id, mode, kind, outcome, decided_at } = foundAnswer(found);
    const tenancy = { tenantId: found.tenantId, mode };
    return {
      verification: { id: own, tenant_id, mode, kind, outcome, decided_at },
      data: await traceOfVerification(this.dataSource.manager, 'operators', tenancy, found.id),
    };
  }

  private present(mode: Mode): string {
    return monthAt(this.clock.now(mode));
  }

  private async find(id: string): Promise<Statement> {
    const found = await findStatement(this.dataSource.manager, { id: uuidOf('stm', id) });
    if (!found) throw new Problem('not_found');
    return found;
  }
}

/** @throws Problem `cursor_malformed` */
function readCursor(cursor: string): { month: string; tenantId: string } {
  const month = cursor.slice(0, 7);
  const tenantId = fromPublicId('ten', cursor.slice(8));
  if (!isMonth(month) || tenantId === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
  return { month, tenantId };
}
