import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Invoices: drafts, numbers without a gap, what was handed out, and what was taken back. See docs/billing.md. */
export class Invoices1763900000051 implements MigrationInterface {
  readonly name = 'Invoices1763900000051';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SETTINGS);
    await runner.query(TABLES);
    await runner.query(GUARDS);
    await runner.query(FILES);
    await runner.query(DOORS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const SETTINGS = `
/*
 * What an invoice needs besides a statement, each in force from a day until the next one is, added like prices and under
 * their rules: never in a month that has been rated, in live mode by two people. Terms are of the form of libs/billing.
 */
-- Rates of consumption tax and how a fraction of a yen is rounded.
create table tax_setting (
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid unique references approval (id),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (mode, valid_from)
);

-- Who sends the invoices: the platform operator.
create table invoice_issuer (
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid unique references approval (id),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (mode, valid_from)
);

-- To whom a tenant's invoices go and when they are due.
create table invoice_terms (
  tenant_id uuid not null,
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid unique references approval (id),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, valid_from),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
);
alter table invoice_terms enable row level security;
alter table invoice_terms force row level security;
create policy admin on invoice_terms to shomei_admin using (true) with check (true);
create policy operator on invoice_terms to shomei_operator using (true) with check (true);

-- Consumption Tax Act (Act No. 108 of 1988) and its changes of 1994, 2012 and 2016; what is below a yen is cut off.
insert into tax_setting (mode, valid_from, terms)
select m.mode, t.valid_from::date, jsonb_build_object('rates', t.rates::jsonb, 'rounding', 'floor', 'source', t.source)
from unnest(enum_range(null::tenant_mode)) as m(mode), (values
  ('1989-04-01', '{"standard":"3"}', 'Consumption Tax Act, 1989'),
  ('1997-04-01', '{"standard":"5"}', 'Consumption Tax Act as of 1997, local tax included'),
  ('2014-04-01', '{"standard":"8"}', 'Consumption Tax Act as of 2014, local tax included'),
  ('2019-10-01', '{"standard":"10","reduced":"8"}', 'Consumption Tax Act as of 2019, local tax included')
) as t(valid_from, rates, source);

create trigger guard before insert or update or delete on tax_setting for each row execute function guard_price();
create trigger guard before insert or update or delete on invoice_issuer for each row execute function guard_price();
create trigger guard before insert or update or delete on invoice_terms for each row execute function guard_price();
`;

const TABLES = `
-- One is open for a statement at most; what two people agree on is its text. The invoice takes over its id.
create table invoice_draft (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  statement_id uuid not null,
  month text not null,
  -- the void invoice in whose place this one comes
  corrects uuid,
  content text not null,
  content_sha256 bytea not null check (content_sha256 = sha256(convert_to(content, 'UTF8'))),
  total_yen bigint not null check (total_yen >= 0),
  state text not null default 'open' check (state in ('open', 'discarded', 'finalized')),
  made_by text not null check (length(made_by) between 1 and 300),
  made_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, statement_id) references statement (tenant_id, mode, id)
);
create unique index invoice_draft_open on invoice_draft (tenant_id, mode, statement_id) where state = 'open';

-- The last number of a series: a fiscal year of a mode. Whoever takes the next one waits here for who took one before.
create table invoice_series (
  mode tenant_mode not null,
  series text not null check (series ~ '^[0-9]{4}$'),
  last_number int not null check (last_number >= 1),
  primary key (mode, series)
);

create table invoice (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  statement_id uuid not null,
  month text not null,
  corrects uuid,
  content text not null,
  content_sha256 bytea not null check (content_sha256 = sha256(convert_to(content, 'UTF8'))),
  series text not null,
  series_number int not null,
  number text not null,
  issued_on date not null,
  due_on date not null,
  recipient text not null,
  total_yen bigint not null,
  approval_id uuid not null references approval (id),
  finalized_at timestamptz not null default clock_timestamp(),
  xact xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, id) references invoice_draft (tenant_id, mode, id),
  foreign key (tenant_id, mode, statement_id) references statement (tenant_id, mode, id),
  foreign key (tenant_id, mode, corrects) references invoice (tenant_id, mode, id),
  unique (mode, number),
  unique (mode, series, series_number)
);
create index invoice_issued on invoice (mode, issued_on, id);
create index invoice_of_statement on invoice (tenant_id, mode, statement_id);
create index invoice_month on invoice (mode, month);
alter table invoice_draft add foreign key (tenant_id, mode, corrects) references invoice (tenant_id, mode, id);

create table invoice_void (
  tenant_id uuid not null,
  mode tenant_mode not null,
  invoice_id uuid not null,
  reason text not null check (length(btrim(reason)) between 3 and 500),
  approval_id uuid not null unique references approval (id),
  voided_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, invoice_id),
  foreign key (tenant_id, mode, invoice_id) references invoice (tenant_id, mode, id)
);

-- What is handed out, as it was made at that moment: later releases may draw it otherwise.
create table invoice_file (
  tenant_id uuid not null,
  mode tenant_mode not null,
  invoice_id uuid not null,
  kind text not null check (kind in ('json', 'csv', 'pdf')),
  bytes bytea not null,
  sha256 bytea not null check (sha256 = sha256(bytes)),
  primary key (tenant_id, mode, invoice_id, kind),
  foreign key (tenant_id, mode, invoice_id) references invoice (tenant_id, mode, id)
);
${['invoice_draft', 'invoice', 'invoice_void', 'invoice_file']
  .map(
    (table) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy admin on ${table} to shomei_admin using (true) with check (true);`,
  )
  .join('')}
