import { type Crl, CrlReader } from '#lib/pki';

/**
 * Reads one list from its chunks as they come: bounded memory, one pass. Needs nothing of this process but the bytes,
 * and what it gives is plain data, so that it can run in a thread of its own.
 * @throws Malformed, JlisUnavailable
 */
export async function fetchCrl(chunks: AsyncIterable<Uint8Array>): Promise<Crl> {
  const reader = new CrlReader();
  for await (const chunk of chunks) reader.push(chunk);
  return reader.end();
}
