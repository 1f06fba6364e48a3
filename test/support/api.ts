import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { createShomeiClient, type ShomeiClient } from '#lib/api-client';
import type { Mode } from '#lib/platform';
import { judgeAnchorImport } from '#lib/revocation';
import {
  changeContract,
  createApiKey,
  createTenant,
  revokeApiKey,
  setReferenceFormat,
  type ContractChange,
  type Scope,
} from '#lib/tenancy';
import { importAnchor } from '../../apps/admin/src/anchor-commands.js';
import { importApprovedAnchor, liveAnchorProposal } from '../../apps/admin/src/anchor-store.js';
import { clockSet } from '../../apps/admin/src/clock-commands.js';
import type { OperatorContext } from '../../apps/admin/src/context.js';
import { setSource } from '../../apps/admin/src/revocation-commands.js';
import { freePort } from '../../dev/ports.mjs';
import { type Hierarchy, SandboxClient } from './card.js';
import { createTestDatabase, type TestDatabase, testKeyRing, testSigningKeys } from './database.js';
import { bringLive } from './onboarding.js';
import { type TestPeople, withPeople } from './operators.js';
import { Program } from './program.js';
import { Refreshing } from './refreshing.js';
import { newSandboxState } from './sandbox-state.js';
import { connect, keyRing } from './tenants.js';

/** The sandbox makes a responder's key on the first request about its CA, which takes a busy machine a while. */
const OCSP_TIMEOUT_MS = 10_000;
const ACTOR = 'operator:test';

export interface StackOptions {
  ocspTimeoutMs?: number;
  /** Further settings of the API process. */
  settings?: Record<string, string>;
}

export interface TestKey {
  id: string;
  secret: string;
  client: ShomeiClient;
}

/** What came back, as it came. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The body when it is JSON. */
  body: Record<string, unknown>;
}

/**
 * A real API process with the sandbox as its outside world, on a database of its own. Test mode trusts the sandbox's
 * roots and has loaded its revocation lists; live mode trusts nothing.
 */
export class ApiStack {
  private refreshing: Refreshing | undefined;
  private program: Program | undefined;
  private epochAtStart = 0;
  private readonly context: OperatorContext;

  private constructor(
    readonly database: TestDatabase,
    readonly sandbox: SandboxClient,
    private readonly sandboxProgram: Program,
    private readonly stateDirectory: string,
    readonly operator: DataSource,
    /** Sees every row of every tenant. */
    readonly owner: pg.Client,
    readonly url: string,
    /** The sandbox's J-LIS services, and where the files to reach them are. */
    readonly jlis: { url: string; directory: string },
  ) {
    const ask = (): Promise<string> => Promise.reject(new Error('nobody answers'));
    this.context = { dataSource: operator, actor: ACTOR, out: () => undefined, ask, askSecret: ask };
  }

  private static one: Promise<ApiStack> | undefined;

  /** The same for all who ask within a test file, which stops it. */
  static shared(): Promise<ApiStack> {
    return (ApiStack.one ??= ApiStack.start());
  }

  static async start({ ocspTimeoutMs = OCSP_TIMEOUT_MS, settings = {} }: StackOptions = {}): Promise<ApiStack> {
    const database = await createTestDatabase();
    const stateDirectory = newSandboxState();
    const sandboxUrl = `http://127.0.0.1:${await freePort()}`;
    const jlisPort = await freePort();
    const sandbox = await Program.start(
      'apps/sandbox/src/main.js',
      {
        SANDBOX_PORT: new URL(sandboxUrl).port,
        SANDBOX_JLIS_PORT: String(jlisPort),
        SANDBOX_STATE_DIR: stateDirectory,
        SANDBOX_LOG_LEVEL: 'warn',
      },
      `${sandboxUrl}/health`,
    );
    const owner = new pg.Client({ connectionString: database.urls.owner });
    await owner.connect();
    const operator = await connect(database.urls.operator);
    const url = `http://127.0.0.1:${await freePort()}`;
    const client = new SandboxClient(sandboxUrl);
    const jlis = { url: `https://127.0.0.1:${jlisPort}`, directory: join(stateDirectory, 'jlis-tls') };
    const stack = new ApiStack(database, client, sandbox, stateDirectory, operator, owner, url, jlis);
    try {
      await stack.trustSandbox();
      await stack.refresh();
      await stack.startApi({ OCSP_TIMEOUT_MS: String(ocspTimeoutMs), ...settings });
    } catch (error) {
      // Jest would wait for ever for a sandbox that nobody stops.
      await stack.stop();
      throw error;
    }
    return stack;
  }

