import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { type OpenedAttempt, type Replay, type WebhookDelivery, WebhookDeliveries } from '#lib/webhook';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { endpointUuid } from './webhook-endpoints.controller.js';
import {
  webhookDelivery,
  webhookDeliveryList,
  webhookDeliveryListQuery,
  type webhookDeliverySummary,
  webhookReplay,
  type WebhookReplayBody,
  webhookReplayRequest,
} from './webhook-endpoints.schemas.js';

@ApiTags('webhooks')
@ApiBearerAuth()
@Controller('v1/webhook-endpoints')
export class WebhookDeliveriesController {
  constructor(@Inject(WebhookDeliveries) private readonly deliveries: WebhookDeliveries) {}

  @Get(':id/deliveries')
  @RequireScope('webhooks:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listWebhookDeliveries', summary: 'List deliveries, those of the newest events first' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, webhookDeliveryList, [400, 401, 403, 404, 503])
  async list(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Query({ schema: webhookDeliveryListQuery }) query: z.output<typeof webhookDeliveryListQuery>,
  ): Promise<z.output<typeof webhookDeliveryList>> {
    const { cursor, state } = query;
    const after = cursor === undefined ? undefined : fromPublicId('evt', cursor);
    if (cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    const found = await this.deliveries.list(principal, endpointUuid(id), {
      // One more than asked for tells whether there is a next page.
      limit: query.limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(state === undefined ? {} : { state }),
    });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map(summaryOf),
      next_cursor: found.length > query.limit && last ? toPublicId('evt', last.eventId) : null,
    };
  }

  @Get(':id/deliveries/:event_id')
  @RequireScope('webhooks:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getWebhookDelivery', summary: 'Get one delivery with its attempts and their answers' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'event_id', type: String })
  @Answers(200, webhookDelivery, [401, 403, 404, 503])
  async get(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Param('event_id') event: string,
  ): Promise<z.output<typeof webhookDelivery>> {
    const eventId = fromPublicId('evt', event);
    if (eventId === undefined) throw new Problem('not_found');
    const { delivery, attempts } = await this.deliveries.get(principal, endpointUuid(id), eventId, request.id);
    return { ...summaryOf(delivery), log: attempts.map(attemptOf) };
  }

  @Post(':id/replays')
  @HttpCode(202)
  @RequireScope('webhooks:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'replayWebhookEvents',
    summary: 'Send one event again, or all of a time',
    description:
      'Each with the same `webhook-id` as before. Of a time: those recorded in it that the endpoint wants now, also if it was not there or disabled then.',
  })
  @ApiParam({ name: 'id', type: String })
  @IdempotencyHeader()
  @Answers(202, webhookReplay, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async replay(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body({ schema: webhookReplayRequest }) body: WebhookReplayBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof webhookReplay>> {
    const call = callOf(request, body);
    const { events, replayed } = await this.deliveries.replay(principal, endpointUuid(id), replayOf(body), call);
    markReplay(reply, replayed);
    return { events };
  }
}

/** @throws Problem `event_unknown` */
function replayOf(body: WebhookReplayBody): Replay {
  if (body.event_id === undefined)
    return {
      from: new Date(body.recorded_after!),
      to: new Date(body.recorded_before!),
      undeliveredOnly: body.undelivered_only ?? false,
    };
  const eventId = fromPublicId('evt', body.event_id);
  if (eventId === undefined) throw new Problem('event_unknown');
  return { eventId };
}

const summaryOf = (delivery: WebhookDelivery): z.output<typeof webhookDeliverySummary> => ({
  event_id: toPublicId('evt', delivery.eventId),
  type: delivery.type,
  sequence: delivery.sequence ?? null,
  state: delivery.state,
  attempts: delivery.attempts,
  next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
  created_at: delivery.createdAt.toISOString(),
  finished_at: delivery.finishedAt?.toISOString() ?? null,
});

const attemptOf = (attempt: OpenedAttempt): z.output<typeof webhookDelivery>['log'][number] => ({
  started_at: attempt.startedAt.toISOString(),
  duration_ms: attempt.durationMs,
  status: attempt.status ?? null,
  failure: attempt.failure ?? null,
  response_head: attempt.head ?? null,
});
