import { isUtf8 } from 'node:buffer';

/** True when every octet is below 128. Short strings are the rule and a loop beats the call into the runtime for them. */
export function isAsciiText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

/** True for well-formed UTF-8. */
export function isUtf8Text(bytes: Uint8Array, start: number, end: number): boolean {
  return isAsciiText(bytes, start, end) || isUtf8(bytes.subarray(start, end));
}

/** Text of octets that passed one of the checks above. */
export function decodeUtf8(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8');
}