  /** @throws Error when the API has made a mistake of its own: whatever was sent, none of it may have been a 500. */
  async stop(): Promise<void> {
    await this.program?.stop();
    await this.refreshing?.stop();
    await this.sandboxProgram.stop();
    await this.operator.destroy();
    await this.owner.end();
    await this.database.drop();
    rmSync(this.stateDirectory, { recursive: true, force: true });
    const mistakes = this.log.split('\n').filter((line) => line.includes('"request_failed"'));
    if (mistakes.length > 0) throw new Error(`the API failed ${mistakes.length} requests:\n${mistakes.join('\n')}`);
  }

  /** Everything the API has logged. */
  get log(): string {
    return this.program?.output ?? '';
  }

  /** How many files of such names the API has open (proc(5)). */
  openFiles(named: RegExp): number {
    return this.program!.openFiles().filter((name) => named.test(name)).length;
  }

  get databaseUrls(): TestDatabase['urls'] {
    return this.database.urls;
  }

  async newTenant(name = 'テスト商事'): Promise<string> {
    return createTenant(this.operator, keyRing(), { name, actor: ACTOR });
  }

  async newKey(
    options: {
      tenantId?: string;
      mode?: Mode;
      scopes?: readonly Scope[];
      expiresAt?: Date;
      allowedAddresses?: readonly string[];
    } = {},
  ): Promise<TestKey> {
    const { tenantId = await this.newTenant(), mode = 'test', ...rest } = options;
    if (mode === 'live') await bringLive(this.database, tenantId);
    const { id, secret } = await createApiKey(this.operator, { tenantId, mode, name: 'test', actor: ACTOR, ...rest });
    return this.keyOf(id, secret);
  }

  /** A key that the API itself has made. */
  keyOf(id: string, secret: string): TestKey {
    return { id, secret, client: createShomeiClient({ baseUrl: this.url, apiKey: secret }) };
  }

  async revokeKey(id: string): Promise<void> {
    await revokeApiKey(this.operator, { id, actor: ACTOR });
  }

  async registerReferenceFormat(tenantId: string, format: string): Promise<void> {
    await setReferenceFormat(this.operator, { tenantId, mode: 'test', format, actor: ACTOR });
  }

  /** Changes terms of the contract of test mode. */
  async setContract(tenantId: string, change: ContractChange): Promise<void> {
    await changeContract(this.operator, { tenantId, mode: 'test', change, actor: ACTOR });
  }

  /** Trusts a root in a mode, as the operator's command does. */
  async importAnchor(mode: Mode, hierarchy: Hierarchy, der: Buffer, fingerprint: string): Promise<void> {
    if (mode === 'live') return this.importLiveAnchor(hierarchy, der);
    await importAnchor(this.context, { mode, hierarchy, certificate: der.toString('base64'), fingerprint });
  }

  /** Operators at work on this installation. */
  withPeople<T>(work: (people: TestPeople, database: TestDatabase) => Promise<T>): Promise<T> {
    return withPeople(this.database, (people) => work(people, this.database));
  }

  /** The way of two people. */
  private async importLiveAnchor(hierarchy: Hierarchy, der: Buffer): Promise<void> {
    const judged = judgeAnchorImport(der, 'live', hierarchy);
    if ('refusal' in judged) throw new Error(judged.refusal.code);
    await withPeople(this.database, (people) =>
      people.approvedByOthers(this.database, liveAnchorProposal(judged), importApprovedAnchor),
    );
  }

