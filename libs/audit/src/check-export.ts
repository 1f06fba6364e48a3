import type { KeyObject } from 'node:crypto';
import { canonical, type Head, keyFingerprint, nextHead, rowHashOf, type Statement } from './audit-form.js';
import type { AuditFault, AuditFaultCode, ExportExpectation, ExportReport } from './export-report.js';
import { type ExportLine, exportLine, type HeaderLine, type RowLine, type StatementLine } from './export-form.js';
import { readPublicKey, verifyStatement } from './signing-key.js';

const MAX_REPORTED = 100;
const DAY_MS = 86_400_000;
const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

/**
 * Checks an export line by line in constant memory, with nothing but the export and the trusted keys. Never throws.
 * After a fault it goes on from what the row itself claims, so that one change is told once and the next one too.
 */
export class ExportCheck {
  private lineNumber = 0;
  private header: HeaderLine | undefined;
  private refused = false;
  private end: Head = { seq: 0, head: '' };
  /** Where the open day began, and which it is. */
  private dayStart: Head = this.end;
  private day = '';
  private covered: string | undefined;
  private done: 'open' | 'signed_open_day' | 'ended' = 'open';
  /** A row that does not follow the one before it; the row after it tells which of the two is wrong. */
  private broken: { seq: number; line: number } | undefined;
  /** An unreadable line may have been any row: what follows it cannot be held against what came before. */
  private blind = false;
  private headSeen: boolean;
  private readonly keys = new Map<string, KeyObject | undefined>();
  private readonly used = new Set<string>();
  private untrusted = false;
  private readonly faults: AuditFault[] = [];
  private faultCount = 0;
  private events = 0;
  private hidden = 0;
  private signedAt: string | null = null;

  constructor(private readonly expected: ExportExpectation = {}) {
    this.headSeen = expected.head === undefined;
    for (const [id, key] of expected.trustedKeys ?? []) this.keys.set(id, readPublicKey(key));
  }

  /** The next line, without its newline; undefined for one that cannot be one: too long, or no UTF-8. */
  line(text: string | undefined): void {
    this.lineNumber++;
    if (this.refused) return;
    const line = text === undefined ? undefined : parseLine(text);
    if (this.header === undefined) this.begin(line);
    else if (this.done === 'ended') this.fault('after_the_end');
    else if (line === undefined) {
      this.fault('unreadable');
      this.blind = true;
    } else if (line.type === 'statement') this.takeStatement(line);
    else if (line.type === 'end') this.takeEnd(line);
    else if (line.type === 'header') this.fault('out_of_order');
    else this.takeRow(line);
  }

  /** After the last line. */
  report(): ExportReport {
    const { header, expected } = this;
    if (header === undefined) {
      if (!this.refused) this.fault('not_an_export');
    } else {
      if (this.done !== 'ended') this.fault('cut_off', { seq: this.end.seq });
      const from = expected.from ?? header.from;
      const to = expected.to ?? '';
      const short = this.covered !== header.to || this.covered < to;
      if (short || header.from > from) this.fault('range_short', { day: this.covered ?? header.from });
      if (!this.headSeen) this.fault('head_differs', { seq: expected.head!.seq });
    }
    return {
      whole: this.faultCount === 0,
      keys_confirmed:
        header !== undefined && expected.trustedKeys !== undefined && !this.untrusted && this.used.size > 0,
      keys: [...this.used].map((id) => ({ id, sha256: keyFingerprint(spki(this.keys.get(id)!)) })),
      from: header?.from ?? null,
      to: this.covered ?? null,
      tenant: header?.tenant ?? null,
      events: this.events,
      hidden: this.hidden,
      after_seq: header?.after_seq ?? null,
      seq: header === undefined ? null : this.end.seq,
      signed_at: this.signedAt,
      faults: this.faults,
      fault_count: this.faultCount,
    };
  }

  private begin(line: ExportLine | undefined): void {
    if (line?.type !== 'header') {
      this.fault('not_an_export');
      this.refused = true;
      return;
    }
    this.header = line;
    this.day = line.from;
    this.end = { seq: line.after_seq, head: line.after_head };
    this.dayStart = this.end;
    this.passHead();
    for (const [id, key] of Object.entries(line.keys)) {
      const given = Buffer.from(key, 'base64');
      const trusted = this.expected.trustedKeys?.get(id);
      if (trusted && !trusted.equals(given)) this.fault('key_replaced', { key: id });
      if (this.expected.trustedKeys === undefined) this.keys.set(id, readPublicKey(given));
    }
  }

