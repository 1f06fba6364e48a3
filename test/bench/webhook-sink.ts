import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook } from '#lib/api-client';

/** What the benchmark tells it. `report` is answered with a {@link SinkReport}, and counting begins anew. */
export type SinkRequest = { secret?: string; delayMs?: number } | 'report' | 'count';

export interface SinkReport {
  received: number;
  /** Of a sample. */
  wrong: number;
  /** From the first to the last. */
  seconds: number;
}

/** A receiver as a process of its own, which answers at once or after a time. It tells its parent its address first. */
const SAMPLE = 100;
let secret = '';
let delayMs = 0;
let received = 0;
let wrong = 0;
let firstAt = 0;
let lastAt = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    lastAt = performance.now();
    if (received++ === 0) firstAt = lastAt;
    if (secret !== '' && received % SAMPLE === 0)
      verifyWebhook({ body: Buffer.concat(chunks), headers: request.headers, secrets: secret }).catch(() => wrong++);
    const answer = (): unknown => response.writeHead(204).end();
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
});
server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
process.on('message', (message: SinkRequest) => {
  if (message === 'report')
    process.send!({ received, wrong, seconds: (lastAt - firstAt) / 1_000 } satisfies SinkReport);
  else if (message === 'count') received = wrong = 0;
  else ({ secret = secret, delayMs = delayMs } = message);
});
process.on('disconnect', () => process.exit());
