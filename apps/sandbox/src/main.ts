import 'reflect-metadata';
import { pino } from 'pino';
import { createServer } from './sandbox-server.js';
import { Sandbox } from './sandbox.js';
import { readSettings } from './settings.js';

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel, base: { app: 'sandbox' } });
  let close = (): Promise<void> => Promise.resolve();
  let stopping = false;
  const stop = (cause: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ cause }, 'stopping');
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stop failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  // Started by a launcher over IPC: a killed launcher must not leave a sandbox behind.
  if (process.channel) process.once('disconnect', () => stop('parent gone'));

  const app = await createServer(await Sandbox.open(settings), log);
  await app.listen(settings.port, settings.host);
  close = () => app.close();
  log.info({ host: settings.host, port: settings.port, state: settings.stateDirectory }, 'ready');
}

start().catch((error: unknown) => {
  pino({ base: { app: 'sandbox' } }).fatal({ err: error }, 'start failed');
  process.exitCode = 1;
});
