import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { counted, flat, plan, TARIFFS, withPrice } from '../../../test/support/prices.js';
import type { JlisReduction } from './jlis-reduction.js';
import { periodOf } from './japan-month.js';
import { planSegments, type PricePlan } from './price-plan.js';
import { type MonthOfTenant, rateMonth, statementText } from './rate-month.js';
import type { StatementContent, UsageCount } from './statement.js';

const TENANT = '0193f0c0-0000-4000-8000-000000000001';

function rated(
  counts: readonly UsageCount[],
  options: Partial<MonthOfTenant> & { plans?: readonly PricePlan[]; end?: string; reductions?: JlisReduction[] } = {},
): StatementContent {
  const { plans = [], end, reductions = [], month = '2020-06', ...rest } = options;
  return rateMonth({
    tenantId: TENANT,
    mode: 'test',
    month,
    counts,
    starts: [periodOf(month).from],
    jlis: { tariffs: TARIFFS, reductions },
    segments: planSegments(plans, periodOf(month), end),
    ...rest,
  });
}

const yen = ({ lines }: StatementContent): (string | number)[][] =>
  lines.map(({ layer, kind, quantity, unit_price, amount_yen }) => [layer, kind, quantity, unit_price, amount_yen]);
const own = (statement: StatementContent) =>
  yen(statement)
    .filter(([layer]) => layer === 'contract')
    .map(([, ...rest]) => rest);

describe('the fees of J-LIS in a month', () => {
  it('of 2020 are 20, 2 and 2 yen for each check and delivery', () => {
    const counts = [
      counted(3),
      counted(5, { meter: 'auth_check', certificateKind: 'auth', purpose: 'authentication' }),
      counted(2, { meter: 'counterpart_delivered', method: 'service', purpose: 'identification' }),
    ];
    expect(yen(rated(counts))).toEqual([
      ['jlis', 'fee', 3, '20', 60],
      ['jlis', 'fee', 5, '2', 10],
      ['jlis', 'fee', 2, '2', 4],
    ]);
  });
  it('count a status check once a year: the later ones stay in the statement at zero', () => {
    const check = { purpose: 'status_check' } as const;
    const statement = rated([counted(4, { ...check, jlis: 'first' }), counted(9, { ...check, jlis: 'again' })]);
    expect(yen(statement)).toEqual([
      ['jlis', 'fee', 4, '20', 80],
      ['jlis', 'fee', 9, '0', 0],
    ]);
  });
  it('are counted and never owed when nothing was decided', () => {
    const statement = rated([counted(7, { outcome: 'indeterminate', billable: false })]);
    expect(statement.lines).toEqual([]);
    expect(statement.unbilled).toEqual([
      { layer: 'contract', meter: 'sign_check', reason: 'indeterminate', events: 7 },
      { layer: 'jlis', meter: 'sign_check', reason: 'indeterminate', events: 7 },
    ]);
    expect(statement.totals.events).toBe(7);
  });
  it('change with the year: 31 December 2022 costs 20 yen and 1 January 2023 nothing', () => {
    const counts = [counted(2, { jlisDay: '2022-12-01', contractDay: '2022-12-01' })];
    expect(rated(counts, { month: '2022-12' }).totals.jlis_yen).toBe(40);
    const after = [counted(2, { jlisDay: '2023-01-01', contractDay: '2023-01-01' })];
    expect(yen(rated(after, { month: '2023-01' }))).toEqual([['jlis', 'fee', 2, '0', 0]]);
  });
  it('of a late event are those of the day on which it was decided', () => {
    const statement = rated(
      [
        counted(1, { late: true, jlisDay: '2022-12-01', contractDay: '2023-01-01' }),
        counted(1, { jlisDay: '2023-01-01' }),
      ],
      { month: '2023-01', starts: ['2022-12-01', '2023-01-01'] },
    );
    expect(statement.lines.map(({ from, until, amount_yen }) => [from, until, amount_yen])).toEqual([
      ['2023-01-01', '2023-02-01', 0],
      ['2022-12-01', '2023-01-01', 20],
    ]);
    expect(statement.totals.late_events).toBe(1);
  });
  it('are reduced as J-LIS has granted it, in the written order', () => {
    const terms = { ground: 'public_interest', approval_reference: 'J-LIS-2020-7' } as const;
    const reductions: JlisReduction[] = [
      {
        id: 'b',
        tenantId: TENANT,
        from: '2020-06-11',
        until: '2020-07-01',
        terms: { ...terms, applies_to: 'unit_price', kind: 'percent', value: '50' },
      },
      {
        id: 'a',
        tenantId: TENANT,
        from: '2020-06-01',
        until: '2020-07-01',
        terms: { ...terms, applies_to: 'total', kind: 'amount', value: '30' },
      },
    ];
    const counts = [counted(4), counted(6, { jlisDay: '2020-06-11' })];
    // 4 × 20 = 80 until the 10th, 6 × 10 = 60 from the 11th, less 30.
    const statement = rated(counts, { reductions, starts: ['2020-06-01', '2020-06-11'] });
    expect(yen(statement)).toEqual([
      ['jlis', 'fee', 4, '20', 80],
      ['jlis', 'fee', 6, '10', 60],
      ['jlis', 'reduction', 1, '-30', -30],
    ]);
    expect(statement.totals.jlis_yen).toBe(110);
  });
  it('are one line where only another tenant has a new price', () => {
    const counts = [counted(4), counted(6, { jlisDay: '2020-06-11' })];
    expect(yen(rated(counts, { starts: ['2020-06-01', '2020-06-11'] }))).toEqual([['jlis', 'fee', 10, '20', 200]]);
  });
  it('are charged on only where the contract says so, and never mix with its own prices', () => {
    const shown = rated([counted(3)], { plans: [plan('2020-01-01')] });
    expect(shown.totals).toMatchObject({ jlis_yen: 60, contract_yen: 60, billed_yen: 60 });
    const charged = rated([counted(3)], { plans: [plan('2020-01-01', { pass_through: true })] });
    expect(charged.totals).toMatchObject({ jlis_yen: 60, contract_yen: 60, billed_yen: 120 });
    expect(charged.lines.map(({ layer, billed }) => [layer, billed])).toEqual([
      ['jlis', true],
      ['contract', true],
    ]);
  });
});

