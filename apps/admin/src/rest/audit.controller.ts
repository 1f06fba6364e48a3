import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import {
  appendAudit,
  CHAIN_TARGET,
  exportAudit,
  exportAuditCsv,
  type ExportRange,
  findAuditEvent,
  NothingSealed,
  searchAudit,
} from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import { Clock, Problem, toPublicId } from '#lib/platform';
import { actingOf } from './acting.js';
import { auditAnswer, storedName } from './audit-answer.js';
import {
  auditEventDetail,
  type AuditEventDetailAnswer,
  type AuditExportQuery,
  auditExportQuery,
  type AuditTableQuery,
  auditTableQuery,
} from './audit-schemas.js';
import { Answers, cursorUuid, fieldUuid, orderOf, page, uuidOf } from './contract.js';
import { auditList, type AuditQuery, auditQuery } from './search-schemas.js';
import { RequirePermission, Session } from './session.guard.js';

const DEFAULT_WINDOW_MS = 30 * 86_400_000;

/** The days and the tenant that a query names. @throws Problem `request_invalid` */
const rangeOf = ({ from, to, tenant_id, mode }: AuditExportQuery): ExportRange => ({
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
  ...(tenant_id === undefined
    ? {}
    : {
        tenant: {
          tenantId: fieldUuid('ten', tenant_id, 'tenant_id'),
          ...(mode === undefined ? {} : { mode }),
        },
      }),
});

@ApiTags('audit')
@Controller('v1')
export class AuditController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('audit-events')
  @RequirePermission('audit:read')
  @ApiOperation({ operationId: 'searchAudit', summary: 'Search the audit trail, newest first unless asked otherwise' })
  @Answers(200, auditList, [400, 401, 403, 503])
  async search(@Query({ schema: auditQuery }) query: AuditQuery): Promise<z.output<typeof auditList>> {
    const to = query.recorded_before === undefined ? undefined : Date.parse(query.recorded_before);
    const from =
      query.recorded_after === undefined
        ? (to ?? this.clock.now('live')) - DEFAULT_WINDOW_MS
        : Date.parse(query.recorded_after);
    const cursor = cursorUuid('aud', query.cursor);
    const found = await searchAudit(this.dataSource, {
      from,
      order: orderOf(query.sort),
      limit: query.limit + 1,
      ...(to === undefined ? {} : { to }),
      ...(query.actor === undefined ? {} : { actor: storedName(query.actor) }),
      ...(query.action === undefined ? {} : { action: query.action }),
      ...(query.target === undefined ? {} : { target: storedName(query.target) }),
      ...(query.tenant_id === undefined ? {} : { about: fieldUuid('ten', query.tenant_id, 'tenant_id') }),
      ...(query.request_id === undefined ? {} : { requestId: query.request_id }),
      ...(cursor === undefined ? {} : { after: cursor }),
    });
    const { rows, next_cursor } = page(found, query.limit, (last) => toPublicId('aud', last.id));
    return { data: rows.map(auditAnswer), next_cursor };
  }

  @Get('audit-events.jsonl')
  @RequirePermission('audit:read')
  @ApiOperation({
    operationId: 'exportAudit',
    summary: 'Export days of the chain as JSON lines',
    description:
      'For `npm run check-audit`. Events of other tenants keep their place by their hash. A file that does not end with its line `end` was cut off. The export is recorded itself.',
  })
  @ApiProduces('application/x-ndjson')
  @Answers(200, z.string(), [400, 401, 403, 409, 503])
  async jsonl(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Query({ schema: auditExportQuery }) query: AuditExportQuery,
  ): Promise<StreamableFile> {
    const lines = exportAudit(this.dataSource, rangeOf(query), this.clock.now('live'));
    return this.file(lines, '\n', { format: 'jsonl', type: 'application/x-ndjson' }, query, session, request);
  }

  @Get('audit-events.csv')
  @RequirePermission('audit:read')
  @ApiOperation({
    operationId: 'exportAuditCsv',
    summary: 'Export sealed events as a table',
    description:
      'For reading: a table has no signatures. UTF-8 with byte order mark and CRLF; texts that a spreadsheet would run are led by an apostrophe. The export is recorded itself.',
  })
  @ApiProduces('text/csv')
  @Answers(200, z.string(), [400, 401, 403, 409, 503])
  async csv(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Query({ schema: auditTableQuery }) query: AuditTableQuery,
  ): Promise<StreamableFile> {
    const { actor, action, target, request_id: requestId } = query;
    const rows = exportAuditCsv(this.dataSource, rangeOf(query), {
      ...(actor === undefined ? {} : { actor: storedName(actor) }),
      ...(action === undefined ? {} : { action }),
      ...(target === undefined ? {} : { target: storedName(target) }),
      ...(requestId === undefined ? {} : { requestId }),
    });
    return this.file(rows, '', { format: 'csv', type: 'text/csv' }, query, session, request);
  }

  @Get('audit-events/:id')
  @RequirePermission('audit:read')
  @ApiOperation({ operationId: 'getAuditEvent', summary: 'See one audit event with its place in the chain' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, auditEventDetail, [401, 403, 404, 503])
  async get(@Param('id') id: string): Promise<AuditEventDetailAnswer> {
    const found = await findAuditEvent(this.dataSource, uuidOf('aud', id));
    if (!found) throw new Problem('not_found');
    const { event, seal } = found;
    return {
      ...auditAnswer(event),
      seal: seal ? { seq: seal.seq, day: seal.day, row_hash: seal.rowHash, head: seal.head } : null,
    };
  }

  /** Nothing is held but a page of rows; an error on the way cuts the answer off. */
  private async file(
    lines: AsyncGenerator<string>,
    lineEnd: string,
    { format, type }: { format: 'jsonl' | 'csv'; type: string },
    query: AuditTableQuery,
    session: OperatorSession,
    request: FastifyRequest,
  ): Promise<StreamableFile> {
    // The first line tells whether there is anything: then it is a problem and not half a file.
    const first = await lines.next().catch((error: unknown) => {
      throw error instanceof NothingSealed ? new Problem('audit_nothing_sealed') : error;
    });
    const { from, to, tenant_id, mode, actor, action, target, request_id } = query;
    await appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action: 'audit.export',
      target: CHAIN_TARGET,
      detail: {
        format,
        from: from ?? null,
        to: to ?? null,
        of: tenant_id ?? null,
        mode: mode ?? null,
        actor,
        action,
        target,
        request_id,
      },
    });
    async function* texts(): AsyncGenerator<string> {
      if (first.done !== true) yield first.value + lineEnd;
      for await (const line of lines) yield line + lineEnd;
    }
    return new StreamableFile(Readable.from(texts(), { objectMode: false }), {
      type: `${type}; charset=utf-8`,
      disposition: `attachment; filename="audit-events.${format}"`,
    });
  }
}
