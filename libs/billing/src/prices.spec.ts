import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { flat, plan, planTerms, TARIFFS, withPrice } from '../../../test/support/prices.js';
import { refusalOf } from '../../../test/support/refusal.js';
import { checkTimeline } from './dated.js';
import { daysIn, monthAt, nextMonth, periodOf, startOf, yearStart } from './japan-month.js';
import { allocate, jlisReductionFaults, type JlisReductionTerms, takeOff } from './jlis-reduction.js';
import { jlisTariffFaults, rateOn } from './jlis-tariff.js';
import { planSegments, pricePlanFaults } from './price-plan.js';
import { graduatedSlices, tierFaults, volumeSlices } from './tiers.js';
import { formatYen, parsePercent, parseYen, percentOf, portion, wholeYen } from './yen.js';

describe('an amount in yen', () => {
  it.each([
    ['0', 0n],
    ['20', 20_000n],
    ['0.5', 500n],
    ['0.005', 5n],
    ['-3.125', -3_125n],
  ])('%s is exact and comes out as it came in', (text, milli) => {
    expect(parseYen(text)).toBe(milli);
    expect(formatYen(milli)).toBe(text);
  });
  it.each(['', '1.', '.5', '01', '1.2345', '1e3', '１', '+1', ' 1', '1,000', 'NaN'])('is not "%s"', (text) =>
    expect(() => parseYen(text)).toThrow(RangeError),
  );
  it('survives any number of thousandths', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }), (milli) => {
        expect(parseYen(formatYen(milli))).toBe(milli);
      }),
    );
  });
  it('is cut off to whole yen towards zero', () => {
    expect([wholeYen(1_999n), wholeYen(-1_999n), wholeYen(0n)]).toEqual([1, -1, 0]);
  });
  it('is divided by days without losing what it is made of', () => {
    expect(portion(30_000_000n, 14, 30)).toBe(14_000_000n);
    expect(portion(10_000n, 1, 3)).toBe(3_333n);
  });
  it('takes percentages with two decimals', () => {
    expect(percentOf(105_000n, parsePercent('10')!)).toBe(10_500n);
    expect(percentOf(1_000n, parsePercent('33.33')!)).toBe(333n);
    expect(['-1', '100.01', '101', '1.234', 'x'].map(parsePercent)).toEqual(Array(5).fill(undefined));
  });
});

describe('a month in Japan', () => {
  it('begins nine hours before it does in UTC, and at that very moment', () => {
    expect(startOf('2020-03-01')).toBe(Date.parse('2020-02-29T15:00:00.000Z'));
    expect(monthAt(Date.parse('2020-02-29T14:59:59.999Z'))).toBe('2020-02');
    expect(monthAt(Date.parse('2020-02-29T15:00:00.000Z'))).toBe('2020-03');
  });
  it('has the days of its year', () => {
    expect(['2020-02', '2021-02', '2020-12'].map((month) => daysIn(periodOf(month)))).toEqual([29, 28, 31]);
    expect(nextMonth('2020-12')).toBe('2021-01');
  });
  it('lies in a year that begins when data say', () => {
    expect(yearStart('2020-03-31', '04-01')).toBe('2019-04-01');
    expect(yearStart('2020-04-01', '04-01')).toBe('2020-04-01');
    expect(yearStart('2020-03-31', '01-01')).toBe('2020-01-01');
  });
});

