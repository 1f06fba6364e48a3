import { describe, expect, it } from '@jest/globals';
import { allOf, csvOf, MOST_ROWS, type PageOf } from './csv';

const file = (values: readonly unknown[]): string =>
  csvOf([{ name: 'value', title: '値', cell: (value) => value }], values);

describe('a list as a file for spreadsheets', () => {
  it('has a byte order mark, a head, CRLF, and every text in quotes', () => {
    expect(file(['一', 'a "b"', 'c,d\ne', 1234.5])).toBe('\uFEFF"値"\r\n"一"\r\n"a ""b"""\r\n"c,d\ne"\r\n1234.5\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '＋1', '－1', '＠A'])(
    'has an apostrophe before what would be run: %j',
    (text) => expect(file([text])).toBe(`\uFEFF"値"\r\n"'${text}"\r\n`),
  );

  it('leaves empty what shows that there is nothing, and numbers as they are', () => {
    expect(file(['—', -5, 'x'])).toBe('\uFEFF"値"\r\n\r\n-5\r\n"x"\r\n');
  });

  it('has the words of a cell that is more than a text, and no column of which there are none', () => {
    const columns = [
      { name: 'id', title: 'ID', cell: () => ({ link: true }), text: ({ id }: { id: string }) => id },
      { name: 'acts', title: '操作', cell: () => ({ button: true }) },
    ];
    expect(csvOf(columns, [{ id: 'ver_1' }, { id: 'ver_2' }])).toBe('\uFEFF"ID"\r\n"ver_1"\r\n"ver_2"\r\n');
  });
});

describe('everything of a list that comes in pages', () => {
  const pages =
    (size: number, last: number) =>
    (cursor = '0'): Promise<PageOf<number>> => {
      const from = Number(cursor);
      const data = Array.from({ length: Math.min(size, last - from) }, (_, at) => from + at);
      return Promise.resolve({ data, next_cursor: from + size < last ? String(from + size) : null });
    };

  it('is asked for to the end, and how far it is is told', async () => {
    const told: number[] = [];
    const { rows, more } = await allOf(pages(100, 250), (count) => told.push(count));
    expect([rows.length, rows.at(-1), more, told]).toEqual([250, 249, false, [100, 200, 250]]);
  });

  it('ends where a file ends, and says that there is more', async () => {
    const { rows, more } = await allOf(pages(3_000, 1_000_000), () => undefined);
    expect([rows.length, more]).toEqual([MOST_ROWS, true]);
    expect((await allOf(pages(100, MOST_ROWS), () => undefined)).more).toBe(false);
  });
});
