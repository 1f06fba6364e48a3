import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { EntityManager } from 'typeorm';
import { CSV_BOM, csvRow, Problem, toPublicId } from '#lib/platform';
import { SOURCE_PREFIX } from './answers.js';
import { parseStreamed, type StreamedEvent, streamEvents } from './event-stream.js';
import type { Invoice } from './invoices.js';
import type { Day } from './japan-month.js';
import { type EventSelection, isAmong, type Layer, type StatementContent, type UsageCount } from './statement.js';
import { findStatement } from './statements.js';
import { openUsageMonth, type Reader, reasonsOf } from './usage-view.js';

/** Columns of the CSV of an invoice's usage events, in order; docs/billing.md says what each holds. */
export const EVENT_CSV_COLUMNS = [
  'usage_event_id',
  'occurred_at',
  'meter',
  'method',
  'purpose',
  'outcome',
  'certificate_kind',
  'late',
  'contract_invoice_line',
  'contract_statement_line',
  'contract_unbilled',
  'jlis_invoice_line',
  'jlis_statement_line',
  'jlis_unbilled',
  'verification_id',
  'source',
  'source_id',
  'invoice_number',
  'statement_id',
] as const;

/** What the price of an event depends on, and so the lines it can be in: alike events are looked at once. */
interface Kind extends Omit<UsageCount, 'jlisDay' | 'contractDay' | 'events'> {
  source: string;
}

type Counted = Kind & { day: Day };

/** Lines of one layer that are made of the same events, one after the other: so many of them each. */
interface LineGroup {
  selection: EventSelection;
  counted: number;
  lines: { number: number; until: number }[];
}

/**
 * Says in which line of a statement each event is, at most one of each layer. Events have to be counted in the order of
 * time and id, each once, as lines count them.
 */
class LineFinder {
  private readonly groups: LineGroup[];

  constructor(
    content: StatementContent,
    private readonly monthFrom: Day,
  ) {
    const groups = new Map<string, LineGroup>();
    for (const { number, events } of content.lines) {
      if (!events) continue;
      const { skip, take, ...selection } = events;
      const key = JSON.stringify(selection);
      const group = groups.get(key) ?? { selection: events, counted: 0, lines: [] };
      group.lines.push({ number, until: skip + take });
      groups.set(key, group);
    }
    for (const { lines } of groups.values()) lines.sort((a, b) => a.until - b.until);
    this.groups = [...groups.values()];
  }

  /** The lines that hold such an event, of a layer; which of them says its place. */
  of(event: Counted, layer: Layer): LineGroup[] {
    return this.groups.filter(
      ({ selection }) => selection.layer === layer && isAmong(selection, event, this.monthFrom),
    );
  }
}

/** Counts one more event. @returns the line it is in */
function countIn(groups: readonly LineGroup[]): number | undefined {
  let found: number | undefined;
  for (const group of groups) {
    const place = group.counted++;
    found = group.lines.find(({ until }) => place < until)?.number ?? found;
  }
  return found;
}

function kindOf(words: string): Kind {
  const [meter, method, purpose, outcome, billable, certificateKind, source, late, jlis, contractAgain] =
    words.split(' ');
  const kind = { meter, method, purpose, outcome, certificateKind, source, jlis } as Kind;
  return { ...kind, billable: billable === 't', late: late === 't', contractAgain: contractAgain === 't' };
}

/** Cells of a row, without its end. */
const cells = (fields: Parameters<typeof csvRow>[0]): string => csvRow(fields).slice(0, -2);

/** What of an invoice its events are found by. */
type Billed = Pick<Invoice, 'tenantId' | 'mode' | 'month' | 'statementId' | 'number'> & {
  document: Pick<Invoice['document'], 'lines'>;
};

/**
 * Every usage event of an invoice's month, a row each, with the lines it is in or why it is in none. Within a transaction
 * of the tenant, or of operators, that stays open until the end.
 * @param gone ends it at once
 * @throws Problem `not_found`; the reason of `gone`
 */
