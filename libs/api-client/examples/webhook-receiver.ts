import { appendFileSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook, WebhookRefused, type WebhookEvent } from '../src/index.js';

/**
 * A receiver of webhooks to begin with: it believes only what is signed, takes each event once, and answers 2xx only when
 * it has it on disk. Run it with `npm run receiver`; settings come from the environment:
 *
 *   WEBHOOK_SECRETS    whsec_…, several separated by commas while a secret is being replaced
 *   PORT               where it listens, 8787
 *   INBOX              file with what was taken, a line of JSON each, webhook-inbox.jsonl
 *   LOSE               part of the requests that go wrong, half before and half after the event is taken: 0.5 to see
 *                      retries and repetitions; 0
 */
const secrets = (process.env['WEBHOOK_SECRETS'] ?? '').split(',').filter((secret) => secret !== '');
if (secrets.length === 0) throw new Error('WEBHOOK_SECRETS is missing');
const lose = Number(process.env['LOSE'] ?? 0);
const inbox = process.env['INBOX'] ?? 'webhook-inbox.jsonl';
const MAX_BODY = 64 * 1024;

// What was taken before this process began is not taken again.
const taken = new Set<string>(
  existsSync(inbox)
    ? readFileSync(inbox, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as WebhookEvent).id)
    : [],
);
const file = openSync(inbox, 'a');

/** Where your own work begins: put it into your queue or database, in one transaction with the id. */
function take(event: WebhookEvent): void {
  appendFileSync(file, `${JSON.stringify(event)}\n`);
  fsyncSync(file);
  taken.add(event.id);
}

async function octetsOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) throw new WebhookRefused('signature_wrong');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function receive(request: IncomingMessage): Promise<number> {
  try {
    const body = await octetsOf(request);
    const event = await verifyWebhook({ body, headers: request.headers, secrets });
    if (Math.random() < lose / 2) return 503;
    // Verified, and here before: say so, or it comes again.
    if (taken.has(event.id)) return 204;
    take(event);
    // Taken, and the answer is lost: it will come again.
    return Math.random() < lose / 2 ? 504 : 204;
  } catch (error) {
    if (error instanceof WebhookRefused) return 401;
    process.stderr.write(`${String(error)}\n`);
    return 500;
  }
}

const server = createServer((request, response) => {
  void receive(request).then((status) => response.writeHead(status).end());
});
server.listen(Number(process.env['PORT'] ?? 8787), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening on http://127.0.0.1:${port}/, ${taken.size} events taken before\n`);
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
