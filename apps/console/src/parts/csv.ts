/** A column as plain text: in a file, and to sort by. */
export interface TextColumn<Row> {
  /** Unique; also what the address says to sort by. */
  name: string;
  title: string;
  cell: (row: Row) => unknown;
  /** What the cell says, where it is more than a text. Numbers without separators. */
  text?: (row: Row) => string | number | null;
}

/** What a cell says in words; undefined for one of which nobody has said it, such as buttons. */
export function plainText<Row>({ cell, text }: TextColumn<Row>, row: Row): string | number | null | undefined {
  if (text) return text(row);
  const shown = cell(row);
  return typeof shown === 'string' || typeof shown === 'number' ? shown : undefined;
}

/** Without it spreadsheets take the file for their own legacy encoding. */
const BYTE_ORDER_MARK = '\uFEFF';
/** What a spreadsheet would run, also where it makes full-width signs half-width first. */
const RUNNABLE = /^[\t\r\n=+\-@＝＋－＠]/;
/** What a cell without a value shows. */
const NOTHING = '—';

const quoted = (text: string): string => `"${(RUNNABLE.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

function fieldOf(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === NOTHING) return '';
  return typeof value === 'number' ? String(value) : quoted(value);
}

/** Rows as a file for spreadsheets (RFC 4180), with the columns that say something in words. */
export function csvOf<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[]): string {
  const kept = columns.filter((column) => rows.some((row) => plainText(column, row) !== undefined));
  const lines = rows.map((row) => kept.map((column) => fieldOf(plainText(column, row))));
  return (
    BYTE_ORDER_MARK + [kept.map(({ title }) => quoted(title)), ...lines].map((line) => `${line.join()}\r\n`).join('')
  );
}

export interface PageOf<Row> {
  data: readonly Row[];
  next_cursor: string | null;
}

/** More than this many are asked for as a file of the server's, or in parts. */
export const MOST_ROWS = 10_000;

/**
 * Everything that a filter lets through, page by page.
 * @param told how many there are so far
 * @returns `more`: there would have been more than {@link MOST_ROWS}
 */
export async function allOf<Row>(
  load: (cursor: string | undefined) => Promise<PageOf<Row>>,
  told: (count: number) => void,
): Promise<{ rows: Row[]; more: boolean }> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await load(cursor);
    rows.push(...page.data);
    told(rows.length);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && rows.length < MOST_ROWS);
  return { rows: rows.slice(0, MOST_ROWS), more: cursor !== undefined || rows.length > MOST_ROWS };
}
