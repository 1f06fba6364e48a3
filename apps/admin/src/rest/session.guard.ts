import {
  applyDecorators,
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { OperatorSession, Permission } from '#lib/operators';
import { Problem } from '#lib/platform';
import { SessionGate, sessionOf } from './session-gate.js';

const NEEDS = 'shomei:needs';
const OPEN = 'shomei:open';
const FIRST_FACTOR = 'first_factor';
const SIGNED_IN = 'signed_in';
type Needs = Permission | typeof FIRST_FACTOR | typeof SIGNED_IN;

const needs = (what: Needs): MethodDecorator =>
  applyDecorators(SetMetadata(NEEDS, what), ApiExtension('x-permission', what));

/** The permission a route needs; it also stands in the API's description, from which the tests of rights are made. */
export const RequirePermission = (permission: Permission): MethodDecorator => needs(permission);

/** A route for whoever has shown a password: the way to the second factor. */
export const FirstFactor = (): MethodDecorator => needs(FIRST_FACTOR);

/** A route for whoever has shown both factors, also with a password that has to be changed. */
export const SignedIn = (): MethodDecorator => needs(SIGNED_IN);

/** A route for everybody: sign-in, health, the meaning of codes. */
export const Open = (): ClassDecorator & MethodDecorator => SetMetadata(OPEN, true);

/** The session the gate found. */
export const Session = createParamDecorator((_: unknown, context: ExecutionContext): OperatorSession => {
  const session = sessionOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (!session) throw new Error('route has no session');
  return session;
});

/** @throws Problem as far as the session is from using a permission. */
export function requirePermission(session: OperatorSession, permission: Permission): void {
  if (!session.secondFactor) throw new Problem('second_factor_required');
  if (session.passwordExpired) throw new Problem('password_change_required');
  if (!session.permissions.includes(permission)) throw new Problem('permission_missing', { permission });
}

/** Holds a session against what the route needs. Closed by default: a route that names nothing answers nobody. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(SessionGate) private readonly gate: SessionGate,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handlers = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(OPEN, handlers)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const session = sessionOf(request);
    if (!session) throw new Problem('session_missing');
    const wanted = this.reflector.getAllAndOverride<Needs | undefined>(NEEDS, handlers);
    if (wanted === undefined) throw new Error('route names no permission');
    if (wanted === FIRST_FACTOR) return true;
    if (wanted === SIGNED_IN) {
      if (!session.secondFactor) throw new Problem('second_factor_required');
      return true;
    }
    await this.recorded(session, request, () => requirePermission(session, wanted));
    return true;
  }

  /** A right that was missing, or taken away in the middle, is recorded. */
  private async recorded(session: OperatorSession, request: FastifyRequest, check: () => void): Promise<void> {
    try {
      check();
    } catch (error) {
      if (error instanceof Problem) await this.gate.recordRefusal(session, error.code, request);
      throw error;
    }
  }
}