describe("the contract's own prices in a month", () => {
  it('are a base fee and so much for each of what was used', () => {
    const statement = rated([counted(3)], { plans: [plan('2020-01-01', { base_fee: '30000' })] });
    expect(own(statement)).toEqual([
      ['base_fee', 1, '30000', 30_000],
      ['usage', 3, '20', 60],
    ]);
  });
  it('cut each line off to whole yen, not each unit', () => {
    const terms = withPrice(flat('sign_check', '0.333'));
    expect(own(rated([counted(1_000)], { plans: [{ validFrom: '2020-01-01', terms }] }))).toEqual([
      ['usage', 1_000, '0.333', 333],
    ]);
    expect(rated([counted(10)], { plans: [{ validFrom: '2020-01-01', terms }] }).totals.contract_yen).toBe(3);
  });
  it('leave the free allowance free to its last unit, and charge the next one', () => {
    const terms = withPrice(flat('sign_check', '20', { free: 100 }));
    const plans = [{ validFrom: '2020-01-01', terms }];
    expect(own(rated([counted(100)], { plans }))).toEqual([['usage', 100, '0', 0]]);
    expect(own(rated([counted(101)], { plans }))).toEqual([
      ['usage', 100, '0', 0],
      ['usage', 1, '20', 20],
    ]);
  });
  it('change at the border of a tier: graduated 1,000 × 10 and 1 × 8, by volume 1,001 × 8', () => {
    const tiers = [
      { up_to: 1_000, unit_price: '10' },
      { up_to: null, unit_price: '8' },
    ];
    const of = (tiering: 'graduated' | 'volume', events: number) => {
      const terms = withPrice(flat('sign_check', '0', { tiering, tiers }));
      return rated([counted(events)], { plans: [{ validFrom: '2020-01-01', terms }] }).totals.contract_yen;
    };
    expect([of('graduated', 1_000), of('graduated', 1_001)]).toEqual([10_000, 10_008]);
    expect([of('volume', 1_000), of('volume', 1_001)]).toEqual([10_000, 8_008]);
  });
  it('come to the minimum when nothing was used', () => {
    const statement = rated([], { plans: [plan('2020-01-01', { minimum: '5000' })] });
    expect(own(statement)).toEqual([['minimum', 1, '5000', 5_000]]);
  });
  it('are raised to the minimum by what is missing', () => {
    const plans = [plan('2020-01-01', { minimum: '5000', base_fee: '1000' })];
    expect(own(rated([counted(100)], { plans })).at(-1)).toEqual(['minimum', 1, '2000', 2_000]);
    expect(own(rated([counted(200)], { plans })).map(([kind]) => kind)).toEqual(['base_fee', 'usage']);
  });
  it('change on the 15th: 14 days of the one plan, 16 of the other, and tiers and allowances begin anew', () => {
    const prices = withPrice(flat('sign_check', '20', { free: 30 })).prices;
    const plans = [plan('2020-01-01', { base_fee: '30000', prices }), plan('2020-06-15', { base_fee: '60000' })];
    const statement = rated([counted(20), counted(10, { contractDay: '2020-06-15' })], { plans });
    // 30,000 × 14/30 = 14,000; 30 × 14/30 = 14 free; 60,000 × 16/30 = 32,000.
    expect(own(statement)).toEqual([
      ['base_fee', 1, '14000', 14_000],
      ['usage', 14, '0', 0],
      ['usage', 6, '20', 120],
      ['base_fee', 1, '32000', 32_000],
      ['usage', 10, '20', 200],
    ]);
  });
  it('of February 2020 are divided by 29 days', () => {
    const plans = [plan('2020-02-29', { base_fee: '29000' })];
    expect(own(rated([], { plans, month: '2020-02' }))).toEqual([['base_fee', 1, '1000', 1_000]]);
  });
  it('end with the contract: a tenant terminated on the 10th pays ten days', () => {
    const plans = [plan('2020-01-01', { base_fee: '30000', minimum: '12000' })];
    expect(own(rated([], { plans, end: '2020-06-11' }))).toEqual([['base_fee', 1, '10000', 10_000]]);
    const statement = rated([counted(1, { contractDay: '2020-06-11' })], { plans, end: '2020-06-11' });
    expect(statement.unbilled).toEqual([{ layer: 'contract', meter: 'sign_check', reason: 'no_contract', events: 1 }]);
  });
  it('are discounted one after the other, each from what is left, in the months for which it was granted', () => {
    const label = { ja: '割引', en: 'discount' };
    const months = { valid_from: '2020-06-01', valid_until: '2020-07-01' };
    const discounts = [
      { label, applies_to: 'usage', kind: 'percent', value: '10', ...months },
      { label, applies_to: 'all', kind: 'amount', value: '500', ...months },
    ] as const;
    const plans = [plan('2020-01-01', { base_fee: '1000', discounts: [...discounts] })];
    // 1,000 + 50 × 20 = 2,000; less 100; less 500.
    const june = rated([counted(50)], { plans });
    expect(own(june).filter(([kind]) => kind === 'discount')).toEqual([
      ['discount', 1, '-100', -100],
      ['discount', 1, '-500', -500],
    ]);
    expect(june.totals.contract_yen).toBe(1_400);
    const july = [counted(50, { jlisDay: '2020-07-01', contractDay: '2020-07-01' })];
    expect(rated(july, { plans, month: '2020-07' }).totals.contract_yen).toBe(2_000);
  });
  it('charge what is set up once, on its day', () => {
    const setup = [{ label: { ja: '接続', en: 'connection' }, amount: '100000', on: '2020-06-30' }];
    const plans = [plan('2020-06-01', { setup })];
    expect(own(rated([], { plans }))).toEqual([['setup', 1, '100000', 100_000]]);
    expect(own(rated([], { plans, month: '2020-07' }))).toEqual([]);
  });
  it('tell a price of a purpose from that of the meter', () => {
    const prices = [
      ...withPrice(flat('sign_check', '20')).prices,
      flat('sign_check', '1', { purpose: 'status_check' }),
    ];
    const counts = [counted(2), counted(5, { purpose: 'status_check', jlis: 'first' })];
    const statement = rated(counts, { plans: [plan('2020-01-01', { prices })] });
    expect(own(statement)).toEqual([
      ['usage', 2, '20', 40],
      ['usage', 5, '1', 5],
    ]);
  });
  it('say of each event that costs nothing why', () => {
    const counts = [
      counted(1, { outcome: 'invalid' }),
      counted(2, { contractAgain: true }),
      counted(4, { outcome: 'indeterminate', billable: false }),
      counted(8, { billable: false }),
    ];
    const statement = rated(counts, { plans: [plan('2020-01-01', { billed_outcomes: ['valid'] })] });
    const reasons = statement.unbilled.filter(({ layer }) => layer === 'contract');
    expect(Object.fromEntries(reasons.map(({ reason, events }) => [reason, events]))).toEqual({
      outcome_not_billed: 1,
      already_counted: 2,
      indeterminate: 4,
      not_billable: 8,
    });
  });
});

