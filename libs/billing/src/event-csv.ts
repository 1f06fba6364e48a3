import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { EntityManager } from 'typeorm';
import { CSV_BOM, csvRow, Problem, toPublicId } from '#lib/platform';
import { SOURCE_PREFIX } from './answers.js';
import type { Invoice } from './invoices.js';
import type { Day } from './japan-month.js';
import type { EventSelection, Layer, StatementContent, UsageCount } from './statement.js';
import { findStatement } from './statements.js';
import { argumentsOf, eventsOf, openUsageMonth, type Reader, reasonsOf, type UsageMonth } from './usage-view.js';

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

/** Events that are in memory at once. */
const PAGE = 5_000;

interface Row extends Pick<UsageCount, 'meter' | 'method' | 'purpose' | 'outcome' | 'billable' | 'late' | 'jlis'> {
  id: string;
  /** In Japan, with milliseconds. */
  at: string;
  certificate_kind: UsageCount['certificateKind'];
  contract_again: boolean;
  verification_id: string | null;
  source: string;
  source_id: string | null;
}

type Counted = Row & { day: Day };

/** Lines of one layer that are made of the same events, one after the other: so many of them each. */
interface LineGroup {
  selection: EventSelection;
  counted: number;
  lines: { number: number; until: number }[];
}

/**
 * Says in which line of a statement each event is, at most one of each layer. Events have to be given in the order of
 * time and id, each once, as lines count them.
 */
export class LineFinder {
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

  next(event: Counted): Partial<Record<Layer, number>> {
    const found: Partial<Record<Layer, number>> = {};
    for (const group of this.groups) {
      if (!this.holds(group.selection, event)) continue;
      const place = group.counted++;
      const line = group.lines.find(({ until }) => place < until);
      if (line) found[group.selection.layer] = line.number;
    }
    return found;
  }

  private holds(line: EventSelection, event: Counted): boolean {
    if (line.meter !== event.meter || !event.billable || !line.outcomes.includes(event.outcome)) return false;
    if (line.layer === 'jlis')
      return (
        event.day >= line.from &&
        event.day < line.until &&
        (event.jlis === 'again') === line.again &&
        event.late === line.late
      );
    // A late event comes to the contract at the start of the month.
    const day = event.day > this.monthFrom ? event.day : this.monthFrom;
    return day >= line.from && day < line.until && line.purposes!.includes(event.purpose) && !event.contract_again;
  }
}

/** Events of a month in the order of time and id, page by page: the database computes on while a page is written. */
async function* pagesOf(manager: EntityManager, month: UsageMonth): AsyncGenerator<Row[]> {
  await manager.query(
    `declare invoice_events no scroll cursor for
     select e.id, to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.MS') as at, e.meter, e.method,
       e.purpose, e.outcome, e.billable, e.certificate_kind, e.late, e.jlis, e.contract_again, u.verification_id, u.source,
       u.source_id
     from ${eventsOf(month)} join usage_event u on u.tenant_id = $1 and u.mode = $2 and u.id = e.id
     order by e.occurred_at, e.id`,
    argumentsOf(month),
  );
  const fetch = (): Promise<Row[]> => manager.query(`fetch ${PAGE} from invoice_events`);
  let ahead = fetch();
  for (;;) {
    const page = await ahead;
    if (page.length === 0) break;
    ahead = fetch();
    // It is awaited in the next round; until then its failure is nobody's.
    ahead.catch(() => undefined);
    yield page;
  }
  await manager.query('close invoice_events');
}

/** What of an invoice its events are found by. */
type Billed = Pick<Invoice, 'tenantId' | 'mode' | 'month' | 'statementId' | 'number'> & {
  document: Pick<Invoice['document'], 'lines'>;
};

/**
 * Every usage event of an invoice's month, a row each, with the lines it is in or why it is in none. Within a transaction
 * of the tenant, or of operators, that stays open until the end.
 * @throws Problem `not_found`
 */
export async function* eventCsv(manager: EntityManager, reader: Reader, invoice: Billed): AsyncGenerator<string> {
  const { tenantId, mode, month } = invoice;
  const statement = await findStatement(manager, { id: invoice.statementId });
  if (!statement) throw new Problem('not_found');
  const opened = await openUsageMonth(manager, reader, { tenantId, mode }, month);
  const finder = new LineFinder(statement.content, opened.scope.month.from);
  const invoiceLines = new Map(invoice.document.lines.map((line) => [line.statement_line, line.number]));
  const ending = [invoice.number, toPublicId('stm', invoice.statementId)] as const;
  const reasons = new Map<string, ReturnType<typeof reasonsOf>>();
  const whyNot = (event: Counted): ReturnType<typeof reasonsOf> => {
    const { meter, method, purpose, outcome, billable, late, jlis, day } = event;
    const key = [meter, method, purpose, outcome, billable, late, jlis, day, event.contract_again].join();
    let known = reasons.get(key);
    if (!known) {
      known = reasonsOf(opened, {
        ...event,
        certificateKind: event.certificate_kind,
        contractAgain: event.contract_again,
        events: 1,
      });
      reasons.set(key, known);
    }
    return known;
  };
  yield CSV_BOM + csvRow(EVENT_CSV_COLUMNS);
  for await (const page of pagesOf(manager, opened))
    yield page
      .map((row) => {
        const event = { ...row, day: row.at.slice(0, 10) };
        const lines = finder.next(event);
        const { contractReason, jlisReason } = whyNot(event);
        const cells = (layer: Layer, reason: string | undefined) => [
          invoiceLines.get(lines[layer] ?? Number.NaN) ?? null,
          lines[layer] ?? null,
          reason ?? null,
        ];
        const prefix = SOURCE_PREFIX[row.source as keyof typeof SOURCE_PREFIX];
        return csvRow([
          toPublicId('use', row.id),
          `${row.at}+09:00`,
          row.meter,
          row.method,
          row.purpose,
          row.outcome,
          row.certificate_kind,
          row.late ? 'true' : 'false',
          ...cells('contract', contractReason),
          ...cells('jlis', jlisReason),
          row.verification_id === null ? null : toPublicId('ver', row.verification_id),
          row.source,
          prefix && row.source_id !== null ? toPublicId(prefix, row.source_id) : null,
          ...ending,
        ]);
      })
      .join('');
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
