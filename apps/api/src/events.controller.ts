import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Problem, toPublicId, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { EVENT_TYPES, listEvents, publicEventData, readEventCursor, writeEventCursor } from '#lib/webhook';
import { Caller, RequireScope } from './api-key.guard.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { eventList, eventListQuery } from './events.schemas.js';

@ApiTags('events')
@ApiBearerAuth()
@Controller('v1/events')
export class EventsController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get()
  @RequireScope('events:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'What has changed, oldest first',
    description: 'A reader that always goes on from `next_cursor` misses nothing and sees nothing twice.',
  })
  @ApiQuery({ name: 'types', required: false, type: String, description: `Some of ${EVENT_TYPES.join(', ')}.` })
  @Answers(200, eventList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: eventListQuery }) { cursor, limit, types }: z.output<typeof eventListQuery>,
  ): Promise<z.output<typeof eventList>> {
    const after = cursor === undefined ? undefined : readEventCursor(cursor);
    if (cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    const found = await withTenant(this.dataSource, principal, (manager) =>
      listEvents(manager, principal, {
        // One more than asked for tells whether there are more.
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
        ...(types === undefined ? {} : { types }),
      }),
    );
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map((one) => ({
        id: toPublicId('evt', one.id),
        type: one.type,
        occurred_at: new Date(one.occurredAt).toISOString(),
        data: publicEventData(one.data),
      })),
      next_cursor: last ? writeEventCursor(last.cursor) : (cursor ?? null),
      has_more: found.length > limit,
    };
  }
}
