import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { SandboxError } from '../sandbox-error.js';
import { JlisProblem } from './jlis-problem.js';

/** Nest's own refusals and Fastify's of bodies and media types are the client's mistakes; the rest is ours. */
function toProblem(error: unknown): JlisProblem {
  if (error instanceof JlisProblem) return error;
  if (error instanceof SandboxError && error.status < 500) return new JlisProblem('request_invalid', error.message);
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
        ? error.statusCode
        : 500;
  if (status === 404) return new JlisProblem('not_found', 'there is no such service');
  if (status < 500 && error instanceof Error) return new JlisProblem('request_invalid', error.message);
  return new JlisProblem('internal_error', 'the sandbox failed; its log says why');
}

/** Errors of the J-LIS listener as RFC 9457 problems. */
@Catch()
export class JlisProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = toProblem(error);
    if (problem.code === 'internal_error') this.log.error({ err: error }, 'request failed');
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (problem.retryAfterSeconds !== undefined) void reply.header('retry-after', String(problem.retryAfterSeconds));
    const { status, code, detail } = problem;
    void reply
      .status(status)
      .type('application/problem+json')
      .send(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, code, detail }));
  }
}
