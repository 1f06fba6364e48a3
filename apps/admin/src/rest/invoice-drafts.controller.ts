import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Acting } from '#lib/audit';
import {
  discardInvoiceDraft,
  draftInvoice,
  finalizationProposal,
  getInvoiceDraft,
  type InvoiceDraft,
  invoicePdf,
  isMonth,
  listInvoiceDrafts,
  publicDocument,
  statementsToInvoice,
} from '#lib/billing';
import { Approvals, OperatorAccounts, type OperatorSession } from '#lib/operators';
import { Clock, MODES, Problem, toPublicId } from '#lib/platform';
import { actingOf } from './acting.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { Answers, cursorUuid, fieldUuid, page, publicActor, uuidOf } from './contract.js';
import {
  draftAnswer as draftSchema,
  draftList,
  draftRequest,
  draftsQuery,
  finalizationRequest,
  monthDraftsAnswer,
} from './invoice-schemas.js';
import { modeOf } from './prices.controller.js';
import { type ApprovalAnswer, approvalAnswer as approvalSchema } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

/** Drafted by one request. */
const MOST_DRAFTED = 200;
/** In the place of the number in a preview. */
const NO_NUMBER = '（未採番）';

type DraftAnswer = z.output<typeof draftSchema>;

const documentOf = ({ id, content }: InvoiceDraft) => ({
  id,
  number: NO_NUMBER,
  issued_on: content.closed_on,
  ...content,
});

function draftAnswer(draft: InvoiceDraft): DraftAnswer {
  const { number: _number, issued_on: _issuedOn, ...content } = publicDocument(documentOf(draft));
  return {
    ...content,
    state: draft.state,
    sha256: draft.sha256,
    made_by: publicActor(draft.madeBy),
    made_at: draft.madeAt.toISOString(),
  };
}

/** Invoices until two people have agreed on them. */
@ApiTags('invoices')
@Controller('v1')
export class InvoiceDraftsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('invoice-drafts')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listInvoiceDrafts', summary: 'List open drafts of a mode, oldest first' })
  @Answers(200, draftList, [400, 401, 403, 503])
  async list(
    @Query({ schema: draftsQuery }) { mode, month, tenant_id, cursor, limit }: z.output<typeof draftsQuery>,
  ): Promise<z.output<typeof draftList>> {
    const after = cursorUuid('inv', cursor);
    const found = await listInvoiceDrafts(this.dataSource.manager, {
      mode,
      limit: limit + 1,
      ...(month === undefined ? {} : { month }),
      ...(tenant_id === undefined ? {} : { tenantId: fieldUuid('ten', tenant_id, 'tenant_id') }),
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('inv', last.id));
    return { data: rows.map(draftAnswer), next_cursor };
  }

  @Post('invoice-drafts')
  @RequirePermission('invoices:draft')
  @ApiOperation({
    operationId: 'draftInvoice',
    summary: 'Draft the invoice of a statement',
    description:
      'An open draft of the statement is put aside. Items are added to its lines; below zero they are credits.',
  })
  @Answers(201, draftSchema, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async draft(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: draftRequest }) { statement_id, items }: z.output<typeof draftRequest>,
  ): Promise<DraftAnswer> {
    const statementId = fieldUuid('stm', statement_id, 'statement_id');
    const drafted = items.map(({ credits_invoice_id, ...item }, index) => ({
      ...item,
      ...(credits_invoice_id === undefined
        ? {}
        : { creditsInvoice: fieldUuid('inv', credits_invoice_id, `items.${index}.credits_invoice_id`) }),
    }));
    return draftAnswer(await this.make(statementId, drafted, actingOf(session, request)));
  }

  @Post('month-closes/:mode/:month/invoice-drafts')
  @HttpCode(200)
  @RequirePermission('invoices:draft')
  @ApiOperation({
    operationId: 'draftMonth',
    summary: 'Draft what is not drafted or invoiced of a month',
    description: `At most ${MOST_DRAFTED} statements at once. Each that cannot be drafted is told with the code of its refusal.`,
  })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiParam({ name: 'month', type: String })
  @Answers(200, monthDraftsAnswer, [401, 403, 404, 503])
  async draftMonth(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') mode: string,
    @Param('month') month: string,
  ): Promise<z.output<typeof monthDraftsAnswer>> {
    if (!isMonth(month)) throw new Problem('not_found');
    const found = await statementsToInvoice(this.dataSource.manager, modeOf(mode), month);
    const answer: z.output<typeof monthDraftsAnswer> = {
      drafted: 0,
      refused: [],
      remaining: Math.max(0, found.length - MOST_DRAFTED),
    };
    for (const { id, tenantId } of found.slice(0, MOST_DRAFTED))
      try {
        await this.make(id, [], actingOf(session, request));
        answer.drafted++;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        answer.refused.push({ tenant_id: toPublicId('ten', tenantId), code: error.code });
      }
    return answer;
  }

  @Get('invoice-drafts/:id')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getInvoiceDraft', summary: 'Get a draft with its lines' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, draftSchema, [401, 403, 404, 503])
  async get(@Param('id') id: string): Promise<DraftAnswer> {
    return draftAnswer(await getInvoiceDraft(this.dataSource.manager, uuidOf('inv', id)));
  }

  @Get('invoice-drafts/:id/preview')
  @RequirePermission('billing:read')
  @ApiProduces('application/pdf')
  @ApiOperation({ operationId: 'previewInvoiceDraft', summary: 'A draft as it would be printed, marked as such' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, z.string().meta({ format: 'binary' }), [401, 403, 404, 503])
  async preview(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const draft = await getInvoiceDraft(this.dataSource.manager, uuidOf('inv', id));
    await reply.type('application/pdf').send(await invoicePdf(documentOf(draft), true));
  }

  @Post('invoice-drafts/:id/discard')
  @HttpCode(200)
  @RequirePermission('invoices:draft')
  @ApiOperation({ operationId: 'discardInvoiceDraft', summary: 'Put a draft aside' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, draftSchema, [401, 403, 404, 409, 503])
  async discard(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<DraftAnswer> {
    return this.dataSource.transaction(async (manager) => {
      await discardInvoiceDraft(manager, { id: uuidOf('inv', id), ...actingOf(session, request) });
      return draftAnswer(await getInvoiceDraft(manager, uuidOf('inv', id)));
    });
  }

  @Post('invoice-finalizations')
  @RequirePermission('invoices:propose')
  @ApiOperation({
    operationId: 'proposeFinalization',
    summary: 'Propose that drafts of a month become invoices',
    description: 'They get their numbers when a second person approves, all or none.',
  })
  @Answers(201, approvalSchema, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async finalize(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: finalizationRequest }) { draft_ids, reason }: z.output<typeof finalizationRequest>,
  ): Promise<ApprovalAnswer> {
    const ids = draft_ids.map((id, index) => fieldUuid('inv', id, `draft_ids.${index}`));
    const proposal = await finalizationProposal(this.dataSource.manager, ids);
    const approval = await this.approvals.propose(
      session,
      { ...proposal, reason },
      originOf(request),
      this.clock.now('live'),
    );
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  private make(statementId: string, items: Parameters<typeof draftInvoice>[1]['items'], acting: Acting) {
    return this.dataSource.transaction((manager) =>
      draftInvoice(manager, { statementId, items, nowMs: (mode) => this.clock.now(mode), ...acting }),
    );
  }
}
