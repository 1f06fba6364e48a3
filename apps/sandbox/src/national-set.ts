import { z } from 'zod';
import { crlEntry, SYNTHETIC_BASE } from './crl-writer.js';
import { reasonCode, type RevocationReason } from './card-record.js';
import type { Hierarchy } from './hierarchy.js';
import type { StateStore } from './state-store.js';
import { DAY_MS } from './validity.js';

/** Invented municipalities of each hierarchy; about as many as there are municipalities and wards. */
export const MAX_NATIONAL_PARTITIONS = 2 * 2_048;
export const MAX_NATIONAL_ENTRIES = 400_000;

const FILE = 'national.json';
const stateSchema = z.object({
  /** Of both hierarchies together. */
  partitions: z.number().int(),
  entries: z.number().int(),
  /** One for each day of changes: when it was published, and how many publications there had been before. */
  days: z.array(z.object({ at: z.number().int(), sequence: z.number().int() })).min(1),
});
type State = z.infer<typeof stateSchema>;

/** What a day brings to each partition, as parts of its entries at first. */
const ADDED = 1_000;
const GONE = 4_000;
/** One in so many entries gets another reason on a day. */
const CHANGED = 2_000;

export interface NationalDay {
  /** 0: as it was first published. */
  day: number;
  partitions: number;
  entries: number;
  /** Of all partitions together. */
  added: number;
  changed: number;
  gone: number;
}

/** When and as which publication the lists of the set are published. */
export interface Publication {
  sequence: number;
  /** Milliseconds. */
  thisUpdate: number;
}

/**
 * A revocation set as large as a country's, of invented serials. Nothing of it is stored but its size and the days
 * published: every list is computed when it is asked for, and is the same each time.
 */
export class NationalSet {
  private state: State | undefined;

  constructor(private readonly store: StateStore) {
    this.state = store.read(FILE, stateSchema);
  }

  /** Replaces the set; list numbers go on from those before. No partitions: there is none. */
  publish(partitions: number, entries: number, now: number): NationalDay {
    this.keep({ partitions, entries, days: [{ at: wholeSecond(now), sequence: this.nextSequence(now) }] });
    return this.describe();
  }

  /** The changes of another day; undefined when there is no set. */
  nextDay(now: number): NationalDay | undefined {
    const { state } = this;
    if (state === undefined || state.partitions === 0) return undefined;
    this.keep({ ...state, days: [...state.days, { at: wholeSecond(now), sequence: this.nextSequence(now) }] });
    return this.describe();
  }

  partitionCount(hierarchy: Hierarchy): number {
    const all = this.state?.partitions ?? 0;
    return hierarchy === 'sign' ? Math.ceil(all / 2) : Math.floor(all / 2);
  }

  /** The same for every partition. Lists are published anew every 24 hours even without changes. */
  publication(now: number): Publication {
    const last = this.state!.days.at(-1)!;
    const again = republished(last.at, now);
    return { sequence: last.sequence + again, thisUpdate: last.at + again * DAY_MS };
  }

  /** DER of the invented entries of partition `index` (from 0), of either hierarchy. */
  entries(index: number): Buffer {
    const { days, entries } = this.state!;
    return nationalEntries(index, entries, days);
  }

  private nextSequence(now: number): number {
    const last = this.state?.days.at(-1);
    return last === undefined ? 0 : last.sequence + republished(last.at, now) + 1;
  }

  private describe(): NationalDay {
    const { partitions, entries, days } = this.state!;
    const day = days.length - 1;
    const { added, gone } = movement(entries);
    const changed = day === 0 ? 0 : changedOn(day, day * gone, entries + (day - 1) * added);
    const each = day === 0 ? { added: 0, changed, gone: 0 } : { added, changed, gone };
    return {
      day,
      partitions,
      entries: partitions * (entries + day * (added - gone)),
      added: partitions * each.added,
      changed: partitions * each.changed,
      gone: partitions * each.gone,
    };
  }

  private keep(state: State): void {
    this.store.write(FILE, state);
    this.state = state;
  }
}

