import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import {
  EVENT_CSV_TYPE,
  eventCsv,
  getInvoice,
  getInvoiceFile,
  invoiceAnswer,
  type InvoiceAnswer,
  invoiceCsvQuery,
  type InvoiceFileKind,
  invoiceList,
  invoiceSchema,
  invoiceSearchOf,
  invoiceSummaryAnswer,
  type KeptFile,
  listInvoices,
  type OutgoingFile,
  outgoingFile,
  spool,
} from '#lib/billing';
import { fileHeaders, fromPublicId, Problem, readerGone, toPublicId, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { invoicesQuery } from './invoices.schemas.js';

const FILE =
  'As it was made when the invoice was finalized: the same octets each time, with their SHA-256 in the headers.';

const send = (reply: FastifyReply, { bytes, ...file }: OutgoingFile): FastifyReply =>
  reply.headers(fileHeaders(file)).send(bytes);

/** Finalized invoices; they never change. */
@ApiTags('invoices')
@ApiBearerAuth()
@Controller('v1/invoices')
export class InvoicesController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get()
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listInvoices', summary: 'Search invoices by day and amount, newest first' })
  @Answers(200, invoiceList, [400, 401, 403, 503])
  async list(
    @Caller() caller: Principal,
    @Query({ schema: invoicesQuery }) { cursor, limit, ...query }: z.output<typeof invoicesQuery>,
  ): Promise<z.output<typeof invoiceList>> {
    const { tenantId, mode } = caller;
    const after = cursor === undefined ? undefined : fromPublicId('inv', cursor);
    if (cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    const found = await withTenant(this.dataSource, caller, (manager) =>
      listInvoices(
        manager,
        { ...invoiceSearchOf(query), tenantId, mode },
        { limit: limit + 1, ...(after === undefined ? {} : { after }) },
      ),
    );
    const page = found.slice(0, limit);
    return {
      data: page.map(invoiceSummaryAnswer),
      next_cursor: found.length > limit ? toPublicId('inv', page.at(-1)!.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getInvoice', summary: 'Get an invoice with its lines' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, invoiceSchema, [401, 403, 404, 503])
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<InvoiceAnswer> {
    return withTenant(this.dataSource, caller, async (manager) => invoiceAnswer(await getInvoice(manager, uuidOf(id))));
  }

  @Get(':id.json')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getInvoiceJson', summary: 'An invoice as a JSON file', description: FILE })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.unknown(), [401, 403, 404, 503])
  async json(@Caller() caller: Principal, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    await send(reply, outgoingFile(await this.file(caller, id, 'json'), 'json'));
  }

  @Get(':id.csv')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiProduces('text/csv')
  @ApiOperation({
    operationId: 'getInvoiceCsv',
    summary: 'An invoice as CSV, a row a line',
    description: `UTF-8 with byte order mark, or CP932 (Windows-31J). ${FILE}`,
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string(), [400, 401, 403, 404, 422, 503])
  async csv(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
    @Query({ schema: invoiceCsvQuery }) { encoding }: z.output<typeof invoiceCsvQuery>,
  ): Promise<void> {
    await send(reply, outgoingFile(await this.file(caller, id, 'csv'), 'csv', encoding));
  }

  @Get(':id.pdf')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiProduces('application/pdf')
  @ApiOperation({ operationId: 'getInvoicePdf', summary: 'An invoice as PDF', description: FILE })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string().meta({ format: 'binary' }), [401, 403, 404, 503])
  async pdf(@Caller() caller: Principal, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    await send(reply, outgoingFile(await this.file(caller, id, 'pdf'), 'pdf'));
  }

  @Get(':id/events.csv')
  @RequireScope('billing:read')
  @LimitedAs('read')
  @ApiProduces('text/csv')
  @ApiOperation({
    operationId: 'getInvoiceEvents',
    summary: 'Every usage event of the invoice’s month as CSV, with the lines it is in or why it is in none',
    description: 'UTF-8 with byte order mark. The same octets each time, with their SHA-256 in the headers.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string(), [401, 403, 404, 503])
  async events(@Caller() caller: Principal, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const gone = readerGone(reply.raw);
    const { number, file } = await withTenant(this.dataSource, caller, async (manager) => {
      const invoice = await getInvoice(manager, uuidOf(id));
      return { number: invoice.number, file: await spool(eventCsv(manager, 'tenant', invoice, gone)) };
    });
    await reply
      .headers(fileHeaders({ name: `${number}-events.csv`, type: EVENT_CSV_TYPE, sha256: file.sha256 }))
      .header('content-length', file.size)
      .send(file.stream());
  }

  private file(caller: Principal, id: string, kind: InvoiceFileKind): Promise<KeptFile> {
    return withTenant(this.dataSource, caller, (manager) => getInvoiceFile(manager, uuidOf(id), kind));
  }
}

/** @throws Problem `not_found` */
function uuidOf(id: string): string {
  const uuid = fromPublicId('inv', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}
