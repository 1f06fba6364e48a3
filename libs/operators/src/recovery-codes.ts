import { createHash, randomBytes } from 'node:crypto';

const COUNT = 10;
const BYTES = 10;
/** Crockford's alphabet: no letters that are read as digits. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Ten codes of 80 random bits, for printing, as `XXXX-XXXX-XXXX-XXXX`. Each opens once. */
export const makeRecoveryCodes = (): string[] =>
  Array.from({ length: COUNT }, () => {
    let value = BigInt(`0x${randomBytes(BYTES).toString('hex')}`);
    let text = '';
    for (; text.length < 16; value >>= 5n) text += ALPHABET[Number(value & 31n)]!;
    return text.match(/.{4}/g)!.join('-');
  });

/** 80 random bits cannot be searched, so a plain hash is enough. Undefined for what is no code; typing is forgiven. */
export function hashRecoveryCode(text: string): Buffer | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(plain) ? createHash('sha256').update(plain).digest() : undefined;
}
