import { join, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from './logger.js';

export type LogLevel = 'log' | 'warn' | 'error' | 'debug';

/** An error as the facts that a log line holds. */
export interface PlainError {
  name: string;
  message: string;
  code?: string;
  stack?: string;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

export interface ThreadRequest {
  id: number;
  request: unknown;
}

export type ThreadNote =
  | { kind: 'part'; id: number; value: unknown }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'failure'; id: number; error: PlainError }
  | { kind: 'log'; level: LogLevel; event: string; facts: Record<string, unknown> };

/** A thread's work failed in a way it did not foresee, or the thread ended before it answered. */
export class ThreadFailed extends Error {
  override readonly name = 'ThreadFailed';
  constructor(readonly fault: PlainError) {
    super(`${fault.name}: ${fault.message}`);
    if (fault.stack !== undefined) this.stack = fault.stack;
  }
}

/**
 * The compiled program `libs/<lib>/src/<name>`. A thread runs plain JavaScript, so it is the one in `dist/` also where
 * a test runner reads sources.
 */
export function threadProgram(lib: string, name: string, module = import.meta.filename): string {
  const inside = module.endsWith('.ts') ? `${sep}libs${sep}` : `${sep}dist${sep}`;
  return join(module.slice(0, module.lastIndexOf(inside)), 'dist', 'libs', lib, 'src', `${name}.js`);
}

/** How long a thread may take to finish what it has begun, milliseconds. */
const STOP_TIMEOUT_MS = 5_000;

export interface ThreadOptions {
  /** See `threadProgram`. */
  program: string;
  /** Given to the program; it crosses the threads as a message does. */
  data: unknown;
  logger: Logger;
  /** Without a request for this long the thread ends, milliseconds. */
  idleMs: number;
}

interface Waiting {
  answer(value: unknown): void;
  fail(error: Error): void;
  part(value: unknown): void;
}

/**
 * A worker thread that answers requests; see `hostThread`. It starts with the first one, ends when there was none for a
 * while, which gives its memory back, and starts again with the next; also after its death.
 */
export class Thread<Request, Answer, Part = never> {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly options: ThreadOptions) {}

  /** Requests not yet answered. */
  get load(): number {
    return this.waiting.size;
  }

  /** @throws ThreadFailed */
  ask(request: Request, part?: (part: Part) => void): Promise<Answer> {
    clearTimeout(this.idle);
    const worker = (this.worker ??= this.start());
    const id = this.nextId++;
    return new Promise<Answer>((resolve, reject) => {
      this.waiting.set(id, {
        answer: (value) => resolve(value as Answer),
        fail: reject,
        part: (value) => part?.(value as Part),
      });
      worker.postMessage({ id, request } satisfies ThreadRequest);
    });
  }

  /** Lets the thread finish what it has begun, as its work defines that, and waits for its end. */
  async stop(): Promise<void> {
    const { worker } = this;
    clearTimeout(this.idle);
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    // A thread that something keeps alive must not keep the process from ending.
    const deadline = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
    worker.postMessage('stop');
    await ended;
    clearTimeout(deadline);
  }

  private start(): Worker {
    const { program, data } = this.options;
    // Not those of this process: what a launcher or a test runner preloads is about a process's life.
    const worker = new Worker(program, { workerData: data, execArgv: ['--enable-source-maps'] });
    worker.on('message', (note: ThreadNote) => this.take(note));
    worker.once('error', (error) => this.end(worker, plainError(error)));
    worker.once('exit', (code) => this.end(worker, { name: 'Error', message: `the thread has ended (${code})` }));
    return worker;
  }

  private take(note: ThreadNote): void {
    if (note.kind === 'log') {
      this.options.logger[note.level](note.event, note.facts);
      return;
    }
    const waiting = this.waiting.get(note.id);
    if (note.kind === 'part') {
      waiting?.part(note.value);
      return;
    }
    this.waiting.delete(note.id);
    if (this.waiting.size === 0) this.endWhenIdle();
    if (note.kind === 'answer') waiting?.answer(note.value);
    else waiting?.fail(new ThreadFailed(note.error));
  }

  private endWhenIdle(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      // A request from now on starts another thread.
      this.worker?.postMessage('stop');
      this.worker = undefined;
    }, this.options.idleMs);
    this.idle.unref();
  }

  private end(worker: Worker, fault: PlainError): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const waiting of this.waiting.values()) waiting.fail(new ThreadFailed(fault));
    this.waiting.clear();
  }
}
