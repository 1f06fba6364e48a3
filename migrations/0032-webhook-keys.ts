import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What webhooks seal under a tenant's key is among what needs it: their secrets, and the beginnings of receivers' answers. */
export class WebhookKeys1763900000032 implements MigrationInterface {
  readonly name = 'WebhookKeys1763900000032';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(NEEDS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const NEEDS = `
-- An answer that nobody could open any more is no log.
alter table webhook_attempt add foreign key (tenant_id, mode, tenant_key_id) references tenant_key (tenant_id, mode, id);

create policy retention_clerk on webhook_secret for select to shomei_retention_clerk using (true);
create policy retention_clerk on webhook_attempt for select to shomei_retention_clerk using (true);
grant select (tenant_id, mode, tenant_key_id) on webhook_secret, webhook_attempt to shomei_retention_clerk;

/* As before, and what webhooks have under the key. */
create or replace function tenant_key_needs(of_tenant uuid, of_mode tenant_mode, of_key uuid)
  returns table (need text, things bigint, until timestamptz)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  with k as (select * from (
      select t.id, row_number() over (order by t.created_at) = 1 as oldest,
        row_number() over (order by t.created_at desc) = 1 as newest
      from (select id, created_at from tenant_key where tenant_id = of_tenant and mode = of_mode) t) r where r.id = of_key),
  needs as (
    select 'hold' as need, count(*) as things, null::timestamptz as until from legal_hold h
      where h.tenant_id = of_tenant and h.mode = of_mode and h.lifted_at is null
    union all select 'evidence', count(*), retained_until('verification', max(v.recorded_at)) from verification v
      where v.tenant_id = of_tenant and v.mode = of_mode and v.tenant_key_id = of_key and v.erased_at is null
    union all select 'person_certificate', count(*), null from person_certificate p
      where p.tenant_id = of_tenant and p.mode = of_mode and p.tenant_key_id = of_key
    union all select 'delivered_attributes', count(*), null from attribute_update_result a
      where a.tenant_id = of_tenant and a.mode = of_mode and a.tenant_key_id = of_key
    union all select 'consent', count(*), retained_until('consent', max(c.recorded_at)) from consent c, k
      where k.oldest and c.tenant_id = of_tenant and c.mode = of_mode
        and retained_until('consent', c.recorded_at) > clock_timestamp()
    union all select 'deleted_person', count(*), null from certificate_tombstone t, k
      where k.oldest and t.tenant_id = of_tenant and t.mode = of_mode
    union all select 'webhook_secret', count(*), null from webhook_secret w
      where w.tenant_id = of_tenant and w.mode = of_mode and w.tenant_key_id = of_key
    union all select 'webhook_answer', count(*), null from webhook_attempt w
      where w.tenant_id = of_tenant and w.mode = of_mode and w.tenant_key_id = of_key
    -- the oldest makes the keyed hashes by which everything else is found
    union all select 'other_keys', count(*), null from tenant_key t, k
      where k.oldest and t.tenant_id = of_tenant and t.mode = of_mode and t.id <> of_key
    -- the newest seals what comes
    union all select 'tenant_not_terminated', count(*), null from tenant t, k
      where k.newest and t.id = of_tenant and t.state <> 'terminated')
  select n.* from needs n where n.things > 0
$$;
`;
