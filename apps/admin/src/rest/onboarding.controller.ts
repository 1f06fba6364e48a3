import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Approvals, OperatorAccounts, type OperatorSession } from '#lib/operators';
import { Clock, japanDay, KEY_RING, type KeyRing, Problem } from '#lib/platform';
import {
  type Application,
  changeApplication,
  explainFault,
  type Filed,
  fileApplication,
  findTenant,
  goLiveProposal,
  readApplication,
  type StepRequest,
  takeStep,
} from '#lib/tenancy';
import { actingOf } from './acting.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { Answers, uuidOf } from './contract.js';
import {
  application as applicationSchema,
  type ApplicationBody,
  filedAnswer,
  goLiveRequest,
  type StepBody,
  stepRequest,
} from './onboarding-schemas.js';
import { type ApprovalAnswer, approvalAnswer as approvalSchema } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';
import { tenantAnswer } from './tenant-answer.js';
import { tenantAnswer as tenantSchema } from './tenant-schemas.js';

const toApplication = (body: ApplicationBody): Application => ({
  kind: body.kind,
  legalName: body.legal_name,
  legalNameKana: body.legal_name_kana,
  corporateNumber: body.corporate_number,
  address: body.address,
  contacts: body.contacts,
  serviceName: body.service_name,
  purposeOfUse: body.purpose_of_use,
  signatureVerificationsAMonth: body.expected_volumes.signature_verifications_a_month,
  authenticationsAMonth: body.expected_volumes.authentications_a_month,
  invoiceRegistrationNumber: body.invoice_registration_number,
});

const applicationAnswer = (application: Application): ApplicationBody => ({
  kind: application.kind,
  legal_name: application.legalName,
  legal_name_kana: application.legalNameKana,
  corporate_number: application.corporateNumber,
  address: application.address,
  contacts: [...application.contacts],
  service_name: application.serviceName,
  purpose_of_use: application.purposeOfUse,
  expected_volumes: {
    signature_verifications_a_month: application.signatureVerificationsAMonth,
    authentications_a_month: application.authenticationsAMonth,
  },
  invoice_registration_number: application.invoiceRegistrationNumber,
});

/** The way of a tenant from its application to its end. */
@ApiTags('onboarding')
@Controller('v1')
export class OnboardingController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post('applications')
  @RequirePermission('tenants:write')
  @ApiOperation({
    operationId: 'fileApplication',
    summary: 'File the application of a service provider',
    description: 'Makes the tenant in state `applied`; its keys open nothing until it is accepted.',
  })
  @Answers(201, filedAnswer, [400, 401, 403, 413, 415, 422, 503])
  async file(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: applicationSchema }) body: ApplicationBody,
  ): Promise<z.output<typeof filedAnswer>> {
    const application = { application: toApplication(body), ...actingOf(session, request) };
    return this.filed(await fileApplication(this.dataSource, this.keyRing, application));
  }

  @Get('tenants/:id/application')
  @RequirePermission('applications:read')
  @ApiOperation({
    operationId: 'getApplication',
    summary: 'Get what a tenant applied with',
    description: 'It names people: each reading is an audit event.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, applicationSchema, [401, 403, 404, 503])
  async get(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<ApplicationBody> {
    const reading = { tenantId: uuidOf('ten', id), ...actingOf(session, request) };
    const application = await readApplication(this.dataSource, this.keyRing, reading);
    if (!application) throw new Problem('not_found');
    return applicationAnswer(application);
  }

  @Put('tenants/:id/application')
  @RequirePermission('tenants:write')
  @ApiOperation({
    operationId: 'changeApplication',
    summary: 'Correct an application, or file that of a tenant without one',
    description: 'Until J-LIS is notified.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, filedAnswer, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async change(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: applicationSchema }) body: ApplicationBody,
  ): Promise<z.output<typeof filedAnswer>> {
    const tenantId = uuidOf('ten', id);
    const application = { tenantId, application: toApplication(body), ...actingOf(session, request) };
    return this.filed(await changeApplication(this.dataSource, this.keyRing, application));
  }

  @Post('tenants/:id/steps')
  @HttpCode(200)
  @RequirePermission('tenants:write')
  @ApiOperation({
    operationId: 'takeTenantStep',
    summary: 'Review, accept, reject, notify, suspend, resume or terminate a tenant',
    description:
      'Suspension and termination stop its keys within a second. Going live is proposed and approved instead.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, tenantSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async step(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: stepRequest }) body: StepBody,
  ): Promise<z.output<typeof tenantSchema>> {
    const step = { tenantId: uuidOf('ten', id), request: this.toStep(body), ...actingOf(session, request) };
    return tenantAnswer(await takeStep(this.dataSource, step));
  }

  @Post('tenants/:id/go-live')
  @RequirePermission('go_live:propose')
  @ApiOperation({
    operationId: 'proposeGoLive',
    summary: 'Propose that a tenant goes live',
    description: 'For a tenant notified to J-LIS. A second operator approves; only then it may have keys of live mode.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, approvalSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async proposeGoLive(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: goLiveRequest }) body: z.output<typeof goLiveRequest>,
  ): Promise<ApprovalAnswer> {
    const proposal = await goLiveProposal(this.dataSource, uuidOf('ten', id));
    const reasoned = { ...proposal, reason: body.reason };
    const approval = await this.approvals.propose(session, reasoned, originOf(request), this.clock.now('live'));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }

  private toStep(body: StepBody): StepRequest {
    if (body.step !== 'notify') return body;
    const { step, reason, notified_on: on, reference } = body;
    if (on > japanDay(this.clock.now('live'))) throw new Problem('request_invalid', FUTURE);
    return { step, reason, notification: { on, reference } };
  }

  private async filed({ tenantId, warnings }: Filed): Promise<z.output<typeof filedAnswer>> {
    const tenant = await findTenant(this.dataSource, tenantId);
    if (!tenant) throw new Problem('not_found');
    return { tenant: tenantAnswer(tenant), warnings: warnings.map(explainFault) };
  }
}

const FUTURE = {
  field: 'notified_on',
  errors: [{ field: 'notified_on', message: 'must not be in the future', message_ja: '未来の日付は入力できません。' }],
};
