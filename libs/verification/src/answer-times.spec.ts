import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quantilesOf, stepOf } from './answer-times.js';

const steps = (...times: number[]) => times.map((ms) => ({ step: stepOf(ms), answers: 1 }));

describe('the time of an answer', () => {
  it('is never told shorter than it was, and at most a tenth longer', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e6, noNaN: true }), (ms) => {
        const told = quantilesOf(steps(ms))!.p50Ms;
        expect(told).toBeGreaterThanOrEqual(ms * (1 - 1e-12));
        expect(told).toBeLessThan(ms * 1.1);
      }),
    );
  });

  it.each([0, -1, 1e12])('of %d milliseconds, which no clock gives, has a step that the database takes', (ms) => {
    expect(stepOf(ms)).toBeGreaterThanOrEqual(-64);
    expect(stepOf(ms)).toBeLessThanOrEqual(192);
  });

  it('is told for half and for 99 of 100 answers, whatever the order of the steps', () => {
    const times = [...Array.from({ length: 98 }, () => 8), 1_024, 4_096];
    expect(quantilesOf(steps(...times).reverse())).toEqual({ answers: 100, p50Ms: 8, p99Ms: 1_024 });
    expect(quantilesOf(steps(4, 16))).toEqual({ answers: 2, p50Ms: 4, p99Ms: 16 });
  });

  it('is not told where nothing was answered', () => expect(quantilesOf([])).toBeUndefined());
});