  /** Moves the clock of test mode and waits until the API, and who fetches the lists, go by it. */
  async moveClock(offset: string): Promise<void> {
    await clockSet(this.context, offset);
    const { rows } = await this.owner.query<{ offset_ms: string }>('select offset_ms from test_clock');
    const { client } = await this.newKey();
    const isMoved = (now: number): boolean => Math.abs(now - Date.now() - Number(rows[0]!.offset_ms)) < 5_000;
    await this.until('the clock has moved', async () => {
      const { data } = await client.GET('/v1/me');
      return data !== undefined && isMoved(Date.parse(data.now));
    });
    await this.until('the clock has moved for who fetches the lists', () =>
      this.refreshing ? isMoved(this.refreshing.now) : true,
    );
  }

  /** Fetches the revocation lists of test mode, and waits until a running API answers from them. */
  async refresh(): Promise<void> {
    await (await this.startRefreshing()).refresh();
    await this.untilCaughtUp();
  }

  /** Reads the withdrawals of consents at J-LIS, as the worker does every few minutes. */
  async readWithdrawals(): Promise<number | undefined> {
    return (await this.startRefreshing()).readWithdrawals();
  }

  /** Sends what the typed client would not. */
  async send(
    method: string,
    path: string,
    init: { key?: TestKey; headers?: Record<string, string>; body?: string | Uint8Array } = {},
  ): Promise<RawAnswer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(init.key ? { authorization: `Bearer ${init.key.secret}` } : {}),
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    return readAnswer(answer);
  }

  /** The octets of an answer: reading a text takes its byte order mark away. */
  async bytes(path: string, key: TestKey): Promise<Buffer> {
    const answer = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${key.secret}` } });
    return Buffer.from(await answer.arrayBuffer());
  }

  /** A pool as the worker's processes have it. */
  workerPool(): Promise<DataSource> {
    return connect(this.database.urls.worker);
  }

  async until(what: string, condition: () => Promise<boolean> | boolean, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  private async trustSandbox(): Promise<void> {
    for (const { hierarchy, certificate, fingerprint } of await this.sandbox.anchors())
      await this.importAnchor('test', hierarchy, Buffer.from(certificate, 'base64'), fingerprint);
    for (const hierarchy of ['sign', 'auth'] as const)
      await setSource(this.context, {
        mode: 'test',
        hierarchy,
        crlIndexUrl: `${this.sandbox.url}/crl/${hierarchy}/index.json`,
        layout: 'partitioned',
        ocspUrl: `${this.sandbox.url}/ocsp/${hierarchy}`,
      });
  }

  private get jlisSettings(): Record<string, string> {
    return { JLIS_TEST_URL: this.jlis.url, JLIS_TEST_TLS_DIR: this.jlis.directory };
  }

  private async epoch(): Promise<number> {
    const { rows } = await this.owner.query<{ epoch: string }>(
      `select epoch from revocation_epoch where mode = 'test'`,
    );
    return Number(rows[0]!.epoch);
  }

  private async startApi(settings: Record<string, string>): Promise<void> {
    this.epochAtStart = await this.epoch();
    this.program = await Program.start(
      'apps/api/src/main.js',
      {
        DATABASE_URL: this.database.urls.api,
        PORT: new URL(this.url).port,
        PUBLIC_URL: this.url,
        KEY_RING: testKeyRing(),
        SIGNING_KEYS: testSigningKeys(),
        ...this.jlisSettings,
        LOG_LEVEL: 'info',
        ...settings,
      },
      `${this.url}/health/ready`,
    );
  }

  private async startRefreshing(): Promise<Refreshing> {
    return (this.refreshing ??= await Refreshing.start(this.database.urls.worker, this.jlisSettings));
  }

  /** Waits until the API has taken over the newest anchors and lists of test mode. */
  async untilCaughtUp(): Promise<void> {
    if (!this.program) return;
    const newest = await this.epoch();
    if (newest <= this.epochAtStart) return;
    await this.until('the API has taken over the newest revocation data', () =>
      [...this.log.matchAll(/"mode":"test","epoch":"(\d+)"/g)].some(([, epoch]) => Number(epoch) >= newest),
    );
  }
}

export async function readAnswer(answer: Response): Promise<RawAnswer> {
  const text = await answer.text();
  const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}