  private takeRow(row: RowLine): void {
    if (row.type === 'hidden') this.hidden++;
    else this.events++;
    const id = row.type === 'event' ? row.event.id : row.type === 'lost' ? row.id : undefined;
    const of = { seq: row.seq, ...(id === undefined ? {} : { id }) };
    if (row.seq <= this.end.seq || this.done !== 'open') {
      this.fault('out_of_order', of);
      return;
    }
    if (row.type === 'lost') this.fault('lost', of);
    const altered = row.type === 'event' && rowHashOf(row.event) !== row.hash;
    if (altered) this.fault('altered', of);
    const gap = row.seq > this.end.seq + 1;
    if (gap && !this.blind) this.fault('missing', { seq: this.end.seq + 1, to_seq: row.seq - 1 });
    const follows = gap || this.blind || nextHead(this.end, row.day, row.hash).head === row.head;
    this.blind = false;
    // A day that the chain does not confirm is only one more thing that was changed.
    if (row.day !== this.day && follows) {
      this.fault('day_not_closed', { day: this.day });
      this.openDay(row.day);
    }
    // Told already: its hash was changed, or the event under it.
    if (follows || altered) this.settle(true);
    else if (this.settle(false)) this.broken = { seq: row.seq, line: this.lineNumber };
    this.end = { seq: row.seq, head: row.head };
    this.passHead();
  }

  /**
   * The row after a break tells more. If it follows, the head at the break is the true one: either the row there or the
   * one before it was replaced together with its hashes. If not, that head was changed.
   * @returns whether there was no break before this row.
   */
  private settle(follows: boolean): boolean {
    const { broken } = this;
    if (broken === undefined) return true;
    this.broken = undefined;
    if (follows) this.fault('replaced', { line: broken.line - 1, seq: broken.seq - 1, to_seq: broken.seq });
    else this.fault('place_altered', broken);
    return false;
  }

  private takeStatement({ statement, signature }: StatementLine): void {
    const of = { day: statement.day, seq: statement.after_seq + 1, to_seq: statement.seq };
    this.settle(statement.head === this.end.head);
    if (this.done !== 'open') {
      this.fault('out_of_order', of);
      return;
    }
    if (!this.vouched(statement, signature)) {
      this.openDay(dayAfter(this.day));
      return;
    }
    if (statement.day !== this.day) {
      this.fault(statement.day > this.day ? 'day_not_closed' : 'wrong_day', { day: this.day });
      if (statement.day > this.day) this.openDay(statement.day);
    }
    const leads =
      statement.after_seq === this.dayStart.seq &&
      statement.after_head === this.dayStart.head &&
      statement.seq === this.end.seq &&
      statement.head === this.end.head;
    if (!leads && !this.blind) {
      if (statement.seq > this.end.seq) this.fault('missing', { seq: this.end.seq + 1, to_seq: statement.seq });
      else this.fault('rewritten', of);
    }
    this.blind = false;
    // What was signed is the truth from which the next day goes on.
    this.end = { seq: statement.seq, head: statement.head };
    this.passHead();
    this.signedAt = statement.signed_at;
    this.covered = statement.day;
    if (statement.kind === 'checkpoint') this.done = 'signed_open_day';
    else this.openDay(dayAfter(statement.day));
  }

  private openDay(day: string): void {
    this.day = day;
    this.dayStart = this.end;
  }

  private vouched(statement: Statement, signature: string): boolean {
    const { key: id, day } = statement;
    const key = id in this.header!.keys ? this.keys.get(id) : undefined;
    if (key === undefined) {
      this.untrusted = true;
      this.fault(this.keys.has(id) || !this.expected.trustedKeys ? 'key_unknown' : 'key_untrusted', { key: id, day });
      return false;
    }
    this.used.add(id);
    const octets = Buffer.from(signature, 'base64url');
    // The last digit has bits that mean nothing; they too are as the export was made.
    if (octets.toString('base64url') === signature && verifyStatement(key, statement, octets)) return true;
    this.fault('signature_wrong', { key: id, day });
    return false;
  }

  private takeEnd({ seq, head }: Head): void {
    this.settle(true);
    this.done = 'ended';
    // Rows after the last statement are vouched for by nobody.
    if (this.end.seq !== this.dayStart.seq && this.covered !== this.day)
      this.fault('day_not_closed', { day: this.day, seq: this.dayStart.seq + 1, to_seq: this.end.seq });
    if ((seq !== this.end.seq || head !== this.end.head) && !this.blind) this.fault('cut_off', { seq: this.end.seq });
  }

  private passHead(): void {
    const { head } = this.expected;
    if (head && head.seq === this.end.seq && head.head === this.end.head) this.headSeen = true;
  }

  private fault(code: AuditFaultCode, of: Omit<AuditFault, 'code'> = {}): void {
    this.faultCount++;
    if (this.faults.length < MAX_REPORTED) this.faults.push({ code, line: this.lineNumber, ...of });
  }
}

const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });

/** Undefined unless the text is a line in its one form: a change of a single octet shows, be it of white space. */
function parseLine(text: string): ExportLine | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = exportLine.safeParse(json);
  return parsed.success && canonical(parsed.data) === text ? parsed.data : undefined;
}
