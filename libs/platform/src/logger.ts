import { Injectable, type LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type Logger as Pino } from 'pino';

const ERROR_FIELDS = ['name', 'message', 'code', 'stack'] as const;

/** An error as plain facts; a database error's `parameters` and `detail` hold row values and are left out. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const fields: Record<string, unknown> = {};
  for (const field of ERROR_FIELDS) {
    const found = (value as unknown as Record<string, unknown>)[field];
    if (found !== undefined) fields[field] = found;
  }
  return fields;
}

/**
 * JSON lines on standard output: `event` in snake_case and its facts. Bodies, headers, keys and personal data are
 * never passed in; there is nothing to redact.
 */
@Injectable()
export class Logger implements LoggerService {
  private readonly pino: Pino;

  constructor(app: string, level: string) {
    this.pino = pino({
      level,
      base: { app, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'event',
    });
  }

  private write(level: 'info' | 'warn' | 'error' | 'fatal' | 'debug', event: unknown, facts: unknown[]): void {
    const first = facts[0];
    const fields =
      first !== null && typeof first === 'object' && !(first instanceof Error)
        ? Object.fromEntries(Object.entries(first).map(([key, value]) => [key, plain(value)]))
        : { context: facts.map(plain) };
    this.pino[level](fields, event instanceof Error ? event.message : String(event));
  }

  log(event: unknown, ...facts: unknown[]): void {
    this.write('info', event, facts);
  }
  warn(event: unknown, ...facts: unknown[]): void {
    this.write('warn', event, facts);
  }
  error(event: unknown, ...facts: unknown[]): void {
    this.write('error', event, facts);
  }
  fatal(event: unknown, ...facts: unknown[]): void {
    this.write('fatal', event, facts);
  }
  debug(event: unknown, ...facts: unknown[]): void {
    this.write('debug', event, facts);
  }
}