${['invoice', 'invoice_void', 'invoice_file']
  .map(
    (table) => `
create policy own on ${table} for select to shomei_api, shomei_worker
  using (tenant_id = current_tenant() and mode = current_mode());`,
  )
  .join('')}
create policy invoicer on invoice_draft to shomei_invoicer using (true) with check (true);
create policy invoicer on invoice to shomei_invoicer using (true) with check (true);
create policy invoicer on invoice_void for select to shomei_invoicer using (true);
create policy invoicer on invoice_file for select to shomei_invoicer using (true);
`;

const GUARDS = `
create function guard_invoice_draft() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'open' then
      raise exception 'an invoice begins as a draft' using errcode = '23514', constraint = 'invoice_draft_steps';
    end if;
    perform 1 from statement s join month_close c on c.mode = s.mode and c.month = s.month and c.closed_at is not null
    where s.tenant_id = new.tenant_id and s.mode = new.mode and s.id = new.statement_id and s.month = new.month;
    if not found then
      raise exception 'the month is not closed' using errcode = '23514', constraint = 'invoice_of_open_month';
    end if;
    new.made_at := clock_timestamp();
    return new;
  end if;
  if tg_op = 'DELETE' or old.state <> 'open' or new.state = 'open'
      or to_jsonb(new) - 'state' is distinct from to_jsonb(old) - 'state' then
    raise exception 'a draft stays as it is' using errcode = '23514', constraint = 'invoice_draft_steps';
  end if;
  if new.state = 'finalized' and not exists (select 1 from invoice i
      where i.tenant_id = new.tenant_id and i.mode = new.mode and i.id = new.id and i.xact = pg_current_xact_id()) then
    raise exception 'there is no invoice' using errcode = '23514', constraint = 'invoice_draft_steps';
  end if;
  return new;
end $$;
create trigger guard before insert or update or delete on invoice_draft for each row execute function guard_invoice_draft();

/* What is finalized is what two people agreed on, and the next of its series; it stays. */
create function guard_invoice() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  draft invoice_draft;
begin
  if tg_op <> 'INSERT' then
    raise exception 'an invoice stays as it is' using errcode = '23514', constraint = 'invoice_stays';
  end if;
  select * into draft from invoice_draft d where d.tenant_id = new.tenant_id and d.mode = new.mode and d.id = new.id;
  if draft.state is distinct from 'open' or (draft.statement_id, draft.month, draft.corrects, draft.content, draft.total_yen)
      is distinct from (new.statement_id, new.month, new.corrects, new.content, new.total_yen) then
    raise exception 'not what was drafted' using errcode = '23514', constraint = 'invoice_is_draft';
  end if;
  if not exists (select 1 from approval a where a.id = new.approval_id and a.state = 'executed'
      and a.kind = 'invoice_finalization' and a.after->'invoices'->>new.id::text = encode(new.content_sha256, 'hex')) then
    raise exception 'an invoice needs an approval' using errcode = '23514', constraint = 'invoice_needs_approval';
  end if;
  if exists (select 1 from invoice i where i.tenant_id = new.tenant_id and i.mode = new.mode
      and i.statement_id = new.statement_id and not exists (select 1 from invoice_void v
        where v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id)) then
    raise exception 'the statement has its invoice' using errcode = '23514', constraint = 'invoice_once';
  end if;
  if new.corrects is distinct from (select i.id from invoice i where i.tenant_id = new.tenant_id and i.mode = new.mode
      and i.statement_id = new.statement_id order by i.finalized_at desc, i.id desc limit 1) then
    raise exception 'it comes in the place of the last one' using errcode = '23514', constraint = 'invoice_corrects';
  end if;
  if new.series_number is distinct from (select s.last_number from invoice_series s
      where s.mode = new.mode and s.series = new.series)
      or new.series_number <> 1 + coalesce((select max(i.series_number) from invoice i
        where i.mode = new.mode and i.series = new.series), 0) then
    raise exception 'numbers follow each other' using errcode = '23514', constraint = 'invoice_number';
  end if;
  new.finalized_at := clock_timestamp();
  new.xact := pg_current_xact_id();
  return new;
