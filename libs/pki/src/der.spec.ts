import { describe, expect, it } from '@jest/globals';
import { DerReader, Malformed, TAG } from './der.js';

const reader = (hex: string) => new DerReader(Buffer.from(hex, 'hex'), 'test');
const rule = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Malformed) return error.rule;
    throw error;
  }
  return 'accepted';
};

describe('DerReader refuses what is not DER', () => {
  it.each([
    ['a length in indefinite form', '3080', 'indefinite_length'],
    ['a length of five octets', '30850000000001', 'length_too_large'],
    ['a length below 128 in long form', '30810100', 'length_not_minimal'],
    ['a length with a leading zero octet', `30820080${'00'.repeat(128)}`, 'length_not_minimal'],
    ['an element longer than its window', '300200', 'truncated'],
    ['a header cut off', '30', 'truncated'],
    ['a tag number of 31 or more', '1f8100', 'high_tag_number'],
  ])('%s', (_why, hex, expected) => expect(rule(() => reader(hex).next())).toBe(expected));

  it.each([
    ['no content', '0200', 'empty_integer'],
    ['a padded positive', '02020001', 'integer_not_minimal'],
    ['a padded negative', '0202ff80', 'integer_not_minimal'],
    ['more octets than allowed', '020400abcdef', 'integer_too_large'],
  ])('an INTEGER with %s', (_why, hex, expected) => expect(rule(() => reader(hex).integer(3))).toBe(expected));

  it.each(['010101', '0102ffff', '0100'])('a BOOLEAN %s', (hex) =>
    expect(rule(() => reader(hex).boolean())).toBe('bad_boolean'),
  );
  it.each(['0600', '060180', '06028001', '06032a8001', `0641${'2a'.repeat(65)}`])('an OID %s', (hex) =>
    expect(rule(() => reader(hex).oid())).toBe('bad_oid'),
  );
  it.each(['0300', '030208ff', '030207ff', '03020700', '030101'])('named bits %s', (hex) =>
    expect(rule(() => reader(hex).namedBits())).toBe('bad_bit_string'),
  );
  it.each([
    ['without seconds', '170b3236313132333134323200'],
    ['with an offset', '17113236313132333134323230302b30393030'],
    ['on 30 February', '170d3236303233303134323230305a'],
    ['with a fraction', '18113230323631313233313432323030 2e355a'.replace(' ', '')],
  ])('a time %s', (_why, hex) => expect(['bad_time', 'truncated']).toContain(rule(() => reader(hex).time())));
});

describe('DerReader reads', () => {
  it('OIDs of all three roots', () => {
    expect(reader('06082a83088c9b550805').oid()).toBe('1.2.392.200149.8.5');
    expect(reader('0603551d0f').oid()).toBe('2.5.29.15');
    expect(reader('0603883703').oid()).toBe('2.999.3');
    expect(reader('06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776').oid()).toBe(
      '2.25.329800735698586629295641978511506172918',
    );
  });
  it('key usage bits by their ASN.1 position', () => {
    expect(reader('030206c0').namedBits()).toBe(0b11);
    expect(reader('03020780').namedBits()).toBe(0b1);
    expect(reader('03020106').namedBits()).toBe(0b1100000);
    expect(reader('030100').namedBits()).toBe(0);
  });
  it('both time forms, with the century rule of UTCTime', () => {
    expect(reader('170d3236313132333134323230305a').time()).toBe(Date.UTC(2026, 10, 23, 14, 22));
    expect(reader('170d3530303130313030303030305a').time()).toBe(Date.UTC(1950, 0, 1));
    expect(reader('180f32303530303130313030303030305a').time()).toBe(Date.UTC(2050, 0, 1));
  });
  it('nested windows without leaving them', () => {
    const outer = reader('3006020101 020102'.replace(' ', ''));
    const inner = outer.enter(TAG.SEQUENCE);
    expect([inner.smallInteger(), inner.smallInteger()]).toEqual([1, 2]);
    inner.finish();
    outer.finish();
    expect(rule(() => inner.next())).toBe('truncated');
  });
});
