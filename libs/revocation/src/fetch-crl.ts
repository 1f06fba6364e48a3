import { type Crl, CrlReader } from '#lib/pki';
import { ListFilePacker } from './list-file.js';

/** A list read to its end, and its file. */
export interface FetchedCrl {
  crl: Crl;
  file: ListFilePacker;
}

/**
 * Reads one list from its chunks as they come: bounded memory, one pass for parsing, hashing and compressing.
 * @throws Malformed, JlisUnavailable
 */
export async function fetchCrl(chunks: AsyncIterable<Uint8Array>): Promise<FetchedCrl> {
  const reader = new CrlReader();
  const file = new ListFilePacker();
  try {
    for await (const chunk of chunks) {
      reader.push(chunk);
      await file.push(chunk);
    }
    return { crl: reader.end(), file };
  } catch (error) {
    file.discard();
    throw error;
  }
}
