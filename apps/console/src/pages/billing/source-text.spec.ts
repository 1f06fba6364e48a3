import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { sources } from '../../messages/sources';
import { sourceText } from './source-text';

const seeded = ['migrations/0027-billing.ts', 'migrations/0038-invoices.ts']
  .flatMap((file) => readFileSync(file, 'utf8').match(/'(Fees of J-LIS|Consumption Tax Act)[^']*'/g)!)
  .map((text) => text.slice(1, -1));

describe('where a rate comes from', () => {
  it('is said in Japanese for each rate that an installation begins with', () => {
    expect(seeded.length).toBe(7);
    expect(seeded.filter((text) => !/[ぁ-ん]|法/u.test(sourceText('ja', text)))).toEqual([]);
    expect(Object.values(sources).map(({ en }) => en)).toEqual(seeded);
  });

  it('is what its author wrote for any other', () => {
    expect(sourceText('ja', 'Letter of J-LIS, 2027')).toBe('Letter of J-LIS, 2027');
  });
});
