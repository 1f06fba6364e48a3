import type { OperatorSession } from '#lib/operators';
import { toPublicId } from '#lib/platform';
import type { SessionAnswer } from './schemas.js';

const stageOf = (session: OperatorSession): SessionAnswer['stage'] =>
  !session.secondFactor
    ? session.secondFactorEnrolled
      ? 'second_factor'
      : 'enrolment'
    : session.passwordExpired
      ? 'password_change'
      : 'open';

/** Who is signed in, what he may do and what he has to do next. */
export const sessionAnswer = (session: OperatorSession): SessionAnswer => ({
  operator: {
    id: toPublicId('opr', session.operatorId),
    email: session.email,
    name: session.name,
    roles: [...session.roles],
  },
  stage: stageOf(session),
  permissions: [...session.permissions],
  csrf_token: session.csrfToken,
  idle_until: new Date(session.idleUntil).toISOString(),
  ends_at: new Date(session.endsAt).toISOString(),
});
