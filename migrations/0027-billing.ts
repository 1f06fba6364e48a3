import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Prices in two layers, months that are closed once, and statements that stay as they are. See docs/billing.md. */
export class Billing1763900000027 implements MigrationInterface {
  readonly name = 'Billing1763900000027';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(USAGE);
    await runner.query(PRICES);
    await runner.query(TARIFF_HISTORY);
    await runner.query(PRICE_RULES);
    await runner.query(MONTHS);
    await runner.query(DOORS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const USAGE = `
/*
 * Which transaction wrote an event: whether a closing has seen it. Events from before have neither, and were there before
 * anything was closed.
 */
alter table usage_event add column recorded_at timestamptz, add column xact xid8;
alter table usage_event alter column recorded_at set default clock_timestamp(), alter column xact set default pg_current_xact_id();
create index usage_event_occurred_at on usage_event using brin (occurred_at);
create index usage_event_recorded_at on usage_event using brin (recorded_at);
create index usage_event_of_tenant on usage_event (tenant_id, mode, occurred_at, id);
-- Those that may have been counted before in the year.
create index usage_event_status_check on usage_event (mode, occurred_at) where purpose = 'status_check' and method = 'crl';

-- Who writes an event says what happened and not when it was written.
revoke insert on usage_event from shomei_api, shomei_door;
grant insert (tenant_id, mode, id, verification_id, source, source_id, person_id, meter, method, purpose, outcome, billable,
  certificate_kind, certificate_hash, occurred_at) on usage_event to shomei_api;
grant insert (tenant_id, mode, id, verification_id, meter, method, purpose, outcome, billable, certificate_kind,
  certificate_hash, occurred_at) on usage_event to shomei_door;
`;

const PRICES = `
/*
 * Fees of J-LIS, each in force from a day until the next one is: overlap and gap cannot be written down. Terms are of the
 * form of libs/billing, which checks them before they are proposed and again before they are stored.
 */
create table jlis_tariff (
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid unique references approval (id),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (mode, valid_from)
);

-- Granted by J-LIS, to one tenant or to everything the platform reports.
create table jlis_reduction (
  mode tenant_mode not null,
  id uuid not null,
  tenant_id uuid references tenant (id),
  valid_from date not null,
  valid_until date not null,
  terms jsonb not null,
  approval_id uuid unique references approval (id),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (mode, id),
  check (valid_from < valid_until)
);

-- That J-LIS can tell status checks as such: they then count once a year.
create table jlis_recognition (
  mode tenant_mode not null,
  id uuid not null,
  tenant_id uuid references tenant (id),
  valid_from date not null,
  valid_until date not null,
  terms jsonb not null,
  approval_id uuid unique references approval (id),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (mode, id),
  check (valid_from < valid_until)
);

-- A tenant's process sees those of the platform and its own.
alter table jlis_reduction enable row level security;
alter table jlis_reduction force row level security;
alter table jlis_recognition enable row level security;
alter table jlis_recognition force row level security;
create policy own on jlis_reduction for select to shomei_api using (tenant_id is null or tenant_id = current_tenant());
create policy own on jlis_recognition for select to shomei_api using (tenant_id is null or tenant_id = current_tenant());
create policy platform on jlis_reduction to shomei_worker, shomei_admin, shomei_operator using (true) with check (true);
create policy platform on jlis_recognition to shomei_worker, shomei_admin, shomei_operator using (true) with check (true);

-- What a tenant pays the platform operator, each in force until the next one is.
create table price_plan (
  tenant_id uuid not null,
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid unique,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, valid_from),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
);
alter table price_plan enable row level security;
alter table price_plan force row level security;
create policy own on price_plan for select to shomei_api, shomei_worker
  using (tenant_id = current_tenant() and mode = current_mode());
create policy admin on price_plan to shomei_admin using (true) with check (true);
create policy operator on price_plan to shomei_operator using (true) with check (true);
create policy biller on price_plan for select to shomei_biller using (true);
`;

/** From docs/billing.md. `year_start` of the status checks is not published: the fiscal year is our reading. */
const TARIFF_HISTORY = `
insert into jlis_tariff (mode, valid_from, terms)
select m.mode, t.valid_from::date, jsonb_build_object('rates', t.rates::jsonb, 'year_start', '04-01',
  'tax_category', 'standard', 'source', t.source)
from unnest(enum_range(null::tenant_mode)) as m(mode), (values
  ('2016-01-01', '{"sign_check":"20","auth_check":"2","counterpart_delivered":"2","serial_linkage":"0","age_check":"0"}',
    'Fees of J-LIS until the end of 2022'),
  ('2023-01-01', '{"sign_check":"0","auth_check":"0","counterpart_delivered":"0","serial_linkage":"0","age_check":"0"}',
    'Fees of J-LIS from 2023 on, OCSP for the time being'),
  ('2023-05-01', '{"sign_check":"0","auth_check":"0","counterpart_delivered":"0","attributes_delivered":"20","serial_linkage":"0","age_check":"0"}',
    'Fees of J-LIS with the latest attributes, since May 2023')
) as t(valid_from, rates, source);
`;

const PRICE_RULES = `
/*
 * Prices are added, never changed: the next ones end those before. Not in a month that has been rated, and
 * those of live mode only with an approval by two people of exactly this row.
 */
create function guard_price() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  written jsonb := to_jsonb(new) - 'approval_id' - 'recorded_at';
  earliest date;
begin
  if tg_op <> 'INSERT' then
    raise exception 'prices are added, not changed' using errcode = '23514', constraint = 'price_stays';
  end if;
  -- A closing that fixes its prices now waits for this row, or this row sees it.
  perform pg_advisory_xact_lock_shared(hashtextextended('month_close:' || new.mode, 0));
  select (max(c.ends_at) at time zone 'Asia/Tokyo')::date into earliest from month_close c
  where c.mode = new.mode and c.rated_at is not null;
  if new.valid_from < earliest then
    raise exception 'prices of a closed month' using errcode = '23514', constraint = 'price_in_closed_month';
  end if;
  if new.mode = 'live' and not coalesce(approval_is_executed(new.approval_id, 'price_change',
      tg_table_name || ':' || coalesce(written->>'id', concat_ws(':', written->>'tenant_id', new.mode, new.valid_from)),
      null, written), false) then
    raise exception 'a price needs an approval' using errcode = '23514', constraint = 'price_needs_approval';
  end if;
  return new;
end $$;
create trigger guard before insert or update or delete on jlis_tariff for each row execute function guard_price();
create trigger guard before insert or update or delete on jlis_reduction for each row execute function guard_price();
create trigger guard before insert or update or delete on jlis_recognition for each row execute function guard_price();
create trigger guard before insert or update or delete on price_plan for each row execute function guard_price();
`;

const MONTHS = `
/*
 * One for each month and mode that is closed or being closed. What it has seen is fixed when it begins: whatever is
 * computed later, or again after a crash, is computed from the same events.
 */
create table month_close (
  mode tenant_mode not null,
  month text not null check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  seen pg_snapshot not null,
  -- of the closing before: an event that it has not seen and that belongs there is late and belongs here
  seen_before pg_snapshot,
  seen_before_at timestamptz,
  begun_at timestamptz not null,
  begun_by text not null check (length(begun_by) between 1 and 300),
  -- from here on the prices of the month stay as they are, and statements are written
  rated_at timestamptz,
  closed_at timestamptz check (closed_at is null or rated_at is not null),
  primary key (mode, month)
);

-- The text is what was hashed; it holds every line.
create table statement (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  month text not null,
  content text not null,
  content_sha256 bytea not null check (content_sha256 = sha256(convert_to(content, 'UTF8'))),
  contract_yen bigint not null,
  jlis_yen bigint not null,
  billed_yen bigint not null,
  written_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, id),
  unique (tenant_id, mode, month),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
);
create index statement_month on statement (mode, month, tenant_id);
alter table statement enable row level security;
alter table statement force row level security;
create policy own on statement to shomei_api, shomei_worker
  using (tenant_id = current_tenant() and mode = current_mode())
  with check (tenant_id = current_tenant() and mode = current_mode());
create policy admin on statement for select to shomei_admin using (true);

create function guard_statement() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'a statement stays as it is' using errcode = '23514', constraint = 'statement_stays';
  end if;
  perform 1 from month_close c where c.mode = new.mode and c.month = new.month and c.rated_at is not null and c.closed_at is null;
  if not found then
    raise exception 'the month is not being closed' using errcode = '23514', constraint = 'statement_of_open_month';
  end if;
  new.written_at := clock_timestamp();
  return new;
end $$;
create trigger guard before insert or update or delete on statement for each row execute function guard_statement();

create function guard_month_close() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and old.closed_at is null
      and to_jsonb(new) - 'rated_at' - 'closed_at' = to_jsonb(old) - 'rated_at' - 'closed_at'
      and (old.rated_at is null and new.rated_at is not null and new.closed_at is null
        or old.rated_at = new.rated_at and new.closed_at is not null) then
    return new;
  end if;
  if tg_op <> 'INSERT' or new.rated_at is not null or new.closed_at is not null then
    raise exception 'a month is closed once' using errcode = '23514', constraint = 'month_close_steps';
  end if;
  return new;
end $$;
create trigger guard before insert or update or delete on month_close for each row execute function guard_month_close();

-- A bill of J-LIS held against the statements of a month; what differs, and what the operator said about it.
create table jlis_reconciliation (
  mode tenant_mode not null,
  id uuid not null,
  month text not null,
  file text not null check (length(file) <= 4000000),
  file_sha256 bytea not null check (file_sha256 = sha256(convert_to(file, 'UTF8'))),
  result jsonb not null,
  -- of the differences, all of them; null: there are none, or nobody has said anything yet
  explanation text check (length(btrim(explanation)) between 3 and 2000),
  made_by text not null,
  made_at timestamptz not null default clock_timestamp(),
  primary key (mode, id),
  foreign key (mode, month) references month_close (mode, month)
);
create index jlis_reconciliation_month on jlis_reconciliation (mode, month, made_at);
`;

const DOORS = `
/*
 * Begins the closing of a month, or finds it begun. By the clock of the mode it has to be over, and the one before has to
 * be closed; the first is that of the oldest event or price plan.
 * Returns null, or why not with what would be right: month_not_over, month_out_of_turn.
 */
create function begin_month_close(of_mode tenant_mode, of_month text, actor text, out refusal text, out expected text,
    out begun boolean)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  starts timestamptz := (of_month || '-01')::timestamp at time zone 'Asia/Tokyo';
  ends timestamptz := ((of_month || '-01')::timestamp + interval '1 month') at time zone 'Asia/Tokyo';
  latest month_close;
begin
  perform pg_advisory_xact_lock(hashtextextended('month_close:' || of_mode, 0));
  perform 1 from month_close c where c.mode = of_mode and c.month = of_month;
  if found then return; end if;
  if clock_of(of_mode) < ends then
    refusal := 'month_not_over';
    return;
  end if;
  select * into latest from month_close c where c.mode = of_mode order by c.month desc limit 1;
  expected := next_month_to_close(of_mode);
  if expected is not null and expected <> of_month or latest.mode is not null and latest.closed_at is null then
    refusal := 'month_out_of_turn';
    return;
  end if;
  insert into month_close (mode, month, starts_at, ends_at, seen, seen_before, seen_before_at, begun_at, begun_by)
  values (of_mode, of_month, starts, ends, pg_current_snapshot(), latest.seen, latest.begun_at, clock_timestamp(), actor);
  begun := true;
end $$;

create function clock_of(of_mode tenant_mode) returns timestamptz
  language sql volatile set search_path = pg_catalog, public, pg_temp
as $$
  select clock_timestamp() + case when of_mode = 'test'
    then coalesce((select make_interval(secs => t.offset_ms / 1000.0) from test_clock t), interval '0') else interval '0' end
$$;

/* The month whose turn it is: the one being closed, else the next, else the first with anything in it. */
create function next_month_to_close(of_mode tenant_mode) returns text
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(
    (select case when c.closed_at is null then c.month else to_char(c.ends_at at time zone 'Asia/Tokyo', 'YYYY-MM') end
     from month_close c where c.mode = of_mode order by c.month desc limit 1),
    (select to_char(least(
      (select min(u.occurred_at) from usage_event u where u.mode = of_mode) at time zone 'Asia/Tokyo',
      (select min(p.valid_from) from price_plan p where p.mode = of_mode)::timestamp), 'YYYY-MM')))
$$;

/* Fixes the prices of a month that is being closed; false when some were added since they were read. */
create function fix_month_prices(of_mode tenant_mode, of_month text, read_at timestamptz) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('month_close:' || of_mode, 0));
  perform 1 from month_close c where c.mode = of_mode and c.month = of_month and c.rated_at is not null;
  if found then return true; end if;
  if exists (select 1 from jlis_tariff p where p.mode = of_mode and p.recorded_at >= read_at)
    or exists (select 1 from jlis_reduction p where p.mode = of_mode and p.recorded_at >= read_at)
    or exists (select 1 from jlis_recognition p where p.mode = of_mode and p.recorded_at >= read_at)
    or exists (select 1 from price_plan p where p.mode = of_mode and p.recorded_at >= read_at) then
    return false;
  end if;
  update month_close set rated_at = clock_timestamp() where mode = of_mode and month = of_month;
  return found;
end $$;

create function end_month_close(of_mode tenant_mode, of_month text) returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  update month_close set closed_at = clock_timestamp() where mode = of_mode and month = of_month and rated_at is not null and closed_at is null
$$;

/* What tenants pay the platform operator, and since when one is terminated. Ids and prices. */
create function contracts_to_bill(of_mode tenant_mode)
  returns table (tenant_id uuid, terminated_at timestamptz, valid_from date, terms jsonb)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select p.tenant_id, t.terminated_at, p.valid_from, p.terms from price_plan p join tenant t on t.id = p.tenant_id
  where p.mode = of_mode order by p.tenant_id, p.valid_from
$$;
`;

const GRANTS = `
revoke all on function guard_price(), guard_statement(), guard_month_close(), clock_of(tenant_mode),
  begin_month_close(tenant_mode, text, text), next_month_to_close(tenant_mode), end_month_close(tenant_mode, text),
  fix_month_prices(tenant_mode, text, timestamptz), contracts_to_bill(tenant_mode) from public;

create policy biller on usage_event for select to shomei_biller using (true);
create policy biller on tenant for select to shomei_biller using (true);
grant select on usage_event, month_close, test_clock to shomei_biller;
grant insert on month_close to shomei_biller;
grant update (rated_at, closed_at) on month_close to shomei_biller;
grant select (id, terminated_at) on tenant to shomei_biller;
grant select (tenant_id, mode, valid_from, terms, recorded_at) on price_plan to shomei_biller;
grant select (mode, recorded_at) on jlis_tariff, jlis_reduction, jlis_recognition to shomei_biller;
create policy biller on jlis_reduction for select to shomei_biller using (true);
create policy biller on jlis_recognition for select to shomei_biller using (true);
grant execute on function clock_of(tenant_mode) to shomei_biller;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_biller;
alter function begin_month_close(tenant_mode, text, text) owner to shomei_biller;
alter function next_month_to_close(tenant_mode) owner to shomei_biller;
alter function fix_month_prices(tenant_mode, text, timestamptz) owner to shomei_biller;
alter function end_month_close(tenant_mode, text) owner to shomei_biller;
alter function contracts_to_bill(tenant_mode) owner to shomei_biller;
revoke create on schema public from shomei_biller;
grant execute on function begin_month_close(tenant_mode, text, text), next_month_to_close(tenant_mode)
  to shomei_worker, shomei_admin;
grant execute on function fix_month_prices(tenant_mode, text, timestamptz), end_month_close(tenant_mode, text),
  contracts_to_bill(tenant_mode) to shomei_worker;

grant select on jlis_tariff, jlis_reduction, jlis_recognition to shomei_api, shomei_worker, shomei_admin, shomei_operator;
grant select on month_close to shomei_worker, shomei_admin, shomei_operator;
-- Not who did it.
grant select (mode, month, starts_at, ends_at, seen, seen_before, seen_before_at, begun_at, rated_at, closed_at)
  on month_close to shomei_api;
grant insert (mode, valid_from, terms, approval_id) on jlis_tariff to shomei_admin, shomei_operator;
grant insert (mode, id, tenant_id, valid_from, valid_until, terms, approval_id) on jlis_reduction, jlis_recognition
  to shomei_admin, shomei_operator;
grant select on price_plan to shomei_api, shomei_worker, shomei_admin, shomei_operator;
grant insert (tenant_id, mode, valid_from, terms, approval_id) on price_plan to shomei_admin, shomei_operator;
grant select on statement to shomei_api, shomei_worker, shomei_admin;
grant insert (tenant_id, mode, id, month, content, content_sha256, contract_yen, jlis_yen, billed_yen) on statement to shomei_worker;
grant select, insert (mode, id, month, file, file_sha256, result, made_by), update (explanation) on jlis_reconciliation to shomei_admin;

create policy admin on usage_event for select to shomei_admin using (true);
grant select (tenant_id, mode, id, verification_id, source, source_id, meter, method, purpose, outcome, billable,
  certificate_kind, occurred_at, recorded_at, xact) on usage_event to shomei_admin;
`;
