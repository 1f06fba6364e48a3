import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { OperatorSession } from '#lib/operators';
import { Clock, toPublicId } from '#lib/platform';
import type { SessionAnswer } from './schemas.js';
import { API_URL } from './settings.js';

const stageOf = (session: OperatorSession): SessionAnswer['stage'] =>
  !session.secondFactor
    ? session.secondFactorEnrolled
      ? 'second_factor'
      : 'enrolment'
    : session.passwordExpired
      ? 'password_change'
      : 'open';

/** Who is signed in, what he may do and what he has to do next; and what every page has to know. */
@Injectable()
export class SessionAnswers {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(API_URL) private readonly apiUrl: string | undefined,
  ) {}

  async of(session: OperatorSession): Promise<SessionAnswer> {
    const stage = stageOf(session);
    return {
      operator: {
        id: toPublicId('opr', session.operatorId),
        email: session.email,
        name: session.name,
        roles: [...session.roles],
      },
      stage,
      permissions: [...session.permissions],
      csrf_token: session.csrfToken,
      idle_until: new Date(session.idleUntil).toISOString(),
      ends_at: new Date(session.endsAt).toISOString(),
      // Who has not shown both factors learns nothing of what is here.
      installation: stage === 'open' ? await this.installation() : null,
    };
  }

  private async installation(): Promise<SessionAnswer['installation']> {
    const [found]: { live: boolean }[] = await this.dataSource.query(
      `select exists (select from tenant where state = 'live') as live`,
    );
    return {
      any_tenant_live: found!.live,
      test_clock_offset_ms: this.clock.testOffset,
      api_url: this.apiUrl ?? null,
    };
  }
}
