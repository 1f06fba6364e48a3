import type { DataSource } from 'typeorm';
import type { PlanJob } from './refresh-planner.js';

/**
 * Sources whose data are missing or a day old: never listed, or with a listed partition that was never fetched or not
 * within 24 hours of real time. What is being retried already is not due again.
 */
export function dueSources(dataSource: DataSource): Promise<PlanJob[]> {
  return dataSource.query(`
    select s.mode, s.hierarchy from revocation_source s
    where s.enabled and (
      s.last_listed_at is null or s.last_listed_at < clock_timestamp() - interval '24 hours'
      or exists (select 1 from crl_partition p
        where p.mode = s.mode and p.hierarchy = s.hierarchy and p.listed_at = s.last_listed_at
          and (p.last_success_at is null or p.last_success_at < clock_timestamp() - interval '24 hours')))
    order by s.mode, s.hierarchy`);
}
