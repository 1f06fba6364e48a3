import type { EntityManager } from 'typeorm';

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
