import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Presentations are erased when their time is over and nobody holds them, and a tenant takes its own with it. */
export class PresentationRetention1763900000055 implements MigrationInterface {
  readonly name = 'PresentationRetention1763900000055';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [RULE, RIGHTS, ERASURE, DUE, EXPORT, NAMED, GRANTS]) await runner.query(sql);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const RULE = `
alter table retention_rule drop constraint retention_rule_kind_check;
alter table retention_rule add constraint retention_rule_kind_check
  check (kind in ('verification', 'consent', 'status_sweep', 'presentation'));
-- As long as an invoice of the year may be asked about. What it rests on is under the earlier verification.
insert into retention_rule values
  ('presentation', '-infinity', interval '13 months', 'answers about cards shown: comparison with the invoice of their month');
create index presentation_recorded on presentation (recorded_at);
`;

const RIGHTS = `
create policy retention_clerk on presentation to shomei_retention_clerk using (true) with check (true);
grant select (tenant_id, mode, id, recorded_at, person_id), delete on presentation to shomei_retention_clerk;
create policy export_clerk on presentation for select to shomei_export_clerk
  using (tenant_id = current_tenant() and mode = current_mode());
grant select (tenant_id, mode, id, api_key_id, decided_at, recorded_at, outcome, facts, person_id)
  on presentation to shomei_export_clerk;
`;

const ERASURE = `
/*
 * Deletes at most up_to presentations of any tenants, oldest first, whose time is over and that nobody holds: all of the
 * tenant and mode, or the person whose card it was, or who was merged into the one who is held. What was metered stays. One
 * audit event for each tenant and mode.
 */
create function erase_due_presentations(up_to int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  erased int;
begin
  -- one after the other
  perform 1 from retention_progress for update;
  with due as materialized (
    select p.tenant_id, p.mode, p.id from presentation p
    where p.recorded_at < clock_timestamp() - (select min(r.keep) from retention_rule r where r.kind = 'presentation')
      and retained_until('presentation', p.recorded_at) <= clock_timestamp()
      and not exists (select 1 from legal_hold h where h.tenant_id = p.tenant_id and h.mode = p.mode and h.lifted_at is null
        and h.verification_id is null and (h.person_id is null or h.person_id = p.person_id
          or h.person_id = (select q.merged_into from person q
            where q.tenant_id = p.tenant_id and q.mode = p.mode and q.id = p.person_id)))
    order by p.recorded_at limit least(greatest(up_to, 1), 5000)
  ),
  gone as (
    delete from presentation p using due d where p.tenant_id = d.tenant_id and p.mode = d.mode and p.id = d.id
    returning p.tenant_id, p.mode, p.recorded_at
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    select gen_random_uuid(), g.tenant_id, g.mode, 'system:worker', 'presentation.erase', 'tenant:' || g.tenant_id,
      jsonb_build_object('presentations', count(*), 'recorded_until', max(g.recorded_at))
    from gone g group by g.tenant_id, g.mode
  )
  select count(*) into erased from gone;
  return erased;
end $$;
`;

/** Puts `added` before the one place in a function where `place` stands. */
const amended = (signature: string, place: string, added: string): string => `
do $do$
declare
  was text := pg_get_functiondef('${signature}'::regprocedure);
  place constant text := $place$${place}$place$;
begin
  if length(was) - length(replace(was, place, '')) <> length(place) then
    raise exception '${signature} is not as it was left';
  end if;
  execute replace(was, place, $added$${added}$added$ || place);
end $do$;
`;

const DUE = amended(
  'retention_due(int)',
  '\n    end as n) c',
  `
      when 'presentation' then (select count(*) from (select 1 from presentation v
        where v.recorded_at >= greatest(r.valid_from, s.starts - r.keep) and v.recorded_at < least(r.valid_until, s.ends - r.keep)
        limit 100000) x)`,
);

const time = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const id = (prefix: string, column: string): string => `'${prefix}_' || replace(${column}::text, '-', '')`;

/* Of somebody who was deleted since, nothing. */
const EXPORT = amended(
  'data_export_page(bytea, uuid, text, uuid, int)',
  '\n  else raise exception',
  `
  when 'presentation' then
    return query select x.id, json_build_object('kind', 'presentation', 'id', ${id('prs', 'x.id')},
      'api_key_id', ${id('key', 'x.api_key_id')}, 'decided_at', ${time('x.decided_at')},
      'recorded_at', ${time('x.recorded_at')}, 'outcome', x.outcome, 'reason_code', x.facts #>> '{reasons,0,code}',
      'person_id', ${id('per', 's.id')})::text
    from presentation x
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil)
      and s.deleted_at is null
    order by x.id limit up_to;`,
);

/* The audit trail names a presentation as its tenant knows it. */
const NAMED = amended(
  'data_export_page(bytea, uuid, text, uuid, int)',
  ` else substr(x.target, strpos(x.target, ':') + 1) end`,
  ` when 'presentation' then 'prs_' || replace(substr(x.target, ${'presentation'.length + 2}), '-', '')`,
);

const GRANTS = `
revoke all on function erase_due_presentations(int) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_retention_clerk;
alter function erase_due_presentations(int) owner to shomei_retention_clerk;
revoke create on schema public from shomei_retention_clerk;
grant execute on function erase_due_presentations(int) to shomei_worker;
`;
