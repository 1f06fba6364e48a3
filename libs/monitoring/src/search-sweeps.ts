import type { DataSource } from 'typeorm';
import { type Mode, type PageOrder, readingByTime } from '#lib/platform';
import { SWEEP_COLUMNS, toSweep, type Sweep, type SweepRow, type SweepState } from './sweep.js';

/** A sweep of some tenant, as operators see it: that it runs and what it comes to, nobody in it. */
export interface FoundSweep extends Sweep {
  tenantId: string;
  mode: Mode;
}

export interface SweepSearch {
  id?: string;
  tenantId?: string;
  mode?: Mode;
  state?: SweepState;
  /** Newest first unless asked otherwise. */
  order?: PageOrder;
  /** The id after which the page begins. */
  after?: string;
  limit: number;
}

/** Sweeps of all tenants by their time. Operators' role. */
export async function searchSweeps(dataSource: DataSource, search: SweepSearch): Promise<FoundSweep[]> {
  const { direction, beyond } = readingByTime(search.order);
  const rows: (SweepRow & { tenant_id: string; mode: Mode })[] = await dataSource.query(
    `select tenant_id, mode, ${SWEEP_COLUMNS} from status_sweep
     where ($1::uuid is null or id = $1) and ($2::uuid is null or tenant_id = $2) and ($3::tenant_mode is null or mode = $3)
       and ($4::text is null or state = $4) and ($5::uuid is null or id ${beyond} $5)
     order by id ${direction} limit $6`,
    [
      search.id ?? null,
      search.tenantId ?? null,
      search.mode ?? null,
      search.state ?? null,
      search.after ?? null,
      search.limit,
    ],
  );
  return rows.map((row) => ({ ...toSweep(row), tenantId: row.tenant_id, mode: row.mode }));
}
