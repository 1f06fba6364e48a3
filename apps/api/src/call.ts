import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '#lib/platform';
import type { Call, Idempotency } from '#lib/verification';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws Problem `idempotency_key_malformed` unless there is none or it is 1–255 printable ASCII characters. */
function idempotencyOf(request: FastifyRequest): Idempotency | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) throw new Problem('idempotency_key_malformed');
  // The parsed body, so that white space does not make another request of it.
  return {
    keyHash: sha256(key),
    requestHash: sha256(`${request.method} ${request.url}\n${JSON.stringify(request.body)}`),
  };
}

/** How the request came in. */
export const CallInfo = createParamDecorator((_: unknown, context: ExecutionContext): Call => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const idempotency = idempotencyOf(request);
  return { requestId: request.id, ...(idempotency === undefined ? {} : { idempotency }) };
});
