import { isNativeError } from 'node:util/types';
import { JlisUnavailable } from './jlis-unavailable.js';

export interface ExchangeOptions {
  /** Longest wait for the first octet of the answer and between two of its chunks, milliseconds. */
  idleTimeoutMs: number;
  /** Longest whole exchange, milliseconds: a peer that drips octets must end as well. */
  totalTimeoutMs: number;
  maxBytes: number;
  signal?: AbortSignal;
}

/** The code of the socket error below a failed fetch, if there is one. */
function socketCode(error: unknown): string | undefined {
  const code = isNativeError(error) ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * One HTTP exchange as a stream of the answer's chunks. Redirects are refused: where data come from is configured, not
 * answered. Only status 200 counts. Nothing is retried here.
 * @throws JlisUnavailable
 */
export async function* exchange(url: URL, init: RequestInit, options: ExchangeOptions): AsyncGenerator<Uint8Array> {
  const controller = new AbortController();
  const late = (): void => controller.abort(new JlisUnavailable('timeout'));
  const stopped = (): void => controller.abort(new JlisUnavailable('stopped'));
  const idle = setTimeout(late, options.idleTimeoutMs);
  const total = setTimeout(late, options.totalTimeoutMs);
  if (options.signal?.aborted) stopped();
  options.signal?.addEventListener('abort', stopped);
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: controller.signal });
    if (response.status >= 300 && response.status < 400) throw new JlisUnavailable('redirected', response.status);
    if (response.status !== 200) throw new JlisUnavailable('http_status', response.status);
    if (response.body === null) return;
    let received = 0;
    // Node's types leave the chunks of a body open; the Fetch standard says octets.
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      idle.refresh();
      received += chunk.byteLength;
      if (received > options.maxBytes) throw new JlisUnavailable('too_large', options.maxBytes);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof JlisUnavailable) throw error;
    // The abort's reason wins over whatever shape the transport gives the abort.
    if (controller.signal.reason instanceof JlisUnavailable) throw controller.signal.reason;
    // What fetch throws for every network fault (Fetch standard, "network error").
    if (isNativeError(error) && error.name === 'TypeError')
      throw new JlisUnavailable('unreachable', socketCode(error), { cause: error });
    throw error;
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
    options.signal?.removeEventListener('abort', stopped);
    // Frees the connection of an answer that was not read to its end.
    controller.abort();
  }
}

/** The whole answer in one buffer. */
export async function exchangeWhole(url: URL, init: RequestInit, options: ExchangeOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of exchange(url, init, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
