import { Body, Controller, Get, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import {
  type Acting,
  AUDIT_FAULTS,
  type ExportReport,
  NothingSealed,
  readChainStatus,
  recordVerification,
  verifyAudit,
} from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import { Clock, Logger, Problem } from '#lib/platform';
import { actingOf } from './acting.js';
import { auditAnswer } from './audit-answer.js';
import {
  auditChain,
  type AuditChainAnswer,
  auditVerification,
  type AuditVerificationAnswer,
  type AuditVerifyBody,
  auditVerifyRequest,
} from './audit-schemas.js';
import { Answers } from './contract.js';
import { RequirePermission, Session } from './session.guard.js';

/** A person waits this long for a report; a long chain is verified on and its result recorded. Milliseconds. */
const ANSWER_WITHIN_MS = 15_000;

const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

@ApiTags('audit')
@Controller('v1/audit-chain')
export class AuditChainController {
  private running = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  @Get()
  @RequirePermission('audit:read')
  @ApiOperation({ operationId: 'getAuditChain', summary: 'See where the chain of audit events stands' })
  @Answers(200, auditChain, [401, 403, 503])
  async status(): Promise<AuditChainAnswer> {
    const chain = await readChainStatus(this.dataSource);
    return {
      seq: chain.seq,
      head: chain.head,
      open_day: chain.openDay ?? null,
      sealed_at: isoOrNull(chain.sealedAt),
      signed_at: isoOrNull(chain.signedAt),
      first_day: chain.firstDay ?? null,
      last_closed_day: chain.lastClosedDay ?? null,
      closed_days: chain.closedDays,
      unclosed_days: chain.unclosedDays,
      unsealed: chain.unsealed,
      oldest_unsealed_at: isoOrNull(chain.oldestUnsealedAt),
      key_ids: chain.keyIds,
      verification_running: this.running,
      last_verification: chain.lastVerification ? auditAnswer(chain.lastVerification) : null,
    };
  }

  @Post('verifications')
  @HttpCode(200)
  @RequirePermission('audit:read')
  @ApiOperation({
    operationId: 'verifyAuditChain',
    summary: 'Hold the stored chain against the stored events',
    description:
      'By the keys in the database: whether they are the right ones only the offline check of an export can say. The result is recorded as `audit.verify`.',
  })
  @Answers(200, auditVerification, [400, 401, 403, 409, 413, 415, 503])
  async verify(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: auditVerifyRequest }) body: AuditVerifyBody,
  ): Promise<AuditVerificationAnswer> {
    if (this.running) throw new Problem('audit_verification_running');
    this.running = true;
    const run = this.run(body, actingOf(session, request)).finally(() => (this.running = false));
    let late: NodeJS.Timeout | undefined;
    const waited = new Promise<undefined>((resolve) => {
      late = setTimeout(() => resolve(undefined), ANSWER_WITHIN_MS);
    });
    const report = await Promise.race([run, waited]).finally(() => clearTimeout(late));
    if (report) return { state: 'done', report: reportAnswer(report) };
    run.catch((error: unknown) => this.logger.error('audit_verification_failed', { error }));
    return { state: 'running', report: null };
  }

  private async run({ from, to }: AuditVerifyBody, acting: Acting): Promise<ExportReport> {
    const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const report = await verifyAudit(this.dataSource, range, {}, this.clock.now('live')).catch((error: unknown) => {
      throw error instanceof NothingSealed ? new Problem('audit_nothing_sealed') : error;
    });
    await recordVerification(this.dataSource, report, acting);
    return report;
  }
}

const reportAnswer = (report: ExportReport): NonNullable<AuditVerificationAnswer['report']> => ({
  whole: report.whole,
  fault_count: report.fault_count,
  faults: report.faults.map(({ code, seq, id, day }) => ({
    code,
    meaning: AUDIT_FAULTS[code],
    seq: seq ?? null,
    id: id ?? null,
    day: day ?? null,
  })),
  from: report.from,
  to: report.to,
  events: report.events,
  seq: report.seq,
  signed_at: report.signed_at,
});
