import {
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Problem } from '#lib/platform';
import type { ApiKeys, Principal, Scope } from '#lib/tenancy';
import { originAddress } from './origin-address.js';

const REQUIRED_SCOPE = 'shomei:scope';
const OPEN = 'shomei:open';
const ANY = 'any';
const PRINCIPAL = Symbol('principal');
type Authenticated = FastifyRequest & { [PRINCIPAL]?: Principal };

/** The scope a route needs. */
export const RequireScope = (scope: Scope): MethodDecorator => SetMetadata(REQUIRED_SCOPE, scope);

/** A route for every key. */
export const AnyScope = (): MethodDecorator => SetMetadata(REQUIRED_SCOPE, ANY);

/** A route for everybody: health and documentation. */
export const Open = (): ClassDecorator & MethodDecorator => SetMetadata(OPEN, true);

/** The principal of a request; undefined on a route for everybody. */
export const callerOf = (request: FastifyRequest): Principal | undefined => (request as Authenticated)[PRINCIPAL];

/** The principal the guard found. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const principal = callerOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (!principal) throw new Error('route has no principal');
  return principal;
});

/**
 * API key → principal, before the body is read: what a stranger sends is not parsed.
 * @throws Problem `api_key_missing`, `api_key_invalid`, `address_not_allowed`, or `rate_limited` for a stranger.
 */
export async function authenticate(request: FastifyRequest, apiKeys: ApiKeys): Promise<Principal> {
  const header = request.headers.authorization;
  if (header === undefined) throw new Problem('api_key_missing');
  const principal = /^bearer /i.test(header)
    ? await apiKeys.find(header.slice(7).trim(), originAddress(request))
    : undefined;
  if (!principal) throw new Problem('api_key_invalid');
  (request as Authenticated)[PRINCIPAL] = principal;
  return principal;
}

/** Holds the principal against the scope of the route. Closed by default: a route that names neither scope nor openness answers nobody. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const handlers = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(OPEN, handlers)) return true;
    const principal = callerOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (!principal) throw new Problem('api_key_missing');
    const scope = this.reflector.getAllAndOverride<Scope | typeof ANY | undefined>(REQUIRED_SCOPE, handlers);
    if (scope === undefined) throw new Error('route names no scope');
    if (scope !== ANY && !principal.scopes.includes(scope)) throw new Problem('scope_missing', { scope });
    return true;
  }
}
