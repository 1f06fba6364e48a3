import 'reflect-metadata';
import { JLIS_SETTINGS, loadJlisOptions } from '#lib/jlis';
import {
  createMetrics,
  HTTP_SETTINGS,
  httpLimitsOf,
  loadConfig,
  Logger,
  runMain,
  serveMetrics,
  stopWithParent,
} from '#lib/platform';
import { createApp } from './create-app.js';

const SETTINGS = [
  'DATABASE_URL',
  'DATABASE_POOL',
  'HOST',
  'PORT',
  'PUBLIC_URL',
  'TRUST_PROXY',
  'API_PROCESSES',
  'LOG_LEVEL',
  'KEY_RING',
  'SIGNING_KEYS',
  'OCSP_TIMEOUT_MS',
  'WEBHOOK_TEST_LOOPBACK',
  'METRICS_HOST',
  'METRICS_PORT',
  ...HTTP_SETTINGS,
  ...JLIS_SETTINGS,
] as const;

/** A caller has given up by then. */
const QUERY_TIMEOUT_MS = 15_000;

runMain(async () => {
  const config = loadConfig(SETTINGS, process.env);
  const logger = new Logger('api', config.LOG_LEVEL);
  const metrics = createMetrics('api');
  const app = await createApp({
    app: 'api',
    databaseUrl: config.DATABASE_URL,
    databasePool: config.DATABASE_POOL,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    keyRing: config.KEY_RING,
    signingKeys: config.SIGNING_KEYS,
    jlis: loadJlisOptions(config),
    publicUrl: config.PUBLIC_URL,
    http: httpLimitsOf(config),
    trustedProxies: config.TRUST_PROXY,
    rateLimits: {
      processes: config.API_PROCESSES,
      // Processes without it count by themselves.
      ...(process.env['REDIS_URL'] ? { redisUrl: loadConfig(['REDIS_URL'], process.env).REDIS_URL } : {}),
    },
    ocspTimeoutMs: config.OCSP_TIMEOUT_MS,
    webhookTestLoopback: config.WEBHOOK_TEST_LOOPBACK,
    logger,
    metrics,
  });
  stopWithParent(app, logger);
  if (config.METRICS_PORT !== undefined)
    await serveMetrics(metrics, { host: config.METRICS_HOST, port: config.METRICS_PORT, logger });
  await app.listen(config.PORT, config.HOST);
  logger.log('ready', { url: await app.getUrl() });
});
