import { TLSSocket } from 'node:tls';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { JlisProblem } from './jlis-problem.js';

/** Injection token of the fingerprint of the platform operator's certificate. */
export const PF_FINGERPRINT = Symbol('fingerprint of the platform operator');

/** Lets the platform operator in: with a certificate of our CA, in force, and that very one. */
@Injectable()
export class PfCertificateGuard implements CanActivate {
  constructor(@Inject(PF_FINGERPRINT) private readonly fingerprint: string) {}

  canActivate(context: ExecutionContext): boolean {
    const { socket } = context.switchToHttp().getRequest<FastifyRequest>().raw;
    const right =
      socket instanceof TLSSocket &&
      socket.authorized &&
      socket.getPeerCertificate().fingerprint256 === this.fingerprint;
    if (right) return true;
    throw new JlisProblem('client_certificate_refused', 'this is not the platform operator’s certificate');
  }
}
