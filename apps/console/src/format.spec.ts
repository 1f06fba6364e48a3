import { describe, expect, it } from '@jest/globals';
import { formatsOf, instantOf, localOf } from './format';

describe('dates and numbers of the console', () => {
  it('are those of Japan whatever the zone of the machine', () => {
    expect(formatsOf('ja').time('2026-11-28T15:04:05.000Z')).toBe('2026/11/29 00:04:05');
    expect(formatsOf('en').day('2026-11-28T15:04:05.000Z')).toBe('2026/11/29');
  });

  it('say that there is none', () => {
    expect(formatsOf('ja').minute(null)).toBe('—');
  });

  it('tell how long ago in words', () => {
    const now = Date.parse('2026-11-28T12:00:00Z');
    expect(formatsOf('ja').ago('2026-11-28T09:00:00Z', now)).toBe('3 時間前');
    expect(formatsOf('en').ago('2026-11-30T12:00:00Z', now)).toBe('in 2 days');
  });

  it('take what is typed as Japan’s time, and give it back as it was typed', () => {
    expect(instantOf('2026-11-29T00:04')).toBe('2026-11-29T00:04:00+09:00');
    expect(localOf('2026-11-28T15:04:00.000Z')).toBe('2026-11-29T00:04');
    expect(localOf(instantOf('2026-01-01T09:30'))).toBe('2026-01-01T09:30');
    expect([instantOf(''), localOf(undefined), localOf('no time')]).toEqual([undefined, '', '']);
  });

  it('have separators', () => {
    expect(formatsOf('ja').number(30_000_000)).toBe('30,000,000');
    expect([formatsOf('ja').share(0.01234), formatsOf('en').share(0)]).toEqual(['1.23%', '0%']);
  });

  it('tell days of the calendar and months as they are, and the last day of a period', () => {
    const { date, period, month } = formatsOf('ja');
    expect([date('2026-11-01'), date(null)]).toEqual(['2026/11/01', '—']);
    expect([period('2024-02-01', '2024-03-01'), period('2026-11-01', null)]).toEqual([
      '2024/02/01 – 2024/02/29',
      '2026/11/01 から',
    ]);
    expect([month('2026-04'), formatsOf('en').month('2026-04')]).toEqual(['2026年4月', '2026/04']);
  });

  it('tell yen with every decimal of a price, and whole', () => {
    const { yen } = formatsOf('ja');
    expect([yen(1_234_567), yen('0.125'), yen(-44), yen('20')]).toEqual(['¥1,234,567', '¥0.125', '-¥44', '¥20']);
  });

  it('tell how far a clock is moved by its two largest units', () => {
    expect(formatsOf('ja').offset(2 * 86_400_000)).toBe('+2 日');
    expect(formatsOf('ja').offset(-(26 * 3_600_000 + 61_000))).toBe('−1 日 2 時間');
    expect(formatsOf('en').offset(90 * 60_000)).toBe('+1 hour 30 minutes');
  });

  it('list things as each language does', () => {
    const things = ['CRL', 'OCSP', 'OCSP (CRL)'];
    expect(formatsOf('ja').list(things)).toBe('CRL、OCSP、OCSP (CRL)');
    expect(formatsOf('en').list(things)).toBe('CRL, OCSP, OCSP (CRL)');
  });
});
