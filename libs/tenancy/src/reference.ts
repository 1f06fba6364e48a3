import type { ProblemCode } from '#lib/platform';

// No letters or digits, save the long-vowel mark and the numeral one, which pass for hyphens in Japanese text.
const SEPARATED = '(?:[^\\p{L}\\p{N}]|[ー一]){1,3}';
/**
 * Digits in groups of one length, as people write a long number: 12, 6, 4, 3 or 2 together, with up to three marks
 * between the groups. Groups of unequal length (a year and a serial) are no way to write an Individual Number.
 */
const TWELVE_DIGITS = new RegExp(
  `(?<![A-Za-z0-9])(?:\\d{12}|${[6, 4, 3, 2].map((size) => `\\d{${size}}(?:${SEPARATED}\\d{${size}}){${12 / size - 1}}`).join('|')})(?![A-Za-z0-9])`,
  'gu',
);

/**
 * Check digit of an Individual Number (MIC ordinance no. 85 of 2014, art. 5): 11 − Σ Pn·Qn mod 11 over the digits
 * before it from the right, Qn = n + 1 up to the sixth and n − 5 after; remainders 0 and 1 give 0.
 */
export function hasMyNumberCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let n = 1; n <= 11; n++) sum += Number(digits[11 - n]) * (n <= 6 ? n + 1 : n - 5);
  const remainder = sum % 11;
  return Number(digits[11]) === (remainder <= 1 ? 0 : 11 - remainder);
}

/** The commonest reference of all; one in some thousand has digits in all the wrong places. */
const UUID = /(?<![A-Za-z0-9])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![A-Za-z0-9])/giu;

/** True when `text` contains what could be an Individual Number, in half- or full-width digits. */
export function mayHoldMyNumber(text: string): boolean {
  // Invisible characters must not hide it.
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(UUID, 'uuid');
  for (const [found] of plain.matchAll(TWELVE_DIGITS)) if (hasMyNumberCheckDigit(found.replace(/\D/g, ''))) return true;
  return false;
}

/** True when `text` fits `format`: `9` is a digit, `A` a letter A–Z, anything else itself. */
export function fitsFormat(text: string, format: string): boolean {
  if (text.length !== format.length) return false;
  for (let i = 0; i < format.length; i++) {
    const expected = format[i]!;
    const found = text[i]!;
    if (expected === '9' ? !/[0-9]/.test(found) : expected === 'A' ? !/[A-Z]/.test(found) : found !== expected)
      return false;
  }
  return true;
}

/**
 * Whether a tenant's own reference may be stored. Individual Numbers must never be collected here (My Number Act
 * art. 20); a contract whose references look like one registers their format and is then held to it.
 */
export function checkReference(reference: string, format: string | null): ProblemCode | undefined {
  if (format !== null) return fitsFormat(reference, format) ? undefined : 'reference_format_wrong';
  return mayHoldMyNumber(reference) ? 'reference_is_my_number' : undefined;
}
