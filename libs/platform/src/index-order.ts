import type { EntityManager } from 'typeorm';

interface Reading {
  direction: 'desc' | 'asc';
  beyond: '<' | '>';
}

/** Which way an index is read for a page, and what lies beyond the last row of the page before. */
export const readingOf = (descending: boolean): Reading =>
  descending ? { direction: 'desc', beyond: '<' } : { direction: 'asc', beyond: '>' };

/** In what order a list is paged by the time of its rows, or by the id that has it. */
export type PageOrder = 'newest' | 'oldest';

/** The same of such a list: the newest first unless asked otherwise. */
export const readingByTime = (order: PageOrder = 'newest'): Reading => readingOf(order === 'newest');

/**
 * Until the end of the transaction, rows that are wanted in the order of an index are read from that index. Of a tenant
 * whose rows came a moment ago the statistics know nothing: one row is expected however one is looked up, and comparing
 * each with all of the tenant's looks as good as finding it. An order that one index alone has leaves no such choice, if
 * sorting is none either.
 */
export async function readInIndexOrder(manager: EntityManager): Promise<void> {
  // What cannot be estimated looks dear, and would be compiled before it is run.
  await manager.query('set local enable_sort = off; set local jit = off');
}
