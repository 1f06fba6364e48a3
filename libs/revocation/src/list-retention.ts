import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Logger } from '#lib/platform';

/** Two workers' turns exclude each other by this advisory lock. */
const LOCK = 0x43524c46;
/** A verification's row appears at most this long after the time it bears: no statement takes longer. */
const SETTLE = '10 minutes';
/** Verifications looked through by one statement, which has a minute. */
const WINDOW = '1 hour';
/** Real time for which a superseded list is kept in any case. */
const KEEP = '3 days';

/** Keeps the files of lists on which verifications rest, and removes those that nobody needs any more. */
@Injectable()
export class ListRetention {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** @returns how many files were removed; undefined when another process is at it. */
  async run(): Promise<number | undefined> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const [{ locked }] = (await runner.query('select pg_try_advisory_lock($1) as locked', [LOCK])) as [
        { locked: boolean },
      ];
      if (!locked) return undefined;
      try {
        let more = true;
        while (more) more = await this.collect();
        const removed = await this.remove();
        if (removed > 0) this.logger.log('crl_files_removed', { files: removed });
        return removed;
      } finally {
        await runner.query('select pg_advisory_unlock($1)', [LOCK]);
      }
    } finally {
      await runner.release();
    }
  }

  /** Notes the lists that one more window of verifications rests on. @returns whether there is another. */
  private async collect(): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const [window]: { since: string; until: string; more: boolean }[] = await manager.query(
        `select since::text, least(since + $1::interval, until)::text as until, since + $1::interval < until as more
         from (
           select case when p.collected_until = '-infinity' then f.first else p.collected_until end as since,
             clock_timestamp() - $2::interval as until
           from crl_reference_progress p,
             (select coalesce(min(accepted_at), clock_timestamp()) as first from crl) f) w
         where since < until`,
        [WINDOW, SETTLE],
      );
      if (window === undefined) return false;
      await manager.query(
        `insert into crl_reference (mode, sha256, last_at)
         select mode, decode(sha256, 'hex'), last_at from referenced_lists($1, $2)
         on conflict (mode, sha256) do update set last_at = greatest(crl_reference.last_at, excluded.last_at)`,
        [window.since, window.until],
      );
      await manager.query('update crl_reference_progress set collected_until = $1', [window.until]);
      return window.more;
    });
  }

  /**
   * A file goes when every list it was has long been superseded, could not be answered from any more when verifications
   * were last looked through, and none rests on it.
   */
  private async remove(): Promise<number> {
    const rows: { files: string }[] = await this.dataSource.query(
      `with gone as (
         delete from crl_file f using crl_reference_progress p
         where not exists (select 1 from crl_reference r where r.mode = f.mode and r.sha256 = f.sha256)
           and not exists (
             select 1 from crl c where c.mode = f.mode and c.sha256 = f.sha256
               and (c.next_update >= p.collected_until or not exists (
                 select 1 from crl n where n.mode = c.mode and n.partition_id = c.partition_id and n.id > c.id
                   and n.accepted_at < least(p.collected_until, clock_timestamp() - $1::interval))))
         returning f.mode, f.sha256)
       select count(distinct (mode, sha256)) as files from gone`,
      [KEEP],
    );
    return Number(rows[0]!.files);
  }
}
