import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CounterpartLookups } from '#lib/persons';
import { fromPublicId, Problem } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { FreshProofs } from '#lib/verification';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { counterpartLookupAnswer } from './counterpart-lookups.answers.js';
import {
  counterpartLookupAnswer as answerSchema,
  counterpartLookupRequest,
  type CounterpartLookupAnswer,
  type CounterpartLookupBody,
} from './counterpart-lookups.schemas.js';
import { consentOf } from './given-consent.js';

@ApiTags('linkage')
@ApiBearerAuth()
@Controller('v1/counterpart-lookups')
export class CounterpartLookupsController {
  constructor(
    @Inject(CounterpartLookups) private readonly lookups: CounterpartLookups,
    @Inject(FreshProofs) private readonly proofs: FreshProofs,
  ) {}

  @Post()
  @RequireScope('persons:write')
  @LimitedAs('jlis_service')
  @ApiOperation({
    operationId: 'createCounterpartLookup',
    summary: 'Know a person by the other certificate too',
    description:
      'Sign to auth or auth to sign, only to identify the person. From your own records, else from J-LIS with the person’s consent. Counted when J-LIS delivers one; not for `not_found` and not for a record of your own.',
  })
  @IdempotencyHeader()
  @Answers(201, answerSchema, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: counterpartLookupRequest }) body: CounterpartLookupBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CounterpartLookupAnswer> {
    const verificationId = fromPublicId('ver', body.verification_id);
    if (verificationId === undefined) throw new Problem('proof_unknown');
    const { lookup, replayed } = await this.lookups.create(
      principal,
      consentOf(body.consent),
      callOf(request, body),
      (at) => this.proofs.get(principal, verificationId, at, { requestId: request.id }),
    );
    markReplay(reply, replayed);
    return counterpartLookupAnswer(lookup);
  }

  @Get(':id')
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getCounterpartLookup',
    summary: 'Get one lookup',
    description: 'Each read is recorded in the audit trail.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, answerSchema, [401, 403, 404, 503])
  async get(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<CounterpartLookupAnswer> {
    const uuid = fromPublicId('cpl', id);
    if (uuid === undefined) throw new Problem('not_found');
    return counterpartLookupAnswer(await this.lookups.get(principal, uuid, request.id));
  }
}
