import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Approvals, OperatorAccounts, type OperatorSession, permissionsOf } from '#lib/operators';
import { Problem, toPublicId } from '#lib/platform';
import { actingOf } from './acting.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { APPROVAL_KINDS } from './approval-kinds.js';
import { Answers, cursorUuid, page, uuidOf } from './contract.js';
import {
  type ApprovalAnswer,
  approvalAnswer as answerSchema,
  approvalList,
  type ApprovalListQuery,
  approvalListQuery,
  type ApproveBody,
  approveRequest,
  type RefuseBody,
  refuseRequest,
  waitingApprovals,
} from './schemas.js';
import { originOf, SessionGate } from './session-gate.js';
import { RequirePermission, requirePermission, Session } from './session.guard.js';
import { waitingAnswer } from './waiting-approvals.js';

/** What waits for a second person. Proposals are made where the thing is. */
@ApiTags('approvals')
@Controller('v1/approvals')
export class ApprovalsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(SessionGate) private readonly gate: SessionGate,
  ) {}

  @Get()
  @RequirePermission('approvals:read')
  @ApiOperation({ operationId: 'listApprovals', summary: 'List proposals and decisions, newest first' })
  @Answers(200, approvalList, [400, 401, 403, 503])
  async list(
    @Session() session: OperatorSession,
    @Query({ schema: approvalListQuery }) query: ApprovalListQuery,
  ): Promise<z.output<typeof approvalList>> {
    const after = cursorUuid('apr', query.cursor);
    const found = await this.approvals.list({
      limit: query.limit + 1,
      ...(query.state === undefined ? {} : { state: query.state }),
      ...(query.kind === undefined ? {} : { kind: query.kind }),
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, query.limit, (last) => toPublicId('apr', last.id));
    const names = await operatorNames(this.accounts);
    return { data: rows.map((approval) => approvalAnswer(approval, session, names)), next_cursor };
  }

  @Get('waiting')
  @RequirePermission('approvals:read')
  @ApiOperation({ operationId: 'getWaitingApprovals', summary: 'How many proposals wait, and those that expire first' })
  @Answers(200, waitingApprovals, [401, 403, 503])
  waiting(@Session() session: OperatorSession): Promise<z.output<typeof waitingApprovals>> {
    return waitingAnswer(this.dataSource, this.approvals, this.accounts, session);
  }

  @Get(':id')
  @RequirePermission('approvals:read')
  @ApiOperation({ operationId: 'getApproval', summary: 'Get one proposal' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, answerSchema, [401, 403, 404, 503])
  async get(@Session() session: OperatorSession, @Param('id') id: string): Promise<ApprovalAnswer> {
    const approval = await this.approvals.get(uuidOf('apr', id));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  @Post(':id/approve')
  @HttpCode(200)
  @RequirePermission('approvals:read')
  @ApiOperation({
    operationId: 'approve',
    summary: 'Approve as the second person',
    description:
      'Carries the change out at once. Needs the permission of the kind besides; never by who proposed it, nor by whom it is about.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, answerSchema, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async approve(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: approveRequest }) body: ApproveBody,
  ): Promise<ApprovalAnswer> {
    const uuid = uuidOf('apr', id);
    const kind = APPROVAL_KINDS[(await this.approvals.get(uuid)).kind];
    if (!kind) throw new Problem('not_found');
    await this.must(() => requirePermission(session, kind.approve), session, request);
    const decision = {
      id: uuid,
      seenSha256: Buffer.from(body.payload_sha256, 'hex'),
      ...(body.note === undefined ? {} : { note: body.note }),
    };
    const acting = actingOf(session, request);
    const approval = await this.approvals.approve(session, decision, originOf(request), async (manager, approved) => {
      // Who has lost the right, or the account, since then no longer stands for the proposal.
      const proposer = await this.accounts.get(approved.proposedBy, manager);
      if (proposer.disabledAt !== undefined || !permissionsOf(proposer.roles).includes(kind.propose))
        throw new Problem('approval_stale');
      await kind.execute(manager, approved, acting);
    });
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  @Post(':id/refuse')
  @HttpCode(200)
  @RequirePermission('approvals:read')
  @ApiOperation({ operationId: 'refuse', summary: 'Refuse, or withdraw an own proposal' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, answerSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async refuse(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: refuseRequest }) body: RefuseBody,
  ): Promise<ApprovalAnswer> {
    const uuid = uuidOf('apr', id);
    const { kind, proposedBy } = await this.approvals.get(uuid);
    const needed = APPROVAL_KINDS[kind];
    if (!needed) throw new Problem('not_found');
    if (proposedBy !== session.operatorId)
      await this.must(() => requirePermission(session, needed.approve), session, request);
    const decision = { id: uuid, ...(body.note === undefined ? {} : { note: body.note }) };
    const approval = await this.approvals.refuse(session, decision, originOf(request));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  private async must(check: () => void, session: OperatorSession, request: FastifyRequest): Promise<void> {
    try {
      check();
    } catch (error) {
      if (error instanceof Problem) await this.gate.recordRefusal(session, error.code, request);
      throw error;
    }
  }
}
