import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Clock, toPublicId, withTenant } from '#lib/platform';
import { readContract, type Principal } from '#lib/tenancy';
import { AnyScope, Caller } from './api-key.guard.js';
import { Answers } from './contract.js';
import { meAnswer } from './me.schemas.js';

@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/me')
export class MeController {
  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(DataSource) private readonly dataSource: DataSource,
  ) {}

  @Get()
  @AnyScope()
  @ApiOperation({ operationId: 'getMe', summary: 'Who this key belongs to and what it may do' })
  @Answers(200, meAnswer, [401, 503])
  async get(@Caller() principal: Principal): Promise<z.output<typeof meAnswer>> {
    const contract = await withTenant(this.dataSource, principal, (manager) => readContract(manager, principal));
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
        allowed_ages: [...contract.allowedAges],
        age_dates: [...contract.ageDates],
        age_questions_a_year: contract.ageQuestionsAYear,
        age_legal_day_inclusive: contract.ageLegalDayInclusive,
        sign_up_consent: contract.signUpConsent
          ? { text_version: contract.signUpConsent.textVersion, purposes: [...contract.signUpConsent.purposes] }
          : null,
      },
      now: new Date(this.clock.now(principal.mode)).toISOString(),
    };
  }
}
