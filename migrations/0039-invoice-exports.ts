import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The month's invoices of all tenants as one file, made by the worker; months closed by a command. See docs/billing.md. */
export class InvoiceExports1763900000052 implements MigrationInterface {
  readonly name = 'InvoiceExports1763900000052';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(EXPORTS);
    await runner.query(DOORS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const EXPORTS = `
-- A file for each state that the invoices of a month have been in; the next version comes when they change.
create table invoice_export (
  mode tenant_mode not null,
  month text not null check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  version int not null check (version >= 1),
  -- of the numbers that are in it
  of_numbers bytea not null check (length(of_numbers) = 32),
  invoices int not null check (invoices >= 0),
  total_yen bigint not null,
  bytes bytea not null,
  sha256 bytea not null check (sha256 = sha256(bytes)),
  made_at timestamptz not null default clock_timestamp(),
  primary key (mode, month, version)
);

create function guard_invoice_export() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op <> 'INSERT' or new.version <> 1 + coalesce((select max(e.version) from invoice_export e
      where e.mode = new.mode and e.month = new.month), 0) then
    raise exception 'an export stays as it is' using errcode = '23514', constraint = 'invoice_export_stays';
  end if;
  new.made_at := clock_timestamp();
  return new;
end $$;
create trigger guard before insert or update or delete on invoice_export for each row execute function guard_invoice_export();
create trigger kept before truncate on invoice_export execute function refuse_truncate();
`;

const DOORS = `
/* The invoices of a month that are not void, of all tenants, by number. */
create function invoices_of_month(of_mode tenant_mode, of_month text)
  returns table (id uuid, number text, issued_on text, content text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select i.id, i.number, to_char(i.issued_on, 'YYYY-MM-DD'), i.content from invoice i
  where i.mode = of_mode and i.month = of_month and not exists (select 1 from invoice_void v
    where v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id)
  order by i.series, i.series_number
$$;

/* Months whose invoices are not those of their newest export, oldest first. */
create function invoice_exports_due() returns table (mode tenant_mode, month text, of_numbers bytea)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select now.mode, now.month, now.of_numbers from (
    select i.mode, i.month, sha256(convert_to(coalesce(string_agg(i.number, ' ' order by i.series, i.series_number)
      filter (where v.invoice_id is null), ''), 'UTF8')) as of_numbers
    from invoice i left join invoice_void v on v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id
    group by 1, 2) as now
  where now.of_numbers is distinct from (select e.of_numbers from invoice_export e
    where e.mode = now.mode and e.month = now.month order by e.version desc limit 1)
  order by now.month, now.mode
$$;
`;

const GRANTS = `
revoke all on function guard_invoice_export(), invoices_of_month(tenant_mode, text), invoice_exports_due() from public;
grant select (mode, month, version, of_numbers) on invoice_export to shomei_invoicer;
grant create on schema public to shomei_invoicer;
alter function invoices_of_month(tenant_mode, text) owner to shomei_invoicer;
alter function invoice_exports_due() owner to shomei_invoicer;
revoke create on schema public from shomei_invoicer;
grant execute on function invoices_of_month(tenant_mode, text), invoice_exports_due() to shomei_worker;
grant select (mode, month, version), insert (mode, month, version, of_numbers, invoices, total_yen, bytes, sha256)
  on invoice_export to shomei_worker;
grant select (mode, month, version, invoices, total_yen, bytes, sha256, made_at) on invoice_export to shomei_admin;

-- Closing a month by hand at the machine.
grant execute on function begin_month_close(tenant_mode, text, text), next_month_to_close(tenant_mode) to shomei_operator;
`;
