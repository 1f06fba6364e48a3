import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { fromPublicId, Problem } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Challenges, Verifier } from '#lib/verification';
import { challengeAnswer, verificationAnswer } from './answers.js';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import {
  authenticationRequest,
  challengeAnswer as challengeSchema,
  challengeRequest,
  verificationAnswer as answerSchema,
  type AuthenticationBody,
  type VerificationAnswer,
} from './schemas.js';
import { personRequestOf } from './persons.schemas.js';
import { PUBLIC_URL } from './settings.js';

@ApiTags('authentications')
@ApiBearerAuth()
@Controller('v1')
export class AuthenticationsController {
  constructor(
    @Inject(Verifier) private readonly verifier: Verifier,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Post('challenges')
  @RequireScope('authentications:write')
  @LimitedAs('challenge')
  @ApiOperation({
    operationId: 'createChallenge',
    summary: 'Get a nonce for a card to sign',
    description: 'Valid for five minutes, for this tenant and mode, and for one decided answer.',
  })
  @IdempotencyHeader()
  @ApiBody({ required: false })
  @Answers(201, challengeSchema, [400, 401, 403, 409, 413, 415, 422])
  async createChallenge(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: challengeRequest }) body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReturnType<typeof challengeAnswer>> {
    const { challenge, replayed } = await this.challenges.create(principal, callOf(request, body));
    markReplay(reply, replayed);
    return challengeAnswer(challenge);
  }

  @Post('authentications')
  @RequireScope('authentications:write')
  @LimitedAs('verification')
  @ApiOperation({
    operationId: 'createAuthentication',
    summary: "Verify a card's answer to a challenge",
    description:
      'The card signs the nonce with its auth certificate. An `indeterminate` outcome leaves the challenge open for another try.',
  })
  @IdempotencyHeader()
  @Answers(201, answerSchema, [400, 401, 403, 409, 413, 415, 422, 503])
  async authenticate(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: authenticationRequest }) body: AuthenticationBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<VerificationAnswer> {
    const challengeId = fromPublicId('chl', body.challenge_id);
    if (challengeId === undefined) throw new Problem('challenge_unknown');
    const { verification, replayed } = await this.verifier.authenticate(
      principal,
      {
        challengeId,
        certificate: Buffer.from(body.certificate, 'base64'),
        signature: Buffer.from(body.signature, 'base64'),
        padding: body.padding,
        digestAlgorithm: body.digest_algorithm,
        revocation: body.revocation,
        ...personRequestOf(body),
        ...(body.reference === undefined ? {} : { reference: body.reference }),
      },
      callOf(request, body),
    );
    markReplay(reply, replayed);
    return verificationAnswer(verification, this.publicUrl);
  }
}
