/** What a line may hold; far above any real request, far below what would exhaust the process. */
export const JSON_BOUNDS = { depth: 16, tokens: 100_000 } as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const opens = (octet: number): boolean => octet === 0x5b || octet === 0x7b;
const closes = (octet: number): boolean => octet === 0x5d || octet === 0x7d;

/**
 * Which bound a JSON text breaks, before anything is built from it: millions of empty arrays in a few megabytes would
 * otherwise become gigabytes. Strings, which are most of a request, are skipped by a native search. Whether the text is
 * JSON at all is not asked.
 */
export function findBrokenBound(line: Buffer): 'too_deep' | 'too_many_tokens' | undefined {
  let depth = 0;
  let tokens = 0;
  for (let i = 0; i < line.length; i++) {
    const octet = line[i]!;
    if (octet === QUOTE) i = endOfString(line, i);
    else if (closes(octet)) depth--;
    else if (opens(octet)) {
      tokens++;
      if (++depth > JSON_BOUNDS.depth) return 'too_deep';
    } else if (octet === COMMA) tokens++;
    if (tokens > JSON_BOUNDS.tokens) return 'too_many_tokens';
  }
  return undefined;
}

/** Index of the quote that ends the string begun at `start`, or the end of the line. */
function endOfString(line: Buffer, start: number): number {
  for (let end = line.indexOf(QUOTE, start + 1); end !== -1; end = line.indexOf(QUOTE, end + 1)) {
    let before = end;
    while (line[before - 1] === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return line.length;
}
