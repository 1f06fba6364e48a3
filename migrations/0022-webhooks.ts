import type { MigrationInterface, QueryRunner } from 'typeorm';

const TENANT_TABLES = ['webhook_endpoint', 'webhook_secret', 'webhook_delivery', 'webhook_attempt'];

/**
 * Webhooks: where a tenant wants to be told of its events, and an outbox: a row for each event and endpoint, written by
 * the statement that writes the event, whoever writes it and however many at once.
 */
export class Webhooks1763900000022 implements MigrationInterface {
  readonly name = 'Webhooks1763900000022';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ENDPOINTS);
    await runner.query(DELIVERIES);
    await runner.query(ISOLATION);
    await runner.query(OUTBOX);
    await runner.query(DOORS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const ENDPOINTS = `
create table webhook_endpoint (
  tenant_id uuid not null references tenant,
  mode tenant_mode not null,
  id uuid not null,
  url text not null check (length(url) between 1 and 2048),
  description text not null default '' check (length(description) <= 200),
  -- null: all, also types there will be
  event_types text[] check (cardinality(event_types) between 1 and 100 and array_position(event_types, null) is null),
  enabled boolean not null default true,
  -- why we have disabled it; null: it is enabled, or its tenant has disabled it
  disabled_reason text check (disabled_reason in ('failing', 'gone')),
  disabled_at timestamptz,
  -- no attempt has succeeded since
  failing_since timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  -- of its deliveries, without a gap
  last_sequence bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  -- The row stays: an event that is just being written may still name it, and must not fail for that.
  deleted_at timestamptz,
  primary key (tenant_id, mode, id),
  check ((disabled_at is null) = enabled),
  check (disabled_reason is null or not enabled)
);
create unique index webhook_endpoint_id on webhook_endpoint (id);

create table webhook_secret (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  endpoint_id uuid not null,
  tenant_key_id uuid not null,
  sealed bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  -- replaced, and signs until then
  expires_at timestamptz,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, endpoint_id) references webhook_endpoint (tenant_id, mode, id),
  -- A key that is still needed to sign is not removed.
  foreign key (tenant_id, mode, tenant_key_id) references tenant_key (tenant_id, mode, id)
);
create index webhook_secret_endpoint on webhook_secret (tenant_id, mode, endpoint_id);

alter table idempotency_key drop constraint idempotency_key_resource_check;
-- The words are those of Resource in libs/platform.
alter table idempotency_key add constraint idempotency_key_resource_check check (resource ~ '^[a-z_]{1,40}$');
`;

const DELIVERIES = `
/* No foreign keys: rows come by tens of thousands, from the trigger and from replays alone, which read what they name. */
create table webhook_delivery (
  tenant_id uuid not null,
  mode tenant_mode not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  -- given with the first attempt
  sequence bigint,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'cancelled')),
  -- since it was written or last asked for again
  attempts smallint not null default 0,
  first_attempt_at timestamptz,
  -- A new one is due whatever the clock says, also after it was moved back. One that is being sent is due again when
  -- whoever sends it must have ended.
  due_at timestamptz not null default '-infinity',
  -- who is sending it
  claim uuid,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (tenant_id, mode, endpoint_id, event_id),
  check ((state = 'pending') = (finished_at is null))
);
create index webhook_delivery_due on webhook_delivery (tenant_id, mode, endpoint_id, due_at, event_id)
  where state = 'pending';
create unique index webhook_delivery_sequence on webhook_delivery (tenant_id, mode, endpoint_id, sequence);
create index webhook_delivery_finished on webhook_delivery using brin (finished_at);

create table webhook_attempt (
  tenant_id uuid not null,
  mode tenant_mode not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  id uuid not null,
  started_at timestamptz not null default clock_timestamp(),
  duration_ms int not null,
  -- null: no answer came
  status smallint,
  -- null: delivered
  failure text check (failure ~ '^[a-z_]{1,40}$'),
  -- The beginning of the answer: nobody knows what a receiver writes into it.
  tenant_key_id uuid,
  sealed_head bytea,
  primary key (tenant_id, mode, endpoint_id, event_id, id),
  check ((tenant_key_id is null) = (sealed_head is null))
);
create index event_recorded on event (tenant_id, mode, recorded_at);
create index webhook_attempt_started on webhook_attempt using brin (started_at);
`;

const ISOLATION = `
do $$
declare t text;
begin
  foreach t in array array[${TENANT_TABLES.map((table) => `'${table}'`).join(', ')}] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own on %I to shomei_api, shomei_worker
      using (tenant_id = current_tenant() and mode = current_mode())
      with check (tenant_id = current_tenant() and mode = current_mode())', t);
  end loop;
end $$;
create policy webhook_clerk on tenant for select to shomei_webhook_clerk using (true);
create policy webhook_clerk on webhook_endpoint for select to shomei_webhook_clerk using (true);
create policy webhook_clerk on webhook_delivery to shomei_webhook_clerk using (true) with check (true);
create policy webhook_clerk on webhook_attempt to shomei_webhook_clerk using (true) with check (true);
`;

const OUTBOX = `
/*
 * Puts new events out to the endpoints that want them: with the rights of its owner, because events of many tenants may
 * come in one statement; tenant and mode are those of each event.
 */
create function put_out_events() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into webhook_delivery (tenant_id, mode, endpoint_id, event_id)
  select e.tenant_id, e.mode, w.id, e.id
  from new_event e join webhook_endpoint w on w.tenant_id = e.tenant_id and w.mode = e.mode
  where w.enabled and w.deleted_at is null
    -- A test is for one endpoint, whatever else that wants.
    and case when e.type = 'webhook_endpoint.test' then w.id::text = e.data ->> 'webhook_endpoint_id'
      else w.event_types is null or e.type = any(w.event_types) end;
  return null;
end $$;
revoke all on function put_out_events() from public;
create trigger put_out after insert on event
  referencing new table as new_event for each statement execute function put_out_events();
`;

const DOORS = `
/*
 * Endpoints of any tenant with something to send now: ids, and whether it fails. The tenants take turns, so that one with
 * much keeps nobody waiting. Nothing is sent for a tenant whose keys do not work.
 */
create function due_webhook_endpoints(up_to int)
  returns table (tenant_id uuid, mode tenant_mode, id uuid, failing boolean)
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  select due.tenant_id, due.mode, due.id, due.failing from (
    select w.tenant_id, w.mode, w.id, w.failing_since is not null as failing,
      row_number() over (partition by w.tenant_id order by w.failing_since is not null, random()) as turn
    from webhook_endpoint w join tenant t on t.id = w.tenant_id
    where w.enabled and w.deleted_at is null and keys_work(t.state, w.mode)
      and exists (select 1 from webhook_delivery d where d.tenant_id = w.tenant_id and d.mode = w.mode
        and d.endpoint_id = w.id and d.state = 'pending' and d.due_at <= clock_timestamp())
  ) due
  order by due.turn, random() limit least(up_to, 1000)
$$;

/*
 * Removes what was finished thirty days ago, at most 5,000 of each kind, and what was put out to an endpoint while that
 * was being deleted.
 */
create function forget_webhook_deliveries() returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  old timestamptz := clock_timestamp() - interval '30 days';
  attempts int;
  deliveries int;
begin
  delete from webhook_attempt a where (a.tenant_id, a.mode, a.endpoint_id, a.event_id, a.id) in (
    select o.tenant_id, o.mode, o.endpoint_id, o.event_id, o.id from webhook_attempt o
    where o.started_at < old limit 5000);
  get diagnostics attempts = row_count;
  delete from webhook_delivery d where (d.tenant_id, d.mode, d.endpoint_id, d.event_id) in (
    select o.tenant_id, o.mode, o.endpoint_id, o.event_id from webhook_delivery o where o.finished_at < old limit 5000);
  get diagnostics deliveries = row_count;
  delete from webhook_delivery d using webhook_endpoint w
  where w.deleted_at < old and d.tenant_id = w.tenant_id and d.mode = w.mode and d.endpoint_id = w.id and d.state = 'pending';
  return attempts + deliveries;
end $$;
revoke all on function due_webhook_endpoints(int), forget_webhook_deliveries() from public;
`;

const GRANTS = `
grant select (id, state) on tenant to shomei_webhook_clerk;
grant select (tenant_id, mode, id, event_types, enabled, failing_since, deleted_at) on webhook_endpoint
  to shomei_webhook_clerk;
grant select, delete on webhook_delivery to shomei_webhook_clerk;
grant insert (tenant_id, mode, endpoint_id, event_id) on webhook_delivery to shomei_webhook_clerk;
grant select (tenant_id, mode, endpoint_id, event_id, id, started_at), delete on webhook_attempt to shomei_webhook_clerk;
grant execute on function keys_work(tenant_state, tenant_mode) to shomei_webhook_clerk;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_webhook_clerk;
alter function put_out_events() owner to shomei_webhook_clerk;
alter function due_webhook_endpoints(int) owner to shomei_webhook_clerk;
alter function forget_webhook_deliveries() owner to shomei_webhook_clerk;
revoke create on schema public from shomei_webhook_clerk;
grant execute on function due_webhook_endpoints(int), forget_webhook_deliveries() to shomei_worker;

grant select, insert on webhook_endpoint, webhook_secret to shomei_api;
grant update (url, description, event_types, enabled, disabled_reason, disabled_at, failing_since, deleted_at)
  on webhook_endpoint to shomei_api;
grant update (expires_at), delete on webhook_secret to shomei_api;
grant select on webhook_delivery, webhook_attempt to shomei_api;
-- A delivery is asked for again, or given up because its endpoint is deleted; that it was made is the worker's to say.
grant insert (tenant_id, mode, endpoint_id, event_id) on webhook_delivery to shomei_api;
grant update (state, attempts, first_attempt_at, due_at, claim, finished_at) on webhook_delivery to shomei_api;

grant select on webhook_endpoint, webhook_secret, webhook_delivery, event to shomei_worker;
grant update (enabled, disabled_reason, disabled_at, failing_since, last_success_at, last_failure_at, last_sequence)
  on webhook_endpoint to shomei_worker;
grant update (sequence, state, attempts, first_attempt_at, due_at, claim, finished_at) on webhook_delivery
  to shomei_worker;
grant insert on webhook_attempt to shomei_worker;
`;
