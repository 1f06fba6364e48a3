import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { VerificationAnswer } from '../../apps/api/src/schemas.js';
import { freePort } from '../../dev/ports.mjs';
import { startStack, type Stack, type StackOptions } from '../../dev/stack.mjs';

/** An answer of the API. `body` is the verification when `status` is 201, else a problem. */
export interface Answer {
  status: number;
  replayed: boolean;
  body: VerificationAnswer;
  problem: { code?: string; retryable?: boolean };
}

/** A request body for one of the two verifying resources. */
export type Body = Record<string, unknown>;

export interface SendOptions {
  /** Default: the first API process. */
  api?: string;
  apiKey?: string;
  idempotencyKey?: string;
  timeoutMs?: number;
}

/** Asks until the answer is as wanted, and gives the last one either way, so that `expect` can show it. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, timeoutMs = 10_000) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer) || performance.now() > deadline) return answer;
    await sleep(50);
  }
}

/** A request over HTTP with its JSON answer; rejects only when there is no answer. */
export async function exchange(
  url: string,
  { method = 'POST', body, headers = {}, timeoutMs = 20_000 }: ExchangeOptions = {},
): Promise<{ status: number; headers: Headers; json: unknown }> {
  const answer = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
}
export interface ExchangeOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
}

/** Runs a compiled program with these settings alone. Gives its exit code and the lines of each stream. */
export async function runToEnd(
  program: string,
  settings: Record<string, string>,
  args: string[] = [],
): Promise<{ code: number | null; out: string[]; err: string[] }> {
  const child = spawn(process.execPath, [join(process.cwd(), program), ...args], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const lines: string[] = [];
    createInterface(stream).on('line', (line) => lines.push(line));
    return lines;
  }) as [string[], string[]];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** A card of the sandbox. Every request it signs is about the same few bytes. */
export class Card {
  private constructor(
    private readonly sandbox: string,
    readonly id: string,
    private readonly pins: { sign: string; auth: string },
  ) {}

  /** Issues a card to a person of its own. */
  static async issue(sandbox: string): Promise<Card> {
    const { json } = await exchange(`${sandbox}/cards`, { body: { name: '物語　花子' } });
    const { id, pins } = json as { id: string; pins: { sign: string; auth: string } };
    return new Card(sandbox, id, pins);
  }

  /** A card that is there already. */
  static async held(sandbox: string, id: string): Promise<Card> {
    const { json } = await exchange(`${sandbox}/cards/${id}`, { method: 'GET' });
    return new Card(sandbox, id, (json as { pins: { sign: string; auth: string } }).pins);
  }

  /** A body for `POST /v1/signature-verifications`. */
  async sign(format: 'raw' | 'cms' = 'raw'): Promise<Body> {
    const content = Buffer.from('契約書 第1号').toString('base64');
    const signed = await this.use('sign', { content, format });
    if (format === 'cms') return { format, cms: signed['cms'], content };
    return { format, ...signed, padding: 'pkcs1_v15', digest_algorithm: 'sha256', content };
  }

  /** A body for `POST /v1/authentications`. */
  async answer(challenge: { id: string; nonce: string }): Promise<Body> {
    const signed = await this.use('auth', { content: challenge.nonce });
    return { challenge_id: challenge.id, ...signed, padding: 'pkcs1_v15', digest_algorithm: 'sha256' };
  }

  private async use(certificate: 'sign' | 'auth', request: Body): Promise<Body> {
    const { json } = await exchange(`${this.sandbox}/cards/${this.id}/sign`, {
      body: { certificate, pin: this.pins[certificate], ...request },
    });
    return json as Body;
  }
}

/** A running installation with a demo tenant, told about by its HTTP API, its operator's command and its database. */
export class Story {
  private readonly others: (() => Promise<void>)[] = [];

  private constructor(
    readonly stack: Stack,
    readonly tenantId: string,
    readonly apiKey: string,
  ) {}

