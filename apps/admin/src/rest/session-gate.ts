import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { appendAudit, type Origin } from '#lib/audit';
import { isCsrfToken, type OperatorSession, OperatorSessions } from '#lib/operators';
import { Clock, Problem } from '#lib/platform';
import { readSessionCookie } from './session-cookie.js';
import { PUBLIC_URL } from './settings.js';

const SESSION = Symbol('session');
type Admitted = FastifyRequest & { [SESSION]?: OperatorSession };

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export const originOf = (request: FastifyRequest): Origin => ({ requestId: request.id, ip: request.ip });

export const sessionOf = (request: FastifyRequest): OperatorSession | undefined => (request as Admitted)[SESSION];

/** By the route, not by what was sent: `/%761/session` and `http://host/v1/session` lead there too. */
const isSignIn = ({ method, routeOptions }: FastifyRequest): boolean =>
  method === 'POST' && routeOptions.url === '/v1/session';

/** What a page that stands open asks for again and again, whoever is there. */
const isUnattended = ({ method, routeOptions }: FastifyRequest): boolean =>
  method === 'GET' && routeOptions.url === '/v1/overview';

/** Whether a request is for a route that the gate keeps; a path that leads nowhere below /v1/ is one. */
export const isGated = ({ routeOptions, url }: FastifyRequest): boolean =>
  // A path below it that has no route of its own meets the console's, which answers for every other one.
  url.startsWith('/v1/') || (routeOptions.url ?? '').startsWith('/v1/');

/** Who is there, before the body is read: what a stranger sends is not parsed, except to sign in. */
@Injectable()
export class SessionGate {
  constructor(
    @Inject(OperatorSessions) private readonly sessions: OperatorSessions,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** @throws Problem `origin_refused`, `session_missing`, `csrf_token_wrong`. */
  async admit(request: FastifyRequest): Promise<void> {
    const changes = !SAFE_METHODS.has(request.method);
    if (changes) this.checkOrigin(request);
    const token = readSessionCookie(request.headers.cookie, this.publicUrl);
    const session =
      token === undefined ? undefined : await this.sessions.find(token, this.clock.now('live'), isUnattended(request));
    if (session) (request as Admitted)[SESSION] = session;
    // A sign-in has no session to forge a request in; SameSite and the origin keep other pages from signing somebody in.
    if (isSignIn(request)) return;
    if (!session) {
      if (token !== undefined) await this.recordReplay(token, request);
      throw new Problem('session_missing');
    }
    if (changes && !isCsrfToken(session, request.headers['x-csrf-token'])) {
      await this.recordRefusal(session, 'csrf_token_wrong', request);
      throw new Problem('csrf_token_wrong');
    }
  }

  /** A refused request of somebody who is signed in; the path has ids and no personal data. */
  async recordRefusal(session: OperatorSession, code: string, request: FastifyRequest): Promise<void> {
    await appendAudit(this.dataSource, {
      actor: `operator:${session.operatorId}`,
      action: 'operator.request_refused',
      target: `operator_session:${session.id}`,
      detail: { code, method: request.method, path: request.url.split('?')[0]!.slice(0, 200) },
      ...originOf(request),
    });
  }

  /** Browsers say where a request comes from (Fetch Standard §3.2; Fetch Metadata §2.4); programs need not. */
  private checkOrigin({ headers }: FastifyRequest): void {
    const site = headers['sec-fetch-site'];
    const elsewhere = headers.origin !== undefined && headers.origin !== new URL(this.publicUrl).origin;
    if (elsewhere || (site !== undefined && site !== 'same-origin' && site !== 'none'))
      throw new Problem('origin_refused');
  }

  private async recordReplay(token: string, request: FastifyRequest): Promise<void> {
    const ended = await this.sessions.findEnded(token);
    if (!ended) return;
    await appendAudit(this.dataSource, {
      actor: 'operator:unknown',
      action: 'operator.session_refused',
      target: `operator_session:${ended.id}`,
      detail: { operator: ended.operatorId },
      ...originOf(request),
    });
  }
}
