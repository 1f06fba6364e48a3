import { createHash } from 'node:crypto';

/**
 * An event as it is hashed and exported: texts exactly as the database prints them, so that no reader's idea of a number
 * or a time enters the hash.
 */
export interface SealedEvent {
  /** UUID. */
  id: string;
  tenant_id: string | null;
  mode: string | null;
  actor: string;
  action: string;
  schema_version: number;
  target: string;
  request_id: string | null;
  ip: string | null;
  /** JSON text. */
  detail: string;
  /** JSON text. */
  change: string | null;
  /** UTC to the microsecond, for example `2026-11-23T01:02:03.000004Z`. */
  recorded_at: string;
}

/** Where the chain stands: how many events it has, and the hash (hex) over all of them. */
export interface Head {
  seq: number;
  head: string;
}

/** The chain before its first event. */
export const GENESIS: Head = { seq: 0, head: '00'.repeat(32) };

/** What a key signs. A `closing` is of a day that is over, a `checkpoint` of one that is still open. */
export interface Statement {
  kind: 'closing' | 'checkpoint';
  /** `YYYY-MM-DD`, in Japan. */
  day: string;
  /** Where the chain stood when the day began. */
  after_seq: number;
  after_head: string;
  seq: number;
  head: string;
  /** UTC to the millisecond. */
  signed_at: string;
  /** Id of the signing key. */
  key: string;
}

/** One text for one value: members in the order of their names, no white space (RFC 8785 for these shapes). */
export function canonical(value: Readonly<Record<string, unknown>>): string {
  const members = Object.keys(value)
    .sort()
    .map((name) => {
      const member = value[name];
      const text =
        typeof member === 'object' && member !== null
          ? canonical(member as Readonly<Record<string, unknown>>)
          : JSON.stringify(member);
      return `${JSON.stringify(name)}:${text}`;
    });
  return `{${members.join(',')}}`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

// Each hash and signature names what it is of, so that none can be passed off as another.

/** Hash of one event, hex. */
export const rowHashOf = (event: SealedEvent): string => sha256(`shomei audit event 1\n${canonical({ ...event })}`);

/** The head after one more event: over the head before it, its place, its day and its hash. Hex. */
export const nextHead = (before: Head, day: string, rowHash: string): Head => ({
  seq: before.seq + 1,
  head: sha256(`shomei audit head 1\n${before.head}\n${before.seq + 1}\n${day}\n${rowHash}`),
});

/** What is signed. */
export const statementBytes = (statement: Statement): Buffer =>
  Buffer.from(`shomei audit statement 1\n${canonical({ ...statement })}`);

/** SHA-256 of a public key's SubjectPublicKeyInfo, hex: by this people compare keys. */
export const keyFingerprint = (publicKey: Uint8Array): string => createHash('sha256').update(publicKey).digest('hex');
