import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Problem, type Call, type Idempotency } from '#lib/platform';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * How a request that creates came in. `body` is the validated one: white space, the order of members and defaults
 * written out make no other request of it, and its depth is bounded.
 * @throws Problem `idempotency_key_malformed` unless there is none or it is 1–255 printable ASCII characters.
 */
export function callOf(request: FastifyRequest, body: unknown): Call {
  const idempotency = idempotencyOf(request, body);
  return { requestId: request.id, ...(idempotency === undefined ? {} : { idempotency }) };
}

/** The call of a part of a request that creates a thing of its own: repeated with the request, it is the same call. */
export function partOf({ requestId, idempotency }: Call, part: string): Call {
  if (!idempotency) return { requestId };
  return { requestId, idempotency: { ...idempotency, keyHash: sha256(`${idempotency.keyHash}|${part}`) } };
}

function idempotencyOf({ headers, method, url }: FastifyRequest, body: unknown): Idempotency | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) throw new Problem('idempotency_key_malformed');
  return { keyHash: sha256(key), requestHash: sha256(`${method} ${url}\n${JSON.stringify(body ?? {})}`) };
}
