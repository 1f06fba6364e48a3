import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long things are kept, as dated data, and the meter of checks that are repeated. See docs/evidence.md. */
export class Custody1763900000010 implements MigrationInterface {
  readonly name = 'Custody1763900000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RETENTION_RULES);
    await runner.query(USAGE);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const RETENTION_RULES = `
-- The rule in force when a thing was recorded says how long it is kept. Rules are added, never changed.
create table retention_rule (
  kind text not null check (kind in ('verification', 'consent')),
  valid_from timestamptz not null,
  keep interval not null check (keep >= interval '1 year'),
  -- the law or contract that asks for it
  ground text not null check (length(ground) between 1 and 300),
  primary key (kind, valid_from)
);
insert into retention_rule values
  ('verification', '-infinity', interval '7 years', 'records of identity checks: Act on Prevention of Transfer of Criminal Proceeds, art. 6'),
  ('consent', '-infinity', interval '10 years', 'consents to be told the latest attributes: J-LIS terms');

create function retained_until(of_kind text, recorded timestamptz) returns timestamptz
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select recorded + r.keep from retention_rule r where r.kind = of_kind and r.valid_from <= recorded
  order by r.valid_from desc limit 1
$$;
revoke all on function retained_until(text, timestamptz) from public;
grant execute on function retained_until(text, timestamptz) to shomei_api, shomei_worker, shomei_operator, shomei_admin;
grant select on retention_rule to shomei_api, shomei_worker, shomei_operator, shomei_admin;
grant insert on retention_rule to shomei_operator;
`;

const USAGE = `
alter table usage_event
  drop constraint usage_event_source_check,
  add constraint usage_event_source_check
    check (source in ('verification', 'counterpart_lookup', 'attribute_update', 'status_check', 'reverification')),
  drop constraint usage_event_purpose_check,
  add constraint usage_event_purpose_check check (purpose in ('signature_verification', 'authentication', 'status_check',
    'identification', 'attribute_update', 'reverification'));
`;
