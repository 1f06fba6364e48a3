/** Octets of a line: a partition of a few hundred thousand revoked certificates in base64. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Splits a stream at newlines, holding one line at a time. A line above `maxBytes` is dropped while it comes in and given
 * as `too_long`. Blank lines are passed over; a last line needs no newline.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes = MAX_LINE_BYTES,
): AsyncGenerator<Buffer | 'too_long'> {
  let parts: Buffer[] = [];
  let held = 0;
  const take = (): Buffer | 'too_long' | undefined => {
    const line = held > maxBytes ? 'too_long' : Buffer.concat(parts);
    parts = [];
    held = 0;
    return line === 'too_long' || !isBlank(line) ? line : undefined;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, start);
      const part = chunk.subarray(start, newline === -1 ? chunk.length : newline);
      held += part.length;
      if (held <= maxBytes) parts.push(part);
      else parts = [];
      if (newline === -1) break;
      start = newline + 1;
      const line = take();
      if (line !== undefined) yield line;
    }
  }
  const line = take();
  if (line !== undefined) yield line;
}

/** Only spaces, tabs and carriage returns. */
const isBlank = (line: Buffer): boolean => line.every((octet) => octet === 0x20 || octet === 0x09 || octet === 0x0d);
