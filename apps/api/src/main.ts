import 'reflect-metadata';
import { loadConfig, Logger, runMain, stopWithParent } from '#lib/platform';
import { createApp } from './create-app.js';

const SETTINGS = [
  'DATABASE_URL',
  'DATABASE_POOL',
  'HOST',
  'PORT',
  'PUBLIC_URL',
  'LOG_LEVEL',
  'KEY_RING',
  'OCSP_TIMEOUT_MS',
] as const;

runMain(async () => {
  const config = loadConfig(SETTINGS, process.env);
  const logger = new Logger('api', config.LOG_LEVEL);
  const app = await createApp({
    app: 'api',
    databaseUrl: config.DATABASE_URL,
    databasePool: config.DATABASE_POOL,
    keyRing: config.KEY_RING,
    publicUrl: config.PUBLIC_URL,
    ocspTimeoutMs: config.OCSP_TIMEOUT_MS,
    logger,
  });
  stopWithParent(app, logger);
  await app.listen(config.PORT, config.HOST);
  logger.log('ready', { url: await app.getUrl() });
});
