import { describe, expect, test } from '@jest/globals';
import * as asn1js from 'asn1js';
import fc from 'fast-check';
import { element, integer, namedBits, oid, setOf, time, utf8String } from './der-writer.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('an independent reader gets back what the DER writer wrote', () => {
  test('integers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 160n }), (value) => {
        const read = asn1js.fromBER(integer(value)).result;
        expect(read instanceof asn1js.Integer && read.toBigInt()).toBe(value);
      }),
    );
  });

  test('object identifiers, arcs beyond 16 bits included', () => {
    for (const dotted of ['2.5.29.15', '1.2.392.200149.8.5.5.1', '1.2.840.113549.1.1.11']) {
      const read = asn1js.fromBER(oid(dotted)).result;
      expect(read instanceof asn1js.ObjectIdentifier && read.valueBlock.toString()).toBe(dotted);
    }
  });

  test('texts longer than one length octet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const read = asn1js.fromBER(utf8String(text)).result;
        expect(read instanceof asn1js.Utf8String && read.valueBlock.value).toBe(text);
      }),
    );
  });
});

describe('the encoding is the one DER allows', () => {
  test('a set top bit gets a leading zero, so that a serial is never negative', () => {
    expect(hex(integer(0x80))).toBe('02020080');
    expect(hex(integer(0))).toBe('020100');
  });

  test('lengths take the fewest octets', () => {
    expect(hex(element(0x04, Buffer.alloc(127)).subarray(0, 2))).toBe('047f');
    expect(hex(element(0x04, Buffer.alloc(128)).subarray(0, 3))).toBe('048180');
    expect(hex(element(0x04, Buffer.alloc(256)).subarray(0, 4))).toBe('04820100');
  });

  test('named bits end at the last one set', () => {
    expect(hex(namedBits(0))).toBe('03020780');
    expect(hex(namedBits(0, 1))).toBe('030206c0');
    expect(hex(namedBits(5, 6))).toBe('03020106');
  });

  test('SET OF is ordered by encoding, whatever the order given', () => {
    expect(setOf(integer(2), integer(1))).toEqual(setOf(integer(1), integer(2)));
  });

  test('years from 2050 on are GeneralizedTime', () => {
    expect(
      time(Date.UTC(2049, 11, 31, 23, 59, 59))
        .subarray(2)
        .toString(),
    ).toBe('491231235959Z');
    expect(
      time(Date.UTC(2050, 0, 1))
        .subarray(2)
        .toString(),
    ).toBe('20500101000000Z');
  });
});
