/** First of a CSV file in UTF-8: without it spreadsheets take the text for their own legacy encoding. */
export const CSV_BOM = '\uFEFF';

/** What makes a spreadsheet take a text for a formula, also written full-width, which some convert (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/u;

/**
 * One row with its CRLF (RFC 4180), every field quoted. A text that a spreadsheet could run is led by an apostrophe;
 * numbers are left as they are. Null is an empty field.
 */
export function csvRow(fields: readonly (string | number | null)[]): string {
  const quoted = fields.map((field) => {
    if (field === null) return '';
    if (typeof field === 'number') return String(field);
    return `"${(FORMULA.test(field) ? `'${field}` : field).replaceAll('"', '""')}"`;
  });
  return `${quoted.join(',')}\r\n`;
}
