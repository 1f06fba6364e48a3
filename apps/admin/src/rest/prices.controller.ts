import { Body, Controller, Get, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import {
  judgePrices,
  priceProposal,
  type PriceRow,
  readInvoiceTerms,
  readIssuers,
  readPlans,
  readRecognitions,
  readReductions,
  readTariffs,
  readTaxSettings,
} from '#lib/billing';
import { Approvals, OperatorAccounts, type OperatorSession } from '#lib/operators';
import { Clock, japanDay, type Mode, MODES, newId, Problem, toPublicId } from '#lib/platform';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import {
  jlisPrices,
  planList,
  planProposal,
  recognitionProposal,
  reductionProposal,
  tariffProposal,
} from './billing-schemas.js';
import { Answers, fieldUuid, uuidOf } from './contract.js';
import {
  invoiceSettings,
  invoiceTermsList,
  invoiceTermsProposal,
  issuerProposal,
  taxSettingProposal,
} from './invoice-schemas.js';
import { type ApprovalAnswer, approvalAnswer as approvalSchema } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

export function modeOf(named: string): Mode {
  const mode = MODES.find((each) => each === named);
  if (mode === undefined) throw new Problem('not_found');
  return mode;
}

const scopedAnswer = <T>({
  id,
  tenantId,
  ...rest
}: {
  id: string;
  tenantId?: string;
  from: string;
  until: string;
  terms: T;
}) => ({
  ...rest,
  id,
  tenant_id: tenantId === undefined ? null : toPublicId('ten', tenantId),
});

const datedAnswer = <T>({ validFrom, terms }: { validFrom: string; terms: T }) => ({ valid_from: validFrom, terms });

const REFUSALS = [400, 401, 403, 404, 409, 413, 415, 422, 503] as const;

/** Prices of both layers with their history. A change is proposed here and approved by a second person. */
@ApiTags('prices')
@Controller('v1')
export class PricesController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('jlis-prices/:mode')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getJlisPrices', summary: 'Fees of J-LIS, reductions and recognitions, oldest first' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, jlisPrices, [401, 403, 404, 503])
  async jlis(@Param('mode') named: string): Promise<z.output<typeof jlisPrices>> {
    const mode = modeOf(named);
    const { dataSource } = this;
    return {
      mode,
      today: this.today(mode),
      tariffs: (await readTariffs(dataSource, mode)).map(datedAnswer),
      reductions: (await readReductions(dataSource, mode)).map(scopedAnswer),
      recognitions: (await readRecognitions(dataSource, mode)).map(scopedAnswer),
    };
  }

  @Post('jlis-prices/:mode/tariffs')
  @RequirePermission('prices:propose')
  @ApiOperation({ operationId: 'proposeTariff', summary: 'Propose fees of J-LIS from a day on' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  tariff(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') named: string,
    @Body({ schema: tariffProposal }) body: z.output<typeof tariffProposal>,
  ): Promise<ApprovalAnswer> {
    const { reason, valid_until, ...rest } = body;
    return this.propose(request, session, { table: 'jlis_tariff', mode: modeOf(named), ...rest }, reason, valid_until);
  }

  @Post('jlis-prices/:mode/reductions')
  @RequirePermission('prices:propose')
  @ApiOperation({ operationId: 'proposeReduction', summary: 'Propose a reduction that J-LIS has granted' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  reduction(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') named: string,
    @Body({ schema: reductionProposal }) body: z.output<typeof reductionProposal>,
  ): Promise<ApprovalAnswer> {
    const { reason, ...rest } = body;
    const row = { table: 'jlis_reduction', mode: modeOf(named), ...rest, ...this.scopeOf(body) } as const;
    return this.propose(request, session, row, reason);
  }

  @Post('jlis-prices/:mode/recognitions')
  @RequirePermission('prices:propose')
  @ApiOperation({ operationId: 'proposeRecognition', summary: 'Propose that J-LIS can tell status checks as such' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  recognition(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') named: string,
    @Body({ schema: recognitionProposal }) body: z.output<typeof recognitionProposal>,
  ): Promise<ApprovalAnswer> {
    const { reason, ...rest } = body;
    const row = { table: 'jlis_recognition', mode: modeOf(named), ...rest, ...this.scopeOf(body) } as const;
    return this.propose(request, session, row, reason);
  }

  @Get('tenants/:id/price-plans/:mode')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'listPricePlans', summary: 'Price plans of a tenant and mode, oldest first' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, planList, [401, 403, 404, 503])
  async plans(@Param('id') id: string, @Param('mode') named: string): Promise<z.output<typeof planList>> {
    const mode = modeOf(named);
    const plans = await readPlans(this.dataSource, { tenantId: uuidOf('ten', id), mode });
    return { today: this.today(mode), data: plans.map(datedAnswer) };
  }

  @Post('tenants/:id/price-plans/:mode')
  @RequirePermission('prices:propose')
  @ApiOperation({ operationId: 'proposePricePlan', summary: 'Propose what a tenant pays from a day on' })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  plan(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('mode') named: string,
    @Body({ schema: planProposal }) body: z.output<typeof planProposal>,
  ): Promise<ApprovalAnswer> {
    const { reason, ...rest } = body;
    const row = { table: 'price_plan', tenant_id: uuidOf('ten', id), mode: modeOf(named), ...rest } as const;
    return this.propose(request, session, row, reason);
  }

  @Get('invoice-settings/:mode')
  @RequirePermission('billing:read')
  @ApiOperation({ operationId: 'getInvoiceSettings', summary: 'Rates of tax and issuers of invoices, oldest first' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, invoiceSettings, [401, 403, 404, 503])
  async settings(@Param('mode') named: string): Promise<z.output<typeof invoiceSettings>> {
    const mode = modeOf(named);
    return {
      mode,
      today: this.today(mode),
      tax_settings: (await readTaxSettings(this.dataSource, mode)).map(datedAnswer),
      issuers: (await readIssuers(this.dataSource, mode)).map(datedAnswer),
    };
  }

  @Post('invoice-settings/:mode/tax-settings')
  @RequirePermission('prices:propose')
  @ApiOperation({ operationId: 'proposeTaxSetting', summary: 'Propose rates of consumption tax from a month on' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  taxSetting(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') named: string,
    @Body({ schema: taxSettingProposal }) { reason, ...rest }: z.output<typeof taxSettingProposal>,
  ): Promise<ApprovalAnswer> {
    return this.propose(request, session, { table: 'tax_setting', mode: modeOf(named), ...rest }, reason);
  }

  @Post('invoice-settings/:mode/issuers')
  @RequirePermission('prices:propose')
  @ApiOperation({ operationId: 'proposeInvoiceIssuer', summary: 'Propose who sends invoices from a day on' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  issuer(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') named: string,
    @Body({ schema: issuerProposal }) { reason, ...rest }: z.output<typeof issuerProposal>,
  ): Promise<ApprovalAnswer> {
    return this.propose(request, session, { table: 'invoice_issuer', mode: modeOf(named), ...rest }, reason);
  }

  @Get('tenants/:id/invoice-terms/:mode')
  @RequirePermission('billing:read')
  @ApiOperation({
    operationId: 'listInvoiceTerms',
    summary: "Where a tenant's invoices go and when they are due, oldest first",
  })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, invoiceTermsList, [401, 403, 404, 503])
  async invoiceTerms(
    @Param('id') id: string,
    @Param('mode') named: string,
  ): Promise<z.output<typeof invoiceTermsList>> {
    const mode = modeOf(named);
    const found = await readInvoiceTerms(this.dataSource, { tenantId: uuidOf('ten', id), mode });
    return { today: this.today(mode), data: found.map(datedAnswer) };
  }

  @Post('tenants/:id/invoice-terms/:mode')
  @RequirePermission('prices:propose')
  @ApiOperation({
    operationId: 'proposeInvoiceTerms',
    summary: "Propose where a tenant's invoices go and when they are due",
  })
  @ApiParam({ name: 'id', type: String })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(201, approvalSchema, REFUSALS)
  newInvoiceTerms(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('mode') named: string,
    @Body({ schema: invoiceTermsProposal }) { reason, ...rest }: z.output<typeof invoiceTermsProposal>,
  ): Promise<ApprovalAnswer> {
    const row = { table: 'invoice_terms', tenant_id: uuidOf('ten', id), mode: modeOf(named), ...rest } as const;
    return this.propose(request, session, row, reason);
  }

  private today(mode: Mode): string {
    return japanDay(this.clock.now(mode));
  }

  private scopeOf({ tenant_id }: { tenant_id: string | null }): { id: string; tenant_id: string | null } {
    const tenantId = tenant_id === null ? null : fieldUuid('ten', tenant_id, 'tenant_id');
    return { id: newId(this.clock.now('live')), tenant_id: tenantId };
  }

  private async propose(
    request: FastifyRequest,
    session: OperatorSession,
    row: PriceRow,
    reason: string,
    validUntil: string | null = null,
  ): Promise<ApprovalAnswer> {
    await judgePrices(this.dataSource.manager, row, validUntil);
    const proposal = { ...priceProposal(row), reason };
    const approval = await this.approvals.propose(session, proposal, originOf(request), this.clock.now('live'));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }
}
