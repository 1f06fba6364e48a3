import { Body, Controller, Header, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { OperatorSession } from '#lib/operators';
import { Clock, KEY_RING, type KeyRing, toPublicId, Turns } from '#lib/platform';
import {
  bundleSchema,
  type EvidenceRequest,
  exportEvidence,
  type OperatorReverification,
  type RevealedHolder,
  revealHolder,
  reverifyForOperator,
} from '#lib/verification';
import { Answers, uuidOf } from './contract.js';
import {
  type EvidenceBody,
  evidenceRequest,
  operatorReverification,
  type OperatorReverificationAnswer,
  type OperatorReverifyBody,
  operatorReverifyRequest,
  revealedHolder,
  type RevealedHolderAnswer,
} from './evidence-schemas.js';
import { explainAttempt, explainSteps } from './explain.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

/** What was verified, for an auditor with a reason. The database records each wish before it gives anything. */
@ApiTags('evidence')
@Controller('v1/verifications/:id')
export class EvidenceController {
  /** Bundles are made one after the other: with the largest lists one takes some hundred megabytes. */
  private readonly turns = new Turns({ atOnce: 1, mostWaiting: Infinity });

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post('evidence-bundle')
  @HttpCode(200)
  @RequirePermission('evidence:read')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({
    operationId: 'exportEvidence',
    summary: 'Get the evidence of a verification with its raw bytes',
    description:
      'A file for `npm run check-evidence`, byte for byte as recorded: `repr-digest` and the audit event `evidence.export` have its SHA-256. Holds personal data in the clear.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, bundleSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async bundle(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: evidenceRequest }) body: EvidenceBody,
  ): Promise<string> {
    const wish = wishOf(request, session, id, body);
    const { text, sha256 } = await this.turns.take('bundle', () => exportEvidence(this.dataSource, this.keyRing, wish));
    reply.headers({
      'content-disposition': `attachment; filename="${id}.json"`,
      // RFC 9530
      'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
    });
    return text;
  }

  @Post('reveal')
  @HttpCode(200)
  @RequirePermission('holders:reveal')
  @ApiOperation({
    operationId: 'revealHolder',
    summary: 'See whose certificate a verification was about',
    description:
      'The four attributes of a sign certificate, or the facts of an auth certificate. Recorded as `verification.reveal` with the reason before anything is shown.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, revealedHolder, [400, 401, 403, 404, 409, 413, 415, 503])
  async reveal(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: evidenceRequest }) body: EvidenceBody,
  ): Promise<RevealedHolderAnswer> {
    return revealedAnswer(await revealHolder(this.dataSource, this.keyRing, wishOf(request, session, id, body)));
  }

  @Post('reverify')
  @HttpCode(200)
  @RequirePermission('evidence:read')
  @ApiOperation({
    operationId: 'reverifyVerification',
    summary: 'Repeat the checks of a verification from what is kept',
    description: 'Changes nothing, asks nobody outside and is not metered. The outcome is recorded.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, operatorReverification, [400, 401, 403, 404, 409, 413, 415, 503])
  async reverify(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: operatorReverifyRequest }) body: OperatorReverifyBody,
  ): Promise<OperatorReverificationAnswer> {
    const wish = { ...wishOf(request, session, id, body), asOf: body.as_of };
    return reverificationAnswer(
      await reverifyForOperator(this.dataSource, this.keyRing, wish, (mode) => this.clock.now(mode)),
    );
  }
}

const wishOf = (
  request: FastifyRequest,
  session: OperatorSession,
  id: string,
  { reason }: EvidenceBody,
): EvidenceRequest => ({
  verificationId: uuidOf('ver', id),
  reason,
  tokenSha256: session.tokenSha256,
  operatorId: session.operatorId,
  origin: originOf(request),
});

const iso = (ms: number): string => new Date(ms).toISOString();

const revealedAnswer = ({ attributes, certificate, ...revealed }: RevealedHolder): RevealedHolderAnswer => ({
  verification_id: toPublicId('ver', revealed.verificationId),
  tenant_id: toPublicId('ten', revealed.tenantId),
  mode: revealed.mode,
  certificate_kind: revealed.certificateKind,
  attributes: attributes ?? null,
  certificate: certificate
    ? {
        serial_number: certificate.serialNumber,
        issuer: certificate.issuer,
        subject: certificate.subject,
        not_before: iso(certificate.notBefore),
        not_after: iso(certificate.notAfter),
        sha256: certificate.sha256,
      }
    : null,
  withheld: revealed.withheld ?? null,
});

const reverificationAnswer = ({ verdict, ...found }: OperatorReverification): OperatorReverificationAnswer => ({
  verification_id: toPublicId('ver', found.verificationId),
  as_of: found.asOf,
  at: iso(found.at),
  outcome: verdict.outcome,
  reason: verdict.reason?.code ?? null,
  agrees: found.agrees,
  steps: explainSteps(verdict),
  revocation_attempts: found.statuses.map(({ finding, basis }) => ({ ...explainAttempt(finding), basis })),
  policy: { then: found.policy.then ?? null, now: found.policy.now },
});
