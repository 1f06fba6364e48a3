import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cidrContains, parseCidr, parsePeer } from './cidr.js';
import type { Config } from './config.js';
import { Problem, problemRow, type ProblemCode } from './problem.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** How long and how often a server listens to somebody. */
export interface HttpLimits {
  /** For the head of a request, milliseconds. */
  headersTimeoutMs: number;
  /** For head and body, milliseconds. */
  requestTimeoutMs: number;
  /** Connections of one peer at the same time. */
  peerConnections: number;
}

export const HTTP_SETTINGS = ['HEADERS_TIMEOUT_MS', 'REQUEST_TIMEOUT_MS', 'PEER_CONNECTIONS'] as const;
export const httpLimitsOf = (config: Config<(typeof HTTP_SETTINGS)[number]>): HttpLimits => ({
  headersTimeoutMs: config.HEADERS_TIMEOUT_MS,
  requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
  peerConnections: config.PEER_CONNECTIONS,
});

/** The body of a refusal. */
type BodyOf = (problem: Problem, requestId: string) => Record<string, unknown>;

/** How often node looks for requests that take too long, milliseconds. */
const CHECK_MS = 1_000;
/** Longer than proxies keep an idle connection, so that they never send into one that we just close (60 s is usual). */
const KEEP_ALIVE_MS = 72_000;
/** Nothing in or out for this long: a reader that takes nothing. */
const SILENT_MS = 60_000;
/** Node's own limit, said here so that it stays. */
const HEAD_BYTES = 16 * 1024;

/** What the parser found wrong, by node's error code; anything else is malformed. */
const BROKEN: Record<string, ProblemCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
};

export const newRequestId = (): string => `req_${randomUUID().replaceAll('-', '')}`;

/** What every answer that passes no hook carries. */
const headersOf = (problem: Problem, requestId: string): Record<string, string> => {
  const retryAfter = problem.members['retry_after'];
  return {
    ...SECURITY_HEADERS,
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': requestId,
    ...(typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}),
  };
};

/** Answers on a connection that has no request, and ends it. */
function answerBroken(socket: Duplex, problem: Problem, bodyOf: BodyOf): void {
  const requestId = newRequestId();
  const { status } = problemRow(problem.code);
  const body = JSON.stringify(bodyOf(problem, requestId));
  const headers = {
    ...headersOf(problem, requestId),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // Destroyed once it is written: what the other side still sends is not read.
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`, () => socket.destroy());
}

/** Options of Fastify by which slow, endless and broken requests end in bounded time and as problems. */
export const httpServerOptions = (limits: HttpLimits, bodyOf: BodyOf) => ({
  genReqId: newRequestId,
  requestTimeout: limits.requestTimeoutMs,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionTimeout: SILENT_MS,
  // What still comes over a kept connection during a graceful stop is answered, and told to close the connection.
  return503OnClosing: false,
  // Parsing keeps a member named __proto__ as data; the strict schemas then refuse it like any unknown field.
  onProtoPoisoning: 'ignore' as const,
  onConstructorPoisoning: 'ignore' as const,
  routerOptions: { maxParamLength: 128 },
  http: {
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: HEAD_BYTES,
    // Node would answer without a body; `mustNameHost` does it instead.
    requireHostHeader: false,
  },
  clientErrorHandler: (error: Error & { code?: string }, socket: Socket): void => {
    const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse | null };
    const refuse = (): void => answerBroken(socket, new Problem(BROKEN[error.code ?? ''] ?? 'http_malformed'), bodyOf);
    // What came whole before is answered first; an answer that has begun cannot become another one.
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (answer?.req.complete && !answer.writableEnded) answer.once('finish', refuse);
    else if (answer?.headersSent) socket.destroy();
    else refuse();
  },
  // A path with a broken escape or an endless id names nothing; the router refuses it before any hook or filter.
  frameworkErrors: (_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = new Problem('not_found');
    void reply
      .code(404)
      .headers(headersOf(problem, request.id))
      .send(JSON.stringify(bodyOf(problem, request.id)));
  },
});

/**
 * Reads what still comes of a body that is too large, and throws it away. Closing the connection instead, as Fastify does,
 * resets it under a client that still writes, which then never sees the refusal (RFC 9112 §9.6). `requestTimeoutMs` bounds
 * the reading.
 */
export function hearOutLargeBodies(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode === 413) {
      reply.removeHeader('connection');
      request.raw.resume();
    }
    done();
  });
}

/**
 * Lets a request be worked on for so many milliseconds while nothing comes in or goes out, where any other connection would
 * be taken for one whose reader is gone. That is over when all that came over the connection is answered.
 */
export const allowSilence = ({ raw }: FastifyRequest, ms: number): void => void raw.socket.setTimeout(ms);

/** RFC 9112 §3.2: exactly one Host. @throws Problem `http_malformed` */
export function mustNameHost({ raw }: FastifyRequest): void {
  const named = raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (named > 1 || (named === 0 && raw.httpVersionMinor > 0)) throw new Problem('http_malformed');
}

/** Answers what node would answer without a body or not at all, and bounds the connections of a peer. */
export function guardServer(
  server: Server,
  {
    peerConnections,
    trustedProxies,
    bodyOf,
  }: Pick<HttpLimits, 'peerConnections'> & {
    /** They bring everybody's connections. */
    trustedProxies: readonly string[];
    bodyOf: BodyOf;
  },
): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const problem = new Problem('expectation_unsupported');
    const requestId = newRequestId();
    const body = JSON.stringify(bodyOf(problem, requestId));
    const length = Buffer.byteLength(body);
    response.writeHead(417, { ...headersOf(problem, requestId), 'content-length': length, connection: 'close' });
    response.end(body, () => request.destroy());
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    answerBroken(socket, new Problem('http_malformed'), bodyOf),
  );
  const proxies = trustedProxies.flatMap((proxy) => parseCidr(proxy) ?? []);
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress: peer } = socket;
    const address = peer === undefined ? undefined : parsePeer(peer);
    if (peer === undefined || (address && proxies.some((proxy) => cidrContains(proxy, address)))) return;
    const count = (open.get(peer) ?? 0) + 1;
    open.set(peer, count);
    socket.once('close', () => {
      const left = open.get(peer)! - 1;
      if (left > 0) open.set(peer, left);
      else open.delete(peer);
    });
    if (count > peerConnections) answerBroken(socket, new Problem('rate_limited', { retry_after: 1 }), bodyOf);
  });
}
