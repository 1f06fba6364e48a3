import { describe, expect, it } from '@jest/globals';
import { corporateNumberFault, emptyDraft } from './application-draft';

const faultOf = (corporate_number: string, kind: 'corporation' | 'other' = 'corporation') =>
  corporateNumberFault({ ...emptyDraft(), kind, corporate_number });

describe('a corporate number as it is typed', () => {
  it('passes with its check digit, and is not asked of who has none', () => {
    const numbers = ['4011001098993', '7123456789012', ' 2120901007402 '];
    expect(numbers.map((number) => faultOf(number))).toEqual([undefined, undefined, undefined]);
    expect(faultOf('', 'other')).toBeUndefined();
  });

  it('is told to be mistyped, or no number at all', () => {
    expect([faultOf('4011001098994'), faultOf('401100109899'), faultOf('４０１１００１０９８９９３')]).toEqual([
      'check_digit',
      'form',
      'form',
    ]);
  });
});
