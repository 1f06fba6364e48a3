import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { fromPublicId, Problem } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Custody, Reverifications } from '#lib/verification';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { evidenceAnswer, reverificationAnswer } from './evidence.answers.js';
import {
  evidenceAnswer as evidenceSchema,
  reverificationAnswer as reverificationSchema,
  reverifyRequest,
  type EvidenceAnswer,
  type ReverificationAnswer,
  type ReverifyBody,
} from './evidence.schemas.js';
import { PUBLIC_URL } from './settings.js';

function uuidOf(id: string): string {
  const uuid = fromPublicId('ver', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

@ApiTags('evidence')
@ApiBearerAuth()
@Controller('v1/verifications/:id')
export class EvidenceController {
  constructor(
    @Inject(Custody) private readonly custody: Custody,
    @Inject(Reverifications) private readonly reverifications: Reverifications,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('evidence')
  @RequireScope('verifications:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getEvidence',
    summary: 'See what is kept of a verification',
    description:
      'Checks, times, the revocation data they rest on, receipt and retention; never the certificate. Each read is recorded in the audit trail.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, evidenceSchema, [401, 403, 404, 409, 503])
  async get(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<EvidenceAnswer> {
    return evidenceAnswer(await this.custody.get(principal, uuidOf(id), request.id));
  }

  @Post('reverify')
  @HttpCode(200)
  @RequireScope('verifications:write')
  @LimitedAs('verification')
  @ApiOperation({
    operationId: 'reverify',
    summary: 'Repeat the checks of a verification from what is kept',
    description:
      'Changes nothing of the verification. With the same Idempotency-Key the checks are repeated again and metered once.',
  })
  @ApiParam({ name: 'id', type: String })
  @IdempotencyHeader()
  @Answers(200, reverificationSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async reverify(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body({ schema: reverifyRequest }) body: ReverifyBody,
  ): Promise<ReverificationAnswer> {
    const found = await this.reverifications.run(principal, uuidOf(id), body.as_of, callOf(request, body));
    return reverificationAnswer(found, this.publicUrl);
  }
}
