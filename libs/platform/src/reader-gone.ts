import type { ServerResponse } from 'node:http';
import { Problem } from './problem.js';

/**
 * Told when whoever asked goes away before the answer is sent, so that long work for them ends. Its reason is a refusal
 * that nobody reads: it must only not look like a mistake of ours.
 */
export function readerGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Problem('storage_unavailable'));
  });
  return gone.signal;
}
