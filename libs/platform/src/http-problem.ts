import { HttpException } from '@nestjs/common';
import { isDatabaseUnavailable } from './database.js';
import { Problem, type ProblemCode } from './problem.js';

/** Refusals of the HTTP layer itself, by Fastify's error code. */
const HTTP_LAYER: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'json_malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json_malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'json_malformed',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
};

/** The refusal that an error of a request is; undefined for a mistake of ours. */
export function toProblem(error: unknown): Problem | undefined {
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
