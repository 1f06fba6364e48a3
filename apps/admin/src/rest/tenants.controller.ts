import { Body, Controller, Get, Inject, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Approvals, OperatorAccounts, type OperatorSession } from '#lib/operators';
import { Clock, KEY_RING, type KeyRing, type Mode, MODES, Problem, toPublicId } from '#lib/platform';
import {
  changeContract,
  type Contract,
  type ContractChange,
  ContractNeedsApproval,
  contractProposal,
  createTenant,
  findTenant,
  type LimitsChange,
  listTenants,
  readContract,
  storeLimits,
  type Tenant,
} from '#lib/tenancy';
import { actingOf } from './acting.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { Answers, cursorUuid, page, sortOf, uuidOf } from './contract.js';
import { type ApprovalAnswer, approvalAnswer as approvalSchema } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';
import { tenantAnswer } from './tenant-answer.js';
import {
  type ContractAnswer,
  contractAnswer as contractSchema,
  contractChange,
  type ContractChangeBody,
  contractProposal as proposalSchema,
  tenantAnswer as tenantSchema,
  tenantDetail,
  tenantList,
  type TenantListQuery,
  tenantListQuery,
  tenantRequest,
} from './tenant-schemas.js';

const contractAnswer = (mode: Mode, contract: Contract): ContractAnswer => ({
  mode,
  reference_format: contract.referenceFormat,
  revocation_methods: [...contract.revocationMethods],
  identify: contract.identify,
  counterpart: contract.counterpart,
  latest_attributes: contract.latestAttributes,
  pinless_status: contract.pinlessStatus,
  allowed_ages: [...contract.allowedAges],
  age_dates: [...contract.ageDates],
  age_questions_a_year: contract.ageQuestionsAYear,
  age_legal_day_inclusive: contract.ageLegalDayInclusive,
  change_events: contract.changeEvents,
  disclosure: contract.disclosure,
  sign_up_consent: contract.signUpConsent
    ? { text_version: contract.signUpConsent.textVersion, purposes: [...contract.signUpConsent.purposes] }
    : null,
  limits: storeLimits(contract.limits),
});

const limitsChangeOf = (body: NonNullable<ContractChangeBody['limits']>): LimitsChange =>
  Object.fromEntries(
    Object.entries(body).map(([endpointClass, { per_second, per_month } = {}]) => [
      endpointClass,
      {
        ...(per_second === undefined ? {} : { perSecond: per_second }),
        ...(per_month === undefined ? {} : { perMonth: per_month }),
      },
    ]),
  );

const changeOf = (body: ContractChangeBody): ContractChange => ({
  ...(body.revocation_methods === undefined ? {} : { revocationMethods: [...new Set(body.revocation_methods)] }),
  ...(body.identify === undefined ? {} : { identify: body.identify }),
  ...(body.counterpart === undefined ? {} : { counterpart: body.counterpart }),
  ...(body.latest_attributes === undefined ? {} : { latestAttributes: body.latest_attributes }),
  ...(body.pinless_status === undefined ? {} : { pinlessStatus: body.pinless_status }),
  ...(body.allowed_ages === undefined ? {} : { allowedAges: body.allowed_ages }),
  ...(body.age_dates === undefined ? {} : { ageDates: body.age_dates }),
  ...(body.age_questions_a_year === undefined ? {} : { ageQuestionsAYear: body.age_questions_a_year }),
  ...(body.age_legal_day_inclusive === undefined ? {} : { ageLegalDayInclusive: body.age_legal_day_inclusive }),
  ...(body.disclosure === undefined ? {} : { disclosure: body.disclosure }),
  ...(body.limits === undefined ? {} : { limits: limitsChangeOf(body.limits) }),
  ...(body.change_events === undefined ? {} : { changeEvents: body.change_events }),
  ...(body.sign_up_consent === undefined
    ? {}
    : {
        signUpConsent: body.sign_up_consent && {
          textVersion: body.sign_up_consent.text_version,
          purposes: body.sign_up_consent.purposes,
        },
      }),
});

