import { describe, expect, it } from '@jest/globals';
import { changedFields } from './changed-fields.js';

describe('what an act changed', () => {
  it('is the fields that differ, as they were and as they are', () => {
    expect(changedFields({ a: 1, b: [1, { c: 2 }], d: 'x' }, { a: 1, b: [1, { c: 3 }], d: 'x' })).toEqual({
      before: { b: [1, { c: 2 }] },
      after: { b: [1, { c: 3 }] },
    });
  });
  it('has null for a field that one state does not have', () => {
    expect(changedFields({ a: 1 }, { b: undefined, c: 2 })).toEqual({
      before: { a: 1, c: null },
      after: { a: null, c: 2 },
    });
  });
  it('is everything of a thing that was made or removed', () => {
    expect(changedFields(null, { a: 1 })).toEqual({ before: null, after: { a: 1 } });
    expect(changedFields({ a: 1 }, null)).toEqual({ before: { a: 1 }, after: null });
  });
  it('is nothing when nothing differs', () => {
    expect(changedFields({ a: [1], b: undefined }, { a: [1] })).toBeUndefined();
    expect(changedFields(null, null)).toBeUndefined();
  });
});
