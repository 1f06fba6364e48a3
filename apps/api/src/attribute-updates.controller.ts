import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AttributeUpdates } from '#lib/persons';
import { fromPublicId, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import {
  attributeUpdateAnswer,
  attributeUpdateRequest,
  type AttributeUpdateAnswer,
  type AttributeUpdateBody,
} from './attribute-updates.schemas.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';

@ApiTags('attribute updates')
@ApiBearerAuth()
@Controller('v1/attribute-updates')
export class AttributeUpdatesController {
  constructor(@Inject(AttributeUpdates) private readonly updates: AttributeUpdates) {}

  @Post()
  @RequireScope('persons:write')
  @LimitedAs('jlis_service')
  @ApiOperation({
    operationId: 'createAttributeUpdate',
    summary: 'Get the newest four attributes of persons who consented',
    description:
      'The attributes are in this answer and nowhere else: a repetition with the same Idempotency-Key says `delivered`. Metered for each person that is `updated`.',
  })
  @IdempotencyHeader()
  @Answers(201, attributeUpdateAnswer, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: attributeUpdateRequest }) body: AttributeUpdateBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AttributeUpdateAnswer> {
    // The schema lets through only what is an id of this form.
    const personIds = body.person_ids.map((id) => fromPublicId('per', id)!);
    const { update, replayed } = await this.updates.create(
      principal,
      { personIds, since: body.since },
      callOf(request, body),
    );
    markReplay(reply, replayed);
    return {
      id: toPublicId('atu', update.id),
      created_at: new Date(update.createdAt).toISOString(),
      results: update.results.map(({ personId, state, attributes }) => ({
        person_id: toPublicId('per', personId),
        state,
        attributes: attributes ?? null,
      })),
    };
  }
}
