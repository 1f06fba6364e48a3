import type { EntityManager } from 'typeorm';
import type { Head, Statement } from './audit-form.js';

/** The chain's one row, as whoever holds its lock sees it. */
export interface ChainRow extends Head {
  /** The open day; null before the first run. */
  day: string | null;
  after_seq: number;
  after_head: string;
  /** The statement about the open day is there and less than a minute old. */
  signed_lately: boolean;
  /** Of Japan, now. */
  today: string;
  /** UTC to the millisecond. */
  now: string;
}

/** Takes the lock that makes one order of all workers; it is held to the end of the transaction. */
export async function lockChain(manager: EntityManager): Promise<ChainRow> {
  const rows: (Omit<ChainRow, 'seq' | 'after_seq'> & { seq: string; after_seq: string })[] = await manager.query(
    `select day::text, after_seq, encode(after_head, 'hex') as after_head, seq, encode(head, 'hex') as head,
       coalesce(signed_at > clock_timestamp() - interval '1 minute', false) as signed_lately
     from audit_chain for update`,
  );
  // The time is asked for after the lock is held: who waited for it is not back in the day before.
  const times: { today: string; now: string }[] = await manager.query(
    `select (t.now at time zone 'Asia/Tokyo')::date::text as today,
       to_char(t.now at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now
     from (select clock_timestamp() as now) t`,
  );
  const row = rows[0]!;
  return { ...row, ...times[0]!, seq: Number(row.seq), after_seq: Number(row.after_seq) };
}

/** Writes the closing and opens the next day. @returns that day. */
export async function closeDay(manager: EntityManager, statement: Statement, signature: Buffer): Promise<string> {
  const { day, after_seq, after_head, seq, head, signed_at, key } = statement;
  await manager.query(
    `insert into audit_closing (day, after_seq, after_head, seq, head, signed_at, key_id, signature)
     values ($1, $2, decode($3, 'hex'), $4, decode($5, 'hex'), $6, $7, $8)`,
    [day, after_seq, after_head, seq, head, signed_at, key, signature],
  );
  const [rows]: [{ day: string }[], number] = await manager.query(
    `update audit_chain set day = $1::date + 1, after_seq = seq, after_head = head, signed_at = null, key_id = null,
       signature = null returning day::text`,
    [day],
  );
  return rows[0]!.day;
}

/** Moves the chain's end, with the statement that vouches for it until the day is closed. */
export async function storeEnd(
  manager: EntityManager,
  { seq, head }: Head,
  { statement, signature }: { statement: Statement; signature: Buffer },
): Promise<void> {
  await manager.query(
    `update audit_chain set sealed_at = case when seq < $1 then clock_timestamp() else sealed_at end,
       seq = $1, head = decode($2, 'hex'), signed_at = $3, key_id = $4, signature = $5`,
    [seq, head, statement.signed_at, statement.key, signature],
  );
}
