import { plainText, type TextColumn } from './csv';

/** Alike however it was typed: capitals, and the widths in which Japanese is written. */
const plain = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The rows in whose columns each of the words stands. */
export function found<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[], typed: string): readonly Row[] {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const said = plain(columns.map((column) => plainText(column, row) ?? '').join('\n'));
    return words.every((word) => said.includes(word));
  });
}
