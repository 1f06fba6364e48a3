import type { EntityManager } from 'typeorm';

/** In what order a list is paged by the time or the id of its rows. */
export type PageOrder = 'newest' | 'oldest';

/** Which way an index is read for a page, and what lies beyond the last row of the page before. */
export const readingOf = (order: PageOrder = 'newest'): { direction: 'desc' | 'asc'; beyond: '<' | '>' } =>
  order === 'newest' ? { direction: 'desc', beyond: '<' } : { direction: 'asc', beyond: '>' };

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
