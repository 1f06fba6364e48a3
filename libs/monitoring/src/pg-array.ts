/**
 * PostgreSQL array literals. The driver's own form costs several times as much, which counts with a million rows.
 * Of texts that hold no line breaks: quotes and backslashes are escaped in JSON as they are there.
 */
export const pgTextArray = (items: readonly string[]): string =>
  `{${items.map((item) => JSON.stringify(item)).join(',')}}`;

/** Of what needs no quotes: ids, times in ISO 8601, hexadecimal, words of our own. */
export const pgPlainArray = (items: readonly (string | null)[]): string =>
  `{${items.map((item) => item ?? 'NULL').join(',')}}`;
