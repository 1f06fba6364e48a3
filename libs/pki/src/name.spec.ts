import { describe, expect, it } from '@jest/globals';
import * as der from '../../../test/support/der-writer.js';
import { nameDer } from '../../../test/support/pki.js';
import { Malformed } from './der.js';
import { nameToString, parseName, sameName } from './name.js';

const CN = '2.5.4.3';
const attribute = (oid: string, value: Buffer) => der.sequence(der.oid(oid), value);
const rdn = (...attributes: Buffer[]) => der.set(...attributes);
const name = (...rdns: Buffer[]) => parseName(der.sequence(...rdns));
const cn = (value: Buffer) => name(rdn(attribute(CN, value)));
const bmp = (text: string) => der.tlv(0x1e, Buffer.from(text, 'utf16le').swap16());

describe('names match as RFC 5280 §7.1 says', () => {
  it.each([
    ['PrintableString and UTF8String', der.printable('JPKI'), der.utf8('JPKI')],
    ['BMPString and UTF8String', bmp('地方公共団体'), der.utf8('地方公共団体')],
    ['upper and lower case', der.utf8('Jpki Straße'), der.utf8('jPKI STRAßE')],
    ['outer and repeated spaces', der.utf8('  a  \t b '), der.utf8('a b')],
    ['compatibility forms', der.utf8('ＪＰＫＩ　Ａ'), der.utf8('jpki a')],
    ['composed and decomposed letters', der.utf8('\u00e9'), der.utf8('e\u0301')],
    ['ignorable characters', der.utf8('jp\u00ad\u200bki\ufe0f'), der.utf8('jpki')],
  ])('%s are the same', (_why, a, b) => expect(sameName(cn(a), cn(b))).toBe(true));

  it('the order of attributes within one RDN does not matter', () => {
    const a = attribute(CN, der.utf8('x'));
    const b = attribute('2.5.4.10', der.utf8('y'));
    expect(sameName(name(rdn(a, b)), name(rdn(b, a)))).toBe(true);
  });

  it.each([
    ['another value', nameDer(['CN', 'a']), nameDer(['CN', 'b'])],
    ['another type', nameDer(['CN', 'a']), nameDer(['O', 'a'])],
    ['another order of RDNs', nameDer(['O', 'a'], ['CN', 'b']), nameDer(['CN', 'b'], ['O', 'a'])],
    ['a missing RDN', nameDer(['O', 'a'], ['CN', 'b']), nameDer(['O', 'a'])],
    ['a repeated RDN', nameDer(['CN', 'a'], ['CN', 'a']), nameDer(['CN', 'a'])],
    [
      'one RDN of two attributes against two RDNs',
      der.sequence(rdn(attribute(CN, der.utf8('a')), attribute(CN, der.utf8('b')))),
      nameDer(['CN', 'a'], ['CN', 'b']),
    ],
    ['a value that imitates a second attribute', nameDer(['CN', 'a;2.5.4.10=1:b;']), nameDer(['CN', 'a'], ['O', 'b'])],
    ['a value that imitates the end of its RDN', nameDer(['CN', 'a;][2.5.4.3=1:b']), nameDer(['CN', 'a'], ['CN', 'b'])],
    [
      'text that imitates the hex of an undecodable value',
      nameDer(['CN', '#1401ff']),
      der.sequence(rdn(attribute(CN, der.tlv(0x14, Buffer.from([0xff]))))),
    ],
    [
      'a TeletexString against equal letters elsewhere',
      der.sequence(rdn(attribute(CN, der.tlv(0x14, Buffer.from('a'))))),
      nameDer(['CN', 'a']),
    ],
  ])('%s is another name', (_why, a, b) => expect(sameName(parseName(a), parseName(b))).toBe(false));
});

describe('parseName refuses', () => {
  const rule = (bytes: Buffer): string => {
    try {
      parseName(bytes);
    } catch (error) {
      if (error instanceof Malformed) return error.rule;
      throw error;
    }
    return 'accepted';
  };
  it.each([
    ['an RDN without attributes', der.sequence(der.set()), 'empty_rdn'],
    ['an attribute without value', der.sequence(rdn(der.sequence(der.oid(CN)))), 'truncated'],
    [
      'an attribute with two values',
      der.sequence(rdn(der.sequence(der.oid(CN), der.utf8('a'), der.utf8('b')))),
      'trailing_bytes',
    ],
    ['an attribute longer than its RDN', Buffer.from('300d310830090603550403' + '0c0261', 'hex'), 'truncated'],
    ['a value longer than its attribute', Buffer.from('300f310b30070603550403' + '0c020c00', 'hex'), 'truncated'],
    [
      'bytes that are no UTF-8',
      der.sequence(rdn(attribute(CN, der.tlv(0x0c, Buffer.from('c328', 'hex'))))),
      'bad_utf8',
    ],
    [
      '8-bit octets in a PrintableString',
      der.sequence(rdn(attribute(CN, der.tlv(0x13, Buffer.from('ff', 'hex'))))),
      'bad_string',
    ],
    [
      'half a character in a BMPString',
      der.sequence(rdn(attribute(CN, der.tlv(0x1e, Buffer.from('00', 'hex'))))),
      'bad_string',
    ],
    ['bytes after the name', Buffer.concat([nameDer(['CN', 'a']), Buffer.from([0])]), 'trailing_bytes'],
    [
      'more attributes than anybody needs',
      nameDer(...Array.from({ length: 65 }, (): ['CN', string] => ['CN', 'a'])),
      'too_many_attributes',
    ],
  ])('%s', (_why, bytes, expected) => expect(rule(bytes)).toBe(expected));
});

describe('nameToString', () => {
  it('shows the last RDN first, short names for common types and several attributes of one RDN', () => {
    const both = rdn(attribute(CN, der.utf8('花子')), attribute('1.2.3.4', der.utf8('x')));
    expect(nameToString(name(rdn(attribute('2.5.4.6', der.printable('JP'))), both))).toBe('CN=花子+1.2.3.4=x,C=JP');
  });
  it.each([
    ['a,b+c"d\\e<f>g;h=i', 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i'],
    ['#a', 'CN=\\#a'],
    [' a ', 'CN=\\ a\\ '],
    ['a\nb', 'CN=a\\0ab'],
  ])('escapes %j', (value, expected) => expect(nameToString(cn(der.utf8(value)))).toBe(expected));
});
