import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { getInvoiceExport, invoiceCsvQuery, listInvoiceExports, outgoingCsv } from '#lib/billing';
import { fileHeaders, MODES, Problem } from '#lib/platform';
import { monthClosesQuery } from './billing-schemas.js';
import { Answers } from './contract.js';
import { invoiceExportList } from './invoice-schemas.js';
import { modeOf } from './prices.controller.js';
import { RequirePermission } from './session.guard.js';

const VERSION = /^[1-9][0-9]{0,8}$/;

/** What the worker has made of each month's invoices. */
@ApiTags('invoices')
@Controller('v1/invoice-exports')
export class InvoiceExportsController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get()
  @RequirePermission('billing:read')
  @ApiOperation({
    operationId: 'listInvoiceExports',
    summary: 'CSV files of all tenants that the worker has made, newest month first',
    description: 'The worker looks each hour; a month whose invoices have changed gets a new version.',
  })
  @Answers(200, invoiceExportList, [400, 401, 403, 503])
  async list(
    @Query({ schema: monthClosesQuery }) { mode }: z.output<typeof monthClosesQuery>,
  ): Promise<z.output<typeof invoiceExportList>> {
    const found = await listInvoiceExports(this.dataSource.manager, mode);
    return {
      data: found.map(({ totalYen, madeAt, ...rest }) => ({
        ...rest,
        total_yen: totalYen,
        made_at: madeAt.toISOString(),
      })),
    };
  }

  @Get(':mode/:month/:version.csv')
  @RequirePermission('billing:read')
  @ApiProduces('text/csv')
  @ApiOperation({
    operationId: 'getInvoiceExport',
    summary: 'One of these files',
    description:
      'UTF-8 with byte order mark, or CP932 (Windows-31J). The same octets each time, with their SHA-256 in the headers.',
  })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiParam({ name: 'month', type: String })
  @ApiParam({ name: 'version', type: Number })
  @Answers(200, z.string(), [400, 401, 403, 404, 422, 503])
  async file(
    @Param('mode') named: string,
    @Param('month') month: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
    @Query({ schema: invoiceCsvQuery }) { encoding }: z.output<typeof invoiceCsvQuery>,
  ): Promise<void> {
    const mode = modeOf(named);
    if (!VERSION.test(version)) throw new Problem('not_found');
    const csv = await getInvoiceExport(this.dataSource.manager, { mode, month, version: Number(version) });
    const { bytes, ...file } = outgoingCsv(csv, `invoices-${mode}-${month}-${version}`, encoding);
    await reply.headers(fileHeaders(file)).send(bytes);
  }
}
