import { describe, expect, it } from '@jest/globals';
import { Problem } from '#lib/platform';
import { searchWindow } from './search-window.js';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const DAY_MS = 86_400_000;
const days = (query: Parameters<typeof searchWindow>[0]): number | string => {
  try {
    const { createdAfter } = searchWindow(query, NOW);
    return (NOW - createdAfter.getTime()) / DAY_MS;
  } catch (error) {
    return error instanceof Problem ? String(error.members['field']) : String(error);
  }
};

describe('the time a search covers', () => {
  it('is a day of everybody, seven at most, and any of one tenant', () => {
    expect(days({})).toBe(1);
    expect(days({ created_after: '2026-11-16T12:00:00Z' })).toBe(7);
    expect(days({ created_after: '2026-11-16T11:59:59Z' })).toBe('created_after');
    expect(days({ tenant_id: 'ten_1', created_after: '2020-01-01T00:00:00Z' })).toBeGreaterThan(2000);
    expect(days({ tenant_id: 'ten_1' })).toBe(NOW / DAY_MS);
  });

  it('of everybody far back is bounded by its own end', () => {
    expect(days({ created_before: '2026-01-03T00:00:00Z', created_after: '2026-01-01T00:00:00Z' })).toBeGreaterThan(
      300,
    );
    expect(days({ created_before: '2026-01-03T00:00:00+09:00', created_after: '2025-01-01T00:00:00Z' })).toBe(
      'created_after',
    );
  });

  it('does not end before it begins, and a reference is of a tenant', () => {
    expect(
      days({ tenant_id: 'ten_1', created_after: '2026-02-01T00:00:00Z', created_before: '2026-02-01T00:00:00Z' }),
    ).toBe('created_after');
    expect(days({ reference: 'C-1' })).toBe('reference');
  });
});
