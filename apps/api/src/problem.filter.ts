import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable, Logger, Problem, problemRow, type ProblemCode } from '#lib/platform';
import { PUBLIC_URL } from './settings.js';

/** Refusals of the HTTP layer itself, by Fastify's error code. */
const HTTP_LAYER: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'json_malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json_malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'json_malformed',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
};

function toProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  // The processes that poll the database report its outage once; here it would be a line for each request.
  if (isDatabaseUnavailable(error)) return new Problem('storage_unavailable');
  if (error instanceof HttpException && error.getStatus() === 404) return new Problem('not_found');
  // Nest hands on what Fastify refused as the cause of an exception of its own.
  const refused: unknown = error instanceof HttpException ? error.cause : error;
  const { code, statusCode } = (refused ?? {}) as { code?: unknown; statusCode?: unknown };
  if (typeof code === 'string' && Object.hasOwn(HTTP_LAYER, code)) return new Problem(HTTP_LAYER[code]!);
  // Whatever else the HTTP layer refuses is the request's form: bad escapes in the path, malformed bodies.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return new Problem('json_malformed');
  return undefined;
}

/** The body of a refusal (RFC 9457); nothing of the request but its id and what the problem says in so many words. */
export function problemAnswer(problem: Problem, requestId: string, publicUrl: string): Record<string, unknown> {
  const row = problemRow(problem.code);
  const docUrl = `${publicUrl}/codes/${problem.code}`;
  return {
    type: docUrl,
    title: row.title,
    status: row.status,
    code: problem.code,
    remedy: row.remedy,
    request_id: requestId,
    doc_url: docUrl,
    retryable: row.retryable ?? false,
    ...problem.members,
  };
}

/** Where an error becomes an answer. What is not a refusal is our mistake: a bare 500. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const { id: requestId } = http.getRequest<FastifyRequest>();
    const refusal = toProblem(error);
    if (!refusal) this.logger.error('request_failed', { request_id: requestId, error });
    const problem = refusal ?? new Problem('internal_error');
    const { status } = problemRow(problem.code);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    void reply
      .status(status)
      .header('content-type', 'application/problem+json')
      .send(problemAnswer(problem, requestId, this.publicUrl));
  }
}
