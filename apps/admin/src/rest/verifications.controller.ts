import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { appendAudit } from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import { Clock, Problem, toPublicId } from '#lib/platform';
import { countVerifications, findVerification, searchVerifications, type VerificationSearch } from '#lib/verification';
import { actingOf } from './acting.js';
import { Answers, cursorUuid, fieldUuid, orderOf, page, uuidOf } from './contract.js';
import { explain, foundAnswer } from './explain.js';
import {
  type Explanation,
  explanation,
  foundList,
  type VerificationFilter,
  verificationFilter,
  type VerificationQuery,
  verificationQuery,
} from './search-schemas.js';
import { searchWindow } from './search-window.js';
import { RequirePermission, Session } from './session.guard.js';
import { verificationCsv } from './verification-csv.js';

type Search = Omit<VerificationSearch, 'after' | 'order' | 'limit'>;
/** A spreadsheet takes about ten times as many; whoever needs more asks for parts. */
const MOST_ROWS = 100_000;

/** What was decided and why, of any tenant; nothing about the person. Each look is an audit event. */
@ApiTags('verifications')
@Controller('v1')
export class VerificationsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('verifications')
  @RequirePermission('verifications:read')
  @ApiOperation({
    operationId: 'searchVerifications',
    summary: 'Search verifications, newest first unless asked otherwise',
  })
  @Answers(200, foundList, [400, 401, 403, 503])
  async search(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Query({ schema: verificationQuery }) query: VerificationQuery,
  ): Promise<z.output<typeof foundList>> {
    const { cursor, limit, sort, ...filter } = query;
    const after = cursorUuid('ver', cursor);
    const search = this.searchOf(filter);
    const found = await searchVerifications(this.dataSource, {
      ...search,
      order: orderOf(sort),
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('ver', last.id));
    await this.record('verification.search', search, rows.length, session, request);
    return { data: rows.map(foundAnswer), next_cursor };
  }

  @Get('verifications.csv')
  @RequirePermission('verifications:read')
  @ApiOperation({
    operationId: 'exportVerifications',
    summary: 'All verifications of a search as a table, newest first',
    description:
      'At most 100,000. UTF-8 with byte order mark and CRLF; texts that a spreadsheet would run are led by an apostrophe. The export is recorded.',
  })
  @ApiProduces('text/csv')
  @Answers(200, z.string(), [400, 401, 403, 422, 503])
  async csv(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Query({ schema: verificationFilter }) filter: VerificationFilter,
  ): Promise<StreamableFile> {
    const search = this.searchOf(filter);
    const found = await countVerifications(this.dataSource, { ...search, limit: MOST_ROWS + 1 });
    if (found > MOST_ROWS) throw new Problem('too_many_verifications');
    await this.record('verification.export', search, found, session, request);
    return new StreamableFile(Readable.from(verificationCsv(this.dataSource, search), { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: 'attachment; filename="verifications.csv"',
    });
  }

  @Get('verifications/:id')
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

  /** @throws Problem `request_invalid` */
  private searchOf(filter: VerificationFilter): Search {
    const { tenant_id: tenant, mode, outcome, reference } = filter;
    return {
      ...searchWindow(filter, this.clock.now('live')),
      ...(tenant === undefined ? {} : { tenantId: fieldUuid('ten', tenant, 'tenant_id') }),
      ...(mode === undefined ? {} : { mode }),
      ...(outcome === undefined ? {} : { outcome }),
      ...(reference === undefined ? {} : { reference }),
    };
  }

  private record(
    action: 'verification.search' | 'verification.export',
    { tenantId, mode, outcome, reference }: Search,
    found: number,
    session: OperatorSession,
    request: FastifyRequest,
  ): Promise<void> {
    return appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action,
      target: tenantId === undefined ? 'tenant:all' : `tenant:${tenantId}`,
      // The reference itself may name a customer.
      detail: { mode: mode ?? null, outcome: outcome ?? null, by_reference: reference !== undefined, found },
    });
  }
}
