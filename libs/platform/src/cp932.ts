import iconv from 'iconv-lite';

/** Windows-31J, as spreadsheets in Japan take it. Ask {@link fitsCp932} before: what it lacks becomes a question mark. */
export const encodeCp932 = (text: string): Buffer => iconv.encode(text, 'cp932');

/** Whether every character can be written, and is read back as itself. */
export const fitsCp932 = (text: string): boolean => iconv.decode(encodeCp932(text), 'cp932') === text;

/**
 * Characters of JIS X 0208 whose code point in Unicode is another one for Microsoft (the Unicode Consortium's JIS0208.TXT
 * against CP932.TXT), and the yen sign, which CP932 has in full width alone: the same sign to who reads it.
 */
const SAME_SIGN: Readonly<Record<string, string>> = {
  '\u301C': '\uFF5E', // wave dash → fullwidth tilde
  '\u2212': '\uFF0D', // minus sign → fullwidth hyphen-minus
  '\u2016': '\u2225', // double vertical line → parallel to
  '\u2014': '\u2015', // em dash → horizontal bar
  '\u00A2': '\uFFE0', // cent
  '\u00A3': '\uFFE1', // pound
  '\u00AC': '\uFFE2', // not
  '\u00A5': '\uFFE5', // yen
};
const OTHERS = new RegExp(`[${Object.keys(SAME_SIGN).join('')}]`, 'gu');

/** A text with the signs of CP932 for those that it has under another code point. */
export const inSignsOfCp932 = (text: string): string => text.replace(OTHERS, (sign) => SAME_SIGN[sign]!);

/** A character that CP932 lacks. */
export interface UnmappableCharacter {
  character: string;
  /** `U+20BB7` */
  code_point: string;
}

/** Characters of a text that CP932 lacks, each once, in the order of the text. */
export const unmappableInCp932 = (text: string): UnmappableCharacter[] =>
  [...new Set(text)]
    .filter((character) => !fitsCp932(character))
    .map((character) => ({ character, code_point: codePoint(character) }));

/** `U+` and at least four digits. */
export const codePoint = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
