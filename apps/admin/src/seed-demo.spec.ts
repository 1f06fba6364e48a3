import { describe, expect, it } from '@jest/globals';
import { METERS, pricePlanFaults } from '#lib/billing';
import { DEMO_PRICES } from './seed-demo.js';

describe('the prices of the demo tenant', () => {
  it('are 20, 2 and 2 yen, as J-LIS asked until 2022, 20 for the latest attributes, and nothing else', () => {
    expect(DEMO_PRICES.prices.map(({ meter, tiers }) => [meter, tiers.map(({ unit_price }) => unit_price)])).toEqual([
      ['sign_check', ['20']],
      ['auth_check', ['2']],
      ['counterpart_delivered', ['2']],
      ['attributes_delivered', ['20']],
    ]);
    expect(DEMO_PRICES.prices.map(({ meter }) => meter)).toEqual(METERS);
    expect(pricePlanFaults(DEMO_PRICES, '2026-10-01')).toEqual([]);
    expect([DEMO_PRICES.base_fee, DEMO_PRICES.minimum]).toEqual(['0', '0']);
  });
  it('say in both languages that they are those of the platform operator', () => {
    expect(DEMO_PRICES.label.ja).toMatch(/^PF利用料/);
    expect(DEMO_PRICES.label.en).toMatch(/^PF prices/);
  });
});