@ApiTags('tenants')
@Controller('v1/tenants')
export class TenantsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('tenants:read')
  @ApiOperation({ operationId: 'listTenants', summary: 'List tenants, newest first unless asked otherwise' })
  @Answers(200, tenantList, [400, 401, 403, 503])
  async list(@Query({ schema: tenantListQuery }) query: TenantListQuery): Promise<z.output<typeof tenantList>> {
    const after = cursorUuid('ten', query.cursor);
    const found = await listTenants(this.dataSource, {
      limit: query.limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(query.name === undefined ? {} : { name: query.name }),
      ...(query.sort === undefined ? {} : { sort: sortOf(query.sort) }),
    });
    const { rows, next_cursor } = page(found, query.limit, (last) => toPublicId('ten', last.id));
    return { data: rows.map(tenantAnswer), next_cursor };
  }

  @Post()
  @RequirePermission('tenants:write')
  @ApiOperation({ operationId: 'createTenant', summary: 'Make a tenant with both modes' })
  @Answers(201, tenantSchema, [400, 401, 403, 413, 415, 503])
  async create(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: tenantRequest }) body: z.output<typeof tenantRequest>,
  ): Promise<z.output<typeof tenantSchema>> {
    const tenant = { name: body.name, ...actingOf(session, request) };
    const id = await createTenant(this.dataSource, this.keyRing, tenant);
    return tenantAnswer(await this.find(id));
  }

  @Get(':id')
  @RequirePermission('tenants:read')
  @ApiOperation({ operationId: 'getTenant', summary: 'Get a tenant with the terms of its contracts' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, tenantDetail, [401, 403, 404, 503])
  async get(@Param('id') id: string): Promise<z.output<typeof tenantDetail>> {
    const tenant = await this.find(uuidOf('ten', id));
    const contracts = await this.dataSource.transaction((manager) =>
      Promise.all(
        MODES.map(async (mode) => contractAnswer(mode, await readContract(manager, { tenantId: tenant.id, mode }))),
      ),
    );
    return { ...tenantAnswer(tenant), contracts };
  }

  @Patch(':id/contracts/:mode')
  @RequirePermission('tenants:write')
  @ApiOperation({
    operationId: 'changeContract',
    summary: 'Change what a contract includes',
    description: 'Of test mode, and of live mode until the tenant goes live; then two people change it.',
  })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, contractSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async changeContract(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('mode') named: string,
    @Body({ schema: contractChange }) body: ContractChangeBody,
  ): Promise<ContractAnswer> {
    const { id: tenantId } = await this.find(uuidOf('ten', id));
    const mode = MODES.find((each) => each === named);
    if (mode === undefined) throw new Problem('not_found');
    const change = { tenantId, mode, change: changeOf(body), ...actingOf(session, request) };
    try {
      return contractAnswer(mode, await changeContract(this.dataSource, change));
    } catch (error) {
      if (error instanceof ContractNeedsApproval) throw new Problem('contract_needs_approval');
      throw error;
    }
  }

  @Post(':id/contract-changes')
  @RequirePermission('contracts:propose')
  @ApiOperation({
    operationId: 'proposeContractChange',
    summary: 'Propose to change what the live contract of a tenant includes',
    description: 'For a tenant that has gone live. A second operator approves; only then the change holds.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, approvalSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async propose(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: proposalSchema }) body: z.output<typeof proposalSchema>,
  ): Promise<ApprovalAnswer> {
    const wanted = { tenantId: uuidOf('ten', id), change: changeOf(body.change) };
    const proposal = { ...(await contractProposal(this.dataSource, wanted)), reason: body.reason };
    const approval = await this.approvals.propose(session, proposal, originOf(request), this.clock.now('live'));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  private async find(id: string): Promise<Tenant> {
    const tenant = await findTenant(this.dataSource, id);
    if (!tenant) throw new Problem('not_found');
    return tenant;
  }
}
