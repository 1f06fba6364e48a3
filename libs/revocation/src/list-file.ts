import { once } from 'node:events';
import { promisify } from 'node:util';
import { brotliCompress, type BrotliOptions, constants, createBrotliCompress, createBrotliDecompress } from 'node:zlib';
import { Readable } from 'node:stream';
import type { DataSource } from 'typeorm';
import { sha256Hex } from '#lib/pki';
import type { Mode } from '#lib/platform';

const compress = promisify(brotliCompress);

/**
 * Quality 1 takes 1.2 s for the 370 MB of ten million entries and leaves 14 octets of an entry's 37; better ones cost
 * more time than all the rest of taking a list over.
 */
const OPTIONS: BrotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

/** A file up to here waits uncompressed until it is known to be needed: most days' refused or unchanged lists never are. */
const HELD_OCTETS = 8 * 1024 * 1024;
/** Of the compressed file in one row. */
export const PART_OCTETS = 8 * 1024 * 1024;

/** Compresses a file that comes in chunks; never holds more of it uncompressed than eight megabytes. */
export class ListFilePacker {
  private held: Uint8Array[] = [];
  private heldOctets = 0;
  private stream: ReturnType<typeof createBrotliCompress> | undefined;
  private readonly packed: Buffer[] = [];

  /** Takes the next chunk, which must not change afterwards. Await it before the next. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.stream === undefined) {
      this.held.push(chunk);
      this.heldOctets += chunk.length;
      if (this.heldOctets <= HELD_OCTETS) return;
      this.stream = createBrotliCompress(OPTIONS);
      this.stream.on('data', (part: Buffer) => this.packed.push(part));
      const held = this.held;
      this.held = [];
      for (const each of held) await this.write(this.stream, each);
      return;
    }
    await this.write(this.stream, chunk);
  }

  private async write(stream: NonNullable<typeof this.stream>, chunk: Uint8Array): Promise<void> {
    if (!stream.write(chunk)) await once(stream, 'drain');
  }

  /** The compressed file in parts of at most `PART_OCTETS`. Call once. */
  async finish(): Promise<Buffer[]> {
    if (this.stream === undefined) return cut(await compress(Buffer.concat(this.held), OPTIONS));
    const ended = once(this.stream, 'end');
    this.stream.end();
    await ended;
    return cut(Buffer.concat(this.packed));
  }

  /** Lets go of a file that is not needed. */
  discard(): void {
    this.stream?.destroy();
    this.held = [];
  }
}

function cut(packed: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < packed.length; at += PART_OCTETS) parts.push(packed.subarray(at, at + PART_OCTETS));
  return parts;
}

/** A stored list is not what its hash says. */
export class ListFileDamaged extends Error {
  override readonly name = 'ListFileDamaged';
  constructor(
    readonly sha256: string,
    options?: ErrorOptions,
  ) {
    super(`stored list ${sha256} does not have its hash`, options);
  }
}

/**
 * A list as it was delivered, by the SHA-256 that verdicts name (hex); undefined when it is not kept any more.
 * @throws ListFileDamaged
 */
export async function readListFile(dataSource: DataSource, mode: Mode, sha256: string): Promise<Buffer | undefined> {
  const rows: { content: Buffer }[] = await dataSource.query(
    `select content from crl_file where mode = $1 and sha256 = $2 order by part`,
    [mode, Buffer.from(sha256, 'hex')],
  );
  if (rows.length === 0) return undefined;
  const chunks: Buffer[] = [];
  const unpacked = Readable.from(rows.map(({ content }) => content)).pipe(createBrotliDecompress());
  try {
    for await (const chunk of unpacked) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw new ListFileDamaged(sha256, { cause });
  }
  const file = Buffer.concat(chunks);
  if (sha256Hex(file) !== sha256) throw new ListFileDamaged(sha256);
  return file;
}
