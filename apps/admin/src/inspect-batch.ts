import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { inspectCertificate } from '#lib/pki';
import { inspectAnswer, internalErrorAnswer, requestMalformedAnswer } from './inspect-answer.js';
import { findBrokenBound } from './inspect-bounds.js';
import { type Line, MAX_LINE_BYTES, splitLines } from './inspect-lines.js';
import { readRequest, RequestMalformed } from './inspect-request.js';

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
  for await (const lines of splitLines(input, maxLineBytes)) {
    const answers = lines.map((line) => `${JSON.stringify(answerLine(line, report))}\n`).join('');
    // Reading stops until the reader of the answers has caught up.
    if (!output.write(answers)) await once(output, 'drain');
  }
}

type Id = string | number | null;

/** Never throws. */
export function answerLine(line: Line, report: (error: unknown) => void): Record<string, unknown> {
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

function parseLine(line: Line): unknown {
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
