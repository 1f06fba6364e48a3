import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much a contract lets be asked: requests a second and a month of each class of endpoints, and what of it is used. */
export class Limits1763900000017 implements MigrationInterface {
  readonly name = 'Limits1763900000017';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LIMITS);
    await runner.query(USE);
    await runner.query(DOORS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const LIMITS = `
/* {"<class>":{"per_second":n,"per_month":n|null}} for each of the five classes and nothing else; null: no quota. */
create function are_limits(limits jsonb) returns boolean
  language sql immutable set search_path = pg_catalog, public, pg_temp
as $$
  select case when jsonb_typeof(limits) <> 'object' then false else
    (select array_agg(k order by k) from jsonb_object_keys(limits) k)
      is not distinct from array['challenge', 'jlis_service', 'manage', 'read', 'verification']
    and not exists (
      select 1 from jsonb_each(limits) l where not coalesce(
        case when jsonb_typeof(l.value) <> 'object' then false else
          (select array_agg(k order by k) from jsonb_object_keys(l.value) k) = array['per_month', 'per_second'] end
        and l.value->>'per_second' ~ '^[1-9][0-9]{0,4}$|^100000$' and jsonb_typeof(l.value->'per_second') = 'number'
        and (jsonb_typeof(l.value->'per_month') = 'null'
          or jsonb_typeof(l.value->'per_month') = 'number' and l.value->>'per_month' ~ '^(0|[1-9][0-9]{0,11})$'), false))
  end
$$;
revoke all on function are_limits(jsonb) from public;
grant execute on function are_limits(jsonb) to shomei_operator, shomei_admin;

-- What a contract has when nobody says otherwise.
alter table contract add column limits jsonb not null check (are_limits(limits)) default '{
  "verification": {"per_second": 1000, "per_month": null},
  "challenge":    {"per_second": 1000, "per_month": null},
  "jlis_service": {"per_second": 200,  "per_month": null},
  "read":         {"per_second": 1000, "per_month": null},
  "manage":       {"per_second": 100,  "per_month": null}}';
`;

const USE = `
create table quota_use (
  tenant_id uuid not null,
  mode tenant_mode not null,
  endpoint_class text not null
    check (endpoint_class in ('verification', 'challenge', 'jlis_service', 'read', 'manage')),
  -- its first day, of Japan and by the clock of the mode
  month date not null check (extract(day from month) = 1),
  -- handed out to processes, which bring back what they did not need
  reserved bigint not null check (reserved >= 0),
  primary key (tenant_id, mode, endpoint_class, month),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
) with (fillfactor = 50);
alter table quota_use enable row level security;
alter table quota_use force row level security;
create policy own on quota_use for select to shomei_api
  using (tenant_id = current_tenant() and mode = current_mode());
create policy quota_keeper on quota_use to shomei_quota_keeper using (true) with check (true);
create policy quota_keeper on api_key for select to shomei_quota_keeper using (true);
create policy quota_keeper on contract for select to shomei_quota_keeper using (true);
`;

const DOORS = `
/*
 * Hands a part of a month's quota to a process: as many as wait, or a fiftieth of what is left, at most 100, so that the
 * row is written seldom and what other processes hold is little when the quota runs out. Tenant and mode are those of the
 * key with this hash; no row for any other hash. unreserved: what is left for others, null without a quota.
 */
create function reserve_quota(secret_hash bytea, of_class text, of_month date, wanted int)
  returns table (granted int, unreserved bigint)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  owner record;
  left_over bigint;
begin
  if wanted is null or wanted < 1 or wanted > 100 then
    raise exception 'a part of % is not handed out', wanted using errcode = '22023';
  end if;
  select k.tenant_id, k.mode, (c.limits->of_class->>'per_month')::bigint as quota into owner
  from api_key k join contract c on c.tenant_id = k.tenant_id and c.mode = k.mode
  where k.secret_sha256 = secret_hash and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > clock_timestamp());
  if not found then return; end if;
  insert into quota_use (tenant_id, mode, endpoint_class, month, reserved)
  values (owner.tenant_id, owner.mode, of_class, of_month, 0) on conflict do nothing;
  select owner.quota - u.reserved into left_over from quota_use u
  where u.tenant_id = owner.tenant_id and u.mode = owner.mode and u.endpoint_class = of_class and u.month = of_month
  for update;
  granted := case when left_over is null then 100
    else greatest(least(left_over, greatest(wanted, least(100, left_over / 50))), 0) end;
  update quota_use u set reserved = u.reserved + granted
  where u.tenant_id = owner.tenant_id and u.mode = owner.mode and u.endpoint_class = of_class and u.month = of_month;
  -- greatest() passes over null.
  unreserved := case when left_over is not null then greatest(left_over - granted, 0) end;
  return next;
end $$;

/* Takes back what a process did not need. Revoked keys too: what they hold is their tenant's. */
create function return_quota(secret_hash bytea, of_class text, of_month date, unused int) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if unused is null or unused < 1 or unused > 100 then
    raise exception '% cannot be what is left of a part', unused using errcode = '22023';
  end if;
  update quota_use u set reserved = greatest(u.reserved - unused, 0)
  from api_key k
  where k.secret_sha256 = secret_hash and u.tenant_id = k.tenant_id and u.mode = k.mode
    and u.endpoint_class = of_class and u.month = of_month;
end $$;
`;

const GRANTS = `
revoke all on function reserve_quota(bytea, text, date, int), return_quota(bytea, text, date, int) from public;
grant select (tenant_id, mode, secret_sha256, expires_at, revoked_at) on api_key to shomei_quota_keeper;
grant select (tenant_id, mode, limits) on contract to shomei_quota_keeper;
grant select, insert on quota_use to shomei_quota_keeper;
grant update (reserved) on quota_use to shomei_quota_keeper;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_quota_keeper;
alter function reserve_quota(bytea, text, date, int) owner to shomei_quota_keeper;
alter function return_quota(bytea, text, date, int) owner to shomei_quota_keeper;
revoke create on schema public from shomei_quota_keeper;
grant execute on function reserve_quota(bytea, text, date, int), return_quota(bytea, text, date, int) to shomei_api;
grant select on quota_use to shomei_api;
grant update (limits) on contract to shomei_admin, shomei_operator;
`;
