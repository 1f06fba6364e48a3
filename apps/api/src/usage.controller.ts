import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import {
  eventsOfMonth,
  monthAt,
  traceOfEvent,
  tracedUsageEvent,
  type UsageAnswer,
  usageAnswer,
  usageEventList,
  usageOfMonth,
} from '#lib/billing';
import { Clock, fromPublicId, Problem, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { usageEventsQuery, usageQuery } from './usage.schemas.js';

/** What was used and what it costs or why it does not; a tenant's own. */
@ApiTags('usage')
@ApiBearerAuth()
@Controller('v1')
export class UsageController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('usage')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getUsage',
    summary: 'Usage of a month by day, meter, method, purpose and outcome',
    description: 'Of a month that is not closed, amounts are an estimate from what there is now.',
  })
  @Answers(200, usageAnswer, [400, 401, 403, 503])
  get(
    @Caller() caller: Principal,
    @Query({ schema: usageQuery }) query: z.output<typeof usageQuery>,
  ): Promise<UsageAnswer> {
    const month = query.month ?? monthAt(this.clock.now(caller.mode));
    return withTenant(this.dataSource, caller, (manager) => usageOfMonth(manager, 'tenant', caller, month));
  }

  @Get('usage-events')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listUsageEvents', summary: 'Usage events of a month, oldest first' })
  @Answers(200, usageEventList, [400, 401, 403, 503])
  list(
    @Caller() caller: Principal,
    @Query({ schema: usageEventsQuery }) { month, meter, day, ...page }: z.output<typeof usageEventsQuery>,
  ): Promise<z.output<typeof usageEventList>> {
    const of = { ...(meter === undefined ? {} : { meter }), ...(day === undefined ? {} : { day }) };
    return withTenant(this.dataSource, caller, (manager) =>
      eventsOfMonth(manager, 'tenant', caller, month ?? monthAt(this.clock.now(caller.mode)), page, of),
    );
  }

  @Get('usage-events/:id')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getUsageEvent', summary: 'A usage event, and the lines of the statement it is in' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, tracedUsageEvent, [401, 403, 404, 503])
  trace(@Caller() caller: Principal, @Param('id') id: string): Promise<z.output<typeof tracedUsageEvent>> {
    const uuid = fromPublicId('use', id);
    if (uuid === undefined) throw new Problem('not_found');
    return withTenant(this.dataSource, caller, (manager) => traceOfEvent(manager, 'tenant', caller, uuid));
  }
}
