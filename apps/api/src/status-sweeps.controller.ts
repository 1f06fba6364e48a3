import { createHash } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { type EstimatedCost, estimateUse } from '#lib/billing';
import { StatusSweeps, SweepFiles, type SweepChoice, type SweepPreview, type SweepRequest } from '#lib/monitoring';
import { allowSilence, type Call, Clock, fromPublicId, Problem, toPublicId, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { LimitedAs } from './endpoint-class.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { forecastAnswer, sweepAnswer } from './status-sweeps.answers.js';
import {
  sweep,
  type SweepAnswer,
  sweepFileQuery,
  type SweepFileQuery,
  sweepForecast,
  sweepList,
  sweepListQuery,
  sweepRequest,
  type SweepRequestBody,
} from './status-sweeps.schemas.js';

/** The one route that takes a file. */
export const FILE_ROUTE = '/v1/status-sweeps/file';

/** A million references are looked up and stored in a minute; on a busy machine in some. */
const FILE_ANSWER_MS = 15 * 60_000;

/** @throws Problem `not_found` */
export function sweepUuid(id: string): string {
  const uuid = fromPublicId('swp', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

function choiceOf({ selection }: SweepRequestBody): SweepChoice {
  if (selection.kind === 'all') return { kind: 'all' };
  if (selection.kind === 'not_checked_since') return { kind: 'not_checked_since', since: Date.parse(selection.since) };
  // The schema lets through only what is an id of this form.
  return { kind: 'persons', personIds: selection.person_ids.map((id) => fromPublicId('per', id)!) };
}

const Forecast = (): MethodDecorator =>
  ApiResponse({ status: 200, standardSchema: sweepForecast, description: 'With `dry_run`.' });

@ApiTags('status sweeps')
@ApiBearerAuth()
@Controller('v1/status-sweeps')
export class StatusSweepsController {
  constructor(
    @Inject(StatusSweeps) private readonly sweeps: StatusSweeps,
    @Inject(SweepFiles) private readonly files: SweepFiles,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post()
  @RequireScope('sweeps:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'createStatusSweep',
    summary: 'Check the status of many persons (現況確認)',
    description:
      'The sweep is carried out by itself; ask for it again, or read its progress. Every certificate that is asked about is metered; doubt is never charged.',
  })
  @IdempotencyHeader()
  @Forecast()
  @Answers(201, sweep, [400, 401, 403, 409, 413, 415, 422, 503])
  create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: sweepRequest }) body: SweepRequestBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SweepAnswer | z.output<typeof sweepForecast>> {
    const { certificates, method, on_bad_rows: onBadRows } = body;
    const asked = { choice: choiceOf(body), certificates, method, onBadRows };
    return this.answer(principal, asked, { isDry: body.dry_run, call: callOf(request, body), reply });
  }

  @Post('file')
  @RequireScope('sweeps:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'createStatusSweepOfFile',
    summary: 'The same for the persons behind your own references',
    description:
      'A CSV file with the one column `reference`, as you gave it with verifications that were identified: at most 32 MiB and 1,000,000 lines. Lines that stand for nobody are named. A large file is answered after a minute or more; with an Idempotency-Key it can be sent again.',
  })
  @IdempotencyHeader()
  @ApiConsumes('text/csv')
  @ApiBody({ schema: { type: 'string' } })
  @Forecast()
  @Answers(201, sweep, [400, 401, 403, 409, 413, 415, 422, 503])
  async createOfFile(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Query({ schema: sweepFileQuery }) query: SweepFileQuery,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SweepAnswer | z.output<typeof sweepForecast>> {
    if (!Buffer.isBuffer(body)) throw new Problem('media_type_unsupported');
    allowSilence(request, FILE_ANSWER_MS);
    const { certificates, method, encoding, on_bad_rows: onBadRows } = query;
    const call = callOf(request, { sha256: createHash('sha256').update(body).digest('hex') });
    const choice = await this.files.read(principal, body, encoding);
    const asked = { choice, certificates, method, onBadRows };
    return this.answer(principal, asked, { isDry: query.dry_run === 'true', call, reply });
  }

  private async answer(
    principal: Principal,
    asked: SweepRequest,
    { isDry, call, reply }: { isDry: boolean; call: Call; reply: FastifyReply },
  ): Promise<SweepAnswer | z.output<typeof sweepForecast>> {
    if (isDry) {
      void reply.status(200);
      const preview = await this.sweeps.forecast(principal, asked);
      return forecastAnswer(preview, await this.costOf(principal, asked, preview));
    }
    const made = await this.sweeps.create(principal, asked, call);
    markReplay(reply, made.replayed);
    return sweepAnswer(made.sweep);
  }

  /** Undefined for a key that may not read bills. */
  private async costOf(
    principal: Principal,
    { method }: SweepRequest,
    { certificates, alreadyCounted }: SweepPreview,
  ): Promise<EstimatedCost | undefined> {
    if (!principal.scopes.includes('billing:read')) return undefined;
    const further = (['sign', 'auth'] as const).map((kind) => ({
      meter: `${kind}_check` as const,
      method,
      purpose: 'status_check' as const,
      certificateKind: kind,
      events: certificates[kind],
      countedBefore: Math.min(alreadyCounted[kind], certificates[kind]),
    }));
    return withTenant(this.dataSource, principal, (manager) =>
      estimateUse(manager, principal, this.clock.now(principal.mode), further),
    );
  }

  @Get()
  @RequireScope('sweeps:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listStatusSweeps', summary: 'List sweeps, the newest first' })
  @Answers(200, sweepList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: sweepListQuery }) query: z.output<typeof sweepListQuery>,
  ): Promise<z.output<typeof sweepList>> {
    const before = query.cursor === undefined ? undefined : fromPublicId('swp', query.cursor);
    if (query.cursor !== undefined && before === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    // One more than asked for tells whether there is a next page.
    const limit = query.limit + 1;
    const found = await this.sweeps.list(principal, { limit, ...(before === undefined ? {} : { before }) });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map(sweepAnswer),
      next_cursor: found.length > query.limit && last ? toPublicId('swp', last.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('sweeps:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getStatusSweep', summary: 'Get one sweep with its progress' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, sweep, [401, 403, 404, 503])
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<SweepAnswer> {
    return sweepAnswer(await this.sweeps.get(principal, sweepUuid(id)));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequireScope('sweeps:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'cancelStatusSweep',
    summary: 'End a sweep that waits or runs',
    description: 'What it has found by then stays, and was metered.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, sweep, [400, 401, 403, 404, 409, 415, 503])
  async cancel(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<SweepAnswer> {
    const by = { actor: `api_key:${principal.apiKeyId}`, requestId: request.id };
    return sweepAnswer(await this.sweeps.cancel(principal, sweepUuid(id), by));
  }
}
