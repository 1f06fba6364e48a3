import {
  canonical,
  EXPORT_FORMAT,
  ExportCheck,
  type ExportExpectation,
  type ExportLine,
  type ExportReport,
  GENESIS,
  type Head,
  nextHead,
  publicKeyOf,
  rowHashOf,
  type SealedEvent,
  signStatement,
} from '#lib/audit';
import type { SigningKey } from '#lib/platform';
import { signingKey } from './audit.js';

export const eventOf = (n: number, change: Partial<SealedEvent> = {}): SealedEvent => ({
  id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  tenant_id: null,
  mode: null,
  actor: 'operator:test',
  action: 'thing.touch',
  schema_version: 1,
  target: `thing:${n}`,
  request_id: null,
  ip: '192.0.2.1',
  detail: `{"n": ${n}, "text": "髙橋 \\"\\\\ 😀"}`,
  change: null,
  recorded_at: '2026-11-23T01:02:03.000004Z',
  ...change,
});

export interface ExportPlanOfTest {
  key: SigningKey;
  /** Events of each day; the last one is still open. */
  days: readonly (readonly SealedEvent[])[];
  hide?: (event: SealedEvent) => boolean;
  /** Signs the day of that index, where it is not `key`. */
  keyOf?: (day: number) => SigningKey;
}

export const dayOf = (index: number): string => new Date(Date.UTC(2026, 10, 20 + index)).toISOString().slice(0, 10);

/** The lines of a whole export. */
export function exportOf({ key, days, hide = () => false, keyOf = () => key }: ExportPlanOfTest): ExportLine[] {
  const lines: ExportLine[] = [];
  const keys = new Map<string, string>();
  let end: Head = GENESIS;
  days.forEach((events, index) => {
    const day = dayOf(index);
    const after = end;
    for (const event of events) {
      const hash = rowHashOf(event);
      end = nextHead(end, day, hash);
      const place = { ...end, day, hash };
      lines.push(hide(event) ? { type: 'hidden', ...place } : { type: 'event', ...place, event });
    }
    const signer = keyOf(index);
    keys.set(signer.id, publicKeyOf(signer).toString('base64'));
    const kind = index === days.length - 1 ? ('checkpoint' as const) : ('closing' as const);
    const statement = {
      kind,
      day,
      after_seq: after.seq,
      after_head: after.head,
      ...end,
      signed_at: `${day}T15:00:00.000Z`,
      key: signer.id,
    };
    lines.push({ type: 'statement', statement, signature: signStatement(signer, statement).toString('base64url') });
  });
  lines.push({ type: 'end', ...end });
  const header: ExportLine = {
    type: 'header',
    format: EXPORT_FORMAT,
    from: dayOf(0),
    to: dayOf(days.length - 1),
    tenant: null,
    after_seq: 0,
    after_head: GENESIS.head,
    keys: Object.fromEntries(keys),
    made_at: '2026-11-24T00:00:00.000Z',
  };
  return [header, ...lines];
}

export const textOf = (lines: readonly ExportLine[]): string[] => lines.map((line) => canonical(line));

export const KEY = signingKey('a1');
export const trustedKeys = new Map([['a1', publicKeyOf(KEY)]]);
/** Rows 1–3 on day 0, none on day 1, 4–6 on day 2, 7–8 on the open day 3. Lines: header, 3, statement, statement, 3, … */
export const DAYS = [[1, 2, 3], [], [4, 5, 6], [7, 8]].map((day) => day.map((n) => eventOf(n)));
export const LINES = exportOf({ key: KEY, days: DAYS });

export function check(
  lines: readonly (string | undefined)[],
  expected: ExportExpectation = { trustedKeys },
): ExportReport {
  const checker = new ExportCheck(expected);
  for (const line of lines) checker.line(line);
  return checker.report();
}
/** Faults as `code seq-to`. */
export const faultsOf = (lines: readonly ExportLine[], expected?: ExportExpectation): string[] =>
  check(textOf(lines), expected).faults.map(({ code, seq, to_seq }) =>
    [code, ...(seq === undefined ? [] : [to_seq === undefined ? `${seq}` : `${seq}-${to_seq}`])].join(' '),
  );
export const rowAt = (seq: number, lines: readonly ExportLine[] = LINES): number =>
  lines.findIndex((line) => 'seq' in line && line.type !== 'end' && line.seq === seq);
export type Row = Extract<ExportLine, { type: 'event' }>;
/** The lines with the row of that number changed. */
export const withRow = (seq: number, change: (row: Row) => ExportLine[]): ExportLine[] =>
  LINES.flatMap((line) => ('seq' in line && line.type === 'event' && line.seq === seq ? change(line) : [line]));
export const statementOf = (day: number): number =>
  LINES.findIndex((line) => line.type === 'statement' && line.statement.day === dayOf(day));
