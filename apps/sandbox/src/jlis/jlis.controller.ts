import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { describeIssues } from '../describe-issues.js';
import { hangUp } from '../hang-up.js';
import { SandboxError } from '../sandbox-error.js';
import { Sandbox } from '../sandbox.js';
import { contradictAttributes, contradictCounterpart, contradictLinkage } from './contradictions.js';
import type { Caller } from './jlis-desk.js';
import type { JlisFault } from './jlis-faults.js';
import { JlisProblem } from './jlis-problem.js';
import {
  ageCheckSchema,
  attributesSchema,
  consentRequestSchema,
  counterpartSchema,
  emptySchema,
  linkageSchema,
  requestIdSchema,
  serviceIdSchema,
  withdrawalsSchema,
} from './jlis-request.js';
import type { JlisService, ServiceAnswer } from './jlis-service.js';
import { PfCertificateGuard } from './pf-certificate.guard.js';

interface Asked<T> {
  input: T;
  caller: Caller;
  fault: JlisFault;
  /** The sandbox clock, milliseconds. */
  now: number;
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new JlisProblem('request_invalid', `${what}: ${describeIssues(parsed.error.issues)}`);
}

/** A header as the log may keep it: nothing that has not the form it must have. */
const formed = (schema: z.ZodType<string>, value: unknown): string | null => schema.safeParse(value).data ?? null;

/** The J-LIS services; reached with the platform operator's client certificate only. */
@Controller('v1')
@UseGuards(PfCertificateGuard)
export class JlisController {
  constructor(private readonly sandbox: Sandbox) {}

  @Get('capabilities')
  capabilities(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.serve('capabilities', request, reply, emptySchema, () => this.sandbox.desk.capabilities());
  }

  @Post('serial-linkages')
  linkSerial(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { desk, cards } = this.sandbox;
    return this.serve(
      'serial_linkages',
      request,
      reply,
      linkageSchema,
      ({ input, fault, now }) => contradictLinkage(desk, cards, fault, input) ?? desk.linkSerial(input, now),
    );
  }

  @Post('counterparts')
  findCounterpart(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { desk, cards } = this.sandbox;
    return this.serve(
      'counterparts',
      request,
      reply,
      counterpartSchema,
      ({ input, fault, now }) => contradictCounterpart(desk, cards, fault, input) ?? desk.findCounterpart(input, now),
    );
  }

  @Post('age-checks')
  checkAge(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.serve('age_checks', request, reply, ageCheckSchema, ({ input }) => this.sandbox.desk.checkAge(input));
  }

  @Post('consents')
  registerConsent(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.serve('consents', request, reply, consentRequestSchema, ({ input, caller, now }) =>
      this.sandbox.desk.registerConsent(input, caller, now),
    );
  }

  @Get('consent-withdrawals')
  withdrawals(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.serve('consent_withdrawals', request, reply, withdrawalsSchema, ({ input, now }) =>
      this.sandbox.desk.withdrawals(input, now),
    );
  }

  @Post('latest-attributes')
  latestAttributes(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { desk, cards } = this.sandbox;
    return this.serve(
      'latest_attributes',
      request,
      reply,
      attributesSchema,
      ({ input, caller, fault, now }) =>
        contradictAttributes(cards, fault, input) ?? desk.latestAttributes(input, caller, now),
    );
  }

  /** One request from headers to log. What was served is in the log, on disk, before it is answered. */
  private async serve<T>(
    service: JlisService,
    request: FastifyRequest,
    reply: FastifyReply,
    schema: z.ZodType<T>,
    work: (asked: Asked<T>) => ServiceAnswer,
  ): Promise<void> {
    const { clock, faults, jlisLog } = this.sandbox;
    const headers = { service: request.headers['x-service-id'], request: request.headers['x-request-id'] };
    const log = (outcome: string, metered = false): void =>
      jlisLog.append({
        service,
        service_id: formed(serviceIdSchema, headers.service),
        request_id: formed(requestIdSchema, headers.request),
        at: new Date(clock.now()).toISOString(),
        outcome,
        metered,
      });
    const fault = faults.jlis.take(service);
    if (fault.delay_ms > 0) await sleep(fault.delay_ms);
    try {
      if (fault.mode === 'down' || fault.mode === 'garbage') {
        log(`fault:${fault.mode}`);
        if (fault.mode === 'down') hangUp(reply);
        else await reply.status(200).type('application/json').send(randomBytes(512));
        return;
      }
      if (fault.mode === 'too_many_requests' || fault.mode === 'unavailable' || fault.mode === 'internal_error')
        throw new JlisProblem(fault.mode, 'this fault was asked for', fault.retry_after_seconds);
      const requestId = read(requestIdSchema, headers.request, 'X-Request-Id');
      // Withdrawals are the platform operator's: they are polled for all its services at once.
      const serviceId = service === 'consent_withdrawals' ? '' : read(serviceIdSchema, headers.service, 'X-Service-Id');
      const input = read(schema, request.method === 'GET' ? request.query : request.body, 'request');
      const { body, outcome, metered } = work({ input, caller: { serviceId, requestId }, fault, now: clock.now() });
      log(outcome, metered);
      // Served, perhaps charged, and the answer lost on its way.
      if (fault.mode === 'hang_up') hangUp(reply);
      else await reply.status(200).send(body);
    } catch (error) {
      log(error instanceof JlisProblem ? error.code : 'internal_error');
      // A fault that names a card which is not there: the operator's mistake, not the caller's.
      if (error instanceof SandboxError) throw new JlisProblem('internal_error', error.message);
      throw error;
    }
  }
}
