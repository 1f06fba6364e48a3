import type { ServerResponse } from 'node:http';
import { Problem } from './problem.js';

/**
 * Told when whoever asked goes away before the answer is sent, so that long work for them ends. Its reason is a refusal
 * that nobody reads: it must only not look like a mistake of ours.
 */
export function readerGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const tell = (): void => {
    if (!response.writableFinished) gone.abort(new Problem('storage_unavailable'));
  };
  // Whoever waited for a turn may have gone before; the event does not come again.
  if (response.closed) tell();
  else response.once('close', tell);
  return gone.signal;
}
