import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { appendAudit, type AuditEvent, type AuditSearch, countAudit, searchAudit } from '#lib/audit';
import { CSV_BOM, csvRow, fromPublicId, Problem, toPublicId, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { AUDIT_CSV_COLUMNS, auditCsvRow, auditEventAnswerOf, auditTarget } from './audit-events.answers.js';
import {
  auditEventExportQuery,
  auditEventList,
  auditEventListQuery,
  type AuditEventExportQuery,
  type AuditEventListQuery,
} from './audit-events.schemas.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';

/** Events of one export; more are asked for in parts. */
const MAX_EXPORTED = 100_000;
const PAGE = 1_000;

type Filters = Omit<AuditSearch, 'limit'>;
type FilterQuery = Pick<AuditEventListQuery, 'action' | 'target' | 'request_id' | 'recorded_after' | 'recorded_before'>;

/** Undefined when nothing can fit. */
function filtersOf(query: FilterQuery): Filters | undefined {
  const { action, target: publicId, request_id: requestId, recorded_after: after, recorded_before: before } = query;
  const target = publicId === undefined ? undefined : auditTarget(publicId);
  // An id that was never made names nothing, as one of another tenant does.
  if (publicId !== undefined && target === undefined) return undefined;
  return {
    ...(action === undefined ? {} : { action }),
    ...(target === undefined ? {} : { target }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(after === undefined ? {} : { from: Date.parse(after) }),
    ...(before === undefined ? {} : { to: Date.parse(before) }),
  };
}

@ApiTags('audit')
@ApiBearerAuth()
@Controller('v1')
export class AuditEventsController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get('audit-events')
  @RequireScope('audit:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listAuditEvents', summary: 'List what was done with your data, newest first' })
  @Answers(200, auditEventList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: auditEventListQuery }) query: AuditEventListQuery,
  ): Promise<z.output<typeof auditEventList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('aud', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    const filters = filtersOf(query);
    // One more than asked for tells whether there is a next page.
    const found = filters
      ? await this.search(principal, { ...filters, limit: query.limit + 1, ...(after === undefined ? {} : { after }) })
      : [];
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map(auditEventAnswerOf),
      next_cursor: found.length > query.limit && last ? toPublicId('aud', last.id) : null,
    };
  }

  @Get('audit-events.csv')
  @RequireScope('audit:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'exportAuditEventsCsv',
    summary: 'Export audit events as a table, oldest first',
    description: 'UTF-8 with byte order mark and CRLF. At most 100,000 events. The export is recorded itself.',
  })
  @ApiProduces('text/csv')
  @Answers(200, z.string(), [400, 401, 403, 422, 503])
  async csv(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Query({ schema: auditEventExportQuery }) query: AuditEventExportQuery,
  ): Promise<StreamableFile> {
    const pages = await this.export(principal, request.id, query, 'csv');
    async function* rows(): AsyncGenerator<string> {
      yield CSV_BOM + csvRow(AUDIT_CSV_COLUMNS);
      for await (const page of pages) yield page.map((event) => auditCsvRow(auditEventAnswerOf(event))).join('');
    }
    return fileOf(rows(), 'text/csv; charset=utf-8', 'audit-events.csv');
  }

  @Get('audit-events.jsonl')
  @RequireScope('audit:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'exportAuditEvents',
    summary: 'Export audit events as JSON lines, oldest first',
    description: 'One `AuditEvent` a line. At most 100,000 events. The export is recorded itself.',
  })
  @ApiProduces('application/x-ndjson')
  @Answers(200, z.string(), [400, 401, 403, 422, 503])
  async jsonl(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Query({ schema: auditEventExportQuery }) query: AuditEventExportQuery,
  ): Promise<StreamableFile> {
    const pages = await this.export(principal, request.id, query, 'jsonl');
    async function* lines(): AsyncGenerator<string> {
      for await (const page of pages)
        yield page.map((event) => `${JSON.stringify(auditEventAnswerOf(event))}\n`).join('');
    }
    return fileOf(lines(), 'application/x-ndjson; charset=utf-8', 'audit-events.jsonl');
  }

  private search(principal: Principal, search: AuditSearch): Promise<AuditEvent[]> {
    return withTenant(this.dataSource, principal, (manager) => searchAudit(manager, ownOf(principal, search)));
  }

  /** Counts first, so that an export that is too large is a problem and not half a file. */
  private async export(
    principal: Principal,
    requestId: string,
    query: AuditEventExportQuery,
    format: string,
  ): Promise<AsyncIterable<AuditEvent[]>> {
    const filters = filtersOf(query);
    await withTenant(this.dataSource, principal, async (manager) => {
      const limit = MAX_EXPORTED + 1;
      const events = filters ? await countAudit(manager, ownOf(principal, { ...filters, limit })) : 0;
      if (events > MAX_EXPORTED) throw new Problem('export_too_large');
      await appendAudit(manager, {
        actor: `api_key:${principal.apiKeyId}`,
        action: 'audit.export',
        target: `tenant:${principal.tenantId}`,
        requestId,
        detail: { format, from: query.recorded_after, to: query.recorded_before },
        tenancy: principal,
      });
    });
    return filters ? this.pages(principal, filters) : Readable.from([]);
  }

  /** A transaction for each page: none is open while the caller reads. */
  private async *pages(principal: Principal, filters: Filters): AsyncGenerator<AuditEvent[]> {
    let after: string | undefined;
    for (let left = MAX_EXPORTED; left > 0; left -= PAGE) {
      const page = await this.search(principal, {
        ...filters,
        order: 'oldest',
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  }
}

/**
 * What a tenant may look through. The tenancy is named besides what row-level security does: the index leads with it.
 * What was asked of J-LIS is the platform's: one call for each step back would count certificates the tenant does not
 * know.
 */
const ownOf = ({ tenantId, mode }: Principal, search: AuditSearch): AuditSearch => ({
  ...search,
  tenantId,
  mode,
  exceptActions: 'jlis.*',
});

const fileOf = (texts: AsyncIterable<string>, type: string, name: string): StreamableFile =>
  new StreamableFile(Readable.from(texts, { objectMode: false }), {
    type,
    disposition: `attachment; filename="${name}"`,
  });
