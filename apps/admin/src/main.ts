import 'reflect-metadata';
import { join } from 'node:path';
import {
  createMetrics,
  HTTP_SETTINGS,
  httpLimitsOf,
  loadConfig,
  Logger,
  runMain,
  serveMetrics,
  showSettings,
  stopWithParent,
} from '#lib/platform';
import { createApp } from './rest/create-app.js';

const SETTINGS = [
  'DATABASE_URL',
  'DATABASE_POOL',
  'HOST',
  'ADMIN_PORT',
  'PUBLIC_URL',
  'API_PUBLIC_URL',
  'LOG_LEVEL',
  'KEY_RING',
  'CRL_LATE_MINUTES',
  'METRICS_HOST',
  'METRICS_PORT',
  ...HTTP_SETTINGS,
] as const;

/** Where the build puts the console: dist/apps/console, seen from dist/apps/admin/src. */
const CONSOLE_DIR = join(import.meta.dirname, '..', '..', 'console');
/** A person has given up by then. */
const QUERY_TIMEOUT_MS = 20_000;

runMain(async () => {
  const config = loadConfig(SETTINGS, process.env);
  const logger = new Logger('admin', config.LOG_LEVEL);
  const metrics = createMetrics('admin');
  const app = await createApp({
    app: 'admin',
    databaseUrl: config.DATABASE_URL,
    databasePool: config.DATABASE_POOL,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    keyRing: config.KEY_RING,
    publicUrl: config.PUBLIC_URL,
    apiUrl: config.API_PUBLIC_URL,
    lateMs: config.CRL_LATE_MINUTES * 60_000,
    consoleDir: CONSOLE_DIR,
    settings: showSettings([...SETTINGS, 'REDIS_URL'], process.env),
    // Everything works without it but what is handed to the worker, and the look at its jobs.
    ...(process.env['REDIS_URL'] ? { redisUrl: loadConfig(['REDIS_URL'], process.env).REDIS_URL } : {}),
    http: httpLimitsOf(config),
    logger,
    metrics,
  });
  stopWithParent(app, logger);
  if (config.METRICS_PORT !== undefined)
    await serveMetrics(metrics, { host: config.METRICS_HOST, port: config.METRICS_PORT, logger });
  await app.listen(config.ADMIN_PORT, config.HOST);
  logger.log('ready', { url: await app.getUrl() });
});
