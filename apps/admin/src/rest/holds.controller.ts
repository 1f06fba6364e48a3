import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import type { OperatorSession } from '#lib/operators';
import { toPublicId } from '#lib/platform';
import {
  type LegalHold,
  liftHold,
  listHolds,
  listRetentionRules,
  placeHold,
  readRetentionDue,
} from '../legal-holds.js';
import { actingOf } from './acting.js';
import { Answers, cursorUuid, fieldUuid, page, publicActor, uuidOf } from './contract.js';
import {
  legalHold,
  type LegalHoldAnswer,
  type LegalHoldBody,
  legalHoldList,
  type LegalHoldQuery,
  legalHoldQuery,
  legalHoldRequest,
  type LiftBody,
  liftRequest,
  retentionDue,
  type RetentionDueQuery,
  retentionDueQuery,
  retentionRules,
} from './holds-schemas.js';
import { RequirePermission, Session } from './session.guard.js';

@ApiTags('retention')
@Controller('v1')
export class HoldsController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get('legal-holds')
  @RequirePermission('retention:read')
  @ApiOperation({ operationId: 'listLegalHolds', summary: 'List legal holds, newest first' })
  @Answers(200, legalHoldList, [400, 401, 403, 503])
  async list(@Query({ schema: legalHoldQuery }) query: LegalHoldQuery): Promise<z.output<typeof legalHoldList>> {
    const { tenant_id, mode, state, limit } = query;
    const after = cursorUuid('hld', query.cursor);
    const found = await listHolds(this.dataSource, {
      limit: limit + 1,
      ...(tenant_id === undefined ? {} : { tenantId: fieldUuid('ten', tenant_id, 'tenant_id') }),
      ...(mode === undefined ? {} : { mode }),
      ...(state === undefined ? {} : { open: state === 'open' }),
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('hld', last.id));
    return { data: rows.map(holdAnswer), next_cursor };
  }

  @Post('legal-holds')
  @RequirePermission('holds:write')
  @ApiOperation({
    operationId: 'placeLegalHold',
    summary: 'Keep evidence beyond its time',
    description: 'Of a tenant and mode, of one of its persons, or one verification.',
  })
  @Answers(201, legalHold, [400, 401, 403, 404, 413, 415, 503])
  async place(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: legalHoldRequest }) body: LegalHoldBody,
  ): Promise<LegalHoldAnswer> {
    const { tenant_id, mode, person_id, verification_id, reason } = body;
    const scope = {
      tenantId: fieldUuid('ten', tenant_id, 'tenant_id'),
      mode,
      personId: person_id === undefined ? null : fieldUuid('per', person_id, 'person_id'),
      verificationId: verification_id === undefined ? null : fieldUuid('ver', verification_id, 'verification_id'),
    };
    return holdAnswer(await placeHold(this.dataSource, scope, reason, actingOf(session, request)));
  }

  @Post('legal-holds/:id/lift')
  @HttpCode(200)
  @RequirePermission('holds:write')
  @ApiOperation({
    operationId: 'liftLegalHold',
    summary: 'End a legal hold',
    description: 'What it alone kept is erased with the next run.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, legalHold, [400, 401, 403, 404, 409, 413, 415, 503])
  async lift(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: liftRequest }) { reason }: LiftBody,
  ): Promise<LegalHoldAnswer> {
    return holdAnswer(await liftHold(this.dataSource, uuidOf('hld', id), reason, actingOf(session, request)));
  }

  @Get('retention-rules')
  @RequirePermission('retention:read')
  @ApiOperation({
    operationId: 'listRetentionRules',
    summary: 'List how long things are kept',
    description: 'The rule in force when a thing was recorded applies to it.',
  })
  @Answers(200, retentionRules, [401, 403, 503])
  async rules(): Promise<z.output<typeof retentionRules>> {
    const rules = await listRetentionRules(this.dataSource);
    return {
      data: rules.map(({ kind, validFrom, keep, ground }) => ({
        kind,
        valid_from: validFrom?.toISOString() ?? null,
        keep,
        ground,
      })),
    };
  }

  @Get('retention-due')
  @RequirePermission('retention:read')
  @ApiOperation({
    operationId: 'listRetentionDue',
    summary: 'See what is overdue and what becomes due, month by month',
    description: 'Of all tenants. Months are of Japan.',
  })
  @Answers(200, retentionDue, [400, 401, 403, 503])
  async due(@Query({ schema: retentionDueQuery }) query: RetentionDueQuery): Promise<z.output<typeof retentionDue>> {
    const due = await readRetentionDue(this.dataSource, query.months);
    return {
      data: due.map(({ kind, starts, ends, things }) => ({
        kind,
        starts: starts?.toISOString() ?? null,
        ends: ends.toISOString(),
        things,
      })),
    };
  }
}

const holdAnswer = (hold: LegalHold): LegalHoldAnswer => ({
  id: toPublicId('hld', hold.id),
  tenant_id: toPublicId('ten', hold.tenantId),
  mode: hold.mode,
  person_id: hold.personId === null ? null : toPublicId('per', hold.personId),
  verification_id: hold.verificationId === null ? null : toPublicId('ver', hold.verificationId),
  reason: hold.reason,
  placed_by: publicActor(hold.placedBy),
  placed_at: hold.placedAt.toISOString(),
  lifted_by: hold.liftedBy === null ? null : publicActor(hold.liftedBy),
  lift_reason: hold.liftReason,
  lifted_at: hold.liftedAt?.toISOString() ?? null,
});
