import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import { Malformed } from '#lib/pki';
import { Clock, Problem } from '#lib/platform';
import { explainGiven, type Root } from '../explain-given.js';
import { actingOf } from './acting.js';
import { Answers } from './contract.js';
import {
  INSPECTION_BODY_LIMIT,
  type InspectionAnswer,
  inspectionAnswer,
  type InspectionBody,
  inspectionRequest,
} from './inspection-schemas.js';
import { RequirePermission, Session } from './session.guard.js';

const ROUTE = '/v1/inspections';

/** Lets files of some size into the one route that takes them. Before its routes are made. */
export function admitInspectedFiles(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.url === ROUTE) route.bodyLimit = INSPECTION_BODY_LIMIT;
  });
}

/** Explains a certificate or a CMS message that an operator has. Nothing of it is kept: only that somebody asked. */
@ApiTags('inspections')
@Controller('v1/inspections')
export class InspectionsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @RequirePermission('certificates:read')
  @ApiOperation({
    operationId: 'inspect',
    summary: 'Explain a certificate or a CMS message',
    description:
      'Stores nothing. Judged against the roots of both modes; the revocation status is not asked, so that nobody’s can be found out here.',
  })
  @Answers(200, inspectionAnswer, [400, 401, 403, 413, 415, 422, 503])
  async inspect(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: inspectionRequest }) { file }: InspectionBody,
  ): Promise<InspectionAnswer> {
    const octets = Buffer.from(file, 'base64');
    const roots: Root[] = await this.dataSource.query(
      `select mode, encode(fingerprint, 'hex') as fingerprint, certificate from trust_anchor order by mode, fingerprint`,
    );
    const found = explainOrMalformed(octets, roots, this.clock.now('live'));
    await appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action: 'certificate.inspect',
      target: 'certificate:given',
      // No hash either: it would tell whose certificate somebody has looked at.
      detail:
        found instanceof Malformed
          ? { structure: found.structure, rule: found.rule }
          : { structure: found.structure, outcome: found.verdict?.outcome ?? null },
    });
    if (found instanceof Malformed) {
      const { structure, rule, offset } = found;
      throw new Problem('inspection_unreadable', { structure, rule, offset });
    }
    return found;
  }
}

function explainOrMalformed(octets: Buffer, roots: readonly Root[], at: number): InspectionAnswer | Malformed {
  try {
    return explainGiven(octets, roots, at);
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}
