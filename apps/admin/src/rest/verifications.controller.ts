import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { appendAudit } from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import { Clock, Problem, toPublicId } from '#lib/platform';
import { findVerification, searchVerifications } from '#lib/verification';
import { actingOf } from './acting.js';
import { Answers, cursorUuid, fieldUuid, page, uuidOf } from './contract.js';
import { explain, foundAnswer } from './explain.js';
import {
  type Explanation,
  explanation,
  foundList,
  type VerificationQuery,
  verificationQuery,
} from './search-schemas.js';
import { searchWindow } from './search-window.js';
import { RequirePermission, Session } from './session.guard.js';

/** What was decided and why, of any tenant; nothing about the person. Each look is an audit event. */
@ApiTags('verifications')
@Controller('v1/verifications')
export class VerificationsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('verifications:read')
  @ApiOperation({ operationId: 'searchVerifications', summary: 'Search verifications, newest first' })
  @Answers(200, foundList, [400, 401, 403, 503])
  async search(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Query({ schema: verificationQuery }) query: VerificationQuery,
  ): Promise<z.output<typeof foundList>> {
    const tenantId = query.tenant_id === undefined ? undefined : fieldUuid('ten', query.tenant_id, 'tenant_id');
    const after = cursorUuid('ver', query.cursor);
    const { mode, outcome, reference, limit } = query;
    const found = await searchVerifications(this.dataSource, {
      ...searchWindow(query, this.clock.now('live')),
      limit: limit + 1,
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(mode === undefined ? {} : { mode }),
      ...(outcome === undefined ? {} : { outcome }),
      ...(reference === undefined ? {} : { reference }),
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('ver', last.id));
    await appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action: 'verification.search',
      target: tenantId === undefined ? 'tenant:all' : `tenant:${tenantId}`,
      // The reference itself may name a customer.
      detail: {
        mode: mode ?? null,
        outcome: outcome ?? null,
        by_reference: reference !== undefined,
        found: rows.length,
      },
    });
    return { data: rows.map(foundAnswer), next_cursor };
  }

  @Get(':id')
  @RequirePermission('verifications:read')
  @ApiOperation({ operationId: 'explainVerification', summary: 'Explain a verification step by step' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, explanation, [401, 403, 404, 503])
  async get(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<Explanation> {
    const found = await findVerification(this.dataSource, uuidOf('ver', id));
    if (!found) throw new Problem('not_found');
    const { tenantId, mode } = found;
    await appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action: 'verification.explain',
      target: `verification:${found.id}`,
      tenancy: { tenantId, mode },
    });
    return explain(found);
  }
}
