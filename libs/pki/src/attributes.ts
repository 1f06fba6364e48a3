import type { Certificate } from './certificate.js';
import type { OtherName } from './general-name.js';

/** otherName types of the signature certificate, arc 1.2.392.200149.8.5.5. */
export const ATTRIBUTE = {
  name: '1.2.392.200149.8.5.5.1',
  nameSubstitution: '1.2.392.200149.8.5.5.2',
  sex: '1.2.392.200149.8.5.5.3',
  dateOfBirth: '1.2.392.200149.8.5.5.4',
  address: '1.2.392.200149.8.5.5.5',
  addressSubstitution: '1.2.392.200149.8.5.5.6',
} as const;

/** Text in which characters outside JIS levels 1 and 2 and supplementary kanji were replaced by others. */
export interface SubstitutedText {
  value: string;
  /** One 0 or 1 per character of `value`, 1 where it was replaced; null when the certificate has none. */
  substitution: string | null;
  /** False when the map is present and is not one digit per character: then it says nothing about any character. */
  substitution_fits: boolean;
}

export type Era = 'meiji' | 'taisho' | 'showa' | 'heisei' | 'reiwa' | 'unknown';

/** A date of which parts may be unknown. Without `iso` it is not a day and must not be treated as one. */
export interface DateOfBirth {
  /** As in the certificate, `EYYYYMMDD`: era digit, Gregorian year, month, day; unknown parts are zeros. */
  raw: string;
  era: Era;
  year?: number;
  month?: number;
  day?: number;
  precision: 'day' | 'month' | 'year' | 'unknown';
  /** YYYY-MM-DD, with precision `day` only. */
  iso?: string;
}

/** The four attributes of a signature certificate. */
export interface Attributes {
  name: SubstitutedText;
  date_of_birth: DateOfBirth;
  /** `unrecognized` is a value outside the published table. */
  sex: 'male' | 'female' | 'unknown' | 'unrecognized';
  address: SubstitutedText;
  /** otherNames of types not known here; `value` is text, or base64 of the DER when it is not text. */
  other: { oid: string; value: string; encoding: 'text' | 'base64' }[];
}

export type AttributesResult =
  | { present: true; attributes: Attributes }
  /** OIDs of the four attributes that are missing; authentication certificates have none of them. */
  | { present: false; missing: string[] };

const SEX = new Map([
  ['1', 'male'],
  ['2', 'female'],
  ['3', 'unknown'],
] as const) as ReadonlyMap<string, 'male' | 'female' | 'unknown'>;

/** Reads the four attributes; to be shown only after path, profile, validity and signature passed. */
export function readAttributes(certificate: Certificate): AttributesResult {
  const names = certificate.extensions.subjectAltName?.otherNames ?? [];
  const text = (oid: string): string | undefined => names.find((name) => name.oid === oid)?.value;
  const name = text(ATTRIBUTE.name);
  const dateOfBirth = text(ATTRIBUTE.dateOfBirth);
  const sex = text(ATTRIBUTE.sex);
  const address = text(ATTRIBUTE.address);
  if (name === undefined || dateOfBirth === undefined || sex === undefined || address === undefined) {
    const required = [ATTRIBUTE.name, ATTRIBUTE.dateOfBirth, ATTRIBUTE.sex, ATTRIBUTE.address];
    return { present: false, missing: required.filter((oid) => text(oid) === undefined) };
  }
  const known = new Set<string>(Object.values(ATTRIBUTE));
  const [nameSubstitution, addressSubstitution] = [
    text(ATTRIBUTE.nameSubstitution),
    text(ATTRIBUTE.addressSubstitution),
  ];
  return {
    present: true,
    attributes: {
      ...interpretAttributes({
        name,
        sex,
        dateOfBirth,
        address,
        ...(nameSubstitution === undefined ? {} : { nameSubstitution }),
        ...(addressSubstitution === undefined ? {} : { addressSubstitution }),
      }),
      other: names.filter((other) => !known.has(other.oid)).map(otherAttribute),
    },
  };
}

/** The four attributes as texts in the forms of the certificate, wherever they come from. */
export interface AttributeTexts {
  name: string;
  nameSubstitution?: string;
  sex: string;
  dateOfBirth: string;
  address: string;
  addressSubstitution?: string;
}

/** What the texts say. Nothing is refused: what does not fit its form keeps its raw text and is told as such. */
export function interpretAttributes(texts: AttributeTexts): Attributes {
  return {
    name: substituted(texts.name, texts.nameSubstitution),
    date_of_birth: parseDateOfBirth(texts.dateOfBirth),
    sex: SEX.get(texts.sex) ?? 'unrecognized',
    address: substituted(texts.address, texts.addressSubstitution),
    other: [],
  };
}

function otherAttribute({ oid, value, raw }: OtherName): Attributes['other'][number] {
  return value === undefined
    ? { oid, value: Buffer.from(raw).toString('base64'), encoding: 'base64' }
    : { oid, value, encoding: 'text' };
}

function substituted(value: string, map: string | undefined): SubstitutedText {
  // Characters are code points: a kanji outside the BMP is one character and two UTF-16 units.
  const fits = map === undefined || (/^[01]*$/u.test(map) && map.length === [...value].length);
  return { value, substitution: map ?? null, substitution_fits: fits };
}

/** Eras by their digit with the Gregorian years in which they began and ended. */
const ERAS: readonly { era: Era; first: number; last: number }[] = [
  { era: 'unknown', first: 1, last: 9999 },
  { era: 'meiji', first: 1868, last: 1912 },
  { era: 'taisho', first: 1912, last: 1926 },
  { era: 'showa', first: 1926, last: 1989 },
  { era: 'heisei', first: 1989, last: 2019 },
  { era: 'reiwa', first: 2019, last: 9999 },
];

/**
 * Reads `EYYYYMMDD`. No date library: it would complete or shift what is not known. A value that is no date, lies outside
 * its era, or knows a part without the larger one before it keeps its raw text and says nothing.
 */
export function parseDateOfBirth(raw: string): DateOfBirth {
  const parts = /^([0-5])(\d{4})(\d{2})(\d{2})$/.exec(raw);
  const row = ERAS[Number(parts?.[1])];
  if (!parts || !row) return { raw, era: 'unknown', precision: 'unknown' };
  const { era, first, last } = row;
  const [year, month, day] = [Number(parts[2]), Number(parts[3]), Number(parts[4])];
  const nothing: DateOfBirth = { raw, era, precision: 'unknown' };
  if (year < first || year > last || month > 12 || (month === 0 && day > 0)) return nothing;
  if (month === 0) return { raw, era, year, precision: 'year' };
  if (day === 0) return { raw, era, year, month, precision: 'month' };
  if (day > daysIn(year, month)) return nothing;
  return { raw, era, year, month, day, precision: 'day', iso: `${parts[2]}-${parts[3]}-${parts[4]}` };
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