describe('a tier table', () => {
  const tiers = [
    { up_to: 100, unit_price: '20' },
    { up_to: 1_000, unit_price: '15' },
    { up_to: null, unit_price: '10.5' },
  ];
  it('charges each unit by its own tier when it is graduated', () => {
    expect(graduatedSlices(tiers, 100)).toEqual([{ first: 0, count: 100, unitPrice: '20' }]);
    expect(graduatedSlices(tiers, 101)).toEqual([
      { first: 0, count: 100, unitPrice: '20' },
      { first: 100, count: 1, unitPrice: '15' },
    ]);
    expect(graduatedSlices(tiers, 0)).toEqual([]);
  });
  it('charges all units by the tier of the last when it is by volume', () => {
    expect(volumeSlices(tiers, 100)).toEqual([{ first: 0, count: 100, unitPrice: '20' }]);
    expect(volumeSlices(tiers, 101)).toEqual([{ first: 0, count: 101, unitPrice: '15' }]);
    expect(volumeSlices(tiers, 1_001)).toEqual([{ first: 0, count: 1_001, unitPrice: '10.5' }]);
  });
  it('leaves out no unit and takes none twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), (quantity) => {
        for (const slices of [graduatedSlices(tiers, quantity), volumeSlices(tiers, quantity)]) {
          expect(slices.reduce((end, { first, count }) => (first === end ? end + count : NaN), 0)).toBe(quantity);
        }
      }),
    );
  });
  it.each([
    ['goes down to negative', [{ up_to: null, unit_price: '-1' }], 'negative'],
    ['is no number', [{ up_to: null, unit_price: '1e2' }], 'not_yen'],
    [
      'falls back',
      [
        { up_to: 10, unit_price: '2' },
        { up_to: 10, unit_price: '1' },
        { up_to: null, unit_price: '1' },
      ],
      'tiers_not_increasing',
    ],
    ['ends', [{ up_to: 10, unit_price: '2' }], 'tiers_not_open'],
    [
      'has no end in the middle',
      [
        { up_to: null, unit_price: '2' },
        { up_to: null, unit_price: '1' },
      ],
      'tiers_not_open',
    ],
  ])('that %s is refused', (_what, wrong, rule) =>
    expect(tierFaults(wrong, 'tiers').map((fault) => fault.rule)).toContain(rule),
  );
});

describe('the J-LIS tariff', () => {
  const on = (day: string) =>
    (['sign_check', 'auth_check', 'counterpart_delivered', 'serial_linkage', 'age_check'] as const).map((item) =>
      rateOn(TARIFFS, item, day),
    );
  it('is 20, 2, 2, 0 and 0 yen until the end of 2022, and nothing from then on', () => {
    expect(on('2020-06-15')).toEqual(['20', '2', '2', '0', '0']);
    expect(on('2022-12-31')).toEqual(['20', '2', '2', '0', '0']);
    expect(on('2023-01-01')).toEqual(['0', '0', '0', '0', '0']);
    expect(rateOn(TARIFFS, 'attributes_delivered', '2023-05-16')).toBe('20');
  });
  it('refuses a fee that does not exist on a day, and says which', async () => {
    const asked = (day: string) =>
      refusalOf(Promise.resolve().then(() => rateOn(TARIFFS, 'attributes_delivered', day)));
    expect(await asked('2020-06-01')).toBe('rate_missing');
    expect(await asked('2015-12-31')).toBe('rate_missing');
  });
  it.each([
    ['a fee below zero', { rates: { sign_check: '-20' } }, 'negative'],
    ['a year that begins on 29 February', { year_start: '02-29' }, 'year_start'],
    ['a year that begins nowhere', { year_start: '13-01' }, 'year_start'],
  ])('refuses %s', (_what, change, rule) =>
    expect(jlisTariffFaults({ ...TARIFFS[0]!.terms, ...change }).map((fault) => fault.rule)).toEqual([rule]),
  );
  it('has one tariff for every day: no overlap and no gap', () => {
    const join = (validFrom: string, validUntil: string | null) => checkTimeline(TARIFFS, { validFrom, validUntil });
    expect(join('2024-01-01', null)).toBeUndefined();
    expect(join('2020-01-01', '2023-01-01')).toBeUndefined();
    expect(join('2023-01-01', null)).toEqual({ rule: 'overlap', day: '2023-01-01' });
    expect(join('2020-01-01', '2023-02-01')).toEqual({ rule: 'overlap', day: '2023-01-01' });
    expect(join('2020-01-01', null)).toEqual({ rule: 'overlap', day: '2023-01-01' });
    expect(join('2020-01-01', '2022-12-31')).toEqual({ rule: 'gap', day: '2022-12-31' });
    expect(join('2024-01-01', '2025-01-01')).toEqual({ rule: 'gap', day: '2025-01-01' });
  });
});

