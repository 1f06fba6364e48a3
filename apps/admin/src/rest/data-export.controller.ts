import { Readable } from 'node:stream';
import { Body, Controller, HttpCode, Inject, Param, Post, Req, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { OperatorSession } from '#lib/operators';
import { dataExportLines, openDataExport } from '../data-export.js';
import { Answers, uuidOf } from './contract.js';
import { mode, text } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

const dataExportRequest = z
  .strictObject({
    mode,
    reason: text(500).min(3).meta({ description: 'Why it is taken; kept in the audit trail, which the tenant sees.' }),
  })
  .meta({ id: 'DataExportRequest' });
type DataExportBody = z.output<typeof dataExportRequest>;

@ApiTags('tenants')
@Controller('v1/tenants/:id')
export class DataExportController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Post('data-export')
  @HttpCode(200)
  @RequirePermission('tenant_data:export')
  @ApiOperation({
    operationId: 'exportTenantData',
    summary: 'Take what a tenant has of one mode as JSON lines',
    description:
      'In any state of the tenant, also a terminated one. A line `header`, a line for each thing, and a line `trailer` with counts and the SHA-256 of all octets before it: a file without it was cut off. No certificates, serial numbers, attributes or secrets. Recorded as `tenant.data_export_open` before, and as `tenant.data_export` with the hash.',
  })
  @ApiParam({ name: 'id', type: String })
  @ApiProduces('application/x-ndjson')
  @Answers(200, z.string(), [400, 401, 403, 404, 413, 415, 503])
  async take(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: dataExportRequest }) body: DataExportBody,
  ): Promise<StreamableFile> {
    const opened = await openDataExport(this.dataSource, {
      tenancy: { tenantId: uuidOf('ten', id), mode: body.mode },
      reason: body.reason,
      tokenSha256: session.tokenSha256,
      operatorId: session.operatorId,
      origin: originOf(request),
    });
    // Pages are read as the file is taken; an error on the way cuts it off.
    const lines = dataExportLines(this.dataSource, opened, Date.now());
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: 'application/x-ndjson; charset=utf-8',
      disposition: `attachment; filename="${id}-${body.mode}.jsonl"`,
    });
  }
}
