import { z } from 'zod';
import type { StateStore } from '../state-store.js';
import { JLIS_SERVICES } from './jlis-service.js';

const FOLDER = 'jlis-requests';
const SUMMARY_FILE = 'jlis-requests.json';
/** At least so many of the newest entries are kept, in files of a fifth of them. */
export const KEPT_ENTRIES = 10_000;

/** One request to a J-LIS service. Serials, answers and consents are not in it. */
const entrySchema = z.object({
  service: z.enum(JLIS_SERVICES),
  service_id: z.string().nullable(),
  request_id: z.string().nullable(),
  /** RFC 3339, by the sandbox clock. */
  at: z.string(),
  /** The state answered, the code refused with, or `fault:` and its mode. */
  outcome: z.string(),
  metered: z.boolean(),
});
export type RequestEntry = z.infer<typeof entrySchema>;

const countSchema = entrySchema
  .pick({ service: true, service_id: true, outcome: true, metered: true })
  .extend({ requests: z.number().int() });
export type RequestCount = z.infer<typeof countSchema>;

/** What dropped segments held; `upTo` is the number of the last one dropped. */
const summarySchema = z.object({ upTo: z.number().int(), counts: z.array(countSchema) });

interface Segment {
  number: number;
  entries: RequestEntry[];
}

const fileOf = (number: number): string => `${FOLDER}/${String(number).padStart(8, '0')}.jsonl`;

function parseEntries(text: string): RequestEntry[] {
  const lines = text.split('\n');
  // What follows the last line end was being written when the process died.
  return lines.slice(0, -1).map((line) => entrySchema.parse(JSON.parse(line)));
}

function addTo(counts: Map<string, RequestCount>, { requests, ...what }: RequestCount): void {
  const key = JSON.stringify([what.service, what.service_id, what.outcome, what.metered]);
  counts.set(key, { ...what, requests: requests + (counts.get(key)?.requests ?? 0) });
}

const countOf = ({ service, service_id, outcome, metered }: RequestEntry): RequestCount => ({
  service,
  service_id,
  outcome,
  metered,
  requests: 1,
});

/** Every request to the J-LIS services, the newest in full and all of them counted; to compare bills with. */
export class JlisRequestLog {
  private segments: Segment[] = [];
  private upTo = 0;
  private readonly counts = new Map<string, RequestCount>();
  private readonly dropped = new Map<string, RequestCount>();
  /** After a start a new file is begun, so that a torn last line stays the last. */
  private open = false;

  constructor(
    private readonly store: StateStore,
    private readonly keptEntries = KEPT_ENTRIES,
  ) {
    const summary = store.read(SUMMARY_FILE, summarySchema);
    this.upTo = summary?.upTo ?? 0;
    for (const count of summary?.counts ?? []) addTo(this.dropped, count);
    this.dropped.forEach((count) => addTo(this.counts, count));
    for (const file of store.list(FOLDER, '.jsonl')) {
      const number = Number(/(\d+)\.jsonl$/.exec(file)?.[1]);
      // Counted already; the process died before the file was gone.
      if (number <= this.upTo) store.remove(file);
      else this.load({ number, entries: parseEntries(store.readBytes(file)?.toString('utf8') ?? '') });
    }
  }

  /** On disk when this returns. */
  append(entry: RequestEntry): void {
    const segment = this.writable();
    try {
      this.store.appendLine(fileOf(segment.number), JSON.stringify(entry));
    } catch (error) {
      // Part of the line may be in the file (a full disk): nothing is written after it.
      this.open = false;
      throw error;
    }
    segment.entries.push(entry);
    addTo(this.counts, countOf(entry));
    this.trim();
  }

  /** Newest last. */
  entries(limit: number): RequestEntry[] {
    if (limit === 0) return [];
    return this.segments.flatMap(({ entries }) => entries).slice(-limit);
  }

  /** Whether some requests are counted only. */
  get hasDropped(): boolean {
    return this.dropped.size > 0;
  }

  get totals(): RequestCount[] {
    return [...this.counts.values()];
  }

  reset(): void {
    const last = this.segments.at(-1)?.number ?? this.upTo;
    this.store.write(SUMMARY_FILE, { upTo: last, counts: [] });
    for (const { number } of this.segments) this.store.remove(fileOf(number));
    this.segments = [];
    this.upTo = last;
    this.counts.clear();
    this.dropped.clear();
    this.open = false;
  }

  private load(segment: Segment): void {
    this.segments.push(segment);
    for (const entry of segment.entries) addTo(this.counts, countOf(entry));
  }

  private writable(): Segment {
    const last = this.segments.at(-1);
    if (last && this.open && last.entries.length < this.keptEntries / 5) return last;
    const segment = { number: (last?.number ?? this.upTo) + 1, entries: [] };
    this.segments.push(segment);
    this.open = true;
    return segment;
  }

  /** The summary first: a crash in between must not count a segment twice or never. */
  private trim(): void {
    let total = this.segments.reduce((sum, { entries }) => sum + entries.length, 0);
    for (let oldest = this.segments[0]; oldest; oldest = this.segments[0]) {
      if (total - oldest.entries.length < this.keptEntries) return;
      total -= oldest.entries.length;
      for (const entry of oldest.entries) addTo(this.dropped, countOf(entry));
      this.upTo = oldest.number;
      this.store.write(SUMMARY_FILE, { upTo: this.upTo, counts: [...this.dropped.values()] });
      this.store.remove(fileOf(oldest.number));
      this.segments.shift();
    }
  }
}
