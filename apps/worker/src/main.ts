import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { JLIS_SETTINGS, loadJlisOptions } from '#lib/jlis';
import { createMetrics, loadConfig, Logger, runMain, serveMetrics, stopWithParent } from '#lib/platform';
import { AppModule } from './app.module.js';

const SETTINGS = [
  'DATABASE_URL',
  'DATABASE_POOL',
  'REDIS_URL',
  'LOG_LEVEL',
  'KEY_RING',
  'AUDIT_SIGNING_KEY',
  'CRL_IDLE_TIMEOUT_MS',
  'CRL_THREADS',
  'CRL_LATE_MINUTES',
  'METRICS_HOST',
  'METRICS_PORT',
  'JLIS_WITHDRAWALS_SECONDS',
  'OCSP_TIMEOUT_MS',
  'WEBHOOK_TEST_LOOPBACK',
  ...JLIS_SETTINGS,
] as const;

runMain(async () => {
  const config = loadConfig(SETTINGS, process.env);
  const logger = new Logger('worker', config.LOG_LEVEL);
  const metrics = createMetrics('worker');
  const app = await NestFactory.createApplicationContext(
    AppModule.forRoot({
      app: 'worker',
      databaseUrl: config.DATABASE_URL,
      databasePool: config.DATABASE_POOL,
      redisUrl: config.REDIS_URL,
      keyRing: config.KEY_RING,
      auditSigningKey: config.AUDIT_SIGNING_KEY,
      jlis: loadJlisOptions(config),
      ocspTimeoutMs: config.OCSP_TIMEOUT_MS,
      consentWithdrawalsMs: config.JLIS_WITHDRAWALS_SECONDS * 1_000,
      webhookTestLoopback: config.WEBHOOK_TEST_LOOPBACK,
      crlIdleTimeoutMs: config.CRL_IDLE_TIMEOUT_MS,
      crlThreads: config.CRL_THREADS,
      crlLateMinutes: config.CRL_LATE_MINUTES,
      logger,
      metrics,
    }),
    { logger, abortOnError: false },
  );
  stopWithParent(app, logger);
  if (config.METRICS_PORT !== undefined)
    await serveMetrics(metrics, { host: config.METRICS_HOST, port: config.METRICS_PORT, logger });
  logger.log('ready');
});
