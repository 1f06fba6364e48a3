import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Events are held back by nothing but events of the same tenant that are being written, whatever else goes on in the
 * database. See docs/decisions/0052-event-horizon.md.
 */
export class EventHorizon1763900000120 implements MigrationInterface {
  readonly name = 'EventHorizon1763900000120';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SEQUENCE);
    await runner.query(PLACE);
    await runner.query(HORIZON);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

/**
 * Up to here event.xact was the number of the transaction itself. The new numbers begin above every such number there is,
 * and so far above that a process of the release before, which tells what is below the oldest open transaction, tells none
 * of them: it holds back, and loses nothing.
 */
const SEQUENCE = `
-- Whoever is writing events by the old numbers has ended first.
lock table event in access exclusive mode;
create sequence event_place as bigint;
select setval('event_place', 4294967296 + greatest(
  (select max(xact)::text::bigint from event), pg_snapshot_xmax(pg_current_snapshot())::text::bigint));
`;

/**
 * Advisory locks (one key of 64 bits) that say who is writing events: the upper half is the tenant and mode, the lower half
 * of a number that is less than the place of the transaction's events.
 */
const writersOf = (tenant: string, mode: string): string =>
  `hashtextextended('events|' || ${tenant} || '|' || ${mode}, 0)`;

/** A select from the sequence does not lock it, and may see a number that nextval puts there for its log and takes back at once. */
const LAST = `pg_sequence_last_value('public.event_place')`;

const PLACE = `
/*
 * The events of a transaction have one place in the order in which a tenant is told: taken with the first of them, in
 * event.xact. The lock comes first: a place that can be seen in the sequence belongs to somebody who is already seen to be
 * writing, or who has ended.
 */
create function place_event() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  whose text := concat_ws('|', new.tenant_id, new.mode, '');
  -- Of this transaction, and gone with the savepoint that was rolled back, as the lock is.
  place text := current_setting('app.event_place', true);
begin
  if starts_with(place, whose) is not true then
    perform pg_advisory_xact_lock_shared(
      (${writersOf('new.tenant_id', 'new.mode')} & -4294967296) | (${LAST} & 4294967295));
    place := whose || nextval('event_place');
    perform set_config('app.event_place', place, true);
  end if;
  new.xact := substr(place, length(whose) + 1)::xid8;
  return new;
end $$;
create trigger take_place before insert on event for each row execute function place_event();
alter table event alter column xact drop default;
`;

const HORIZON = `
/*
 * The place below which a tenant's events can be told: none with a lower place will be committed after this was answered. For
 * the statement before the one that reads the events.
 *
 * Whoever has a place up to the last one given had locked before that was read. If the lock is not there when the locks
 * are read, the transaction has ended, and the next statement sees what it wrote, because a transaction gives up its locks after
 * its commit has become visible. If it is there, its number is lower than the place. Tenants with the same half of a hash
 * wait for each other.
 */
create function event_horizon(of_tenant uuid, of_mode tenant_mode) returns xid8
  language plpgsql volatile set search_path = pg_catalog, public, pg_temp
as $$
declare
  given bigint;
  behind bigint;
begin
  -- Elsewhere the next statement sees no more than this one.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the horizon of events is for statements that see what was committed before them' using errcode = '25000';
  end if;
  given := ${LAST};
  select max(l.behind) into behind from (
    select (given - objid::bigint) & 4294967295 as behind from pg_locks
    where locktype = 'advisory' and mode = 'ShareLock' and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())
      and classid = ((${writersOf('of_tenant', 'of_mode')} >> 32) & 4294967295)::oid
  ) l
  -- The others are ahead: they lock since the last place was read.
  where l.behind < 2147483648;
  return (given - coalesce(behind, 0) + 1)::text::xid8;
end $$;
`;

const GRANTS = `
revoke all on function place_event(), event_horizon(uuid, tenant_mode) from public;
grant usage on sequence event_place to shomei_api, shomei_worker;
grant execute on function event_horizon(uuid, tenant_mode) to shomei_api;
`;
