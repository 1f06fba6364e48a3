import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Consents, type Consent } from '#lib/persons';
import { Clock, fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { FreshProofs } from '#lib/verification';
import { Caller, RequireScope } from './api-key.guard.js';
import { callOf } from './call.js';
import {
  consentAnswer,
  consentList,
  consentListQuery,
  consentRequest,
  type ConsentAnswer,
  type ConsentBody,
  type ConsentListQuery,
} from './consents.schemas.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';

@ApiTags('consents')
@ApiBearerAuth()
@Controller('v1/consents')
export class ConsentsController {
  constructor(
    @Inject(Consents) private readonly consents: Consents,
    @Inject(FreshProofs) private readonly proofs: FreshProofs,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post()
  @RequireScope('persons:write')
  @LimitedAs('jlis_service')
  @ApiOperation({
    operationId: 'createConsent',
    summary: 'Record what a person consented to',
    description:
      'Lasts ten years from `given_at`. A consent to `latest_attributes` needs the signed consent document as evidence and is registered with J-LIS first.',
  })
  @IdempotencyHeader()
  @Answers(201, consentAnswer, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: consentRequest }) body: ConsentBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConsentAnswer> {
    const personId = fromPublicId('per', body.person_id);
    if (personId === undefined) throw new Problem('person_unknown');
    const { consent, replayed } = await this.consents.create(
      principal,
      {
        personId,
        purpose: body.purpose,
        stated: { textVersion: body.text_version, givenAt: Date.parse(body.given_at), covers: body.covers },
        ...(body.evidence === undefined ? {} : { evidence: evidenceOf(body.evidence) }),
      },
      (verificationId) =>
        this.proofs.get(principal, verificationId, this.clock.now(principal.mode), {
          requestId: request.id,
          needs: 'sign',
        }),
      callOf(request, body),
    );
    markReplay(reply, replayed);
    return answerOf(consent);
  }

  @Get()
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listConsents', summary: 'List consents, newest first' })
  @Answers(200, consentList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: consentListQuery }) query: ConsentListQuery,
  ): Promise<z.output<typeof consentList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('cns', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    const personId = query.person_id === undefined ? undefined : fromPublicId('per', query.person_id);
    // An id that was never made names nobody, as one of another tenant does.
    if (query.person_id !== undefined && personId === undefined) return { data: [], next_cursor: null };
    const found = await this.consents.list(principal, {
      limit: query.limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(personId === undefined ? {} : { personId }),
      ...(query.purpose === undefined ? {} : { purpose: query.purpose }),
    });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map(answerOf),
      next_cursor: found.length > query.limit && last ? toPublicId('cns', last.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getConsent', summary: 'Get one consent' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, consentAnswer, [401, 403, 404, 503])
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<ConsentAnswer> {
    return answerOf(await this.consents.get(principal, consentId(id)));
  }

  @Post(':id/withdraw')
  @HttpCode(200)
  @RequireScope('persons:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'withdrawConsent',
    summary: 'Stop using a consent',
    description:
      'From now on nothing is asked by it; the record stays. May be repeated. J-LIS is not told: a person who wants that withdraws there.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, consentAnswer, [401, 403, 404, 503])
  async withdraw(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<ConsentAnswer> {
    return answerOf(await this.consents.withdraw(principal, consentId(id), request.id));
  }
}

function consentId(id: string): string {
  const uuid = fromPublicId('cns', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

function evidenceOf(evidence: NonNullable<ConsentBody['evidence']>): { verificationId: string; document: Buffer } {
  const verificationId = fromPublicId('ver', evidence.verification_id);
  if (verificationId === undefined) throw new Problem('proof_unknown');
  return { verificationId, document: Buffer.from(evidence.document, 'base64') };
}

const iso = (ms: number): string => new Date(ms).toISOString();

const answerOf = (consent: Consent): ConsentAnswer => ({
  id: toPublicId('cns', consent.id),
  person_id: toPublicId('per', consent.personId),
  purpose: consent.purpose,
  text_version: consent.textVersion,
  given_at: iso(consent.givenAt),
  covers: [...consent.covers],
  source: consent.source,
  evidence_verification_id:
    consent.evidenceVerificationId === undefined ? null : toPublicId('ver', consent.evidenceVerificationId),
  registered_with_jlis: consent.jlisConsentId !== undefined,
  expires_at: iso(consent.expiresAt),
  created_at: iso(consent.createdAt),
  withdrawal: consent.withdrawal
    ? { withdrawn_at: iso(consent.withdrawal.at), source: consent.withdrawal.source }
    : null,
});
