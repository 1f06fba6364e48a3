import type { Head } from './audit-form.js';
import type { HeaderLine } from './export-form.js';

/** What can be wrong; the texts are for people, the names are stable. */
export const AUDIT_FAULTS = {
  not_an_export: 'This is no audit export of a known form.',
  unreadable: 'The line is no line of an export: it was changed, or damaged on its way.',
  altered: 'The event is not the one that was sealed.',
  place_altered: 'The place of this row in the chain was changed.',
  replaced: 'One of the two rows was replaced: the second does not build on the first.',
  missing: 'Rows were removed here.',
  out_of_order: 'The row was added, repeated or moved.',
  lost: 'The database no longer has the event that was sealed here.',
  day_not_closed: 'The statement that closes a day is missing.',
  wrong_day: 'The statement is not the one of this day.',
  rewritten: 'The rows do not lead to what was signed for their day.',
  signature_wrong: 'The statement was changed, or signed by another key.',
  key_unknown: 'The statement names a key that nobody has.',
  key_untrusted: 'The statement is signed by a key that is not among the trusted ones.',
  key_replaced: 'The export brings another key under the id of a trusted one.',
  after_the_end: 'There is something after the end.',
  cut_off: 'The export ends before its end.',
  range_short: 'The export does not reach over the days that it should.',
  head_differs: 'The chain does not pass through the head that it should.',
  never_sealed: 'The event is in the database and not in the chain, although later ones are.',
} as const;
export type AuditFaultCode = keyof typeof AUDIT_FAULTS;

export interface AuditFault {
  code: AuditFaultCode;
  /** Of the file, from 1. */
  line?: number;
  /** The row, or the first of several. */
  seq?: number;
  /** The last of several rows. */
  to_seq?: number;
  /** Of the event. */
  id?: string;
  day?: string;
  key?: string;
}

/** What the one who checks knows from elsewhere. */
export interface ExportExpectation {
  /** Public keys by id, SubjectPublicKeyInfo. Absent: the export's own are used, and the report says so. */
  trustedKeys?: ReadonlyMap<string, Buffer>;
  from?: string;
  to?: string;
  /** A head noted earlier; the chain must pass through it. */
  head?: Head;
}

export interface ExportReport {
  /** True when nothing is wrong. Says nothing about whose keys they are, see `keys_confirmed`. */
  whole: boolean;
  /** Every statement is by a key that was trusted beforehand. */
  keys_confirmed: boolean;
  keys: { id: string; sha256: string }[];
  from: string | null;
  to: string | null;
  tenant: HeaderLine['tenant'];
  /** Rows shown, and rows that only keep their place. */
  events: number;
  hidden: number;
  after_seq: number | null;
  seq: number | null;
  /** Of the last good statement: at that time the chain had no more. */
  signed_at: string | null;
  faults: AuditFault[];
  /** Also those that `faults` has no room for. */
  fault_count: number;
}
