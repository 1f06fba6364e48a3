import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Verifications } from '#lib/verification';
import { summaryAnswer, verificationAnswer } from './answers.js';
import { Caller, RequireScope } from './api-key.guard.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import {
  verificationAnswer as answerSchema,
  verificationList,
  verificationListQuery,
  type VerificationAnswer,
  type VerificationListQuery,
} from './schemas.js';
import { PUBLIC_URL } from './settings.js';

@ApiTags('verifications')
@ApiBearerAuth()
@Controller('v1/verifications')
export class VerificationsController {
  constructor(
    @Inject(Verifications) private readonly verifications: Verifications,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @RequireScope('verifications:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listVerifications', summary: 'List verifications, newest first' })
  @Answers(200, verificationList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: verificationListQuery }) query: VerificationListQuery,
  ): Promise<z.output<typeof verificationList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('ver', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    // One more than asked for tells whether there is a next page.
    const found = await this.verifications.list(principal, {
      limit: query.limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(query.outcome === undefined ? {} : { outcome: query.outcome }),
      ...(query.kind === undefined ? {} : { kind: query.kind }),
      ...(query.reference === undefined ? {} : { reference: query.reference }),
      ...(query.created_after === undefined ? {} : { createdAfter: new Date(query.created_after) }),
      ...(query.created_before === undefined ? {} : { createdBefore: new Date(query.created_before) }),
    });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map((verification) => summaryAnswer(verification, this.publicUrl)),
      next_cursor: found.length > query.limit && last ? toPublicId('ver', last.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('verifications:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getVerification',
    summary: 'Get one verification',
    description: 'Opens personal data; each read is recorded in the audit trail.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, answerSchema, [401, 403, 404, 503])
  async get(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<VerificationAnswer> {
    const uuid = fromPublicId('ver', id);
    if (uuid === undefined) throw new Problem('not_found');
    return verificationAnswer(await this.verifications.get(principal, uuid, request.id), this.publicUrl);
  }
}
