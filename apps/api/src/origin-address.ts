import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Where a request came from: the peer of the socket or, when that is one of the proxies we trust, who the proxy says it
 * was. What a proxy hands on that is no address counts for nothing.
 */
export function originAddress({ ip, socket }: FastifyRequest): string {
  return isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip;
}