  /** Starts every process and loads the first revocation data. */
  static async begin(options: StackOptions = { throwaway: true }): Promise<Story> {
    const stack = await startStack(options);
    try {
      const seeded = JSON.parse(await stack.operator(['seed-demo'])) as { tenant_id: string; api_key: string };
      const story = new Story(stack, seeded.tenant_id, seeded.api_key);
      await story.refresh();
      return story;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  async end(): Promise<void> {
    for (const stop of this.others) await stop();
    await this.stack.stop();
  }

  /** Standard output of an operator's command, written as one would type it. */
  operator(command: string): Promise<string> {
    return this.stack.operator(command.split(' '));
  }

  refresh(): Promise<string> {
    return this.operator('revocation refresh --mode test --wait --timeout 60');
  }

  /** What J-LIS, a municipality or fate does. */
  async sandbox(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const url = `${this.stack.urls.sandbox}/control/${path}`;
    const { status, json } = await exchange(url, { method, ...(body === undefined ? {} : { body }) });
    if (status >= 400) throw new Error(`sandbox ${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  }

  card(): Promise<Card> {
    return Card.issue(this.stack.urls.sandbox);
  }

  verify(body: Body, options: SendOptions = {}): Promise<Answer> {
    return this.post('signature-verifications', body, options);
  }

  authenticate(body: Body, options: SendOptions = {}): Promise<Answer> {
    return this.post('authentications', body, options);
  }

  async challenge(options: SendOptions = {}): Promise<{ id: string; nonce: string }> {
    const { body } = await this.post('challenges', {}, options);
    return body as unknown as { id: string; nonce: string };
  }

  /** Status of `GET /health/live` or `/health/ready`. */
  async health(state: 'live' | 'ready'): Promise<number> {
    return (await exchange(`${this.stack.urls.api}/health/${state}`, { method: 'GET' })).status;
  }

  /** `GET /v1/me`. */
  async me({ api = this.stack.urls.api, apiKey = this.apiKey }: SendOptions = {}): Promise<{
    status: number;
    mode: string;
    now: string;
  }> {
    const { status, json } = await exchange(`${api}/v1/me`, {
      method: 'GET',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    return { ...(json as { mode: string; now: string }), status };
  }

  /** Rows as the database's owner sees them: no row-level security. */
  async rows<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.stack.urls.database.owner });
    await client.connect();
    try {
      return (await client.query<T>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Another API process on the same database, as behind a load balancer. Gives its address. */
  async anotherApi(settings: Record<string, string> = {}): Promise<string> {
    const port = await freePort();
    const child = fork(join(process.cwd(), 'dist/apps/api/src/main.js'), [], {
      env: { ...process.env, ...this.apiEnvironment(port), ...settings },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(child, 'close');
    this.others.push(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    const url = `http://127.0.0.1:${port}`;
    const ready = (): Promise<boolean> => answersOk(`${url}/health/ready`);
    if (!(await eventually(ready, (is) => is || child.exitCode !== null, 30_000)))
      throw new Error(`the second API process did not start (exit code ${child.exitCode})`);
    return url;
  }

  /** The settings the API process of this installation has, on another port. */
  apiEnvironment(port: number): Record<string, string> {
    return {
      DATABASE_URL: this.stack.urls.database.api,
      REDIS_URL: this.stack.urls.redis,
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      KEY_RING: JSON.stringify(this.stack.secrets.keyRing),
      SIGNING_KEYS: JSON.stringify(this.stack.secrets.signingKeys),
      NODE_ENV: 'test',
    };
  }

  private async post(resource: string, body: Body, options: SendOptions = {}): Promise<Answer> {
    const { api = this.stack.urls.api, apiKey = this.apiKey, idempotencyKey, timeoutMs } = options;
    const { status, headers, json } = await exchange(`${api}/v1/${resource}`, {
      body,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return {
      status,
      replayed: headers.get('idempotent-replayed') === 'true',
      body: json as VerificationAnswer,
      problem: status < 400 ? {} : (json as Answer['problem']),
    };
  }
}

/** Whether somebody listens there and says 200. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    return (await exchange(url, { method: 'GET', timeoutMs: 2_000 })).status === 200;
  } catch (error) {
    if (isNoAnswer(error)) return false;
    throw error;
  }
}

/** Whether an exchange ended without an answer. Compared by name: under Jest fetch has classes of its own. */
export function isNoAnswer(error: unknown): boolean {
  return ['TypeError', 'TimeoutError'].includes((error as Error).name);
}
