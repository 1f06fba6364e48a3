import { describe, expect, it } from '@jest/globals';
import iconv from 'iconv-lite';
import { MAX_FILE_ROWS, readSweepFile, type SweepFile } from './sweep-file.js';

const read = (
  text: string | Uint8Array,
  change: Partial<Parameters<typeof readSweepFile>[1]> = {},
): Promise<SweepFile> =>
  readSweepFile(typeof text === 'string' ? Buffer.from(text) : text, { encoding: 'utf-8', format: null, ...change });

describe('a file of references', () => {
  it.each([
    ['LF', 'reference\nA-1\nA-2\n'],
    ['CRLF and a byte order mark', '\uFEFFreference\r\nA-1\r\nA-2'],
    ['quotes', '"reference"\n"A-1"\n"A-2"\n'],
    ['CR alone', 'reference\rA-1\rA-2\r'],
  ])('with %s is read line by line', async (_form, text) => {
    expect(await read(text)).toEqual({
      rows: [
        { line: 2, reference: 'A-1' },
        { line: 3, reference: 'A-2' },
      ],
      rejections: [],
    });
  });

  it('in CP932 is read as such', async () => {
    const octets = iconv.encode('reference\r\n顧客１\r\n髙橋\r\n', 'cp932');
    expect((await read(octets, { encoding: 'cp932' })).rows.map(({ reference }) => reference)).toEqual([
      '顧客１',
      '髙橋',
    ]);
  });

  it.each<[string, string, { code: string; firstLine?: number }]>([
    ['a NUL', 'A\u00001', { code: 'control_character' }],
    ['a tab', 'A\t1', { code: 'control_character' }],
    ['a line break between quotes', '"A\n1"', { code: 'control_character' }],
    ['a formula', '=HYPERLINK(1)', { code: 'formula' }],
    ['a formula in full width', '＝1+1', { code: 'formula' }],
    ['a minus', '-1', { code: 'formula' }],
    ['an at sign', '@SUM', { code: 'formula' }],
    ['nothing', '""', { code: 'reference_empty' }],
    ['too much', 'x'.repeat(129), { code: 'reference_too_long' }],
    ['two columns', 'A,B', { code: 'more_than_one_column' }],
    ['a quote that is not closed', '"A', { code: 'quote_not_closed' }],
    ['something after a quote', '"A"B', { code: 'quote_not_closed' }],
    ['an Individual Number', '123456789018', { code: 'reference_is_my_number' }],
    ['the same again', 'first', { code: 'reference_repeated', firstLine: 2 }],
  ])('names the line with %s', async (_fault, line, expected) => {
    const { rows, rejections } = await read(`reference\nfirst\n${line}`);
    expect(rows).toEqual([{ line: 2, reference: 'first' }]);
    expect(rejections).toEqual([{ line: 3, ...expected }]);
  });

  it('goes on with the lines after a wrong one, counted as an editor counts them', async () => {
    const { rows, rejections } = await read('reference\n"A\n1"\n"B"C\n\nD\n');
    expect(rows).toEqual([{ line: 6, reference: 'D' }]);
    expect(rejections.map(({ line }) => line)).toEqual([2, 4, 5]);
  });

  it('holds references to the contract', async () => {
    expect(await read('reference\nA12\nB\n', { format: 'A99' })).toEqual({
      rows: [{ line: 2, reference: 'A12' }],
      rejections: [{ line: 3, code: 'reference_format_wrong' }],
    });
  });

  it.each([
    ['empty', ''],
    ['without a header', 'A-1\nA-2\n'],
    ['with another column', 'reference,name\nA-1,x\n'],
    ['in UTF-16', Buffer.from('reference\nA', 'utf16le')],
  ])('%s is refused by its first line', async (_form, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'csv_header_wrong' });
  });

  it.each<[string, Uint8Array, 'utf-8' | 'cp932', number]>([
    ['CP932 that is said to be UTF-8', iconv.encode('reference\nA\n顧客\n', 'cp932'), 'utf-8', 3],
    ['a broken character of UTF-8', Buffer.concat([Buffer.from('reference\nA\n'), Buffer.of(0xe3, 0x81)]), 'utf-8', 3],
    ['octets that are not CP932', Buffer.concat([Buffer.from('reference\n'), Buffer.of(0x81, 0x20)]), 'cp932', 2],
  ])('in the wrong encoding is refused with the line: %s', async (_form, octets, encoding, line) => {
    await expect(read(octets, { encoding })).rejects.toMatchObject({ code: 'csv_encoding_wrong', members: { line } });
  });

  it('of a million lines is read, and of one more refused', async () => {
    const text = `reference\n${Array.from({ length: MAX_FILE_ROWS }, (_, n) => `R${n}`).join('\n')}`;
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    const { rows, rejections } = await read(text);
    clearInterval(counting);
    expect([rows.length, rejections.length, rows.at(-1)!.line]).toEqual([MAX_FILE_ROWS, 0, MAX_FILE_ROWS + 1]);
    // Whoever else is served is served in between.
    expect(turns).toBeGreaterThan(10);
    await expect(read(`${text}\none more`)).rejects.toMatchObject({ code: 'csv_too_many_rows' });
    // Some seconds of work, on a machine that others keep busy.
  }, 300_000);
});
