import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { type MadeEndpoint, type WebhookEndpoint, WebhookEndpoints } from '#lib/webhook';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, AnswersNothing, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { event } from './events.schemas.js';
import {
  newWebhookEndpoint,
  type WebhookEndpointAnswer,
  type WebhookEndpointBody,
  webhookEndpoint,
  webhookEndpointChange,
  type WebhookEndpointChangeBody,
  webhookEndpointList,
  webhookEndpointRequest,
  webhookListQuery,
  webhookSecretRotation,
  type WebhookSecretRotationBody,
} from './webhook-endpoints.schemas.js';

type NewAnswer = z.output<typeof newWebhookEndpoint>;

@ApiTags('webhooks')
@ApiBearerAuth()
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  constructor(@Inject(WebhookEndpoints) private readonly endpoints: WebhookEndpoints) {}

  @Post()
  @RequireScope('webhooks:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'createWebhookEndpoint',
    summary: 'Have events sent to a URL',
    description: 'Events from now on; earlier ones with a replay. The answer shows the signing secret once.',
  })
  @IdempotencyHeader()
  @Answers(201, newWebhookEndpoint, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: webhookEndpointRequest }) body: WebhookEndpointBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewAnswer> {
    const { event_types: eventTypes, ...rest } = body;
    return newAnswerOf(await this.endpoints.create(principal, { ...rest, eventTypes }, callOf(request, body)), reply);
  }

  @Get()
  @RequireScope('webhooks:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listWebhookEndpoints', summary: 'List webhook endpoints, newest first' })
  @Answers(200, webhookEndpointList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: webhookListQuery }) query: z.output<typeof webhookListQuery>,
  ): Promise<z.output<typeof webhookEndpointList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('whe', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    // One more than asked for tells whether there is a next page.
    const limit = query.limit + 1;
    const found = await this.endpoints.list(principal, { limit, ...(after === undefined ? {} : { after }) });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map(answerOf),
      next_cursor: found.length > query.limit && last ? toPublicId('whe', last.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getWebhookEndpoint', summary: 'Get one webhook endpoint with its health' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, webhookEndpoint, [401, 403, 404, 503])
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<WebhookEndpointAnswer> {
    return answerOf(await this.endpoints.get(principal, endpointUuid(id)));
  }

  @Patch(':id')
  @RequireScope('webhooks:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'updateWebhookEndpoint',
    summary: 'Change a webhook endpoint',
    description:
      'What is left out stays. A disabled endpoint gets no events; those from meanwhile are sent by a replay. Enabling sends what had been waiting.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, webhookEndpoint, [400, 401, 403, 404, 413, 415, 422, 503])
  async update(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body({ schema: webhookEndpointChange }) body: WebhookEndpointChangeBody,
  ): Promise<WebhookEndpointAnswer> {
    const change = {
      ...(body.url === undefined ? {} : { url: body.url }),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.event_types === undefined ? {} : { eventTypes: body.event_types }),
      ...(body.enabled === undefined ? {} : { enabled: body.enabled }),
    };
    return answerOf(await this.endpoints.update(principal, endpointUuid(id), change, request.id));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('webhooks:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete a webhook endpoint with its secrets',
    description: 'What had not been delivered is not sent any more; GET /v1/events still has it.',
  })
  @ApiParam({ name: 'id', type: String })
  @AnswersNothing([401, 403, 404, 503])
  async delete(@Caller() principal: Principal, @Req() request: FastifyRequest, @Param('id') id: string): Promise<void> {
    await this.endpoints.delete(principal, endpointUuid(id), request.id);
  }

  @Post(':id/rotate-secret')
  @RequireScope('webhooks:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'rotateWebhookSecret',
    summary: 'Replace the signing secret',
    description: 'For `overlap_hours` each request carries a signature by the old secret and one by the new.',
  })
  @ApiParam({ name: 'id', type: String })
  @IdempotencyHeader()
  @Answers(201, newWebhookEndpoint, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async rotateSecret(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body({ schema: webhookSecretRotation }) body: WebhookSecretRotationBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewAnswer> {
    const wanted = { id: endpointUuid(id), overlapHours: body.overlap_hours };
    return newAnswerOf(await this.endpoints.rotateSecret(principal, wanted, callOf(request, body)), reply);
  }

  @Post(':id/test')
  @RequireScope('webhooks:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'testWebhookEndpoint',
    summary: 'Send a test event to this endpoint alone',
    description: 'Its type is `webhook_endpoint.test`. What became of it: GET …/deliveries/{event_id}.',
  })
  @ApiParam({ name: 'id', type: String })
  @IdempotencyHeader()
  @Answers(201, event, [400, 401, 403, 404, 409, 422, 503])
  async test(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof event>> {
    const uuid = endpointUuid(id);
    const { eventId, at, replayed } = await this.endpoints.test(principal, uuid, callOf(request, undefined));
    markReplay(reply, replayed);
    return {
      id: toPublicId('evt', eventId),
      type: 'webhook_endpoint.test',
      occurred_at: new Date(at).toISOString(),
      data: { webhook_endpoint_id: toPublicId('whe', uuid) },
    };
  }
}

/** @throws Problem `not_found` */
export function endpointUuid(id: string): string {
  const uuid = fromPublicId('whe', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

const isoOrNull = (date: Date | undefined): string | null => date?.toISOString() ?? null;

const answerOf = (endpoint: WebhookEndpoint): WebhookEndpointAnswer => ({
  id: toPublicId('whe', endpoint.id),
  url: endpoint.url,
  description: endpoint.description,
  event_types: endpoint.eventTypes === undefined ? null : [...endpoint.eventTypes],
  enabled: endpoint.enabled,
  disabled_reason: endpoint.disabledReason ?? null,
  disabled_at: isoOrNull(endpoint.disabledAt),
  failing_since: isoOrNull(endpoint.failingSince),
  last_success_at: isoOrNull(endpoint.lastSuccessAt),
  last_failure_at: isoOrNull(endpoint.lastFailureAt),
  old_secrets_until: endpoint.oldSecretsUntil.map((each) => each.toISOString()),
  created_at: endpoint.createdAt.toISOString(),
});

function newAnswerOf({ endpoint, secret, replayed }: MadeEndpoint, reply: FastifyReply): NewAnswer {
  markReplay(reply, replayed);
  return { ...answerOf(endpoint), secret: secret ?? null };
}
