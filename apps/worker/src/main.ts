import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { loadConfig, Logger, runMain, stopWithParent } from '#lib/platform';
import { AppModule } from './app.module.js';

const SETTINGS = [
  'DATABASE_URL',
  'DATABASE_POOL',
  'REDIS_URL',
  'LOG_LEVEL',
  'KEY_RING',
  'CRL_IDLE_TIMEOUT_MS',
] as const;

runMain(async () => {
  const config = loadConfig(SETTINGS, process.env);
  const logger = new Logger('worker', config.LOG_LEVEL);
  const app = await NestFactory.createApplicationContext(
    AppModule.forRoot({
      app: 'worker',
      databaseUrl: config.DATABASE_URL,
      databasePool: config.DATABASE_POOL,
      redisUrl: config.REDIS_URL,
      keyRing: config.KEY_RING,
      crlIdleTimeoutMs: config.CRL_IDLE_TIMEOUT_MS,
      logger,
    }),
    { logger, abortOnError: false },
  );
  stopWithParent(app, logger);
  logger.log('ready');
});
