import type { IncomingMessage } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { JlisUnavailable, type JlisDetail } from './jlis-unavailable.js';

export interface TlsRequest {
  url: URL;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: Buffer;
  /** Carries the certificates of both sides. */
  agent: Agent;
}

export interface TlsLimits {
  /** Until the TLS connection stands. */
  connectTimeoutMs: number;
  /** For the first octet of the answer, and between two of its chunks. */
  idleTimeoutMs: number;
  /** The whole exchange: a peer that drips octets must end as well. */
  totalTimeoutMs: number;
  maxBytes: number;
}

/** An answer as it came, whole. */
export interface TlsAnswer {
  status: number;
  /** `Retry-After` in seconds (RFC 9110 §10.2.3), where it has that form. */
  retryAfterSeconds?: number;
  body: Buffer;
}

const MAX_HEADER_BYTES = 8 * 1024;
/** No service may make us wait longer than a day. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/**
 * One HTTPS request and its answer. Redirects come back as answers, nothing is retried.
 * @throws JlisUnavailable; `mayHaveBeenSent` as soon as the connection stood.
 */
export function tlsExchange(request: TlsRequest, limits: TlsLimits): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    let stage: Stage = 'connecting';
    const { url, method, headers, body, agent } = request;
    const outgoing = httpsRequest(url, { method, headers, agent, maxHeaderSize: MAX_HEADER_BYTES });
    const timers = [
      setTimeout(() => fail('timeout', 'connect'), limits.connectTimeoutMs),
      setTimeout(() => fail('timeout', 'total'), limits.totalTimeoutMs),
    ];
    const [connecting] = timers;
    let idle: NodeJS.Timeout | undefined;

    const end = (): void => {
      for (const timer of [...timers, idle]) clearTimeout(timer);
    };
    const fail = (detail: JlisDetail, fact?: string | number, cause?: unknown): void => {
      end();
      outgoing.destroy();
      reject(new JlisUnavailable(detail, fact, { cause, mayHaveBeenSent: stage === 'connected' }));
    };
    const connected = (): void => {
      stage = 'connected';
      clearTimeout(connecting);
      idle = setTimeout(() => fail('timeout', 'idle'), limits.idleTimeoutMs);
    };

    outgoing.on('socket', (socket) => {
      if (outgoing.reusedSocket) connected();
      else {
        socket.once('connect', () => (stage = 'handshake'));
        (socket as TLSSocket).once('secureConnect', connected);
      }
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(...classify(error, stage), error));
    outgoing.on('response', (response) => {
      readBody(response, limits.maxBytes, () => idle?.refresh()).then(
        (octets) => {
          end();
          resolve({ status: response.statusCode!, ...retryAfter(response), body: octets });
        },
        (error: unknown) => {
          if (error instanceof JlisUnavailable) fail(error.detail, error.fact);
          else fail(...classify(error as NodeJS.ErrnoException, stage), error);
        },
      );
    });
    outgoing.end(body);
  });
}

/** `connecting` and `handshake` end without a trace at the other side: the request waits for the handshake. */
type Stage = 'connecting' | 'handshake' | 'connected';

async function readBody(response: IncomingMessage, maxBytes: number, arrived: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    arrived();
    received += chunk.length;
    if (received > maxBytes)
      throw response.statusCode === 200
        ? new JlisUnavailable('too_large', maxBytes)
        : new JlisUnavailable('http_status', response.statusCode);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function retryAfter(response: IncomingMessage): Pick<TlsAnswer, 'retryAfterSeconds'> {
  const value = response.headers['retry-after'];
  if (value === undefined || !/^[0-9]{1,9}$/.test(value)) return {};
  return { retryAfterSeconds: Math.min(Number(value), MAX_RETRY_AFTER_SECONDS) };
}

/** Errors of the network itself, which say nothing about certificates even during the handshake. */
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)(UNREACH|DOWN)|EPIPE|ETIMEDOUT|EADDR.*|EMFILE|ENFILE|ENOTFOUND|EAI_.*)$/;

/** What an error of node:https, node:tls or the HTTP parser means. */
function classify(error: NodeJS.ErrnoException, stage: Stage): [JlisDetail, string | undefined] {
  const code = typeof error.code === 'string' ? error.code : undefined;
  // The parser's: the answer is no HTTP, or its header has no end.
  if (code === 'HPE_HEADER_OVERFLOW') return ['too_large', code];
  if (code?.startsWith('HPE_')) return ['answer_malformed', code];
  if (code === undefined || NETWORK.test(code)) return ['unreachable', code];
  // An alert of the other side may come after our side has finished (TLS 1.3): then the stage is `connected`.
  if (stage !== 'connected' || /^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)) return ['tls_refused', code];
  return ['unreachable', code];
}
