/** What a line may hold; far above any real request, far below what would exhaust the process. */
export const JSON_BOUNDS = { depth: 16, tokens: 100_000 } as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Which bound a JSON text breaks, before anything is built from it: millions of empty arrays in a few megabytes would
 * otherwise become gigabytes. Strings, which are most of a request, are skipped by a native search. Whether the text is
 * JSON at all is not asked.
 */
export function findBrokenBound(line: Buffer): 'too_deep' | 'too_many_tokens' | undefined {
  let depth = 0;
  let tokens = 0;
  for (let i = 0; i < line.length; i++) {
    switch (line[i]) {
      case QUOTE:
        i = endOfString(line, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > JSON_BOUNDS.depth) return 'too_deep';
        tokens++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
        tokens++;
        break;
    }
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
