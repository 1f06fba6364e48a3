import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Put, Query, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import { personOf } from '../certificate-history.js';
import { SandboxError } from '../sandbox-error.js';
import { LoopbackGuard } from '../loopback.guard.js';
import { Sandbox } from '../sandbox.js';
import type { Consent } from './consent-register.js';
import { jlisBill } from './jlis-bill.js';
import { serviceIdSchema } from './jlis-request.js';
import { KEPT_ENTRIES, type RequestCount, type RequestEntry } from './jlis-request-log.js';
import { jlisSwitchesRequestSchema, type JlisSwitchValues } from './jlis-switches.js';

const entriesQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,5}$/)
    .default('100')
    .transform(Number)
    .pipe(z.number().min(0).max(KEPT_ENTRIES)),
});
type EntriesQuery = z.output<typeof entriesQuerySchema>;

const billQuerySchema = z.strictObject({ month: z.string().regex(/^[0-9]{4}-(0[1-9]|1[0-2])$/, 'must be YYYY-MM') });

/** `POST /control/cards/{id}/withdraw-consents`: all of the holder's, those at one service, or one of them. */
const withdrawSchema = z
  .strictObject({ service_id: serviceIdSchema.optional(), consent_id: z.string().max(100).optional() })
  .prefault({});
type WithdrawBody = z.output<typeof withdrawSchema>;

const iso = (ms: number): string => new Date(ms).toISOString();

const consentView = ({ id, serviceId, person, registeredAt, expiresAt, withdrawal }: Consent): object => ({
  consent_id: id,
  service_id: serviceId,
  person,
  registered_at: iso(registeredAt),
  expires_at: iso(expiresAt),
  withdrawn_at: withdrawal ? iso(withdrawal.at) : null,
});

/** The operator's side of the J-LIS services. */
@Controller('control')
@UseGuards(LoopbackGuard)
export class JlisControlController {
  constructor(private readonly sandbox: Sandbox) {}

  @Get('jlis')
  switches(): JlisSwitchValues {
    return this.sandbox.jlisSwitches.all;
  }

  @Put('jlis')
  setSwitches(
    @Body({ schema: jlisSwitchesRequestSchema }) body: z.output<typeof jlisSwitchesRequestSchema>,
  ): JlisSwitchValues {
    this.sandbox.jlisSwitches.set(body);
    return this.switches();
  }

  @Get('jlis/requests')
  requests(@Query({ schema: entriesQuerySchema }) { limit }: EntriesQuery): {
    counts: RequestCount[];
    requests: RequestEntry[];
  } {
    const { jlisLog } = this.sandbox;
    return { counts: jlisLog.totals, requests: jlisLog.entries(limit) };
  }

  @Get('jlis/bill')
  @Header('content-type', 'text/csv; charset=utf-8')
  bill(@Query({ schema: billQuerySchema }) { month }: z.output<typeof billQuerySchema>): string {
    const { jlisLog } = this.sandbox;
    // What is only counted any more has no month.
    if (jlisLog.hasDropped) throw new SandboxError('bad_request', 'the log no longer holds every request');
    return jlisBill(jlisLog.entries(Infinity), month);
  }

  @Delete('jlis/requests')
  @HttpCode(204)
  resetRequests(): void {
    this.sandbox.jlisLog.reset();
  }

  @Get('consents')
  consents(): { consents: object[] } {
    return { consents: this.sandbox.consents.list(this.sandbox.clock.now()).map(consentView) };
  }

  @Post('cards/:id/withdraw-consents')
  @HttpCode(200)
  withdraw(@Param('id') id: string, @Body({ schema: withdrawSchema }) body: WithdrawBody): { withdrawn: string[] } {
    const { cards, clock, consents } = this.sandbox;
    const now = clock.now();
    const person = personOf(cards.get(id));
    const meant = consents
      .list(now)
      .filter((consent) => consent.person === person && !consent.withdrawal)
      .filter(({ serviceId }) => body.service_id === undefined || serviceId === body.service_id)
      .filter((consent) => body.consent_id === undefined || consent.id === body.consent_id);
    consents.withdraw(meant, now);
    return { withdrawn: meant.map((consent) => consent.id) };
  }
}
