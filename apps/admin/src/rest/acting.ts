import type { FastifyRequest } from 'fastify';
import type { Acting } from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import { originOf } from './session-gate.js';

/** Who does it, for the audit trail. */
export const actingOf = (session: OperatorSession, request: FastifyRequest): Acting => ({
  actor: `operator:${session.operatorId}`,
  ...originOf(request),
});
