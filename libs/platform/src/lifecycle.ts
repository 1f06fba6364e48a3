import type { INestApplicationContext } from '@nestjs/common';
import { isDatabaseUnavailable } from './database.js';
import { OperatorMustAct } from './operator-must-act.js';
import type { Logger } from './logger.js';

/** Longest time a graceful stop may take before the process ends anyway, milliseconds. */
const STOP_TIMEOUT_MS = 15_000;

/**
 * Stops `app` gracefully on SIGTERM, SIGINT, and when the parent that opened an IPC channel dies, so that a killed
 * launcher leaves no process behind.
 */
export function stopWithParent(app: INestApplicationContext, logger: Logger): void {
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    logger.log('stopping', { why });
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('stop_failed', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  if (process.channel) {
    process.once('disconnect', () => stop('parent_gone'));
    process.channel.unref();
  }
}

/** SQLSTATE classes 28 refused login and 3D000 no such database (PostgreSQL manual, appendix A). */
const WRONG_DATABASE_CODE = /^(28...|3D000)$/;

/** What is told of an error that ends a process. The driver's messages name host and login, never the password. */
function lastWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof OperatorMustAct) return error.message;
  const { code } = error as { code?: unknown };
  if (isDatabaseUnavailable(error) || (typeof code === 'string' && WRONG_DATABASE_CODE.test(code)))
    return `DATABASE_URL: ${error.message}`;
  return error.stack ?? error.message;
}

/** Runs a process's main; what a person has to put right ends it with one line, anything else with its stack. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${lastWords(error)}\n`);
    process.exit(1);
  });
}
