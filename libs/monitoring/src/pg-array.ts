import { copyOctets, putNewId } from '#lib/platform';

/** Object ids of PostgreSQL's own types (src/include/catalog/pg_type.dat). */
const OIDS = { uuid: 2950, timestamptz: 1184, jsonb: 3802, bytea: 17, int2: 21 } as const;
/** Dimensions, whether there are nulls, type of the elements; of the only dimension its length and first index. */
const HEADER_OCTETS = 20;
const NULL = -1;
/** Its form as jsonb is the same as that of json, after this number. */
const JSONB_VERSION = 1;
/** Of 2000-01-01, milliseconds: PostgreSQL counts from there. */
export const POSTGRES_EPOCH_MS = 946_684_800_000;

/**
 * A parameter that is an array, in PostgreSQL's binary form (`array_recv` of src/backend/utils/adt/arrayfuncs.c): neither
 * side makes text of what has none, which counts with a million rows.
 */
export class PgArray {
  private octets = Buffer.allocUnsafe(65_536);
  private end = HEADER_OCTETS;
  private length = 0;

  constructor(private readonly type: keyof typeof OIDS) {}

  /** An element that is these octets: of `uuid` and `bytea`. */
  append(source: Buffer, start: number, end: number): void {
    const at = this.element(end - start);
    copyOctets(source, start, end, this.octets, at);
  }

  appendNull(): void {
    this.element(0);
    this.octets.writeInt32BE(NULL, this.end - 4);
  }

  /** Milliseconds; of `timestamptz`. */
  appendTime(ms: number | undefined): void {
    if (ms === undefined) {
      this.appendNull();
      return;
    }
    const microseconds = Math.round((ms - POSTGRES_EPOCH_MS) * 1_000);
    const at = this.element(8);
    const high = Math.floor(microseconds / 2 ** 32);
    this.octets.writeInt32BE(high, at);
    this.octets.writeUInt32BE(microseconds - high * 2 ** 32, at + 4);
  }

  /** A new id made by the clock; of `uuid`. */
  appendNewId(nowMs: number): void {
    const at = this.element(16);
    putNewId(nowMs, this.octets, at);
  }

  /** Of `int2`. */
  appendSmall(value: number): void {
    const at = this.element(2);
    this.octets.writeInt16BE(value, at);
  }

  /** Of `jsonb`. */
  appendJson(value: unknown): void {
    const text = JSON.stringify(value);
    const at = this.element(1 + Buffer.byteLength(text));
    this.octets[at] = JSONB_VERSION;
    this.octets.write(text, at + 1);
  }

  /** What the driver takes for a parameter in binary form. */
  parameter(): Buffer {
    const header = [1, 1, OIDS[this.type], this.length, 1];
    for (const [index, value] of header.entries()) this.octets.writeInt32BE(value, 4 * index);
    return this.octets.subarray(0, this.end);
  }

  /** Makes room for an element of so many octets, and says where it begins. */
  private element(octets: number): number {
    const at = this.end + 4;
    if (at + octets > this.octets.length) {
      const more = Buffer.allocUnsafe(2 * (at + octets));
      this.octets.copy(more);
      this.octets = more;
    }
    this.octets.writeInt32BE(octets, this.end);
    this.end = at + octets;
    this.length++;
    return at;
  }
}
