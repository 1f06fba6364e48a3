import type { EntityManager } from 'typeorm';
import { cancelStatement, leave } from '#lib/platform';
import type { Day } from './japan-month.js';
import { usageParameters } from './usage-scope.js';
import { argumentsOf, type Reader, type UsageMonth } from './usage-view.js';

/** Events that are in memory at once, of each of two kinds. */
const PAGE = 5_000;
const OPEN: Record<Reader, string> = { tenant: 'open_tenant_usage', operators: 'open_any_tenant_usage' };

/** An event of a month, as the database writes it. Ids are 32 hexadecimal digits. */
export interface StreamedEvent {
  day: Day;
  /** Of day, HH:MM:SS.mmm in Japan; what is below a millisecond is cut off. */
  time: string;
  id: string;
  verificationId: string | undefined;
  sourceId: string | undefined;
  /** Words: meter, method, purpose, outcome, billable, certificate kind, source, late, count of J-LIS, counted again. */
  kind: string;
}

const given = (id: string): string | undefined => (id === '-' ? undefined : id);

/** @param row `day time id verification source | words` */
export function parseStreamed(row: string): StreamedEvent {
  const end = row.indexOf(' | ');
  const [day, at, id, verification, source] = row.slice(0, end).split(' ') as [string, string, string, string, string];
  return {
    day,
    // Zeros at the end are not written.
    time: `${at.slice(0, 8)}.${at.slice(9, 12).padEnd(3, '0')}`,
    id,
    verificationId: given(verification),
    sourceId: given(source),
    kind: row.slice(end + 3),
  };
}

/**
 * Every event of a month in the order of time and id, page by page, each row as {@link parseStreamed} takes it. Within a
 * transaction that stays open until the end, with nothing else that opens the same.
 * @param gone ends it, and the statement that runs, at once
 * @throws the reason of `gone`
 */
export async function* streamEvents(
  manager: EntityManager,
  month: UsageMonth,
  gone?: AbortSignal,
): AsyncGenerator<string[]> {
  const [{ pid }] = await manager.query<[{ pid: number }]>('select pg_backend_pid() as pid');
  let cancelled: Promise<unknown> | undefined;
  const cancel = (): void => {
    cancelled = cancelStatement(manager.dataSource, pid);
    leave(cancelled);
  };
  gone?.addEventListener('abort', cancel, { once: true });
  try {
    gone?.throwIfAborted();
    await manager.query(`select ${OPEN[month.reader]}($1, ${usageParameters(2)})`, argumentsOf(month));
    for await (const page of inOrder(pagesOf(manager, 'usage_plain'), pagesOf(manager, 'usage_other'))) {
      gone?.throwIfAborted();
      yield page;
    }
    await manager.query('close usage_plain; close usage_other');
  } catch (error) {
    gone?.throwIfAborted();
    throw error;
  } finally {
    gone?.removeEventListener('abort', cancel);
    // The connection may be somebody else's next: nothing that is meant for this one comes after.
    await cancelled;
  }
}

/** The database computes on while a page is written. */
async function* pagesOf(manager: EntityManager, cursor: string): AsyncGenerator<string[]> {
  const fetch = (): Promise<{ line: string }[]> => manager.query(`fetch ${PAGE} from ${cursor}`);
  let ahead = fetch();
  for (;;) {
    const page = await ahead;
    if (page.length === 0) return;
    ahead = fetch();
    leave(ahead);
    yield page.map(({ line }) => line);
  }
}

/** Pages of two sources, each in the order of its rows' texts, as one. */
async function* inOrder(one: AsyncGenerator<string[]>, other: AsyncGenerator<string[]>): AsyncGenerator<string[]> {
  const next = async (pages: AsyncGenerator<string[]>): Promise<string[]> =>
    ((await pages.next()) as IteratorResult<string[], undefined>).value ?? [];
  let [a, b] = await Promise.all([next(one), next(other)]);
  while (a.length > 0 && b.length > 0) {
    const merged: string[] = [];
    let [i, j] = [0, 0];
    while (i < a.length && j < b.length) merged.push(b[j]! < a[i]! ? b[j++]! : a[i++]!);
    yield merged;
    a = i < a.length ? a.slice(i) : await next(one);
    b = j < b.length ? b.slice(j) : await next(other);
  }
  for (; a.length > 0; a = await next(one)) yield a;
  for (; b.length > 0; b = await next(other)) yield b;
}
