import type { FastifyReply } from 'fastify';

/** Closes the connection without an answer, as a service that is down does. */
export function hangUp(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.destroy();
}
