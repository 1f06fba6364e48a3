import type pg from 'pg';

/** Signature, flags field, length of the header extension (PostgreSQL manual, COPY, "Binary Format"). */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_OCTETS = SIGNATURE.length + 8;

interface CopyData {
  chunk: Buffer;
}

/** Field `n` of a row is what `octets` holds from `starts[n]` up to `ends[n]`. Null and empty are told apart by no caller. */
export interface RowOctets {
  octets: Buffer;
  starts: readonly number[];
  ends: readonly number[];
}

/**
 * Runs `copy (…) to stdout (format binary)` on a connection and hands over each row's fields as they come. The driver
 * gives bytea columns of a query as hexadecimal text, twice the size and limited to 512 MiB; here they are the octets
 * that came from the socket. They are valid during the call of `row` only.
 */
export const copyOut = (
  client: pg.ClientBase,
  select: string,
  row: (fields: readonly Buffer[]) => void,
): Promise<void> =>
  copyRows(client, select, ({ octets, starts, ends }) =>
    row(starts.map((start, field) => octets.subarray(start, ends[field]))),
  );

/** The same without an object for each field, for rows by the million. */
export function copyRows(client: pg.ClientBase, select: string, row: (row: RowOctets) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => (error === null ? resolve() : reject(error));
    client.query(new CopyOut(`copy (${select}) to stdout (format binary)`, row, settle));
  });
}

/** What the driver calls for the query in progress; `node_modules/pg/lib/client.js` names these methods. */
class CopyOut implements pg.Submittable {
  private started = false;
  private fault: Error | undefined;
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  constructor(
    private readonly text: string,
    private readonly row: (row: RowOctets) => void,
    /** The driver puts its own around this one, which ends the timer of `query_timeout`. */
    public callback: (error: Error | null) => void,
  ) {}

  submit(connection: pg.Connection): void {
    connection.query(this.text);
  }

  handleCopyData({ chunk }: CopyData): void {
    // The rest of an answer that cannot be used still has to be read.
    if (this.fault !== undefined) return;
    try {
      this.read(chunk);
    } catch (error) {
      this.fault = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** The server sends one message a row, the header before the first row's and a trailer of its own. */
  private read(chunk: Buffer): void {
    let at = 0;
    if (!this.started) {
      this.started = true;
      if (!chunk.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new Error('copy: not the binary format');
      at = HEADER_OCTETS + chunk.readInt32BE(HEADER_OCTETS - 4);
      if (at === chunk.length) return;
    }
    const count = chunk.readInt16BE(at);
    if (count < 0) return;
    at += 2;
    if (this.starts.length !== count) this.starts.length = this.ends.length = count;
    for (let i = 0; i < count; i++) {
      const length = chunk.readInt32BE(at);
      at += 4;
      this.starts[i] = at;
      this.ends[i] = at += Math.max(0, length);
    }
    this.row({ octets: chunk, starts: this.starts, ends: this.ends });
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(this.fault ?? null);
  }

  handleCommandComplete(): void {
    // Followed by ReadyForQuery, which ends it.
  }
}
