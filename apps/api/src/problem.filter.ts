import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger, Problem, problemRow, toProblem } from '#lib/platform';
import { PUBLIC_URL } from './settings.js';

/** The body of a refusal (RFC 9457); nothing of the request but its id and what the problem says in so many words. */
export function problemAnswer(problem: Problem, requestId: string, publicUrl: string): Record<string, unknown> {
  const row = problemRow(problem.code);
  const docUrl = `${publicUrl}/codes/${problem.code}`;
  return {
    type: docUrl,
    title: row.title,
    ...(row.ja === undefined ? {} : { title_ja: row.ja }),
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
    const retryAfter = problem.members['retry_after'];
    if (typeof retryAfter === 'number') void reply.header('retry-after', String(retryAfter));
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    void reply
      .status(status)
      .header('content-type', 'application/problem+json')
      .send(problemAnswer(problem, requestId, this.publicUrl));
  }
}
