/**
 * The leading check digit of a corporate number (法人番号) over the twelve digits after it: 9 − (Σ Pn·Qn mod 9), n from the
 * right, Qn = 1 for odd n and 2 for even (MOF ordinance no. 70 of 2014, art. 2). It does not tell 0 from 9.
 */
export function hasCorporateCheckDigit(digits: string): boolean {
  if (!/^[0-9]{13}$/.test(digits)) return false;
  let sum = 0;
  for (let n = 1; n <= 12; n++) sum += Number(digits[13 - n]) * (n % 2 === 1 ? 1 : 2);
  return Number(digits[0]) === 9 - (sum % 9);
}
