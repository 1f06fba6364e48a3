import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { brotliDecompressSync } from 'node:zlib';
import { ListFilePacker, PART_OCTETS } from './list-file.js';

const MEGABYTE = 1024 * 1024;

async function packed(chunks: readonly Buffer[]): Promise<Buffer[]> {
  const packer = new ListFilePacker();
  for (const chunk of chunks) await packer.push(chunk);
  return packer.finish();
}
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a packed list', () => {
  it.each([
    ['empty', 0, 1],
    ['in one chunk', 1_000, 1],
    ['of twenty megabytes that do not compress, in several parts', MEGABYTE, 20],
  ])('(%s) unpacks to the same octets', async (_, octets, count) => {
    const chunks = Array.from({ length: count }, () => randomBytes(octets));
    const parts = await packed(chunks);
    expect(parts.length).toBe(Math.max(1, Math.ceil((octets * count) / PART_OCTETS)));
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(PART_OCTETS);
    expect(hash(brotliDecompressSync(Buffer.concat(parts)))).toBe(hash(Buffer.concat(chunks)));
  });
});