export async function* eventCsv(
  manager: EntityManager,
  reader: Reader,
  invoice: Billed,
  gone?: AbortSignal,
): AsyncGenerator<string> {
  const { tenantId, mode, month } = invoice;
  const statement = await findStatement(manager, { id: invoice.statementId });
  if (!statement) throw new Problem('not_found');
  const opened = await openUsageMonth(manager, reader, { tenantId, mode }, month);
  const finder = new LineFinder(statement.content, opened.scope.month.from);
  const invoiceLines = new Map(invoice.document.lines.map((line) => [line.statement_line, line.number]));
  const ending = csvRow([invoice.number, toPublicId('stm', invoice.statementId)]);
  /** Cells of a layer: there are as many as lines, and each is quoted once. */
  const lineCells = (reason: string | undefined): ((line: number | undefined) => string) => {
    const made = new Map<number | undefined, string>();
    return (line) => {
      let text = made.get(line);
      if (text === undefined) {
        text = cells([invoiceLines.get(line ?? Number.NaN) ?? null, line ?? null, reason ?? null]);
        made.set(line, text);
      }
      return text;
    };
  };
  const writers = new Map<string, (event: StreamedEvent) => string>();
  const writerOf = (words: string, day: Day): ((event: StreamedEvent) => string) => {
    const kind: Counted = { ...kindOf(words), day };
    const { contractReason, jlisReason } = reasonsOf(opened, { ...kind, events: 1 });
    const { meter, method, purpose, outcome, certificateKind, late, source } = kind;
    const head = cells([meter, method, purpose, outcome, certificateKind, String(late)]);
    const [contract, jlis] = [finder.of(kind, 'contract'), finder.of(kind, 'jlis')];
    const contractCells = lineCells(contractReason);
    const jlisCells = lineCells(jlisReason);
    const prefix = SOURCE_PREFIX[source as keyof typeof SOURCE_PREFIX];
    const sourceCell = cells([source]);
    return ({ verificationId, sourceId }) => {
      const verification = verificationId === undefined ? '' : `"ver_${verificationId}"`;
      const sourceOf = prefix && sourceId !== undefined ? `"${prefix}_${sourceId}"` : '';
      const lines = `${contractCells(countIn(contract))},${jlisCells(countIn(jlis))}`;
      return `${head},${lines},${verification},${sourceCell},${sourceOf},${ending}`;
    };
  };
  let today: Day | undefined;
  const line = (row: string): string => {
    const event = parseStreamed(row);
    // What a day's events cost is not what those of the next one do.
    if (event.day !== today) writers.clear();
    today = event.day;
    let write = writers.get(event.kind);
    if (!write) writers.set(event.kind, (write = writerOf(event.kind, today)));
    return `"use_${event.id}","${today}T${event.time}+09:00",${write(event)}`;
  };
  yield CSV_BOM + csvRow(EVENT_CSV_COLUMNS);
  for await (const page of streamEvents(manager, opened, gone)) yield page.map(line).join('');
}

/** A file that is written whole and hashed before it is sent: it needs no memory, and an error ends in no half of it. */
export interface SpooledFile {
  stream(): Readable;
  size: number;
  /** Hex. */
  sha256: string;
}

/** Writes pieces to a file that nobody else can open, and that is gone when it has been read or the process ends. */
export async function spool(pieces: AsyncIterable<string>): Promise<SpooledFile> {
  const path = join(tmpdir(), `shomei-${randomUUID()}`);
  const file: FileHandle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of pieces) {
      const bytes = Buffer.from(piece);
      hash.update(bytes);
      size += bytes.length;
      await file.appendFile(bytes);
    }
    return { size, sha256: hash.digest('hex'), stream: () => file.createReadStream({ start: 0 }) };
  } catch (error) {
    await file.close();
    throw error;
  }
}
