import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Approvals, type OperatorAccount, OperatorAccounts, type OperatorSession, ROLES } from '#lib/operators';
import { Clock, Problem, toPublicId } from '#lib/platform';
import { actingOf } from './acting.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { OPERATOR_ROLES } from './approval-kinds.js';
import { Answers, uuidOf } from './contract.js';
import {
  type ApprovalAnswer,
  approvalAnswer as approvalSchema,
  newOperatorAnswer,
  operatorAnswer as operatorSchema,
  operatorList,
  type OperatorBody,
  operatorRequest,
  type RolesBody,
  rolesRequest,
} from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

type OperatorAnswer = z.output<typeof operatorSchema>;

const operatorAnswer = (account: OperatorAccount): OperatorAnswer => ({
  id: toPublicId('opr', account.id),
  email: account.email,
  name: account.name,
  roles: account.roles,
  second_factor_enrolled: account.secondFactorEnrolled,
  password_expired: account.passwordExpired,
  created_at: account.createdAt.toISOString(),
  disabled_at: account.disabledAt?.toISOString() ?? null,
});

@ApiTags('operators')
@Controller('v1/operators')
export class OperatorsController {
  constructor(
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('operators:read')
  @ApiOperation({ operationId: 'listOperators', summary: 'List all operators, the first one first' })
  @Answers(200, operatorList, [401, 403, 503])
  async list(): Promise<z.output<typeof operatorList>> {
    return { data: (await this.accounts.list()).map(operatorAnswer) };
  }

  @Post()
  @RequirePermission('operators:write')
  @ApiOperation({
    operationId: 'createOperator',
    summary: 'Make an account',
    description: 'Without roles: they are proposed next, and approved by a second operator.',
  })
  @Answers(201, newOperatorAnswer, [400, 401, 403, 409, 413, 415, 503])
  async create(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: operatorRequest }) body: OperatorBody,
  ): Promise<z.output<typeof newOperatorAnswer>> {
    const { id, password } = await this.accounts.create(body, actingOf(session, request));
    return { operator: operatorAnswer(await this.accounts.get(id)), password };
  }

  @Post(':id/roles')
  @RequirePermission('operator_roles:propose')
  @ApiOperation({ operationId: 'proposeRoles', summary: 'Propose the roles of an operator' })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, approvalSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async proposeRoles(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: rolesRequest }) body: RolesBody,
  ): Promise<ApprovalAnswer> {
    const account = await this.accounts.get(uuidOf('opr', id));
    const roles = ROLES.filter((role) => body.roles.includes(role));
    if (roles.join() === ROLES.filter((role) => account.roles.includes(role)).join())
      throw new Problem('nothing_to_change', { field: 'roles' });
    const proposal = {
      kind: OPERATOR_ROLES,
      subject: `operator:${account.id}`,
      before: { roles: account.roles },
      after: { roles },
      reason: body.reason,
    };
    const approval = await this.approvals.propose(session, proposal, originOf(request), this.clock.now('live'));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  @Post(':id/disable')
  @HttpCode(200)
  @RequirePermission('operators:write')
  @ApiOperation({
    operationId: 'disableOperator',
    summary: 'Disable an account for good',
    description: 'Ends its sessions at once. One person is enough: this must not wait.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, operatorSchema, [401, 403, 404, 409, 503])
  async disable(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<OperatorAnswer> {
    const uuid = uuidOf('opr', id);
    await this.accounts.disable(uuid, actingOf(session, request));
    return operatorAnswer(await this.accounts.get(uuid));
  }

  @Post(':id/second-factor/reset')
  @HttpCode(200)
  @RequirePermission('operators:write')
  @ApiOperation({
    operationId: 'resetSecondFactor',
    summary: "Forget another operator's second factor",
    description: 'For a lost device. The next sign-in enrols anew; the password stays.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, operatorSchema, [401, 403, 404, 409, 503])
  async resetSecondFactor(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<OperatorAnswer> {
    const uuid = uuidOf('opr', id);
    await this.accounts.resetSecondFactor(uuid, actingOf(session, request));
    return operatorAnswer(await this.accounts.get(uuid));
  }
}
