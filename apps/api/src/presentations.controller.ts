import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Presentations, type Presentation } from '#lib/verification';
import { certificateAnswer, reasonAnswer, revocationAnswer } from './answers.js';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import {
  presentationAnswer,
  presentationRequest,
  type PresentationAnswer,
  type PresentationBody,
} from './presentations.schemas.js';
import { PUBLIC_URL } from './settings.js';

@ApiTags('authentications')
@ApiBearerAuth()
@Controller('v1/presentations')
export class PresentationsController {
  constructor(
    @Inject(Presentations) private readonly presentations: Presentations,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Post()
  @RequireScope('authentications:write')
  @LimitedAs('verification')
  @ApiOperation({
    operationId: 'createPresentation',
    summary: 'Check an auth certificate that is presented without a signature',
    description:
      'Needs the contract to include `pinless_status`. The status is asked only of a certificate whose holder you have identified by a signature before; of any other the outcome is `indeterminate`, `confirmed_use_missing`.',
  })
  @IdempotencyHeader()
  @Answers(201, presentationAnswer, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: presentationRequest }) body: PresentationBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PresentationAnswer> {
    const certificate = Buffer.from(body.certificate, 'base64');
    const { presentation, replayed } = await this.presentations.create(principal, certificate, callOf(request, body));
    markReplay(reply, replayed);
    return answerOf(presentation, this.publicUrl);
  }
}

function answerOf(presentation: Presentation, publicUrl: string): PresentationAnswer {
  const { facts, personId } = presentation;
  const { kind: _kind, ...certificate } = certificateAnswer(facts.certificate);
  const reasons = facts.reasons.map((reason) => reasonAnswer(reason, publicUrl));
  return {
    id: toPublicId('prs', presentation.id),
    mode: presentation.mode,
    decided_at: new Date(presentation.decidedAt).toISOString(),
    outcome: facts.outcome,
    reason: reasons[0] ?? null,
    reasons,
    checks: facts.checks,
    certificate,
    revocation: facts.revocation ? revocationAnswer(facts.revocation) : null,
    person: personId === undefined ? null : { id: toPublicId('per', personId) },
    usage: presentation.usage.map(({ id, meter, method }) => ({ id: toPublicId('use', id), meter, method })),
  };
}
