/**
 * Yen in thousandths, as an exact integer. Unit prices have at most three decimals; no price, sum or share is ever a
 * floating-point number.
 */
export type MilliYen = bigint;

const YEN = /^(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,3}))?$/;

/** `"20"`, `"0.5"`, `"-3.125"`: the form of every price in data and answers. */
export const YEN_PATTERN = YEN;

/** @throws RangeError for a text that is no such number: prices are checked before they are stored. */
export function parseYen(text: string): MilliYen {
  const match = YEN.exec(text);
  if (!match) throw new RangeError(`"${text}" is not an amount in yen with at most three decimals`);
  const milli = BigInt(match[2]!) * 1000n + BigInt((match[3] ?? '').padEnd(3, '0'));
  return match[1] === '-' ? -milli : milli;
}

/** The shortest form that `parseYen` reads back. */
export function formatYen(milli: MilliYen): string {
  const size = milli < 0n ? -milli : milli;
  const decimals = String(size % 1000n)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return `${milli < 0n ? '-' : ''}${size / 1000n}${decimals === '' ? '' : `.${decimals}`}`;
}

/**
 * Whole yen, what is below a yen cut off: the rule for every line of a statement.
 * @throws RangeError beyond what a JSON number holds exactly, which is more than all the yen there are.
 */
export function wholeYen(milli: MilliYen): number {
  const yen = Number(milli / 1000n);
  if (!Number.isSafeInteger(yen)) throw new RangeError('the amount is beyond 2^53 yen');
  return yen;
}

/** `part` of `whole` of an amount, cut off below a thousandth of a yen. */
export const portion = (milli: MilliYen, part: number, whole: number): MilliYen =>
  (milli * BigInt(part)) / BigInt(whole);

const PERCENT = /^(0|[1-9][0-9]?|100)(?:\.([0-9]{1,2}))?$/;

/** Hundredths of a percent of `"12.5"`; undefined unless it is a percentage from 0 to 100 with at most two decimals. */
export function parsePercent(text: string): bigint | undefined {
  const match = PERCENT.exec(text);
  if (!match) return undefined;
  const hundredths = BigInt(match[1]!) * 100n + BigInt((match[2] ?? '').padEnd(2, '0'));
  return hundredths <= 10_000n ? hundredths : undefined;
}

/** So many hundredths of a percent of an amount that is not negative, half a thousandth of a yen rounded up. */
export const percentOf = (milli: MilliYen, hundredths: bigint): MilliYen => (milli * hundredths + 5_000n) / 10_000n;

export const smaller = (a: MilliYen, b: MilliYen): MilliYen => (a < b ? a : b);
