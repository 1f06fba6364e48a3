import { Body, Controller, Get, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { getInvoice, type InvoiceDispatch, type InvoiceSummary, listDispatches, recordDispatch } from '#lib/billing';
import type { OperatorSession } from '#lib/operators';
import { Clock, japanDay, Problem, toPublicId } from '#lib/platform';
import { actingOf } from './acting.js';
import { Answers, publicActor, uuidOf } from './contract.js';
import { dispatchList, dispatchRequest } from './invoice-schemas.js';
import { RequirePermission, Session } from './session.guard.js';

type Dispatches = z.output<typeof dispatchList>;

const answerOf = (today: string, dispatches: readonly InvoiceDispatch[]): Dispatches => ({
  today,
  data: dispatches.map(({ id, sentOn, method, recipient, recordedBy, recordedAt }) => ({
    id: toPublicId('dsp', id),
    sent_on: sentOn,
    method,
    recipient,
    recorded_by: publicActor(recordedBy),
    recorded_at: recordedAt.toISOString(),
  })),
});

/** That invoices were sent: how, by whom and to whom is up to the operators, and is put down here. */
@ApiTags('invoices')
@Controller('v1/invoices/:id/dispatches')
export class InvoiceDispatchesController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listInvoiceDispatches', summary: 'When, how and to whom an invoice was sent' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, dispatchList, [401, 403, 404, 503])
  async list(@Param('id') id: string): Promise<Dispatches> {
    const { manager } = this.dataSource;
    const invoice = await getInvoice(manager, uuidOf('inv', id));
    return answerOf(this.today(invoice), await listDispatches(manager, invoice));
  }

  @Post()
  @RequirePermission('invoices:draft')
  @ApiOperation({
    operationId: 'recordInvoiceDispatch',
    summary: 'Record that an invoice was sent',
    description: 'It stays on record; an invoice that is sent again has one more. Answers all of the invoice.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, dispatchList, [400, 401, 403, 404, 413, 415, 503])
  async record(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: dispatchRequest }) { sent_on, method, recipient }: z.output<typeof dispatchRequest>,
  ): Promise<Dispatches> {
    return this.dataSource.transaction(async (manager) => {
      const invoice = await getInvoice(manager, uuidOf('inv', id));
      this.mustBeSendable(invoice, sent_on);
      await recordDispatch(manager, invoice, { sentOn: sent_on, method, recipient }, actingOf(session, request));
      return answerOf(this.today(invoice), await listDispatches(manager, invoice));
    });
  }

  private today({ mode }: InvoiceSummary): string {
    return japanDay(this.clock.now(mode));
  }

  /** @throws Problem `request_invalid` for a day before that of issue or after today, by the clock of the mode */
  private mustBeSendable(invoice: InvoiceSummary, day: string): void {
    const { issuedOn } = invoice;
    const today = this.today(invoice);
    if (day >= issuedOn && day <= today) return;
    const field = 'sent_on';
    const message = `must be from ${issuedOn} (issued) to ${today} (today)`;
    const message_ja = `発行日（${issuedOn}）から本日（${today}）までの日を入力してください。`;
    throw new Problem('request_invalid', { field, errors: [{ field, message, message_ja }] });
  }
}
