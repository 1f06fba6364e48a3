import { describe, expect, it } from '@jest/globals';
import { found } from './find';

const COLUMNS = [
  { name: 'name', title: '氏名', cell: ({ name }: { name: string }) => name },
  { name: 'state', title: '状態', cell: () => null, text: ({ on }: { on: boolean }) => (on ? '有効' : '無効') },
];
const ROWS = [
  { name: '佐藤 Hanako', on: true },
  { name: 'ｽｽﾞｷ　Taro', on: false },
];
const names = (typed: string): string[] => found(COLUMNS, ROWS, typed).map(({ name }) => name.slice(0, 2));

describe('a small list that is filtered', () => {
  it('has the rows in which every word stands, in whichever column, as the cell or its text says it', () => {
    expect([names('hanako'), names('無効'), names('佐藤 有効'), names('佐藤 無効')]).toEqual([
      ['佐藤'],
      ['ｽｽ'],
      ['佐藤'],
      [],
    ]);
  });

  it('takes capitals and widths for the same, and no words for everything', () => {
    expect([names('ＨＡＮＡＫＯ'), names('スズキ'), names(' 　 ')]).toEqual([['佐藤'], ['ｽｽ'], ['佐藤', 'ｽｽ']]);
  });
});
