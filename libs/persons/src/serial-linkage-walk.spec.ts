import { describe, expect, it } from '@jest/globals';
import { MAX_STEPS, stepBack, type LinkageAnswer, type Sight } from './serial-linkage-walk.js';

const previous = (previousSerial: string): LinkageAnswer => ({ state: 'linked', previousSerial });
const known: Sight = { is: 'known', certificateId: 'c' };
const unknown: Sight = { is: 'unknown' };

describe('a step back from a certificate', () => {
  it('ends at a certificate that the tenant knows, with nothing between', () =>
    expect(stepBack(['3'], previous('2'), known, false)).toEqual({
      end: { state: 'reached', certificateId: 'c', hops: [] },
    }));

  it('ends with every serial between when it took several', () =>
    expect(stepBack(['4', '3', '2'], previous('1'), known, true)).toEqual({
      end: { state: 'reached', certificateId: 'c', hops: ['3', '2'] },
    }));

  it('that J-LIS does not know of is not found', () => {
    for (const chained of [true, false])
      expect(stepBack(['3'], { state: 'not_found' }, undefined, chained)).toEqual({ end: { state: 'not_found' } });
  });

  it('to a stranger goes on only where J-LIS answers about superseded serials', () => {
    expect(stepBack(['3'], previous('2'), unknown, false)).toEqual({ end: { state: 'not_found' } });
    expect(stepBack(['3'], previous('2'), unknown, true)).toEqual({ ask: '2' });
  });

  it('gives up on a way that is longer than a life', () => {
    const asked = Array.from({ length: MAX_STEPS }, (_, i) => String(100 - i));
    expect(stepBack(asked.slice(1), previous('1'), unknown, true)).toEqual({ ask: '1' });
    expect(stepBack(asked, previous('1'), unknown, true)).toEqual({ end: { state: 'not_found' } });
  });

  it.each([
    ['the presented serial itself', ['3'], '3'],
    ['a serial on the way', ['4', '3', '2'], '3'],
    ['the presented serial after several', ['4', '3', '2'], '4'],
  ])('to %s is a cycle, whatever is known of it', (_what, asked, serial) => {
    for (const sight of [known, unknown, { is: 'severed' } as const])
      for (const chained of [true, false])
        expect(stepBack(asked, previous(serial), sight, chained)).toEqual({
          end: { state: 'ambiguous', detail: 'cycle' },
        });
  });

  it("to a deleted person's certificate is severed, and never passes it", () => {
    expect(stepBack(['3'], previous('2'), { is: 'severed' }, true)).toEqual({ end: { state: 'severed' } });
    expect(stepBack(['4', '3'], previous('2'), { is: 'severed' }, true)).toEqual({ end: { state: 'severed' } });
  });

  it('from a fresh certificate waits as long as J-LIS says', () =>
    expect(stepBack(['3'], { state: 'not_yet_linkable', retryAfterSeconds: 90 }, undefined, true)).toEqual({
      end: { state: 'not_yet_linkable', retryAfterMs: 90_000 },
    }));
});
