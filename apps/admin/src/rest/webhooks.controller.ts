import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import type { OperatorSession } from '#lib/operators';
import { fromPublicId, Problem, toPublicId } from '#lib/platform';
import { findTenant } from '#lib/tenancy';
import {
  type EventHead,
  getDeliveryOf,
  getToldEvent,
  listDeliveriesOf,
  listEndpointHealth,
  listEventHeads,
  type Replay,
  replayOf,
  type WebhookDelivery,
} from '#lib/webhook';
import { actingOf } from './acting.js';
import { Answers, cursorUuid, orderOf, page, uuidOf } from './contract.js';
import { RequirePermission, Session } from './session.guard.js';
import {
  deliveryDetail,
  deliveryList,
  deliveryQuery,
  type deliverySummary,
  endpointHealthList,
  type eventHead,
  eventHeadList,
  eventQuery,
  replayAnswer,
  replayRequest,
  toldEvent,
} from './webhook-schemas.js';

/** How the tenants' webhooks are doing. Nobody is named: events without their data, deliveries without answers. */
@ApiTags('webhooks')
@Controller('v1')
export class WebhooksController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get('tenants/:id/webhook-endpoints')
  @RequirePermission('webhooks:read')
  @ApiOperation({
    operationId: 'listWebhookEndpoints',
    summary: "A tenant's webhook endpoints of both modes, with their health",
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, endpointHealthList, [401, 403, 404, 503])
  async endpoints(@Param('id') id: string): Promise<z.output<typeof endpointHealthList>> {
    const found = await listEndpointHealth(this.dataSource, await this.tenant(id));
    return {
      data: found.map((each) => ({
        id: toPublicId('whe', each.id),
        mode: each.mode,
        origin: each.origin,
        event_types: each.eventTypes === null ? null : [...each.eventTypes],
        enabled: each.enabled,
        disabled_reason: each.disabledReason,
        disabled_at: isoOrNull(each.disabledAt),
        failing_since: isoOrNull(each.failingSince),
        last_success_at: isoOrNull(each.lastSuccessAt),
        last_failure_at: isoOrNull(each.lastFailureAt),
        waiting: each.waiting,
        waiting_since: isoOrNull(each.waitingSince),
        failed: each.failed,
        created_at: each.createdAt.toISOString(),
      })),
    };
  }

  @Get('tenants/:id/events')
  @RequirePermission('webhooks:read')
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'What a tenant was told of, newest first unless asked otherwise, without about whom',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, eventHeadList, [400, 401, 403, 404, 503])
  async events(
    @Param('id') id: string,
    @Query({ schema: eventQuery }) query: z.output<typeof eventQuery>,
  ): Promise<z.output<typeof eventHeadList>> {
    const { mode, type, recorded_after: from, recorded_before: to, limit } = query;
    const tenantId = await this.tenant(id);
    const after = cursorUuid('evt', query.cursor);
    const found = await listEventHeads(
      this.dataSource,
      { tenantId, mode },
      {
        order: orderOf(query.sort),
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
        ...(type === undefined ? {} : { type }),
        ...(from === undefined ? {} : { recordedAfter: new Date(from) }),
        ...(to === undefined ? {} : { recordedBefore: new Date(to) }),
      },
    );
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('evt', last.id));
    return { data: rows.map(headOf), next_cursor };
  }

  @Get('tenants/:id/events/:event_id')
  @RequirePermission('webhooks:read')
  @ApiOperation({ operationId: 'getEvent', summary: 'One event of a tenant with its deliveries' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'event_id', type: String })
  @Answers(200, toldEvent, [401, 403, 404, 503])
  async event(@Param('id') id: string, @Param('event_id') event: string): Promise<z.output<typeof toldEvent>> {
    const found = await getToldEvent(this.dataSource, uuidOf('ten', id), uuidOf('evt', event));
    return {
      ...headOf(found),
      deliveries: found.deliveries.map((each) => ({
        endpoint_id: toPublicId('whe', each.endpointId),
        origin: each.origin,
        ...summaryOf(each),
      })),
    };
  }

  @Get('webhook-endpoints/:id/deliveries')
  @RequirePermission('webhooks:read')
  @ApiOperation({
    operationId: 'listWebhookDeliveries',
    summary: 'Deliveries to an endpoint, newest events first unless asked otherwise',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, deliveryList, [400, 401, 403, 404, 503])
  async deliveries(
    @Param('id') id: string,
    @Query({ schema: deliveryQuery }) { state, sort, cursor, limit }: z.output<typeof deliveryQuery>,
  ): Promise<z.output<typeof deliveryList>> {
    const after = cursorUuid('evt', cursor);
    const found = await listDeliveriesOf(this.dataSource, uuidOf('whe', id), {
      order: orderOf(sort),
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(state === undefined ? {} : { state }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('evt', last.eventId));
    return { data: rows.map(summaryOf), next_cursor };
  }

  @Get('webhook-endpoints/:id/deliveries/:event_id')
  @RequirePermission('webhooks:read')
  @ApiOperation({ operationId: 'getWebhookDelivery', summary: 'One delivery with its attempts' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'event_id', type: String })
  @Answers(200, deliveryDetail, [401, 403, 404, 503])
  async delivery(@Param('id') id: string, @Param('event_id') event: string): Promise<z.output<typeof deliveryDetail>> {
    const eventId = uuidOf('evt', event);
    const { delivery, attempts } = await getDeliveryOf(this.dataSource, uuidOf('whe', id), eventId);
    return {
      ...summaryOf(delivery),
      log: attempts.map((attempt) => ({
        started_at: attempt.startedAt.toISOString(),
        duration_ms: attempt.durationMs,
        status: attempt.status ?? null,
        failure: attempt.failure ?? null,
      })),
    };
  }

  @Post('webhook-endpoints/:id/replays')
  @HttpCode(202)
  @RequirePermission('webhooks:replay')
  @ApiOperation({
    operationId: 'replayWebhookEvents',
    summary: 'Send one event again to an endpoint, or all of a time',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(202, replayAnswer, [400, 401, 403, 404, 413, 415, 422, 503])
  async replay(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: replayRequest }) body: z.output<typeof replayRequest>,
  ): Promise<z.output<typeof replayAnswer>> {
    const wanted = wantedOf(body);
    return { events: await replayOf(this.dataSource, uuidOf('whe', id), wanted, actingOf(session, request)) };
  }

  private async tenant(id: string): Promise<string> {
    const tenant = await findTenant(this.dataSource, uuidOf('ten', id));
    if (!tenant) throw new Problem('not_found');
    return tenant.id;
  }
}

/** @throws Problem `event_unknown` */
function wantedOf(body: z.output<typeof replayRequest>): Replay {
  const { event_id, recorded_after, recorded_before, undelivered_only: undeliveredOnly = false } = body;
  if (event_id === undefined)
    return { from: new Date(recorded_after!), to: new Date(recorded_before!), undeliveredOnly };
  const eventId = fromPublicId('evt', event_id);
  if (eventId === undefined) throw new Problem('event_unknown');
  return { eventId };
}

const isoOrNull = (date: Date | null | undefined): string | null => date?.toISOString() ?? null;

const headOf = (event: EventHead): z.output<typeof eventHead> => ({
  id: toPublicId('evt', event.id),
  mode: event.mode,
  type: event.type,
  occurred_at: event.occurredAt.toISOString(),
  recorded_at: event.recordedAt.toISOString(),
});

const summaryOf = (delivery: WebhookDelivery): z.output<typeof deliverySummary> => ({
  event_id: toPublicId('evt', delivery.eventId),
  type: delivery.type,
  sequence: delivery.sequence ?? null,
  state: delivery.state,
  attempts: delivery.attempts,
  next_attempt_at: isoOrNull(delivery.nextAttemptAt),
  created_at: delivery.createdAt.toISOString(),
  finished_at: isoOrNull(delivery.finishedAt),
});
