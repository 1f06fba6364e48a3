import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsIdentity } from './jlis-certificates.js';

/** What has reached the server, headers and body whole. */
export interface ReceivedCall {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}
export type JlisAnswer = (call: ReceivedCall, response: ServerResponse, socket: Socket) => void;

/** The other side of the J-LIS contract, which behaves as told. It asks for a client certificate. */
export class JlisServer {
  readonly calls: ReceivedCall[] = [];
  /** TCP connections accepted. */
  connections = 0;
  answer: JlisAnswer = (_, response) => respond(response, 200, {});

  private constructor(private readonly server: Server) {
    server.on('connection', () => this.connections++);
    server.on('request', (request, response) => {
      const socket = request.socket as TLSSocket;
      if (!socket.authorized) {
        respond(response, 403, { code: 'client_certificate_refused' });
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const call = {
          method: request.method!,
          path: request.url!,
          headers: request.headers,
          body: body === '' ? undefined : (JSON.parse(body) as unknown),
        };
        this.calls.push(call);
        this.answer(call, response, socket);
      });
    });
  }

  /** @param clientAuthority PEM of the authority of acceptable clients. */
  static async start(
    identity: TlsIdentity,
    clientAuthority: string,
    options: Partial<ServerOptions> = {},
  ): Promise<JlisServer> {
    const server = createServer({
      cert: identity.certificate,
      key: identity.key,
      ca: clientAuthority,
      requestCert: true,
      rejectUnauthorized: false,
      ...options,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new JlisServer(server);
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }
}

export function respond(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}