end $$;
create trigger guard before insert or update or delete on invoice for each row execute function guard_invoice();

create function guard_invoice_series() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' and new.last_number = 1
      or tg_op = 'UPDATE' and (new.mode, new.series, new.last_number) = (old.mode, old.series, old.last_number + 1) then
    return new;
  end if;
  raise exception 'numbers follow each other' using errcode = '23514', constraint = 'invoice_number';
end $$;
create trigger guard before insert or update or delete on invoice_series for each row execute function guard_invoice_series();

/* At the end of the transaction: a number that was taken has its invoice. */
create function check_number_is_used() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (select 1 from invoice i where i.mode = new.mode and i.series = new.series
      and i.series_number = new.last_number) then
    raise exception 'a number without an invoice' using errcode = '23514', constraint = 'invoice_number';
  end if;
  return null;
end $$;
create constraint trigger is_used after insert or update on invoice_series deferrable initially deferred
  for each row execute function check_number_is_used();

create function guard_invoice_void() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'what is void stays so' using errcode = '23514', constraint = 'invoice_stays';
  end if;
  if not coalesce((select approval_is_executed(new.approval_id, 'invoice_void', 'invoice:' || new.invoice_id,
      jsonb_build_object('number', i.number, 'state', 'finalized'),
      jsonb_build_object('number', i.number, 'state', 'void', 'reason', new.reason))
      from invoice i where i.tenant_id = new.tenant_id and i.mode = new.mode and i.id = new.invoice_id), false) then
    raise exception 'taking back an invoice needs an approval' using errcode = '23514', constraint = 'invoice_void_needs_approval';
  end if;
  new.voided_at := clock_timestamp();
  return new;
end $$;
create trigger guard before insert or update or delete on invoice_void for each row execute function guard_invoice_void();
`;

const FILES = `
/* Files are made with the invoice, in one transaction. */
create function guard_invoice_file() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op <> 'INSERT' or not exists (select 1 from invoice i where i.tenant_id = new.tenant_id and i.mode = new.mode
      and i.id = new.invoice_id and i.xact = pg_current_xact_id()) then
    raise exception 'what was handed out stays as it is' using errcode = '23514', constraint = 'invoice_file_stays';
  end if;
  return new;
end $$;
create trigger guard before insert or update or delete on invoice_file for each row execute function guard_invoice_file();

create function check_invoice_files() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if (select count(*) from invoice_file f where f.tenant_id = new.tenant_id and f.mode = new.mode
      and f.invoice_id = new.id) <> 3 then
    raise exception 'an invoice without its files' using errcode = '23514', constraint = 'invoice_has_files';
  end if;
  return null;
end $$;
create constraint trigger has_files after insert on invoice deferrable initially deferred
  for each row execute function check_invoice_files();

create function refuse_truncate() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  raise exception 'what is kept is not emptied' using errcode = '23514', constraint = 'invoice_stays';
end $$;
${['invoice_draft', 'invoice', 'invoice_void', 'invoice_file', 'invoice_series']
  .map((table) => `create trigger kept before truncate on ${table} execute function refuse_truncate();`)
  .join('\n')}
`;

const DOORS = `
/*
 * Makes an invoice of a draft that two people have agreed on: takes the next number of the fiscal year in which the clock
 * of the mode stands. The row of the series is locked until the end of the transaction, so numbers have no gap.
 * Returns null, or why not: draft_unknown, draft_not_open, difference_unexplained, statement_invoiced.
 */
create function finalize_invoice(of_draft uuid, approval uuid, out refusal text, out number text, out issued_on text)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  draft invoice_draft;
  what jsonb;
  today date;
  of_series text;
  taken int;
