import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SerialLinkages } from '#lib/persons';
import { fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { FreshProofs } from '#lib/verification';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { consentOf } from './given-consent.js';
import { iso, serialLinkageAnswer } from './serial-linkages.answers.js';
import {
  newerCertificates,
  newerCertificatesQuery,
  serialLinkageAnswer as answerSchema,
  serialLinkageRequest,
  type NewerCertificatesAnswer,
  type NewerCertificatesQuery,
  type SerialLinkageAnswer,
  type SerialLinkageBody,
} from './serial-linkages.schemas.js';

@ApiTags('linkage')
@ApiBearerAuth()
@Controller('v1/serial-linkages')
export class SerialLinkagesController {
  constructor(
    @Inject(SerialLinkages) private readonly linkages: SerialLinkages,
    @Inject(FreshProofs) private readonly proofs: FreshProofs,
  ) {}

  @Post()
  @RequireScope('persons:write')
  @LimitedAs('jlis_service')
  @ApiOperation({
    operationId: 'createSerialLinkage',
    summary: 'Know a person again after the card was renewed',
    description:
      'Finds the certificate before the one of a fresh authentication: in your own records, else at J-LIS with the person’s consent. Never charged beyond that authentication.',
  })
  @IdempotencyHeader()
  @Answers(201, answerSchema, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: serialLinkageRequest }) body: SerialLinkageBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SerialLinkageAnswer> {
    const verificationId = fromPublicId('ver', body.verification_id);
    if (verificationId === undefined) throw new Problem('proof_unknown');
    const { linkage, replayed } = await this.linkages.create(
      principal,
      consentOf(body.consent),
      callOf(request, body),
      (at) => this.proofs.get(principal, verificationId, at, { requestId: request.id, needs: 'auth' }),
    );
    markReplay(reply, replayed);
    return serialLinkageAnswer(linkage);
  }

  @Get()
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'listNewerCertificates',
    summary: 'What a certificate was renewed to',
    description: 'From your own records alone; J-LIS is not asked. Each read is recorded in the audit trail.',
  })
  @Answers(200, newerCertificates, [400, 401, 403, 422, 503])
  async newer(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Query({ schema: newerCertificatesQuery }) query: NewerCertificatesQuery,
  ): Promise<NewerCertificatesAnswer> {
    const certificateId = fromPublicId('crt', query.previous);
    if (certificateId === undefined) throw new Problem('certificate_unknown', { field: 'previous' });
    const { personId, newer } = await this.linkages.newerOf(principal, certificateId, request.id);
    return {
      person_id: toPublicId('per', personId),
      data: newer.map((step) => ({
        certificate_id: toPublicId('crt', step.certificateId),
        previous_certificate_id: toPublicId('crt', step.previousCertificateId),
        serial_linkage_id: toPublicId('lnk', step.serialLinkageId),
        linked_at: iso(step.linkedAt),
      })),
    };
  }

  @Get(':id')
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getSerialLinkage',
    summary: 'Get one linkage as it is now',
    description: 'Each read is recorded in the audit trail.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, answerSchema, [401, 403, 404, 503])
  async get(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<SerialLinkageAnswer> {
    const uuid = fromPublicId('lnk', id);
    if (uuid === undefined) throw new Problem('not_found');
    return serialLinkageAnswer(await this.linkages.get(principal, uuid, request.id));
  }
}
