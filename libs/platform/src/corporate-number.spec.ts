import { describe, expect, it } from '@jest/globals';
import { hasCorporateCheckDigit } from './corporate-number.js';

describe('the check digit of a corporate number', () => {
  it.each(['4011001098993', '7123456789012', '2120901007402'])('is right in %s', (number) =>
    expect(hasCorporateCheckDigit(number)).toBe(true),
  );

  it('finds every mistyped digit but 0 for 9 and 9 for 0', () => {
    const number = '4011001098993';
    const missed: string[] = [];
    for (let at = 1; at < number.length; at++)
      for (let digit = 0; digit <= 9; digit++) {
        const typed = `${number.slice(0, at)}${digit}${number.slice(at + 1)}`;
        if (typed !== number && hasCorporateCheckDigit(typed)) missed.push(`${number[at]!}${digit}`);
      }
    expect(missed).toHaveLength(7);
    expect(missed.every((pair) => pair === '09' || pair === '90')).toBe(true);
  });

  it.each(['', '401100109899', '40110010989930', '4011001098993\n', '４０１１００１０９８９９３', 'T4011001098993'])(
    'is not looked for in %j',
    (text) => expect(hasCorporateCheckDigit(text)).toBe(false),
  );
});
