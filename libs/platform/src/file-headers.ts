/** A file that is the same octets each time. */
export interface KeptOctets {
  /** ASCII, with its ending. */
  name: string;
  type: string;
  /** Hex, over the octets. */
  sha256: string;
}

/** Headers of a file to keep: its name, and its hash as RFC 9530 and as a tag, in hexadecimal, for who compares by eye. */
export const fileHeaders = ({ name, type, sha256 }: KeptOctets): Record<string, string> => ({
  'content-type': type,
  'content-disposition': `attachment; filename="${name}"`,
  'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
  etag: `"${sha256}"`,
});
