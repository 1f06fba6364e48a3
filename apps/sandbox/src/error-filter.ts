import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { SandboxError, type SandboxErrorCode } from './sandbox-error.js';

const BY_STATUS = new Map<number, SandboxErrorCode>([
  [400, 'bad_request'],
  [404, 'not_found'],
  [413, 'body_too_large'],
  [415, 'media_type_unsupported'],
]);

/** The status a framework error carries: Nest's exceptions, and Fastify's errors about bodies and media types. */
function frameworkStatus(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 500;
}

function toSandboxError(error: unknown): SandboxError {
  if (error instanceof SandboxError) return error;
  const code = BY_STATUS.get(frameworkStatus(error));
  return code && error instanceof Error
    ? new SandboxError(code, error.message)
    : new SandboxError('internal', 'the sandbox failed; its log says why');
}

/** The one place where errors become HTTP: {code, message, …}. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const refusal = toSandboxError(error);
    if (refusal.code === 'internal') this.log.error({ err: error }, 'request failed');
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(refusal.status).send({ code: refusal.code, message: refusal.message, ...refusal.details });
  }
}
