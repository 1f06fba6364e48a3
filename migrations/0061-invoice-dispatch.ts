import type { MigrationInterface, QueryRunner } from 'typeorm';

/** That an invoice went out to its recipient: who says so, when, by what way and to whom. */
export class InvoiceDispatch1763900000130 implements MigrationInterface {
  readonly name = 'InvoiceDispatch1763900000130';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLE = `
-- The same invoice may go out again. A tenant is not shown who sent it.
create table invoice_dispatch (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  invoice_id uuid not null,
  sent_on date not null,
  method text not null check (method in ('email', 'post', 'portal', 'other')),
  recipient text not null check (length(btrim(recipient)) between 1 and 300),
  recorded_by text not null check (recorded_by like 'operator:%'),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, invoice_id) references invoice (tenant_id, mode, id)
);
create index invoice_dispatch_of on invoice_dispatch (tenant_id, mode, invoice_id, id);
alter table invoice_dispatch enable row level security;
alter table invoice_dispatch force row level security;
create policy admin on invoice_dispatch to shomei_admin using (true) with check (true);

create function guard_invoice_dispatch() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'what went out stays on record' using errcode = '23514', constraint = 'invoice_dispatch_stays';
  end if;
  if new.sent_on < (select i.issued_on from invoice i
      where i.tenant_id = new.tenant_id and i.mode = new.mode and i.id = new.invoice_id) then
    raise exception 'an invoice goes out from the day of its issue on' using errcode = '23514', constraint = 'invoice_dispatch_day';
  end if;
  new.recorded_at := clock_timestamp();
  return new;
end $$;
create trigger guard before insert or update or delete on invoice_dispatch for each row execute function guard_invoice_dispatch();
create trigger kept before truncate on invoice_dispatch execute function refuse_truncate();
`;

const GRANTS = `
revoke all on function guard_invoice_dispatch() from public;
grant select, insert (tenant_id, mode, id, invoice_id, sent_on, method, recipient, recorded_by)
  on invoice_dispatch to shomei_admin;
`;
