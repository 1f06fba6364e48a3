import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Clock, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { AnyScope, Caller } from './api-key.guard.js';
import { Answers } from './contract.js';
import { meAnswer } from './schemas.js';

@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/me')
export class MeController {
  constructor(@Inject(Clock) private readonly clock: Clock) {}

  @Get()
  @AnyScope()
  @ApiOperation({ operationId: 'getMe', summary: 'Who this key belongs to and what it may do' })
  @Answers(200, meAnswer, [401, 503])
  get(@Caller() principal: Principal): z.output<typeof meAnswer> {
    return {
      tenant_id: toPublicId('ten', principal.tenantId),
      mode: principal.mode,
      api_key: { id: toPublicId('key', principal.apiKeyId), scopes: [...principal.scopes] },
      contract: { reference_format: principal.referenceFormat },
      now: new Date(this.clock.now(principal.mode)).toISOString(),
    };
  }
}
