import 'reflect-metadata';
import { pino } from 'pino';
import { createJlisServer } from './jlis/jlis-server.js';
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

  const sandbox = await Sandbox.open(settings);
  const jlis = await createJlisServer(sandbox, sandbox.jlisTls, log);
  const app = await createServer(sandbox, log);
  close = async () => {
    await Promise.all([jlis.close(), app.close()]);
  };
  // Whoever waits for `GET /health` finds both listeners open.
  await jlis.listen(settings.jlisPort, settings.host);
  await app.listen(settings.port, settings.host);
  const { host, port, jlisPort } = settings;
  log.info({ host, port, jlisPort, state: settings.stateDirectory }, 'ready');
}

start().catch((error: unknown) => {
  pino({ base: { app: 'sandbox' } }).fatal({ err: error }, 'start failed');
  process.exitCode = 1;
});
