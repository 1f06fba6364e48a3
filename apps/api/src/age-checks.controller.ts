import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AgeChecks, type AgeCheck, type Proof } from '#lib/persons';
import { Clock, fromPublicId, Problem, toPublicId, type Call } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { FreshProofs, Verifier } from '#lib/verification';
import { ageCheckAnswer, ageCheckRequest, type AgeCheckAnswer, type AgeCheckBody } from './age-checks.schemas.js';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf, partOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';

@ApiTags('age checks')
@ApiBearerAuth()
@Controller('v1/age-checks')
export class AgeChecksController {
  constructor(
    @Inject(AgeChecks) private readonly ageChecks: AgeChecks,
    @Inject(FreshProofs) private readonly proofs: FreshProofs,
    @Inject(Verifier) private readonly verifier: Verifier,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post()
  @RequireScope('persons:write')
  @LimitedAs('jlis_service')
  @ApiOperation({
    operationId: 'createAgeCheck',
    summary: 'Ask whether a person is of an age, without the date of birth',
    description:
      'Yes on the birthday, no on the day before, unless the contract counts that day in. Different questions about one person are limited per year. With `authentication` the key also needs the scope `authentications:write`.',
  })
  @IdempotencyHeader()
  @Answers(201, ageCheckAnswer, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: ageCheckRequest }) body: AgeCheckBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AgeCheckAnswer> {
    if (body.authentication && !principal.scopes.includes('authentications:write'))
      throw new Problem('scope_missing', { scope: 'authentications:write' });
    const call = callOf(request, body);
    const { check, replayed } = await this.ageChecks.create(
      principal,
      { ages: body.ages, ...(body.on === undefined ? {} : { on: body.on }) },
      () => this.prove(principal, body, call),
      call,
    );
    markReplay(reply, replayed);
    return answerOf(check);
  }

  private async prove(principal: Principal, body: AgeCheckBody, call: Call): Promise<Proof> {
    const { requestId } = call;
    const id = body.authentication
      ? await this.authenticate(principal, body.authentication, partOf(call, 'authentication'))
      : fromPublicId('ver', body.verification_id ?? '');
    if (id === undefined) throw new Problem('proof_unknown');
    return this.proofs.get(principal, id, this.clock.now(principal.mode), { requestId });
  }

  /** @returns the id of the authentication, which is stored and metered like any other. */
  private async authenticate(
    principal: Principal,
    answer: NonNullable<AgeCheckBody['authentication']>,
    call: Call,
  ): Promise<string> {
    const challengeId = fromPublicId('chl', answer.challenge_id);
    if (challengeId === undefined) throw new Problem('challenge_unknown');
    const { verification } = await this.verifier.authenticate(
      principal,
      {
        challengeId,
        certificate: Buffer.from(answer.certificate, 'base64'),
        signature: Buffer.from(answer.signature, 'base64'),
        padding: answer.padding,
        digestAlgorithm: answer.digest_algorithm,
        revocation: answer.revocation,
        ...(answer.reference === undefined ? {} : { reference: answer.reference }),
      },
      call,
    );
    if (verification.facts.outcome !== 'valid')
      throw new Problem('proof_unsuccessful', { verification_id: toPublicId('ver', verification.id) });
    return verification.id;
  }
}

function answerOf(check: AgeCheck): AgeCheckAnswer {
  const first = check.questions[0]!;
  return {
    id: toPublicId('age', check.id),
    verification_id: toPublicId('ver', check.verificationId),
    source: check.source,
    created_at: new Date(check.createdAt).toISOString(),
    on: first.on,
    legal_day_inclusive: first.legal_day_inclusive,
    answers: check.questions.map(({ age, answer }) => ({ age, answer })),
  };
}
