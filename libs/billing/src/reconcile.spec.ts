import { describe, expect, it } from '@jest/globals';
import type { Problem } from '#lib/platform';
import { readJlisFile, reconcile } from './reconcile.js';

const A = `ten_${'a'.repeat(32)}`;
const B = `ten_${'b'.repeat(32)}`;
const HEADER = 'month,service_id,item,count';

describe('a bill of J-LIS', () => {
  it('is read with either line end, with or without a byte order mark', () => {
    const rows = [{ service_id: A, item: 'counterpart', count: 3 }];
    expect(readJlisFile(`${HEADER}\n2026-10,${A},counterpart,3\n`, '2026-10')).toEqual(rows);
    expect(readJlisFile(`\uFEFF${HEADER}\r\n2026-10,${A},counterpart,3\r\n`, '2026-10')).toEqual(rows);
    expect(readJlisFile(`${HEADER}\n`, '2026-10')).toEqual([]);
  });
  it.each([
    ['another header', `month,service\n`, 1],
    ['another month', `${HEADER}\n2026-09,${A},counterpart,3\n`, 2],
    ['an item nobody knows', `${HEADER}\n2026-10,${A},age,3\n`, 2],
    ['a count that is none', `${HEADER}\n2026-10,${A},counterpart,-1\n`, 2],
    ['a row twice', `${HEADER}\n2026-10,${A},counterpart,1\n2026-10,${A},counterpart,1\n`, 3],
    ['an empty row', `${HEADER}\n\n2026-10,${A},counterpart,1\n`, 2],
  ])('with %s is refused, and the line named', (_what, text, line) => {
    expect.assertions(2);
    try {
      readJlisFile(text, '2026-10');
    } catch (error) {
      expect((error as Problem).code).toBe('jlis_file_malformed');
      expect((error as Problem).members['line']).toBe(line);
    }
  });
  it('that drops one call differs by one, and so does one that has a call we know nothing of', () => {
    const ours = [{ service_id: A, item: 'counterpart', count: 3 }] as const;
    const theirs = [
      { service_id: A, item: 'counterpart', count: 2 },
      { service_id: B, item: 'latest_attributes', count: 1 },
    ] as const;
    expect(reconcile(ours, theirs, [])).toMatchObject({
      differences: 2,
      rows: [
        { service_id: A, ours: 3, theirs: 2, difference: -1 },
        { service_id: B, ours: 0, theirs: 1, difference: 1 },
      ],
    });
    expect(reconcile(ours, ours, []).differences).toBe(0);
  });
});