describe('a reduction', () => {
  const terms = (change: Partial<JlisReductionTerms>): JlisReductionTerms => ({
    applies_to: 'unit_price',
    kind: 'amount',
    value: '5',
    ground: 'volume',
    approval_reference: 'J-1',
    ...change,
  });
  const reduction = (id: string, change: Partial<JlisReductionTerms>, from = '2020-01-01') => ({
    id,
    from,
    until: '2021-01-01',
    terms: terms(change),
  });
  it('of an amount comes before one of a percentage, and none goes below zero', () => {
    const half = reduction('a', { kind: 'percent', value: '50' });
    const five = reduction('b', {});
    for (const order of [
      [half, five],
      [five, half],
    ])
      expect(takeOff(20_000n, order)).toMatchObject({ left: 7_500n, taken: [{ amount: 5_000n }, { amount: 7_500n }] });
    expect(takeOff(3_000n, [five]).left).toBe(0n);
  });
  it('of a total is one of whole months', () => {
    const rules = (change: Partial<JlisReductionTerms>, from: string, until: string) =>
      jlisReductionFaults(terms(change), { from, until }).map(({ rule }) => rule);
    expect(rules({}, '2020-01-10', '2020-02-20')).toEqual([]);
    expect(rules({ applies_to: 'total' }, '2020-01-10', '2020-02-01')).toEqual(['not_month_border']);
    expect(rules({}, '2020-02-01', '2020-02-01')).toEqual(['period_empty']);
    expect(rules({ kind: 'percent', value: '101' }, '2020-01-01', '2020-02-01')).toEqual(['not_percent']);
  });
  it('of the whole is divided by the largest remainder, to the last yen', () => {
    // 100 × 1/3 = 33.3 each; the yen that is left goes to the smallest id.
    expect([
      ...allocate(
        100,
        new Map([
          ['c', 1],
          ['a', 1],
          ['b', 1],
        ]),
      ),
    ]).toEqual([
      ['a', 34],
      ['b', 33],
      ['c', 33],
    ]);
    // 7 × 10/17 = 4.12, 7 × 5/17 = 2.06, 7 × 2/17 = 0.82: the third has the largest remainder.
    expect([
      ...allocate(
        7,
        new Map([
          ['a', 10],
          ['b', 5],
          ['c', 2],
        ]),
      ).values(),
    ]).toEqual([4, 2, 1]);
    expect(allocate(7, new Map([['a', 0]])).size).toBe(0);
  });
  it('of the whole is given out exactly, whoever is asked first', () => {
    const shares = fc.array(fc.integer({ min: 0, max: 10 ** 9 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(shares, fc.integer({ min: 0, max: 10 ** 9 }), (owed, yen) => {
        const named = owed.map((share, index): [string, number] => [String(index).padStart(3, '0'), share]);
        const given = allocate(yen, new Map(named));
        expect([...given.values()].reduce((sum, part) => sum + part, 0)).toBe(
          owed.some((share) => share > 0) ? yen : 0,
        );
        expect([...allocate(yen, new Map([...named].reverse()))]).toEqual([...given]);
      }),
    );
  });
});

describe('a price plan', () => {
  const rules = (change: Parameters<typeof planTerms>[0]) =>
    pricePlanFaults(planTerms(change), '2020-01-01').map(({ field, rule }) => `${field}: ${rule}`);
  const label = { ja: '割引', en: 'discount' };
  const discount = { label, applies_to: 'all', kind: 'percent', value: '10' } as const;

  it('without a fault has none, and prices of zero are prices', () => {
    expect(rules({})).toEqual([]);
    expect(pricePlanFaults(withPrice(flat('sign_check', '0')), '2020-01-01')).toEqual([]);
  });
  it.each([
    ['leaves a meter without a price', { prices: planTerms().prices.slice(1) }, 'prices.sign_check: meter_not_priced'],
    ['prices something twice', { prices: [...planTerms().prices, flat('auth_check', '3')] }, 'prices.4: price_twice'],
    ['has a base fee below zero', { base_fee: '-1' }, 'base_fee: negative'],
    ['ends before it begins', { ends_on: '2020-01-01' }, 'ends_on: period_empty'],
    [
      'has a discount in mid-month',
      { discounts: [{ ...discount, valid_from: '2020-01-15', valid_until: '2020-03-01' }] },
      'discounts.0.valid_from: not_month_border',
    ],
  ])('that %s is refused', (_what, change, fault) => expect(rules(change)).toEqual([fault]));
  it('is in force until the next one, its own end or that of the contract, whichever comes first', () => {
    const plans = [plan('2020-01-20'), plan('2020-02-15', { ends_on: '2020-02-25' })];
    const days = (month: string, end?: string) =>
      planSegments(plans, periodOf(month), end).map(({ from, until }) => `${from} ${until}`);
    expect(days('2019-12')).toEqual([]);
    expect(days('2020-01')).toEqual(['2020-01-20 2020-02-01']);
    expect(days('2020-02')).toEqual(['2020-02-01 2020-02-15', '2020-02-15 2020-02-25']);
    expect(days('2020-02', '2020-02-18')).toEqual(['2020-02-01 2020-02-15', '2020-02-15 2020-02-18']);
    expect(days('2020-03')).toEqual([]);
  });
});
