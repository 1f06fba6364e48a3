import { NestFactory } from '@nestjs/core';
import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { createDataSource, loadConfig, Logger, PlatformModule } from '#lib/platform';
import { RevocationModule, RevocationRefreshModule, type RevocationRefreshOptions } from '#lib/revocation';
import { setSource, importAnchor } from '../../apps/admin/src/revocation-commands.js';
import type { OperatorContext } from '../../apps/admin/src/context.js';
import { testKeyRing, type TestDatabase } from './database.js';
import type { TestSandbox } from './sandbox.js';

@Module({})
class Root {}

const REFRESH = { crlIdleTimeoutMs: 2_500, crlThreads: 1, crlLateMinutes: 720 };

function start(url: string, module: DynamicModule, logger: Logger): Promise<INestApplicationContext> {
  const keyRing = loadConfig(['KEY_RING'], { KEY_RING: testKeyRing() }).KEY_RING;
  const platform = PlatformModule.forRoot({ app: 'test', databaseUrl: url, databasePool: 6, keyRing, logger });
  return NestFactory.createApplicationContext(
    { module: Root, imports: [platform, module] },
    { logger: false, abortOnError: false },
  );
}

/** The part of the API process that answers about revocation. */
export const startReader = (database: TestDatabase, logger = silent()): Promise<INestApplicationContext> =>
  start(database.urls.api, RevocationModule.forRoot({ ocspTimeoutMs: 2_500 }), logger);

/** The part of the worker that fetches lists. */
export const startRefresher = (
  database: TestDatabase,
  logger = silent(),
  options: Partial<RevocationRefreshOptions> = {},
): Promise<INestApplicationContext> =>
  start(database.urls.worker, RevocationRefreshModule.forRoot({ ...REFRESH, ...options }), logger);

const silent = (): Logger => new Logger('test', 'silent');

/** Keeps the events logged at warning level and above. */
export class EventLog extends Logger {
  readonly events: string[] = [];
  constructor() {
    super('test', 'silent');
  }
  override warn(event: unknown): void {
    this.events.push(String(event));
  }
  override error(event: unknown): void {
    this.events.push(String(event));
  }
}

/** An operator at the database, whose output is kept. */
export async function startOperator(
  database: TestDatabase,
  redisUrl?: string,
): Promise<OperatorContext & { lines: string[]; dataSource: DataSource }> {
  const dataSource = await createDataSource({
    url: database.urls.operator,
    pool: 2,
    applicationName: 'test-operator',
  }).initialize();
  const lines: string[] = [];
  return {
    dataSource,
    actor: 'operator:test',
    lines,
    out: (line) => void lines.push(line),
    askSecret: () => Promise.reject(new Error('nobody answers')),
    ask: () => Promise.resolve(''),
    ...(redisUrl === undefined ? {} : { redisUrl }),
  };
}

/** Makes test mode trust a sandbox and take its lists and OCSP answers. */
export async function trustSandbox(operator: OperatorContext, sandbox: TestSandbox): Promise<void> {
  for (const { hierarchy, certificate, fingerprint } of await sandbox.anchors())
    await importAnchor(operator, { mode: 'test', hierarchy, certificate, fingerprint });
  for (const hierarchy of ['sign', 'auth'] as const)
    await setSource(operator, {
      mode: 'test',
      hierarchy,
      crlIndexUrl: `${sandbox.url}/crl/${hierarchy}/index.json`,
      layout: 'partitioned',
      ocspUrl: `${sandbox.url}/ocsp/${hierarchy}`,
    });
}
