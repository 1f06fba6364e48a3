import { describe, expect, it } from '@jest/globals';
import * as der from '../../../test/support/der-writer.js';
import {
  attributesDer,
  CARD_HOLDER,
  issueEndEntity,
  makeAuthority,
  otherNameDer,
  profileExtensions,
} from '../../../test/support/pki.js';
import { ATTRIBUTE, parseDateOfBirth, readAttributes } from './attributes.js';
import { parseCertificate } from './certificate.js';

const authority = makeAuthority('sign', 2023);
const withSan = (value: Buffer) => {
  const extensions = { ...profileExtensions(authority), san: { oid: '2.5.29.17', value } };
  return readAttributes(parseCertificate(issueEndEntity(authority, { extensions: Object.values(extensions) }).der));
};
const holder = (change: Partial<typeof CARD_HOLDER>) => withSan(attributesDer({ ...CARD_HOLDER, ...change }));
const present = (result: ReturnType<typeof holder>) => {
  if (!result.present) throw new Error(`missing ${result.missing.join()}`);
  return result.attributes;
};

describe('the four attributes', () => {
  it('are read with their substitution maps', () => {
    expect(present(holder({}))).toEqual({
      name: { value: '架空　花子', substitution: '00000', substitution_fits: true },
      date_of_birth: {
        raw: '420081031',
        era: 'heisei',
        year: 2008,
        month: 10,
        day: 31,
        precision: 'day',
        iso: '2008-10-31',
      },
      sex: 'female',
      address: { value: CARD_HOLDER.address, substitution: CARD_HOLDER.addressSubstitution, substitution_fits: true },
      other: [],
    });
  });

  it.each([
    ['1', 'male'],
    ['2', 'female'],
    ['3', 'unknown'],
    ['9', 'unrecognized'],
    ['', 'unrecognized'],
  ])('sex %j is %s', (sex, expected) => expect(present(holder({ sex })).sex).toBe(expected));

  it.each([
    ['a character outside the BMP counts once', '𠮷田　花子', '10000', true],
    ['a map that is too short fits nothing', '架空　花子', '0000', false],
    ['a map that is too long fits nothing', '架空　花子', '000000', false],
    ['a map with another character fits nothing', '架空　花子', '00x00', false],
  ])('%s', (_why, name, nameSubstitution, fits) =>
    expect(present(holder({ name, nameSubstitution })).name).toEqual({
      value: name,
      substitution: nameSubstitution,
      substitution_fits: fits,
    }),
  );

  it('a missing map is null, which is not a map of zeros', () => {
    const { address } = CARD_HOLDER;
    const value = der.sequence(
      otherNameDer(1, 'a'),
      otherNameDer(4, '100000000'),
      otherNameDer(3, '1'),
      otherNameDer(5, address),
    );
    expect(present(withSan(value)).name).toEqual({ value: 'a', substitution: null, substitution_fits: true });
  });

  it('names of unknown types are kept raw', () => {
    const furigana = otherNameDer('1.2.392.200149.8.5.5.7', 'カクウ　ハナコ');
    const binary = der.explicit(0, der.oid('1.2.3'), der.explicit(0, der.integer(5)));
    const value = der.sequence(attributesDer().subarray(attributesDer().length > 129 ? 3 : 2), furigana, binary);
    expect(present(withSan(value)).other).toEqual([
      { oid: '1.2.392.200149.8.5.5.7', value: 'カクウ　ハナコ', encoding: 'text' },
      { oid: '1.2.3', value: 'AgEF', encoding: 'base64' },
    ]);
  });

  it('are absent as a whole when one is missing, and the answer says which', () => {
    const value = der.sequence(otherNameDer(1, 'a'), otherNameDer(3, '1'), otherNameDer(5, 'b'));
    expect(withSan(value)).toEqual({ present: false, missing: [ATTRIBUTE.dateOfBirth] });
  });

  it('are absent from authentication certificates', () => {
    const certificate = parseCertificate(issueEndEntity(makeAuthority('auth', 2023)).der);
    expect(readAttributes(certificate)).toMatchObject({ present: false });
  });
});

describe('a date of birth', () => {
  it.each([
    ['119120729', 'meiji', 'day', '1912-07-29'],
    ['219260101', 'taisho', 'day', '1926-01-01'],
    ['319890107', 'showa', 'day', '1989-01-07'],
    ['420040229', 'heisei', 'day', '2004-02-29'],
    ['520190501', 'reiwa', 'day', '2019-05-01'],
    ['019000101', 'unknown', 'day', '1900-01-01'],
    ['319500500', 'showa', 'month', undefined],
    ['319500000', 'showa', 'year', undefined],
    ['400000000', 'heisei', 'unknown', undefined],
    ['000000000', 'unknown', 'unknown', undefined],
  ])('%s is of era %s with precision %s', (raw, era, precision, iso) => {
    const date = parseDateOfBirth(raw);
    expect([date.raw, date.era, date.precision, date.iso]).toEqual([raw, era, precision, iso]);
  });

  it.each([
    ['a day that does not exist', '319890229'],
    ['29 February of a century that is no leap year', '019000229'],
    ['a month that does not exist', '319891301'],
    ['a day without a month', '319890001'],
    ['a month without a year', '300000101'],
    ['a year before its era', '319250101'],
    ['a year after its era', '419880101'],
  ])('%s says nothing but its raw value', (_why, raw) => {
    const date = parseDateOfBirth(raw);
    expect(date).toEqual({ raw, era: date.era, precision: 'unknown' });
  });

  it.each(['', '42008103', '4200810310', '620200101', '4２0081031', '4 2008103', '420081031\n'])(
    'text %j that is no date is kept and has neither era nor precision',
    (raw) => expect(parseDateOfBirth(raw)).toEqual({ raw, era: 'unknown', precision: 'unknown' }),
  );
});
