import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Clock, toPublicId, withTenant } from '#lib/platform';
import { type EndpointClass, ENDPOINT_CLASSES, type Principal, Quotas, readContract } from '#lib/tenancy';
import { AnyScope, Caller } from './api-key.guard.js';
import { Answers } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { meAnswer } from './me.schemas.js';

@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/me')
export class MeController {
  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Quotas) private readonly quotas: Quotas,
  ) {}

  @Get()
  @AnyScope()
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getMe', summary: 'Who this key belongs to and what it may do' })
  @Answers(200, meAnswer, [401, 503])
  async get(@Caller() principal: Principal): Promise<z.output<typeof meAnswer>> {
    const contract = await withTenant(this.dataSource, principal, (manager) => readContract(manager, principal));
    const used = await this.quotas.used(principal);
    const limitOf = (each: EndpointClass): z.output<typeof meAnswer>['contract']['limits'][EndpointClass] => ({
      per_second: principal.limits[each].perSecond,
      per_month: principal.limits[each].perMonth,
      used_this_month: used[each],
    });
    return {
      tenant_id: toPublicId('ten', principal.tenantId),
      mode: principal.mode,
      api_key: { id: toPublicId('key', principal.apiKeyId), scopes: [...principal.scopes] },
      contract: {
        // As this process goes by it: a key's terms are believed for a moment.
        reference_format: principal.referenceFormat,
        revocation_methods: [...principal.revocationMethods],
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
        limits: Object.fromEntries(ENDPOINT_CLASSES.map((each) => [each, limitOf(each)])) as Record<
          EndpointClass,
          ReturnType<typeof limitOf>
        >,
      },
      now: new Date(this.clock.now(principal.mode)).toISOString(),
    };
  }
}
