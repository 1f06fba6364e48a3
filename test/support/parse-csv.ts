/**
 * Reads CSV by RFC 4180 alone, sign by sign; shares no code with what writes it.
 * @throws Error for a quote inside an unquoted field, text after a closing quote, a row that does not end with CRLF
 */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let at = 0;
  const field = (): string => {
    if (text[at] !== '"') {
      const end = /[,\r\n"]|$/.exec(text.slice(at))!.index + at;
      if (text[end] === '"') throw new Error(`a quote at ${end}`);
      const value = text.slice(at, end);
      at = end;
      return value;
    }
    let value = '';
    for (at++; ; at++) {
      if (at >= text.length) throw new Error('a quote is not closed');
      if (text[at] !== '"') value += text[at]!;
      else if (text[at + 1] === '"') {
        value += '"';
        at++;
      } else break;
    }
    at++;
    return value;
  };
  while (at < text.length) {
    const row = [field()];
    while (text[at] === ',') {
      at++;
      row.push(field());
    }
    if (!text.startsWith('\r\n', at)) throw new Error(`no end of row at ${at}`);
    at += 2;
    rows.push(row);
  }
  return rows;
}
