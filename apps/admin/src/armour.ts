/** A block of PEM: its label, and its base64 with white space (RFC 7468 §2). */
export const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/gu;

/** Undefined for what is no base64. Node's decoder skips it, which shows in the length. */
export function decodeBase64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return text.length % 4 === 0 && octets.length === (text.length / 4) * 3 - padding ? octets : undefined;
}
