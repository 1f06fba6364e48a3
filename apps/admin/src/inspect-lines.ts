/** Octets of a line: a partition of a few hundred thousand revoked certificates in base64. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** The octets of a line without its newline; `too_long` stands for a line that was dropped. */
export type Line = Buffer | 'too_long';

/**
 * Splits a stream at newlines and gives the lines that each chunk completes, holding no more than one unfinished line. A
 * line above `maxBytes` is dropped while it comes in. Blank lines are passed over; a last line needs no newline.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, maxBytes = MAX_LINE_BYTES): AsyncGenerator<Line[]> {
  const current = new UnfinishedLine(maxBytes);
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      current.add(chunk.subarray(start, end));
      lines.push(...current.take());
      start = end + 1;
    }
    current.add(chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  yield current.take();
}

class UnfinishedLine {
  #parts: Buffer[] = [];
  #held = 0;

  constructor(private readonly maxBytes: number) {}

  add(part: Buffer): void {
    this.#held += part.length;
    if (this.#held <= this.maxBytes) this.#parts.push(part);
    else this.#parts = [];
  }

  /** The line, which ends here; nothing when it is blank. */
  take(): Line[] {
    const line = this.#held > this.maxBytes ? 'too_long' : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#held = 0;
    return line === 'too_long' || !isBlank(line) ? [line] : [];
  }
}

/** Only spaces, tabs and carriage returns. */
const isBlank = (line: Buffer): boolean => line.every((octet) => octet === 0x20 || octet === 0x09 || octet === 0x0d);
