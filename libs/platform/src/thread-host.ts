import { parentPort, workerData } from 'node:worker_threads';
import { type LogLevel, plainError, type ThreadNote, type ThreadRequest } from './thread.js';

/** What a thread's work may use to speak to the process around it. */
export interface ThreadSession {
  /** Sends a piece of the answer before its end; buffers in `transfer` change hands without a copy. */
  part(value: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Writes a line of the process's log. */
  log(level: LogLevel, event: string, facts: Record<string, unknown>): void;
}

/** What a thread does. */
export interface ThreadWork<Request, Answer> {
  answer(request: Request, session: ThreadSession): Promise<Answer>;
  /** Brings what is running to a quick end. */
  stop(): void;
  /** Called when nothing runs any more: lets go of everything that keeps the thread alive. */
  close(): Promise<void>;
}

/**
 * Answers the requests of the process that started this thread, any number at a time, until told to stop.
 * @param start makes the thread's work from what it was started with; what comes in has the form the starter gave it
 */
export function hostThread(start: (data: never) => ThreadWork<never, unknown>): void {
  const port = parentPort;
  if (port === null) throw new Error('not in a thread');
  const work = start(workerData as never);
  const post = (note: ThreadNote, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(note, transfer);
  const running = new Set<Promise<void>>();

  const serve = async ({ id, request }: ThreadRequest): Promise<void> => {
    const session: ThreadSession = {
      part: (value, transfer) => post({ kind: 'part', id, value }, transfer),
      log: (level, event, facts) => post({ kind: 'log', level, event, facts: plainFacts(facts) }),
    };
    try {
      post({ kind: 'answer', id, value: await work.answer(request as never, session) });
    } catch (error) {
      post({ kind: 'failure', id, error: plainError(error) });
    }
  };

  port.on('message', (message: ThreadRequest | 'stop') => {
    if (message === 'stop') {
      work.stop();
      void Promise.all(running)
        .then(() => work.close())
        .finally(() => port.close());
      return;
    }
    const done = serve(message).finally(() => running.delete(done));
    running.add(done);
  });
}

/** Errors do not keep their fields on the way between threads. */
function plainFacts(facts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]): [string, unknown] => [
      name,
      value instanceof Error ? plainError(value) : value,
    ]),
  );
}
