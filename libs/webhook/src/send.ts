import { type Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { TargetRefused } from './resolve-target.js';
import { refusedBy } from './target.js';

/** Why an attempt was none. */
export type Failure =
  | 'status'
  | 'redirected'
  | 'timeout'
  | 'unreachable'
  | 'tls_refused'
  | 'answer_malformed'
  | 'target_refused'
  | 'unresolved';

/** What became of one attempt. Without `failure` the receiver has taken the event. */
export interface SendResult {
  failure?: Failure;
  /** Of the answer, if one came. */
  status?: number;
  /** The beginning of the answer's body. */
  head?: string;
  /** As the receiver asked with 429 or 503. */
  retryAfterSeconds?: number;
  durationMs: number;
}

export interface SendOptions {
  loopback: boolean;
  lookup: LookupFunction;
  agents: { http: HttpAgent; https: HttpsAgent };
  timeoutMs: number;
}

/** A receiver has this long, milliseconds, from the look-up of its name to the end of its answer. */
export const SEND_TIMEOUT_MS = 15_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** What is read of a body at most; whoever sends more is hung up on. */
const MAX_BODY_BYTES = 16 * 1024;
const HEAD_CHARACTERS = 512;

/** Posts a body once. Redirects are not followed, and the certificate of the receiver must be right. Never throws. */
export function send(
  target: string,
  { headers, body }: { headers: Record<string, string>; body: string },
  { loopback, lookup, agents, timeoutMs }: SendOptions,
): Promise<SendResult> {
  const began = performance.now();
  const url = new URL(target);
  // Judged again: what was allowed when the endpoint was made may no longer be.
  if (refusedBy(url, { loopback }) !== undefined) return Promise.resolve({ failure: 'target_refused', durationMs: 0 });
  return new Promise((resolve) => {
    const secure = url.protocol === 'https:';
    const outgoing = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Shomei-Webhooks/1',
        ...headers,
      },
      agent: secure ? agents.https : agents.http,
      lookup,
      maxHeaderSize: MAX_HEADER_BYTES,
      ...(secure ? { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const } : {}),
    });
    let answer: IncomingMessage | undefined;
    let handshaken = !secure;
    const end = (result: Omit<SendResult, 'durationMs'>): void => {
      clearTimeout(deadline);
      resolve({ ...result, durationMs: Math.round(performance.now() - began) });
    };
    const deadline = setTimeout(() => {
      // An answer whose status has come is one, however slowly its body drips.
      end(answer ? judge(answer, '') : { failure: 'timeout' });
      outgoing.destroy();
    }, timeoutMs);
    outgoing.on('socket', (socket) => {
      if (outgoing.reusedSocket) handshaken = true;
      else if (secure) socket.once('secureConnect', () => (handshaken = true));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (answer !== undefined) return;
      if (outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
        // The receiver has closed a kept connection at the same moment: that is no failure of its own.
        clearTimeout(deadline);
        resolve(send(target, { headers, body }, { loopback, lookup, agents, timeoutMs }));
      } else end({ failure: failureOf(error, handshaken) });
    });
    outgoing.on('response', (response) => {
      answer = response;
      void readHead(response).then((head) => end(judge(response, head)));
    });
    outgoing.end(body);
  });
}

/** The beginning of a body; a longer one, or one that breaks off, ends with what has come. Never rejects. */
async function readHead(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (received < HEAD_CHARACTERS * 4) chunks.push(chunk);
      received += chunk.length;
      // Leaving the loop destroys the connection.
      if (received > MAX_BODY_BYTES) break;
    }
  } catch {
    // A stream throws only for its connection. The status has come, and decides.
  }
  const characters = [...Buffer.concat(chunks).toString('utf8')].slice(0, HEAD_CHARACTERS);
  return characters.join('').replaceAll(/[^\P{Cc}\t\n]/gu, '\ufffd');
}

function judge(response: IncomingMessage, head: string): Omit<SendResult, 'durationMs'> {
  const status = response.statusCode!;
  const told = { status, ...(head === '' ? {} : { head }) };
  if (status >= 200 && status < 300) return told;
  if (status >= 300 && status < 400) return { ...told, failure: 'redirected' };
  const after = response.headers['retry-after'];
  const asked = (status === 429 || status === 503) && after !== undefined && /^[0-9]{1,9}$/.test(after);
  return { ...told, failure: 'status', ...(asked ? { retryAfterSeconds: Number(after) } : {}) };
}

const NETWORK = /^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)(UNREACH|DOWN)|EPIPE|ETIMEDOUT|EADDR.*|EMFILE|ENFILE)$/;

function failureOf(error: NodeJS.ErrnoException, handshaken: boolean): Failure {
  if (error instanceof TargetRefused) return error.rule === 'unresolved' ? 'unresolved' : 'target_refused';
  const { code } = error;
  if (code?.startsWith('HPE_')) return 'answer_malformed';
  if (code === undefined || NETWORK.test(code)) return 'unreachable';
  return handshaken ? 'unreachable' : 'tls_refused';
}
