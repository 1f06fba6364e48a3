import type { MigrationInterface, QueryRunner } from 'typeorm';

/** PIN-less status and disclosure as terms of the contract. See docs/decisions/0029. */
export class ContractTerms1763900000050 implements MigrationInterface {
  readonly name = 'ContractTerms1763900000050';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [TERMS, PRESENTATION]) await runner.query(sql);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TERMS = `
alter table contract
  add column pinless_status boolean not null default false,
  -- at most, of certificates known by a counterpart lookup only; counterpart_disclosure may allow less
  add column disclosure text not null default 'conclusion_only' check (disclosure in ('status', 'conclusion_only', 'none'));
grant update (pinless_status, disclosure) on contract to shomei_admin, shomei_operator;

/* What a contract includes, as it stands in a proposal: the trigger of contracts asks for an approval of all of it. */
create or replace function contract_features(c contract) returns jsonb
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select jsonb_build_object('revocation_methods', c.revocation_methods, 'identify', c.identify, 'counterpart', c.counterpart,
    'latest_attributes', c.latest_attributes, 'pinless_status', c.pinless_status, 'allowed_ages', c.allowed_ages,
    'age_dates', c.age_dates, 'age_questions_a_year', c.age_questions_a_year,
    'age_legal_day_inclusive', c.age_legal_day_inclusive, 'change_events', c.change_events, 'disclosure', c.disclosure,
    'sign_up_consent_version', c.sign_up_consent_version, 'sign_up_consent_purposes', c.sign_up_consent_purposes)
$$;
`;

const PRESENTATION = `
/* An auth certificate presented without a signature (かざし利用), and what was answered. */
create table presentation (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  api_key_id uuid not null,
  -- by the clock of the mode; recorded_at is always real
  decided_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  outcome outcome not null,
  -- checks, reasons and what the list said: nothing that names a person
  facts jsonb not null,
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  -- whose certificate it was known to be; of others nothing is asked
  person_id uuid,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  check (person_id is not null or (outcome <> 'valid' and not facts ? 'revocation'))
);
alter table presentation enable row level security;
alter table presentation force row level security;
create policy own on presentation to shomei_api
  using (tenant_id = current_tenant() and mode = current_mode())
  with check (tenant_id = current_tenant() and mode = current_mode());
grant select, insert on presentation to shomei_api;

alter table usage_event
  drop constraint usage_event_source_check,
  add constraint usage_event_source_check check (source in ('verification', 'counterpart_lookup', 'attribute_update',
    'status_check', 'reverification', 'presentation'));
`;
