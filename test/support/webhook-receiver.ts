import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsIdentity } from './jlis-certificates.js';

/** A request as it came. */
export interface ReceivedWebhook {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  event: { id: string; type: string; sequence: number; timestamp: string; data: Record<string, string> };
}
export type Receive = (webhook: ReceivedWebhook, response: ServerResponse) => void;

export const answering =
  (status: number, text = '', headers: Record<string, string> = {}): Receive =>
  (_webhook, response) => {
    response.writeHead(status, headers).end(text);
  };

/** Somebody's webhook endpoint on this machine that answers as told. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  answer: Receive = answering(204);

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(tls?: TlsIdentity): Promise<WebhookReceiver> {
    const server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }) : createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const receiver = new WebhookReceiver(server, `${tls ? 'https' : 'http'}://127.0.0.1:${port}/hook`);
    server.on('request', (request, response) => void receiver.receive(request, response));
    // A handshake that the other side breaks off.
    server.on('tlsClientError', () => undefined);
    return receiver;
  }

  get ids(): string[] {
    return this.received.map(({ headers }) => String(headers['webhook-id']));
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const webhook = { path: request.url!, headers: request.headers, body, event: JSON.parse(body) as never };
    this.received.push(webhook);
    this.answer(webhook, response);
  }
}
