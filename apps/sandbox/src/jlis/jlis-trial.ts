import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import type { Hierarchy } from '../hierarchy.js';
import { Sandbox } from '../sandbox.js';
import { createJlisServer } from './jlis-server.js';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

interface ExchangeOptions {
  body?: string;
  headers?: Record<string, string>;
  tls?: ConnectionOptions;
}

/** Status, media type and code of a refusal. */
export const codeOf = ({ status, headers, text }: Answer): unknown[] => [
  status,
  headers['content-type']?.split(';')[0],
  (JSON.parse(text) as { code?: string }).code,
];
export const problem = (status: number, code: string): unknown[] => [status, 'application/problem+json', code];

/** For tests: a sandbox of its own, its J-LIS listener, and a client that holds the files the sandbox wrote. */
export class JlisTrial {
  private constructor(
    readonly sandbox: Sandbox,
    readonly port: number,
    private readonly app: NestFastifyApplication,
    private readonly directory: string,
  ) {}

  static async start(): Promise<JlisTrial> {
    const directory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
    const sandbox = await Sandbox.open({ stateDirectory: directory, publicUrl: 'http://127.0.0.1:4010' });
    const app = await createJlisServer(sandbox, sandbox.jlisTls, pino({ level: 'silent' }));
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new JlisTrial(sandbox, port, app, directory);
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.directory, { recursive: true });
  }

  /** Everything right again, an empty log, the present. */
  reset(): void {
    this.sandbox.faults.clear();
    this.sandbox.clock.move(0);
    this.sandbox.jlisLog.reset();
  }

  pem(name: string): string {
    return readFileSync(join(this.directory, 'jlis-tls', name), 'utf8');
  }

  files(name: string): ConnectionOptions {
    return { cert: this.pem(`${name}.pem`), key: this.pem(`${name}-key.pem`) };
  }

  /** One request on a connection of its own. */
  exchange(method: string, path: string, options: ExchangeOptions = {}): Promise<Answer> {
    const { body, headers = {}, tls = this.files('client') } = options;
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const target = { host: '127.0.0.1', port: this.port, method, path, agent: false, ca: this.pem('ca.pem') };
    return new Promise((resolve, reject) => {
      const asked = httpsRequest({ ...target, ...tls, headers: { ...type, ...headers } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const { statusCode: status = 0, headers } = answer;
          resolve({ status, headers, text: Buffer.concat(chunks).toString('utf8') });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  identified(): Record<string, string> {
    return { 'x-request-id': randomUUID(), 'x-service-id': 'ten_a' };
  }

  post(path: string, body: object, headers: Record<string, string> = this.identified()): Promise<Answer> {
    return this.exchange('POST', `/v1/${path}`, { body: JSON.stringify(body), headers });
  }

  serial(card: string, kind: Hierarchy = 'auth', earlier = 0): string {
    return this.sandbox.cards.getRecord(this.sandbox.cards.get(card), kind, undefined, earlier).serial;
  }

  link(card = 'renewed-thrice', earlier = 0): Promise<Answer> {
    return this.post('serial-linkages', { serial: this.serial(card, 'auth', earlier), consent: CONSENT });
  }

  /** Service, outcome and charge of what was asked. */
  logged(): [string, string, boolean][] {
    return this.sandbox.jlisLog.entries(100).map(({ service, outcome, metered }) => [service, outcome, metered]);
  }
}

export const CONSENT = { text_version: '1', given_at: '2026-11-23T00:00:00Z' };
