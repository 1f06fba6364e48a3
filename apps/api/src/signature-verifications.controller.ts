import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '#lib/tenancy';
import { Verifier, type SignatureRequest } from '#lib/verification';
import { verificationAnswer } from './answers.js';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import {
  signatureVerificationRequest,
  verificationAnswer as answerSchema,
  type SignatureVerificationBody,
  type VerificationAnswer,
} from './schemas.js';
import { personRequestOf } from './persons.schemas.js';
import { PUBLIC_URL } from './settings.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64');

function toRequest(body: SignatureVerificationBody): SignatureRequest {
  const shared = {
    revocation: body.revocation,
    ...personRequestOf(body),
    ...(body.content === undefined ? {} : { content: bytes(body.content) }),
    ...(body.digest === undefined ? {} : { digest: bytes(body.digest) }),
    ...(body.reference === undefined ? {} : { reference: body.reference }),
  };
  if (body.format === 'cms')
    return {
      ...shared,
      format: 'cms',
      cms: bytes(body.cms),
      ...(body.digest_algorithm === undefined ? {} : { digestAlgorithm: body.digest_algorithm }),
    };
  return {
    ...shared,
    format: 'raw',
    certificate: bytes(body.certificate),
    signature: bytes(body.signature),
    padding: body.padding,
    digestAlgorithm: body.digest_algorithm,
  };
}

@ApiTags('verifications')
@ApiBearerAuth()
@Controller('v1/signature-verifications')
export class SignatureVerificationsController {
  constructor(
    @Inject(Verifier) private readonly verifier: Verifier,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Post()
  @RequireScope('verifications:write')
  @LimitedAs('verification')
  @ApiOperation({
    operationId: 'createSignatureVerification',
    summary: 'Verify a signature made with a sign certificate',
    description:
      'A bad certificate or signature is a successful verification with outcome `invalid`. `indeterminate` means that nothing was decided; it is never billed.',
  })
  @IdempotencyHeader()
  @Answers(201, answerSchema, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: signatureVerificationRequest }) body: SignatureVerificationBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<VerificationAnswer> {
    const call = callOf(request, body);
    const { verification, replayed } = await this.verifier.verifySignature(principal, toRequest(body), call);
    markReplay(reply, replayed);
    return verificationAnswer(verification, this.publicUrl);
  }
}
