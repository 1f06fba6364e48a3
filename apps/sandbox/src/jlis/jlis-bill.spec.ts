import { describe, expect, it } from '@jest/globals';
import { jlisBill } from './jlis-bill.js';
import type { RequestEntry } from './jlis-request-log.js';

const entry = (change: Partial<RequestEntry>): RequestEntry => ({
  service: 'counterparts',
  service_id: 'ten_a',
  request_id: 'r',
  at: '2026-10-15T00:00:00.000Z',
  outcome: 'found',
  metered: true,
  ...change,
});

describe('the bill of J-LIS', () => {
  it('counts what was delivered, by service and item', () => {
    const entries = [
      entry({ service_id: 'ten_b' }),
      entry({}),
      entry({}),
      entry({ service: 'latest_attributes', outcome: 'updated' }),
      entry({ metered: false, outcome: 'not_found' }),
      entry({ service: 'age_checks', metered: false }),
    ];
    expect(jlisBill(entries, '2026-10')).toBe(
      'month,service_id,item,count\n2026-10,ten_a,counterpart,2\n2026-10,ten_a,latest_attributes,1\n2026-10,ten_b,counterpart,1\n',
    );
  });
  it('is of a month in Japan', () => {
    const border = [entry({ at: '2026-10-31T14:59:59.999Z' }), entry({ at: '2026-10-31T15:00:00.000Z' })];
    expect(jlisBill(border, '2026-10')).toContain('ten_a,counterpart,1\n');
    expect(jlisBill(border, '2026-11')).toContain('ten_a,counterpart,1\n');
    expect(jlisBill(border, '2026-09')).toBe('month,service_id,item,count\n');
  });
});