const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;
const republished = (at: number, now: number): number => Math.max(0, Math.floor((now - at) / DAY_MS));
const movement = (entries: number): { added: number; gone: number } => ({
  added: Math.ceil(entries / ADDED),
  gone: Math.ceil(entries / GONE),
});

/** How many of the entries `from` to `to` get another reason on `day`. */
function changedOn(day: number, from: number, to: number): number {
  if (day >= CHANGED) return 0;
  const upTo = (end: number): number => Math.floor((end - day + CHANGED - 1) / CHANGED);
  return Math.max(0, upTo(to) - upTo(from));
}

const REASONS: readonly RevocationReason[] = [
  'superseded',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
];
const REASON_CODES = Uint8Array.from(REASONS, reasonCode);

/** An entry with places to write to; those of all reasons in use have one length. */
const TEMPLATE = ((): { bytes: Buffer; serialAt: number; timeAt: number; reasonAt: number } => {
  const bytes = crlEntry(BigInt(SYNTHETIC_BASE), 0, REASONS[0]!);
  const serialAt = bytes.indexOf(Buffer.from([0x40, 0, 0, 0]));
  // Tag and length of the UTCTime lie between.
  return { bytes, serialAt, timeAt: serialAt + 4 + 2, reasonAt: bytes.length - 1 };
})();

/** Entries of one partition have their own stretch of the serials of a hierarchy. */
const STRETCH = 2 ** 19;
const SERIALS = 2 ** 30;
const YEARS = 5;

/**
 * DER of a partition's entries. Entry `i` of the endless sequence is listed from the day it is added until it is gone;
 * all of it follows from `i`, the partition and the days.
 */
function nationalEntries(index: number, count: number, days: State['days']): Buffer {
  const day = days.length - 1;
  const { added, gone } = movement(count);
  const from = day * gone;
  const to = count + day * added;
  const { bytes: template, serialAt, timeAt, reasonAt } = TEMPLATE;
  const size = template.length;
  const all = Buffer.alloc((to - from) * size, template);
  const dates = datesBefore(days[0]!.at);
  // Octet by octet: a copy of a few octets costs more as a call than as a loop, and there are tens of millions.
  for (let i = from, at = 0; i < to; i++, at += size) {
    const scattered = scatter(index * STRETCH + i);
    const serial = SYNTHETIC_BASE + scattered;
    all[at + serialAt] = serial >>> 24;
    all[at + serialAt + 1] = serial >>> 16;
    all[at + serialAt + 2] = serial >>> 8;
    all[at + serialAt + 3] = serial;
    if (i < count) {
      write(all, at + timeAt, dates, (scattered % (YEARS * 365)) * 6, 6);
      write(all, at + timeAt + 6, MINUTES, (scattered % 1_440) * 4, 4);
    } else write(all, at + timeAt, timeDigits(days[1 + Math.floor((i - count) / added)]!.at), 0, 12);
    const changes = i % CHANGED >= 1 && i % CHANGED <= day ? 1 : 0;
    all[at + reasonAt] = REASON_CODES[(scattered + changes) % REASON_CODES.length]!;
  }
  return all;
}

function write(to: Uint8Array, at: number, from: Uint8Array, offset: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[offset + i]!;
}

/** An odd factor permutes the numbers below a power of two. */
const scatter = (value: number): number => Math.imul(value, 0x9e3779b1) & (SERIALS - 1);

/** YYMMDDHHMMSS. */
const timeDigits = (ms: number): Buffer =>
  Buffer.from(new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14), 'latin1');

/** HHMM of each minute of a day. */
const MINUTES = Buffer.concat(
  Array.from({ length: 1_440 }, (_, minute) => timeDigits(minute * 60_000).subarray(6, 10)),
);

let known: { first: number; dates: Buffer } | undefined;

/** YYMMDD of each day of the years before `first`, from two days before on. */
function datesBefore(first: number): Buffer {
  if (known?.first !== first) {
    const days = Array.from({ length: YEARS * 365 }, (_, day) => timeDigits(first - (day + 2) * DAY_MS).subarray(0, 6));
    known = { first, dates: Buffer.concat(days) };
  }
  return known.dates;
}