begin
  select * into draft from invoice_draft d where d.id = of_draft for update;
  if not found then refusal := 'draft_unknown'; return; end if;
  if draft.state <> 'open' then refusal := 'draft_not_open'; return; end if;
  if exists (select 1 from (select r.result, r.explanation from jlis_reconciliation r
      where r.mode = draft.mode and r.month = draft.month order by r.made_at desc, r.id desc limit 1) newest
      where (newest.result->>'differences')::int > 0 and newest.explanation is null) then
    refusal := 'difference_unexplained';
    return;
  end if;
  if exists (select 1 from invoice i where i.tenant_id = draft.tenant_id and i.mode = draft.mode
      and i.statement_id = draft.statement_id and not exists (select 1 from invoice_void v
        where v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id)) then
    refusal := 'statement_invoiced';
    return;
  end if;
  what := draft.content::jsonb;
  today := (clock_of(draft.mode) at time zone 'Asia/Tokyo')::date;
  of_series := (extract(year from today)::int
    - case when to_char(today, 'MM-DD') < what->'issuer'->>'fiscal_year_start' then 1 else 0 end)::text;
  insert into invoice_series as s (mode, series, last_number) values (draft.mode, of_series, 1)
  on conflict (mode, series) do update set last_number = s.last_number + 1 returning last_number into taken;
  number := case draft.mode when 'live' then 'INV-' else 'TEST-' end || of_series || '-' || lpad(taken::text, 6, '0');
  issued_on := to_char(today, 'YYYY-MM-DD');
  insert into invoice (tenant_id, mode, id, statement_id, month, corrects, content, content_sha256, series, series_number,
    number, issued_on, due_on, recipient, total_yen, approval_id)
  values (draft.tenant_id, draft.mode, draft.id, draft.statement_id, draft.month, draft.corrects, draft.content,
    draft.content_sha256, of_series, taken, number, today, (what->>'due_on')::date, what->'recipient'->>'name',
    draft.total_yen, approval);
  update invoice_draft d set state = 'finalized' where d.tenant_id = draft.tenant_id and d.mode = draft.mode and d.id = draft.id;
end $$;
`;

const GRANTS = `
revoke all on function guard_invoice_draft(), guard_invoice(), guard_invoice_series(), check_number_is_used(),
  guard_invoice_void(), guard_invoice_file(), check_invoice_files(), refuse_truncate(),
  finalize_invoice(uuid, uuid) from public;

grant select on invoice_draft, invoice, invoice_void, invoice_file, invoice_series, test_clock, month_close to shomei_invoicer;
grant insert (tenant_id, mode, id, statement_id, month, corrects, content, content_sha256, series, series_number, number,
  issued_on, due_on, recipient, total_yen, approval_id) on invoice to shomei_invoicer;
grant update (state) on invoice_draft to shomei_invoicer;
grant insert, update (last_number) on invoice_series to shomei_invoicer;
grant select (id, state, kind, after) on approval to shomei_invoicer;
grant select (mode, id, month, result, explanation, made_at) on jlis_reconciliation to shomei_invoicer;
grant execute on function clock_of(tenant_mode) to shomei_invoicer;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_invoicer;
alter function finalize_invoice(uuid, uuid) owner to shomei_invoicer;
revoke create on schema public from shomei_invoicer;
grant execute on function finalize_invoice(uuid, uuid) to shomei_admin;

grant select on tax_setting, invoice_issuer, invoice_terms to shomei_admin, shomei_operator;
grant insert (mode, valid_from, terms, approval_id) on tax_setting, invoice_issuer to shomei_admin, shomei_operator;
grant insert (tenant_id, mode, valid_from, terms, approval_id) on invoice_terms to shomei_admin, shomei_operator;
grant select on invoice_draft, invoice, invoice_void, invoice_file, invoice_series to shomei_admin;
grant insert (tenant_id, mode, id, statement_id, month, corrects, content, content_sha256, total_yen, made_by),
  update (state) on invoice_draft to shomei_admin;
grant insert (tenant_id, mode, invoice_id, reason, approval_id) on invoice_void to shomei_admin;
grant insert on invoice_file to shomei_admin;
grant select on invoice, invoice_file to shomei_api, shomei_worker;
-- Not who agreed.
grant select (tenant_id, mode, invoice_id, reason, voided_at) on invoice_void to shomei_api, shomei_worker;
`;
