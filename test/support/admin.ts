import pg from 'pg';
import type { DataSource } from 'typeorm';
import { type AdminClient, createAdminClient } from '#lib/api-client';
import { type Role, totpCode } from '#lib/operators';
import { freePort } from '../../dev/ports.mjs';
import { readAnswer, type RawAnswer } from './api.js';
import { createTestDatabase, type TestDatabase, testKeyRing } from './database.js';
import { type TestOperator, TestPeople } from './operators.js';
import { Program } from './program.js';
import { connect } from './tenants.js';

const STEP_MS = 30_000;

/** A real process of the operators' REST on a database of its own, and its first two admins. */
export class AdminStack {
  private constructor(
    private readonly database: TestDatabase,
    private readonly program: Program,
    /** As shomei_admin. */
    readonly admin: DataSource,
    readonly operator: DataSource,
    /** Sees and may change every row. */
    readonly owner: pg.Client,
    readonly url: string,
    readonly people: TestPeople,
    readonly first: TestOperator,
    readonly second: TestOperator,
    private readonly afterwards: () => Promise<void>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<AdminStack> {
    const database = await createTestDatabase();
    return AdminStack.on(database, settings, () => database.drop());
  }

  /** On a database that has no operators yet and whose other users go on. */
  static async on(
    database: TestDatabase,
    settings: Record<string, string> = {},
    afterwards: () => Promise<void> = () => Promise.resolve(),
  ): Promise<AdminStack> {
    const owner = new pg.Client({ connectionString: database.urls.owner });
    await owner.connect();
    const admin = await connect(database.urls.admin);
    const operator = await connect(database.urls.operator);
    const people = new TestPeople(admin, operator);
    const first = await people.firstAdmin();
    const second = await people.firstAdmin();
    const url = `http://127.0.0.1:${await freePort()}`;
    const program = await Program.start(
      'apps/admin/src/main.js',
      {
        DATABASE_URL: database.urls.admin,
        ADMIN_PORT: new URL(url).port,
        PUBLIC_URL: url,
        KEY_RING: testKeyRing(),
        LOG_LEVEL: 'info',
        ...settings,
      },
      `${url}/health/ready`,
    );
    return new AdminStack(database, program, admin, operator, owner, url, people, first, second, afterwards);
  }

  /** @throws Error when the process has made a mistake of its own. */
  async stop(): Promise<void> {
    await this.program.stop();
    await this.admin.destroy();
    await this.operator.destroy();
    await this.owner.end();
    await this.afterwards();
    const mistakes = this.log.split('\n').filter((line) => line.includes('"request_failed"'));
    if (mistakes.length > 0) throw new Error(`${mistakes.length} requests failed:\n${mistakes.join('\n')}`);
  }

  /** Of the database, by login role. */
  get urls(): TestDatabase['urls'] {
    return this.database.urls;
  }

  get log(): string {
    return this.program.output;
  }

  /** What the process's own role can do past its code. */
  withAdminRole(sql: string): Promise<unknown> {
    return this.admin.query(sql);
  }

  browser(): AdminBrowser {
    return new AdminBrowser(this.url);
  }

  /** A browser in which the person is signed in with both factors. */
  async signedIn(person: TestOperator): Promise<AdminBrowser> {
    const browser = this.browser();
    await browser.signIn(person.email, person.password);
    await browser.send('POST', '/v1/session/second-factor', { code: await this.people.nextCode(person) });
    return browser;
  }

  /** A new operator with these roles. */
  person(roles: readonly Role[]): Promise<TestOperator> {
    return this.people.withRoles(roles, this.first, this.second);
  }

  /** Actions about a target or by an actor, oldest first. */
  async audited(text: string): Promise<{ action: string; actor: string; detail: Record<string, unknown> }[]> {
    const { rows } = await this.owner.query<{ action: string; actor: string; detail: Record<string, unknown> }>(
      'select action, actor, detail from audit_event where target = $1 or actor = $1 order by id',
      [text],
    );
    return rows;
  }
}

/** The code of an authenticator at a time. */
export const codeAt = (person: TestOperator, at: number): string => totpCode(person.secret, Math.floor(at / STEP_MS));

/** Keeps one cookie and one CSRF token, as the console does. */
export class AdminBrowser {
  cookie: string | undefined;
  csrf: string | undefined;
  readonly client: AdminClient;

  constructor(private readonly url: string) {
    this.client = createAdminClient({
      baseUrl: url,
      csrfToken: () => this.csrf,
      fetch: async (request) => {
        if (this.cookie !== undefined) request.headers.set('cookie', this.cookie);
        const answer = await fetch(request);
        this.keep(answer.headers);
        return answer;
      },
    });
  }

  async signIn(email: string, password: string): Promise<RawAnswer> {
    return this.send('POST', '/v1/session', { email, password });
  }

  /** A file as it was sent. @param leave goes away before that */
  async octets(path: string, leave?: AbortSignal): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
    const answer = await fetch(`${this.url}${path}`, {
      signal: leave ?? null,
      headers: this.cookie === undefined ? {} : { cookie: this.cookie },
    });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  /** Takes over cookie and CSRF token that an answer brings. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.cookie === undefined ? {} : { cookie: this.cookie }),
        ...(this.csrf === undefined ? {} : { 'x-csrf-token': this.csrf }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    this.keep(answer.headers);
    const read = await readAnswer(answer);
    const session = (read.body['session'] ?? read.body) as { csrf_token?: string };
    if (session.csrf_token !== undefined) this.csrf = session.csrf_token;
    return read;
  }

  /** Sends a body as it is. */
  async sendRaw(method: string, path: string, type: string, body: Buffer): Promise<RawAnswer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { cookie: this.cookie ?? '', 'x-csrf-token': this.csrf ?? '', 'content-type': type },
      body: new Uint8Array(body),
    });
    return readAnswer(answer);
  }

  /** Gets a file. */
  async download(path: string): Promise<{ status: number; headers: Headers; content: Buffer }> {
    const answer = await fetch(`${this.url}${path}`, { headers: { cookie: this.cookie ?? '' } });
    return { status: answer.status, headers: answer.headers, content: Buffer.from(await answer.arrayBuffer()) };
  }

  private keep(headers: Headers): void {
    const [pair] = headers.getSetCookie();
    if (pair !== undefined) this.cookie = pair.split(';')[0]!;
  }
}

/** Status, and the code of a refusal. */
export const outcome = ({ status, body }: { status: number; body: Record<string, unknown> }): unknown[] =>
  body['code'] === undefined ? [status] : [status, body['code']];

/** Where a session stands: what `GET /v1/me` says. */
export const whereIs = async (browser: AdminBrowser): Promise<unknown[]> => {
  const answer = await browser.send('GET', '/v1/me');
  return answer.status === 200 ? [200, answer.body['stage']] : outcome(answer);
};
