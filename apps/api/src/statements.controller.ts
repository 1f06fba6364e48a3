import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { DataSource, type EntityManager } from 'typeorm';
import type { z } from 'zod';
import {
  eventsOfLine,
  findStatement,
  isMonth,
  listStatements,
  type Statement,
  statementAnswer,
  type StatementAnswer,
  statementList,
  statementSchema,
  statementSummaryAnswer,
  usageEventList,
} from '#lib/billing';
import { fromPublicId, Problem, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { pageQuery } from './usage.schemas.js';

type Page = z.output<typeof pageQuery>;

/** Closed months; they never change. */
@ApiTags('statements')
@ApiBearerAuth()
@Controller('v1/statements')
export class StatementsController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get()
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listStatements', summary: 'List statements, newest month first' })
  @Answers(200, statementList, [400, 401, 403, 503])
  async list(
    @Caller() caller: Principal,
    @Query({ schema: pageQuery }) { cursor, limit }: Page,
  ): Promise<z.output<typeof statementList>> {
    if (cursor !== undefined && !isMonth(cursor)) throw new Problem('cursor_malformed', { field: 'cursor' });
    const { tenantId, mode } = caller;
    const found = await withTenant(this.dataSource, caller, (manager) =>
      listStatements(manager, {
        tenantId,
        mode,
        limit: limit + 1,
        ...(cursor === undefined ? {} : { after: { month: cursor, tenantId } }),
      }),
    );
    const page = found.slice(0, limit);
    return {
      data: page.map(statementSummaryAnswer),
      next_cursor: found.length > limit ? page.at(-1)!.month : null,
    };
  }

  @Get(':id')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getStatement', summary: 'Get a statement with its lines' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, statementSchema, [401, 403, 404, 503])
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<StatementAnswer> {
    return withTenant(this.dataSource, caller, async (manager) => statementAnswer(await find(manager, id)));
  }

  @Get(':id/lines/:number/events')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listLineEvents', summary: 'The usage events a line is made of, oldest first' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'number', type: Number })
  @Answers(200, usageEventList, [400, 401, 403, 404, 503])
  events(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('number') number: string,
    @Query({ schema: pageQuery }) page: Page,
  ): Promise<z.output<typeof usageEventList>> {
    return withTenant(this.dataSource, caller, async (manager) =>
      eventsOfLine(manager, 'tenant', await find(manager, id), number, page),
    );
  }
}

/** @throws Problem `not_found` */
async function find(manager: EntityManager, id: string): Promise<Statement> {
  const uuid = fromPublicId('stm', id);
  const found = uuid === undefined ? undefined : await findStatement(manager, { id: uuid });
  if (!found) throw new Problem('not_found');
  return found;
}
