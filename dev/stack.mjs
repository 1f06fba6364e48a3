import { mkdirSync, mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_ARGUMENTS, AppProcess, NODE_ARGUMENTS } from './app-process.mjs';
import { LaunchProblem } from './launch-problem.mjs';
import { LockFile } from './lock-file.mjs';
import { root } from './paths.mjs';
import { freePort, requirePort } from './ports.mjs';
import { startPostgres } from './postgres.mjs';
import { startRedis } from './redis.mjs';
import { runCommand } from './run-command.mjs';
import { loadSecrets } from './secrets.mjs';
import { ensureDatabase, withDatabaseName, withLogin } from './sql.mjs';

const DATABASE = 'shomei';

/** See `stack.d.mts` for the contract. Everything begun is stopped again when a step fails. */
export async function startStack(options = {}) {
  const stack = new Stack(options);
  try {
    await stack.start();
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

class Stack {
  urls = {};
  ports = {};
  postgres;
  redis;
  sandbox;
  worker;
  api;
  admin;
  #options;
  #lock;
  #temporary;
  #reportEnd;
  #firstEnd = new Promise((resolve) => {
    this.#reportEnd = (name) => resolve(new LaunchProblem(`${name} has ended; see the logs in ${this.logDir}.`));
  });

  constructor(options) {
    this.#options = { apps: ['sandbox', 'worker', 'api'], step: (_name, work) => work(), ...options };
    if (this.#options.throwaway) this.#temporary = mkdtempSync(join(tmpdir(), 'shomei-'));
    this.dataDir = this.#temporary ?? this.#options.dataDir;
    if (this.dataDir === undefined) throw new Error('a kept stack needs dataDir');
    mkdirSync(this.dataDir, { recursive: true });
    // The database account of a launcher run by root must be able to pass through; what is inside is closed.
    chmodSync(this.dataDir, 0o711);
    this.logDir = join(this.dataDir, 'logs');
  }

  async start() {
    const { step, throwaway, ports } = this.#options;
    mkdirSync(this.logDir, { recursive: true, mode: 0o700 });
    this.#lock = await LockFile.take(join(this.dataDir, 'launcher.json'), 'This installation');
    this.ports = throwaway
      ? { api: await freePort(), admin: await freePort(), sandbox: await freePort(), jlis: await freePort(), ...ports }
      : { api: 3000, admin: 3001, sandbox: 4010, jlis: 4011, ...ports };
    await requirePort(this.ports.api, 'API', 'PORT');
    await requirePort(this.ports.admin, 'operators’ REST', 'ADMIN_PORT');
    await requirePort(this.ports.sandbox, 'sandbox', 'SANDBOX_PORT');
    await requirePort(this.ports.jlis, 'sandbox’s J-LIS services', 'SANDBOX_JLIS_PORT');
    this.urls.api = `http://127.0.0.1:${this.ports.api}`;
    this.urls.admin = `http://127.0.0.1:${this.ports.admin}`;
    this.urls.sandbox = `http://127.0.0.1:${this.ports.sandbox}`;
    this.urls.jlis = `https://127.0.0.1:${this.ports.jlis}`;
    this.secrets = loadSecrets(this.dataDir);
    await step('PostgreSQL', () => this.#startPostgres());
    await step('Redis', () => this.#startRedis());
    await step('migrate', () => this.migrate());
    this.#defineApps();
    // The sandbox first: the others read its anchors and lists.
    for (const name of ['sandbox', 'worker', 'api', 'admin'])
      if (this.#options.apps.includes(name)) await step(name, () => this[name].start());
  }

  async #startPostgres() {
    const given = this.#options.databaseUrl;
    if (!given) {
      const { server, url } = await startPostgres({
        directory: this.dataDir,
        password: this.secrets.owner,
        throwaway: this.#options.throwaway ?? false,
        logFile: join(this.logDir, 'postgres.log'),
        lock: this.#lock,
        onUnaskedEnd: this.#reportEnd,
        removeWhenOrphaned: this.#temporary ? [this.#temporary] : [],
      });
      this.postgres = server;
      await ensureDatabase(url, DATABASE);
      this.#nameDatabase(withDatabaseName(url, DATABASE));
    } else this.#nameDatabase(given);
  }

  #nameDatabase(owner) {
    this.urls.database = {
      owner,
      api: withLogin(owner, 'shomei_api', this.secrets.api),
      worker: withLogin(owner, 'shomei_worker', this.secrets.worker),
      admin: withLogin(owner, 'shomei_admin', this.secrets.admin),
      operator: withLogin(owner, 'shomei_operator', this.secrets.operator),
    };
  }

  async #startRedis() {
    this.urls.redis = this.#options.redisUrl;
    if (this.urls.redis) return;
    const { server, url } = await startRedis({
      directory: this.dataDir,
      password: this.secrets.redis,
      throwaway: this.#options.throwaway ?? false,
      logFile: join(this.logDir, 'redis.log'),
      lock: this.#lock,
      onUnaskedEnd: this.#reportEnd,
      announce: this.#options.announce,
      removeWhenOrphaned: this.#temporary ? [this.#temporary] : [],
    });
    this.redis = server;
    this.urls.redis = url;
  }

  /** Brings the schema up to date; takes its own lock in the database. */
  async migrate() {
    await this.run('dist/migrations/migrate.js', [], {
      DATABASE_URL: this.urls.database.owner,
      API_DB_PASSWORD: this.secrets.api,
      WORKER_DB_PASSWORD: this.secrets.worker,
      ADMIN_DB_PASSWORD: this.secrets.admin,
      OPERATOR_DB_PASSWORD: this.secrets.operator,
    });
  }

  /** Runs the operator's command and returns its standard output. */
  operator(args) {
    return this.run('dist/apps/admin/src/operator.js', args, this.operatorEnvironment());
  }

  operatorEnvironment() {
    return {
      DATABASE_URL: this.urls.database.operator,
      REDIS_URL: this.urls.redis,
      SANDBOX_URL: this.urls.sandbox,
      ...this.#shared(),
    };
  }

  /** Runs one of our own programs to its end with settings of its own. */
  run(script, args, env) {
    return runCommand(process.execPath, [...NODE_ARGUMENTS, join(root, script), ...args], {
      cwd: root,
      capture: true,
      what: [script.slice(script.lastIndexOf('/') + 1, -3), ...args].join(' '),
      env: { ...inherited(), ...env },
      // The channel is what `die-with-parent` listens to.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
  }

  #shared() {
    return {
      NODE_ENV: this.#options.throwaway ? 'test' : 'development',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
      KEY_RING: JSON.stringify(this.secrets.keyRing),
    };
  }

  #defineApps() {
    const app = (name, script, env, readyUrl) =>
      new AppProcess(name, {
        script,
        ...(name === 'api' ? { nodeArguments: API_ARGUMENTS } : {}),
        env: { ...inherited(), ...this.#shared(), ...env, ...this.#options.environment?.[name] },
        logFile: join(this.logDir, `${name}.log`),
        lock: this.#lock,
        onUnaskedEnd: this.#reportEnd,
        onError: (line) => this.#options.announce?.(`[${name}] ${line}`),
        ...(readyUrl ? { readyUrl } : {}),
      });
    this.sandbox = app(
      'sandbox',
      'dist/apps/sandbox/src/main.js',
      {
        SANDBOX_PORT: String(this.ports.sandbox),
        SANDBOX_JLIS_PORT: String(this.ports.jlis),
        SANDBOX_PUBLIC_URL: this.urls.sandbox,
        SANDBOX_STATE_DIR: join(this.dataDir, 'sandbox'),
      },
      `${this.urls.sandbox}/health`,
    );
    // The sandbox has written the certificates before the others start.
    const jlis = {
      JLIS_TEST_URL: this.urls.jlis,
      JLIS_TEST_TLS_DIR: join(this.dataDir, 'sandbox', 'jlis-tls'),
    };
    // A receiver to try webhooks with runs on this machine.
    const webhooks = { WEBHOOK_TEST_LOOPBACK: 'true' };
    this.worker = app('worker', 'dist/apps/worker/src/main.js', {
      DATABASE_URL: this.urls.database.worker,
      REDIS_URL: this.urls.redis,
      AUDIT_SIGNING_KEY: JSON.stringify(this.secrets.auditSigningKey),
      ...webhooks,
      ...jlis,
    });
    this.api = app(
      'api',
      'dist/apps/api/src/main.js',
      {
        DATABASE_URL: this.urls.database.api,
        REDIS_URL: this.urls.redis,
        HOST: '127.0.0.1',
        PORT: String(this.ports.api),
        PUBLIC_URL: this.urls.api,
        SIGNING_KEYS: JSON.stringify(this.secrets.signingKeys),
        ...webhooks,
        ...jlis,
      },
      `${this.urls.api}/health/ready`,
    );
    this.admin = app(
      'admin',
      'dist/apps/admin/src/main.js',
      {
        DATABASE_URL: this.urls.database.admin,
        REDIS_URL: this.urls.redis,
        HOST: '127.0.0.1',
        ADMIN_PORT: String(this.ports.admin),
        PUBLIC_URL: this.urls.admin,
        API_PUBLIC_URL: this.urls.api,
      },
      `${this.urls.admin}/health/ready`,
    );
  }

  /** Settles with a `LaunchProblem` when any part ends without being asked to. */
  firstEnd() {
    return this.#firstEnd;
  }

  /** Stops everything in the order in which nobody misses anybody. Safe to call twice. */
  async stop() {
    for (const part of [this.admin, this.api, this.worker, this.sandbox, this.redis, this.postgres]) await part?.stop();
    this.#lock?.release();
    if (this.#temporary) rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** The caller's environment without settings that each of our processes has for itself. */
function inherited() {
  const env = { ...process.env };
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'HOST', 'PORT', 'PUBLIC_URL', 'JEST_WORKER_ID']) delete env[name];
  return env;
}
