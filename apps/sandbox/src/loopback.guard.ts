import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SandboxError } from './sandbox-error.js';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
/** Signs that a loopback connection speaks for somebody else: a reverse proxy, or a web page in a browser. */
const SPEAKS_FOR_OTHERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'origin'];

/** Control belongs to whoever runs the sandbox, on the machine where it runs. */
@Injectable()
export class LoopbackGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const local = LOOPBACK.test(request.socket.remoteAddress ?? '');
    if (local && SPEAKS_FOR_OTHERS.every((name) => request.headers[name] === undefined)) return true;
    throw new SandboxError('control_not_local', 'control is reached from this machine only');
  }
}
