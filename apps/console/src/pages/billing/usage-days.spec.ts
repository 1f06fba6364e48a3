import { describe, expect, it } from '@jest/globals';
import type { Schemas } from '../../api';
import { byMeter, monthAfter, usedByDay } from './usage-days';

type Row = Schemas['Usage']['data'][number];
const used = (day: string, events: number, change: Partial<Row> = {}): Row => ({
  day,
  meter: 'sign_check',
  method: 'crl',
  purpose: 'signature_verification',
  outcome: 'valid',
  certificate_kind: 'sign',
  late: false,
  jlis_unbilled: null,
  contract_unbilled: null,
  jlis_count: 'each',
  events,
  ...change,
});

describe('the days of a month', () => {
  it('are all of them, a 29 February too, with nothing on those without use', () => {
    const days = usedByDay('2028-02', [], ({ meter }) => meter);
    expect([days.length, days[0], days.at(-1)]).toEqual([
      29,
      { day: '2028-02-01', values: {} },
      { day: '2028-02-29', values: {} },
    ]);
  });

  it('have what was used on them, added by name; what came too late for its month is at the first', () => {
    const data = [
      used('2026-10-31', 7, { late: true }),
      used('2026-11-01', 1),
      used('2026-11-30', 2, { outcome: 'invalid' }),
      used('2026-11-30', 3, { meter: 'auth_check' }),
      used('2026-11-30', 4),
    ];
    const byOutcome = usedByDay('2026-11', data, ({ outcome }) => outcome);
    expect([byOutcome.length, byOutcome[0]!.values, byOutcome[29]!.values]).toEqual([
      30,
      { valid: 8 },
      { invalid: 2, valid: 7 },
    ]);
    expect(usedByDay('2026-11', data, ({ meter }) => meter)[29]!.values).toEqual({ sign_check: 6, auth_check: 3 });
  });
});

describe('use by meter', () => {
  it('is added, and what is in no line is told apart', () => {
    const data = [used('2026-11-01', 5), used('2026-11-02', 2, { contract_unbilled: 'already_counted' })];
    expect(byMeter(data)).toEqual([{ meter: 'sign_check', events: 7, free: 2 }]);
  });
});

describe('months', () => {
  it('follow one another over the end of a year', () =>
    expect([monthAfter('2026-12', 1), monthAfter('2027-01', -1)]).toEqual(['2027-01', '2026-12']));
});
