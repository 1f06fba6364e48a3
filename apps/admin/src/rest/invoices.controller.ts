import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { appendAudit } from '#lib/audit';
import {
  EVENT_CSV_TYPE,
  eventCsv,
  getInvoice,
  getInvoiceFile,
  invoiceAnswer,
  type InvoiceAnswer,
  invoiceCsv,
  invoiceCsvQuery,
  type InvoiceFileKind,
  invoiceList,
  invoiceSchema,
  type InvoiceSearch,
  invoiceSearchOf,
  invoicesToExport,
  invoiceSummaryAnswer,
  listInvoices,
  type OutgoingFile,
  outgoingCsv,
  outgoingFile,
  spool,
  voidProposal,
} from '#lib/billing';
import { Approvals, OperatorAccounts, type OperatorSession } from '#lib/operators';
import { Clock, fileHeaders, readerGone, toPublicId } from '#lib/platform';
import { actingOf } from './acting.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { Answers, cursorUuid, fieldUuid, page, sortOf, uuidOf } from './contract.js';
import { invoicesCsvQuery, type InvoicesQuery, invoicesQuery, voidRequest } from './invoice-schemas.js';
import { type ApprovalAnswer, approvalAnswer as approvalSchema } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

const FILE =
  'As it was made when the invoice was finalized: the same octets each time, with their SHA-256 in the headers.';

/** Sends a file with its hash. */
const send = (reply: FastifyReply, { bytes, ...file }: OutgoingFile): FastifyReply =>
  reply.headers(fileHeaders(file)).send(bytes);

/** Finalized invoices; they never change. */
@ApiTags('invoices')
@Controller('v1')
export class InvoicesController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('invoices')
  @RequirePermission('billing:read')
  @ApiOperation({
    operationId: 'listInvoices',
    summary: 'Search invoices by day, amount and counterparty, with ranges; newest first unless asked otherwise',
  })
  @Answers(200, invoiceList, [400, 401, 403, 503])
  async list(
    @Query({ schema: invoicesQuery }) { cursor, limit, sort, ...query }: InvoicesQuery,
  ): Promise<z.output<typeof invoiceList>> {
    const after = cursorUuid('inv', cursor);
    const found = await listInvoices(this.dataSource.manager, searchOf(query), {
      limit: limit + 1,
      ...(sort === undefined ? {} : { sort: sortOf(sort) }),
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('inv', last.id));
    return { data: rows.map(invoiceSummaryAnswer), next_cursor };
  }

  @Get('invoices.csv')
  @RequirePermission('billing:read')
  @ApiProduces('text/csv')
  @ApiOperation({
    operationId: 'exportInvoices',
    summary: 'What a search finds as one CSV, of one tenant or all, by number',
    description: 'At most 5,000 invoices. UTF-8 with byte order mark, or CP932 (Windows-31J). The export is recorded.',
  })
  @Answers(200, z.string(), [400, 401, 403, 422, 503])
  async export(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Session() session: OperatorSession,
    @Query({ schema: invoicesCsvQuery }) { encoding, ...query }: z.output<typeof invoicesCsvQuery>,
  ): Promise<void> {
    const found = await invoicesToExport(this.dataSource.manager, searchOf(query));
    const file = outgoingCsv(invoiceCsv(found), 'invoices', encoding);
    await appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action: 'invoice.export',
      target: 'invoices:csv',
      detail: { invoices: found.length, sha256: file.sha256, search: query },
    });
    await send(reply, file);
  }

  @Get('invoices/:id')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getInvoice', summary: 'Get an invoice with its lines' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, invoiceSchema, [401, 403, 404, 503])
  async get(@Param('id') id: string): Promise<InvoiceAnswer> {
    return invoiceAnswer(await getInvoice(this.dataSource.manager, uuidOf('inv', id)));
  }

  @Get('invoices/:id.json')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getInvoiceJson', summary: 'An invoice as a JSON file', description: FILE })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.unknown(), [401, 403, 404, 503])
  async json(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    await send(reply, outgoingFile(await this.file(id, 'json'), 'json'));
  }

  @Get('invoices/:id.csv')
  @RequirePermission('billing:read')
  @ApiProduces('text/csv')
  @ApiOperation({
    operationId: 'getInvoiceCsv',
    summary: 'An invoice as CSV, a row a line',
    description: `UTF-8 with byte order mark, or CP932 (Windows-31J). ${FILE}`,
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string(), [400, 401, 403, 404, 422, 503])
  async csv(
    @Param('id') id: string,
    @Res() reply: FastifyReply,
    @Query({ schema: invoiceCsvQuery }) { encoding }: z.output<typeof invoiceCsvQuery>,
  ): Promise<void> {
    await send(reply, outgoingFile(await this.file(id, 'csv'), 'csv', encoding));
  }

  @Get('invoices/:id.pdf')
  @RequirePermission('billing:read')
  @ApiProduces('application/pdf')
  @ApiOperation({ operationId: 'getInvoicePdf', summary: 'An invoice as PDF', description: FILE })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string().meta({ format: 'binary' }), [401, 403, 404, 503])
  async pdf(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    await send(reply, outgoingFile(await this.file(id, 'pdf'), 'pdf'));
  }

  @Get('invoices/:id/events.csv')
  @RequirePermission('billing:read')
  @ApiProduces('text/csv')
  @ApiOperation({
    operationId: 'getInvoiceEvents',
    summary: 'Every usage event of the invoice’s month as CSV, with the lines it is in or why it is in none',
    description: 'UTF-8 with byte order mark. The same octets each time, with their SHA-256 in the headers.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string(), [401, 403, 404, 503])
  async events(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const gone = readerGone(reply.raw);
    const { number, file } = await this.dataSource.transaction(async (manager) => {
      const invoice = await getInvoice(manager, uuidOf('inv', id));
      return { number: invoice.number, file: await spool(eventCsv(manager, 'operators', invoice, gone)) };
    });
    await reply
      .headers(fileHeaders({ name: `${number}-events.csv`, type: EVENT_CSV_TYPE, sha256: file.sha256 }))
      .header('content-length', file.size)
      .send(file.stream());
  }

  @Post('invoices/:id/void')
  @RequirePermission('invoices:propose')
  @ApiOperation({
    operationId: 'proposeInvoiceVoid',
    summary: 'Propose to take an invoice back',
    description: 'It keeps its number and stays. Draft its statement again for one in its place, which names it.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, approvalSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async void(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: voidRequest }) { reason }: z.output<typeof voidRequest>,
  ): Promise<ApprovalAnswer> {
    const proposal = await voidProposal(this.dataSource.manager, uuidOf('inv', id), reason);
    const approval = await this.approvals.propose(
      session,
      { ...proposal, reason },
      originOf(request),
      this.clock.now('live'),
    );
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  private file(id: string, kind: InvoiceFileKind) {
    return getInvoiceFile(this.dataSource.manager, uuidOf('inv', id), kind);
  }
}

const searchOf = (query: Omit<InvoicesQuery, 'cursor' | 'limit'>): InvoiceSearch => ({
  ...invoiceSearchOf(query),
  ...(query.tenant_id === undefined ? {} : { tenantId: fieldUuid('ten', query.tenant_id, 'tenant_id') }),
  ...(query.mode === undefined ? {} : { mode: query.mode }),
  ...(query.counterparty === undefined ? {} : { counterparty: query.counterparty }),
});