describe('any month', () => {
  const count = fc.record({
    meter: fc.constantFrom('sign_check', 'auth_check'),
    outcome: fc.constantFrom('valid', 'invalid', 'indeterminate'),
    purpose: fc.constantFrom('signature_verification', 'status_check'),
    day: fc.constantFrom('2020-06-01', '2020-06-15'),
    again: fc.boolean(),
    events: fc.integer({ min: 1, max: 5_000 }),
  });
  const counts = fc.array(count, { maxLength: 20 }).map((rows) =>
    rows.map(({ day, again, ...row }) =>
      counted(row.events, {
        ...(row as Partial<UsageCount>),
        billable: row.outcome !== 'indeterminate',
        jlisDay: day,
        contractDay: day,
        contractAgain: again,
        jlis: row.purpose === 'status_check' ? (again ? 'again' : 'first') : 'each',
      }),
    ),
  );
  const tiers = [
    { up_to: 1_000, unit_price: '10.5' },
    { up_to: null, unit_price: '8' },
  ];
  const terms = withPrice(flat('sign_check', '0', { tiers, free: 70 }), { base_fee: '1000', minimum: '3000' });
  const options = {
    plans: [
      { validFrom: '2020-01-01', terms },
      { validFrom: '2020-06-15', terms: withPrice(flat('auth_check', '3', { tiering: 'volume', tiers })) },
    ],
    starts: ['2020-06-01', '2020-06-15'],
  };

  it('has every event in one line or with one reason, in each layer', () => {
    fc.assert(
      fc.property(counts, (given) => {
        const statement = rated(given, options);
        for (const layer of ['jlis', 'contract'] as const) {
          const inLines = statement.lines
            .filter((line) => line.layer === layer && line.events !== null)
            .reduce((sum, { quantity }) => sum + quantity, 0);
          const without = statement.unbilled
            .filter((each) => each.layer === layer)
            .reduce((sum, { events }) => sum + events, 0);
          expect(inLines + without).toBe(statement.totals.events);
        }
      }),
    );
  });
  it('adds up: its total is the sum of its lines, and each line its quantity times its price', () => {
    fc.assert(
      fc.property(counts, (given) => {
        const { lines, totals } = rated(given, options);
        const sum = (of: typeof lines) => of.reduce((total, { amount_yen }) => total + amount_yen, 0);
        expect(totals.contract_yen).toBe(sum(lines.filter(({ layer }) => layer === 'contract')));
        expect(totals.billed_yen).toBe(sum(lines.filter(({ billed }) => billed)));
        for (const { quantity, unit_price, amount_yen } of lines)
          expect(amount_yen).toBe(Math.trunc((quantity * Math.round(Number(unit_price) * 1_000)) / 1_000));
      }),
    );
  });
  it('is the same bytes however its events are ordered or cut into counts', () => {
    fc.assert(
      fc.property(counts, fc.infiniteStream(fc.nat()), (given, random) => {
        const cut = given.flatMap((each) =>
          Array.from({ length: 2 }, (_, half) => ({
            ...each,
            events: half === 0 ? Math.floor(each.events / 2) : Math.ceil(each.events / 2),
          })).filter(({ events }) => events > 0),
        );
        const keyed = cut.map((each) => ({ each, key: random.next().value as number }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ each }) => each);
        expect(statementText(rated(shuffled, options))).toBe(statementText(rated(given, options)));
      }),
    );
  });
});
