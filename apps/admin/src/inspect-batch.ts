import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { inspectCertificate } from '#lib/pki';
import { inspectAnswer, internalErrorAnswer, requestMalformedAnswer } from './inspect-answer.js';
import { findBrokenBound } from './inspect-bounds.js';
import { MAX_LINE_BYTES, splitLines } from './inspect-lines.js';
import { readRequest, RequestMalformed } from './inspect-request.js';

/** Answers smaller than this are written together. */
const WRITE_OCTETS = 65_536;

/**
 * One JSON verdict a line for one JSON request a line, in order. Whatever a line holds, it is answered: a line that is no
 * request with `request_malformed` and, where it has no readable id, the id null.
 * @param report is told of faults of the program itself
 */
export async function runBatch(
  input: AsyncIterable<Buffer>,
  output: Writable,
  report: (error: unknown) => void,
  maxLineBytes = MAX_LINE_BYTES,
): Promise<void> {
  let pending = '';
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = '';
    // Reading stops until the reader of our answers has caught up.
    if (text && !output.write(text)) await once(output, 'drain');
  };
  const answering = splitLines(input, maxLineBytes);
  for await (const line of withFlushes(answering, flush)) {
    pending += `${JSON.stringify(answerLine(line, report))}\n`;
    if (pending.length >= WRITE_OCTETS) await flush();
  }
  await flush();
}

/** The lines; whenever the next one is not here yet, what has been answered is handed out. */
async function* withFlushes<T>(lines: AsyncGenerator<T>, flush: () => Promise<void>): AsyncGenerator<T> {
  for (;;) {
    const next = lines.next();
    let isHere = false;
    void next.then(() => (isHere = true)).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    if (!isHere) await flush();
    const { value, done } = await next;
    if (done) return;
    yield value;
  }
}

type Id = string | number | null;

/** Never throws. */
export function answerLine(line: Buffer | 'too_long', report: (error: unknown) => void): Record<string, unknown> {
  let id: Id = null;
  try {
    const json = parseLine(line);
    id = idOf(json);
    return { id, ...inspectAnswer(inspectCertificate(readRequest(json))) };
  } catch (error) {
    if (error instanceof RequestMalformed) return { id, ...requestMalformedAnswer(error) };
    report(error);
    return { id, ...internalErrorAnswer() };
  }
}

function parseLine(line: Buffer | 'too_long'): unknown {
  if (line === 'too_long') throw new RequestMalformed('line_too_long');
  const broken = findBrokenBound(line);
  if (broken) throw new RequestMalformed(broken);
  try {
    return JSON.parse(line.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new RequestMalformed('not_json');
    throw error;
  }
}

function idOf(json: unknown): Id {
  const id = typeof json === 'object' && json !== null && 'id' in json ? json.id : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
