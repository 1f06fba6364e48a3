import { createHash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { Problem } from '#lib/platform';

const subjectOf = (email: string): Buffer => createHash('sha256').update(email).digest();

/**
 * Five attempts are free; the next waits a second, and each after it twice as long, up to 15 minutes. A day without an
 * attempt forgets them. Attempts are counted before they are judged, in one statement: a hundred at once are a hundred.
 */
const COUNT_ATTEMPT = `
insert into sign_in_backoff as b (subject_sha256, failures, blocked_until, last_at)
values ($1, 1, clock_timestamp(), clock_timestamp())
on conflict (subject_sha256) do update set (failures, blocked_until, last_at) = (
  select n, clock_timestamp() + case when n <= 5 then interval '0'
    else least(interval '15 minutes', interval '1 second' * power(2, least(n - 6, 10))) end, clock_timestamp()
  from (select case when b.last_at < clock_timestamp() - interval '1 day' then 1 else b.failures + 1 end as n) as counted)
where b.blocked_until <= clock_timestamp()
returning failures`;

/**
 * Counts an attempt to sign in, before it is known whether it is right.
 * @throws Problem `sign_in_blocked` with the seconds to wait.
 */
export async function beginAttempt(dataSource: DataSource, email: string): Promise<void> {
  const subject = subjectOf(email);
  const counted: unknown[] = await dataSource.query(COUNT_ATTEMPT, [subject]);
  if (counted.length > 0) return;
  const rows: { wait: number }[] = await dataSource.query(
    `select ceil(extract(epoch from blocked_until - clock_timestamp()))::int as wait
     from sign_in_backoff where subject_sha256 = $1`,
    [subject],
  );
  throw new Problem('sign_in_blocked', { retry_after: Math.max(1, rows[0]?.wait ?? 1) });
}

/** The attempt was right and proves one factor: it does not count, those before it still do. */
export async function takeAttemptBack(manager: EntityManager | DataSource, email: string): Promise<void> {
  await manager.query(
    `update sign_in_backoff set failures = greatest(failures - 1, 0), blocked_until = clock_timestamp()
     where subject_sha256 = $1`,
    [subjectOf(email)],
  );
}

/** Both factors were right: all is forgotten, and with it what others left behind a day ago. */
export async function forgetAttempts(manager: EntityManager | DataSource, email: string): Promise<void> {
  await manager.query(
    `delete from sign_in_backoff where subject_sha256 = $1 or last_at < clock_timestamp() - interval '1 day'`,
    [subjectOf(email)],
  );
}
