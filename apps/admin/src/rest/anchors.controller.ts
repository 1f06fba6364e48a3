import { Body, Controller, Get, Inject, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Approvals, OperatorAccounts, type OperatorSession } from '#lib/operators';
import { type Hierarchy, nameToString, parseCertificate } from '#lib/pki';
import { Clock, type Mode, Problem, toPublicId } from '#lib/platform';
import { judgeAnchorImport } from '#lib/revocation';
import { readFingerprint } from '../anchor-commands.js';
import { isTrusted, liveAnchorProposal } from '../anchor-store.js';
import { approvalAnswer, operatorNames } from './approval-answer.js';
import { Answers, publicActor } from './contract.js';
import { anchorList, anchorProposal, type AnchorProposalBody, anchorQuery } from './revocation-schemas.js';
import { type ApprovalAnswer, approvalAnswer as approvalSchema } from './schemas.js';
import { originOf } from './session-gate.js';
import { RequirePermission, Session } from './session.guard.js';

interface AnchorRow {
  mode: Mode;
  hierarchy: Hierarchy;
  generation: string;
  certificate: Buffer;
  fingerprint: string;
  imported_by: string;
  imported_at: Date;
  approval_id: string | null;
}

@ApiTags('trust-anchors')
@Controller('v1/trust-anchors')
export class AnchorsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Approvals) private readonly approvals: Approvals,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('revocation:read')
  @ApiOperation({ operationId: 'listTrustAnchors', summary: 'List the roots each mode trusts' })
  @Answers(200, anchorList, [400, 401, 403, 503])
  async list(
    @Query({ schema: anchorQuery }) query: z.output<typeof anchorQuery>,
  ): Promise<z.output<typeof anchorList>> {
    const rows: AnchorRow[] = await this.dataSource.query(
      `select mode, hierarchy, generation, certificate, encode(fingerprint, 'hex') as fingerprint, imported_by,
         imported_at, approval_id
       from trust_anchor where $1::tenant_mode is null or mode = $1::tenant_mode
       order by mode, hierarchy, generation, fingerprint`,
      [query.mode ?? null],
    );
    return { data: rows.map(anchorAnswer) };
  }

  @Post('proposals')
  @RequirePermission('anchors:propose')
  @ApiOperation({
    operationId: 'proposeLiveAnchor',
    summary: 'Propose that live trusts a root',
    description: 'A second operator approves; only then live verifies against it.',
  })
  @Answers(201, approvalSchema, [400, 401, 403, 409, 413, 415, 422, 503])
  async propose(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: anchorProposal }) body: AnchorProposalBody,
  ): Promise<ApprovalAnswer> {
    const judged = judgeAnchorImport(Buffer.from(body.certificate, 'base64'), 'live', body.hierarchy);
    if ('refusal' in judged) throw new Problem('anchor_refused', { rule: judged.refusal.code, field: 'certificate' });
    const { fingerprint } = judged.anchor;
    if (readFingerprint(body.fingerprint) !== fingerprint)
      throw new Problem('fingerprint_mismatch', { field: 'fingerprint' });
    if (await isTrusted(this.dataSource, 'live', fingerprint)) throw new Problem('nothing_to_change');
    const proposal = { ...liveAnchorProposal(judged), reason: body.reason };
    const approval = await this.approvals.propose(session, proposal, originOf(request), this.clock.now('live'));
    return approvalAnswer(approval, session, await operatorNames(this.accounts));
  }
}

function anchorAnswer(row: AnchorRow): z.output<typeof anchorList>['data'][number] {
  const certificate = parseCertificate(row.certificate);
  return {
    mode: row.mode,
    hierarchy: row.hierarchy,
    generation: row.generation,
    fingerprint: row.fingerprint,
    subject: nameToString(certificate.subject),
    not_before: new Date(certificate.notBefore).toISOString(),
    not_after: new Date(certificate.notAfter).toISOString(),
    imported_by: publicActor(row.imported_by),
    imported_at: row.imported_at.toISOString(),
    approval_id: row.approval_id === null ? null : toPublicId('apr', row.approval_id),
  };
}
