import { describe, expect, it } from '@jest/globals';
import { fromPublicId, newId, newRandomId, toPublicId } from './ids.js';

describe('ids', () => {
  it('are version 7 UUIDs in the order they were made, also within a millisecond and when the clock steps back', () => {
    const made = Array.from({ length: 10_000 }, (_, i) =>
      newId(1_700_000_000_000 + (i % 3) - (i > 5_000 ? 60_000 : 0)),
    );
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    for (const id of made.slice(0, 50))
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
  it('go out with a prefix and come back only under the same one', () => {
    const id = newRandomId();
    expect(fromPublicId('ver', toPublicId('ver', id))).toBe(id);
    expect(fromPublicId('key', toPublicId('ver', id))).toBeUndefined();
  });
  it.each([
    '',
    'ver_',
    'ver_xyz',
    `ver_${'0'.repeat(33)}`,
    `ver_${'G'.repeat(32)}`,
    `VER_${'0'.repeat(32)}`,
    "ver_' or 1=1",
  ])('refuse %j', (text) => expect(fromPublicId('ver', text)).toBeUndefined());
});
