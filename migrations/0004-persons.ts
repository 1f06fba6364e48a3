import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of tenant data: row-level security by tenant and mode, forced, on each. */
const TENANT_TABLES = [
  'person',
  'person_certificate',
  'certificate_link',
  'certificate_tombstone',
  'verification_person',
  'consent',
  'consent_withdrawal',
  'serial_linkage',
  'counterpart_lookup',
  'age_check',
  'age_question',
  'attribute_update',
  'attribute_update_result',
  'event',
];

/**
 * Persons of a tenant, what is known about their certificates, what they consented to, and the events that tell the
 * tenant what changed. Serial numbers are sealed; what has to be found again is found by a keyed hash of the tenant.
 */
export class Persons1763900000004 implements MigrationInterface {
  readonly name = 'Persons1763900000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CONTRACT);
    await runner.query(PERSONS);
    await runner.query(CONSENTS);
    await runner.query(SERVICES);
    await runner.query(USAGE);
    await runner.query(EVENTS);
    await runner.query(ISOLATION);
    await runner.query(DUE_LINKAGES);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const CONTRACT = `
-- What the contract of a tenant and mode allows. Nothing is on unless an operator turned it on.
alter table contract
  add column identify boolean not null default false,
  add column counterpart boolean not null default false,
  add column latest_attributes boolean not null default false,
  -- thresholds that may be asked for; empty: no age checks
  add column allowed_ages smallint[] not null default '{}' check (0 <= all (allowed_ages) and 130 >= all (allowed_ages)),
  -- reference dates besides today
  add column age_dates date[] not null default '{}',
  -- distinct questions (age and date) about one person in a year of Japan
  add column age_questions_a_year smallint not null default 10 check (age_questions_a_year between 1 and 100),
  -- whether a person is of an age on the day before the birthday, at whose end the law has them reach it
  add column age_legal_day_inclusive boolean not null default false,
  -- version of the text that every user accepts at sign-up, and what it covers
  add column sign_up_consent_version text check (sign_up_consent_version ~ '^[A-Za-z0-9._-]{1,64}$'),
  add column sign_up_consent_purposes text[] not null default '{}'
    check (sign_up_consent_purposes <@ array['serial_linkage', 'counterpart']),
  add check (sign_up_consent_version is not null or cardinality(sign_up_consent_purposes) = 0);

-- What a tenant is told about certificates it knows by a counterpart lookup only. Dated: the newest row in force counts.
create table counterpart_disclosure (
  valid_from timestamptz primary key,
  disclosure text not null check (disclosure in ('status', 'conclusion_only', 'none'))
);
insert into counterpart_disclosure values ('-infinity', 'conclusion_only');
`;

const PERSONS = `
create table person (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  -- by the clock of the mode; recorded_at is always real
  created_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  -- the surviving person, never one that was merged itself
  merged_into uuid,
  merged_at timestamptz,
  deleted_at timestamptz,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, merged_into) references person (tenant_id, mode, id),
  check (merged_into <> id),
  check ((merged_into is null) = (merged_at is null))
);
create index person_order on person (tenant_id, mode, created_at, id) where merged_into is null and deleted_at is null;
create index person_merged_into on person (tenant_id, mode, merged_into) where merged_into is not null;

-- A certificate known to the tenant. One that is only a step between two known ones (hop) is never disclosed.
create table person_certificate (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  person_id uuid not null,
  kind text not null check (kind in ('sign', 'auth')),
  -- keyed hash of hierarchy and serial, the same as of a verification
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  provenance text not null check (provenance in ('presented', 'linked', 'counterpart')),
  hop boolean not null default false,
  -- fingerprint of the issuing anchor, where known
  anchor text,
  -- where known; the expiry of a certificate that was never seen may not be
  not_after timestamptz,
  -- keyed hash of the holder's birth date in a sign certificate: two of one person cannot differ
  holder_hash bytea check (length(holder_hash) = 32),
  tenant_key_id uuid not null,
  -- sealed: serial number and, of a presented one, the certificate
  sealed bytea not null,
  first_seen_at timestamptz not null,
  presented_at timestamptz,
  primary key (tenant_id, mode, id),
  unique (tenant_id, mode, certificate_hash),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  check ((provenance = 'presented') = (presented_at is not null)),
  check (not hop or provenance = 'linked')
);
create index person_certificate_person on person_certificate (tenant_id, mode, person_id);

-- J-LIS said so. A renewal leads from one certificate to one other of the same kind.
create table certificate_link (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  relation text not null check (relation in ('renewal', 'counterpart')),
  -- renewal: the older one; counterpart: the sign certificate
  from_id uuid not null,
  -- renewal: the newer one; counterpart: the auth certificate
  to_id uuid not null,
  source text not null check (source in ('serial_linkage', 'counterpart_lookup')),
  source_id uuid not null,
  created_at timestamptz not null,
  primary key (tenant_id, mode, id),
  unique (tenant_id, mode, relation, from_id, to_id),
  foreign key (tenant_id, mode, from_id) references person_certificate (tenant_id, mode, id) on delete cascade,
  foreign key (tenant_id, mode, to_id) references person_certificate (tenant_id, mode, id) on delete cascade,
  check (from_id <> to_id)
);
create unique index certificate_link_one_older on certificate_link (tenant_id, mode, to_id) where relation = 'renewal';
create unique index certificate_link_one_newer on certificate_link (tenant_id, mode, from_id) where relation = 'renewal';
create index certificate_link_to on certificate_link (tenant_id, mode, to_id);

-- A deleted person's certificate: seen again before expires_at it is severed. Verifications recorded before severed_at
-- are hidden for as long as the row exists.
create table certificate_tombstone (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  -- real time, as recorded_at of verifications
  severed_at timestamptz not null default clock_timestamp(),
  -- by the clock of the mode
  expires_at timestamptz not null,
  primary key (tenant_id, mode, certificate_hash)
);

-- What identifying gave for a verification: the answer is rebuilt from it.
create table verification_person (
  tenant_id uuid not null,
  mode tenant_mode not null,
  verification_id uuid not null,
  state text not null check (state in ('identified', 'severed', 'ambiguous')),
  -- as found then; a merge later is followed when it is read
  person_id uuid,
  person_is_new boolean not null default false,
  serial_linkage_id uuid,
  counterpart_lookup_id uuid,
  -- what both certificates said then: codes, ids and times
  status jsonb,
  primary key (tenant_id, mode, verification_id),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  check ((state = 'severed') = (person_id is null) or state = 'ambiguous')
);
create index verification_person_person on verification_person (tenant_id, mode, person_id);
`;

const CONSENTS = `
-- Never edited: a withdrawal is a row of its own, an expiry a date.
create table consent (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  person_id uuid not null,
  purpose text not null check (purpose in ('serial_linkage', 'counterpart', 'latest_attributes')),
  text_version text not null check (text_version ~ '^[A-Za-z0-9._-]{1,64}$'),
  covers text[] not null check (cardinality(covers) > 0),
  given_at timestamptz not null,
  -- how it reached us: with the call it was needed for, by the contract's sign-up text, or registered beforehand
  source text not null check (source in ('call', 'sign_up', 'registered')),
  -- the verification of the signed consent document
  evidence_verification_id uuid,
  -- what J-LIS calls a consent registered there
  jlis_consent_id text check (length(jlis_consent_id) between 1 and 128),
  expires_at timestamptz not null,
  created_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  foreign key (tenant_id, mode, evidence_verification_id) references verification (tenant_id, mode, id),
  check (expires_at > given_at),
  check ((purpose = 'latest_attributes') = (jlis_consent_id is not null)),
  check (purpose <> 'latest_attributes' or evidence_verification_id is not null)
);
create index consent_person on consent (tenant_id, mode, person_id, purpose);
create unique index consent_jlis on consent (tenant_id, mode, jlis_consent_id) where jlis_consent_id is not null;

create table consent_withdrawal (
  tenant_id uuid not null,
  mode tenant_mode not null,
  consent_id uuid not null,
  source text not null check (source in ('tenant', 'jlis', 'person_deleted')),
  withdrawn_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, consent_id),
  foreign key (tenant_id, mode, consent_id) references consent (tenant_id, mode, id)
);

-- How far the list of withdrawals has been read.
create table jlis_cursor (
  mode tenant_mode not null,
  list text not null check (list in ('consent_withdrawals')),
  cursor text not null check (length(cursor) between 1 and 200),
  read_at timestamptz not null,
  primary key (mode, list)
);
`;

const SERVICES = `
create table serial_linkage (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  -- the fresh proof it rests on
  verification_id uuid not null,
  state text not null
    check (state in ('linked', 'pending', 'not_found', 'consent_required', 'ambiguous', 'severed')),
  -- why it is pending, not found or ambiguous
  detail text check (length(detail) between 1 and 100),
  person_id uuid,
  -- of the new certificate, and of the one before it where the tenant knows that one
  certificate_id uuid,
  previous_certificate_id uuid,
  -- of what is linked: the tenant's own records, or an answer of J-LIS
  source text check (source in ('own_record', 'jlis')),
  consent_id uuid,
  attempts int not null default 0,
  -- by the clock of the mode: test time can be moved
  next_attempt_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  foreign key (tenant_id, mode, consent_id) references consent (tenant_id, mode, id),
  check ((state = 'pending') = (next_attempt_at is not null)),
  check (state <> 'pending' or (consent_id is not null and certificate_id is not null)),
  check ((state = 'linked') = (source is not null))
);
create index serial_linkage_due on serial_linkage (mode, next_attempt_at) where state = 'pending';
create index serial_linkage_certificate on serial_linkage (tenant_id, mode, certificate_id, id);
-- However often it is asked for, one question waits about one certificate.
create unique index serial_linkage_one_pending on serial_linkage (tenant_id, mode, certificate_id) where state = 'pending';

create table counterpart_lookup (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid not null,
  state text not null check (state in ('found', 'not_found', 'not_yet_linkable', 'consent_required', 'ambiguous', 'severed')),
  -- why it is ambiguous, or what of a consent is missing
  detail text check (length(detail) between 1 and 100),
  person_id uuid,
  certificate_id uuid,
  counterpart_certificate_id uuid,
  -- of what is found: the tenant's own records, or an answer of J-LIS
  source text check (source in ('own_record', 'jlis')),
  -- when J-LIS may know more, where it said so
  retry_at timestamptz,
  consent_id uuid,
  created_at timestamptz not null,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  foreign key (tenant_id, mode, consent_id) references consent (tenant_id, mode, id),
  check ((state = 'found') = (source is not null)),
  check ((state = 'not_yet_linkable') = (retry_at is not null))
);

create table age_check (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid not null,
  -- whom it was about: questions are counted per person, or per certificate where there is none
  person_id uuid,
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  source text not null check (source in ('sign_certificate', 'jlis')),
  created_at timestamptz not null,
  -- of Japan, by the clock of the mode
  year smallint not null,
  -- [{age, on, answer}]
  questions jsonb not null,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id)
);
create index age_check_certificate on age_check (tenant_id, mode, certificate_hash, year);
create index age_check_person on age_check (tenant_id, mode, person_id, year) where person_id is not null;

-- What was asked about the holder of a certificate in a year of Japan, put down before anybody answers: it is capped.
create table age_question (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  year smallint not null,
  age smallint not null check (age between 0 and 130),
  on_day date not null,
  asked_at timestamptz not null,
  primary key (tenant_id, mode, certificate_hash, year, age, on_day)
);

-- The attributes themselves are passed through and stored nowhere.
create table attribute_update (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  created_at timestamptz not null,
  primary key (tenant_id, mode, id)
);
create table attribute_update_result (
  tenant_id uuid not null,
  mode tenant_mode not null,
  attribute_update_id uuid not null,
  person_id uuid not null,
  state text not null check (state in
    ('updated', 'unchanged', 'no_new_certificate', 'consent_missing', 'withdrawn', 'unavailable', 'person_unknown')),
  decided_at timestamptz not null,
  consent_id uuid,
  -- sealed: the serial whose attributes were delivered. The next question starts there, or they were paid for again.
  -- Erased when the person is deleted.
  tenant_key_id uuid,
  sealed_serial bytea,
  primary key (tenant_id, mode, attribute_update_id, person_id),
  foreign key (tenant_id, mode, attribute_update_id) references attribute_update (tenant_id, mode, id),
  foreign key (tenant_id, mode, consent_id) references consent (tenant_id, mode, id),
  check (state <> 'updated' or consent_id is not null),
  check (state = 'updated' or sealed_serial is null),
  check ((sealed_serial is null) = (tenant_key_id is null))
);
create index attribute_update_result_person on attribute_update_result (tenant_id, mode, person_id, decided_at);

alter table idempotency_key drop constraint idempotency_key_resource_check;
alter table idempotency_key add constraint idempotency_key_resource_check check (resource in
  ('verification', 'challenge', 'serial_linkage', 'counterpart_lookup', 'age_check', 'consent', 'attribute_update'));
`;

const USAGE = `
-- What was metered: a verification, or one of the things a verification is the proof for.
alter table usage_event
  alter column verification_id drop not null,
  add column source text not null default 'verification'
    check (source in ('verification', 'counterpart_lookup', 'attribute_update', 'status_check')),
  add column source_id uuid,
  add column person_id uuid,
  add check ((source = 'verification') = (verification_id is not null)),
  add check ((source = 'verification') = (source_id is null)),
  drop constraint usage_event_meter_check,
  add constraint usage_event_meter_check
    check (meter in ('sign_check', 'auth_check', 'counterpart_delivered', 'attributes_delivered')),
  drop constraint usage_event_method_check,
  add constraint usage_event_method_check check (method in ('crl', 'ocsp', 'service')),
  add check ((method = 'service') = (meter in ('counterpart_delivered', 'attributes_delivered'))),
  drop constraint usage_event_purpose_check,
  add constraint usage_event_purpose_check
    check (purpose in ('signature_verification', 'authentication', 'status_check', 'identification', 'attribute_update'));
create unique index usage_event_source on usage_event (tenant_id, mode, source_id, meter, method, certificate_hash)
  where source_id is not null;
`;

const EVENTS = `
/*
 * What tenants are told: ids only. Readers go by (xact, id) and stop below the oldest transaction still open, so an
 * event that commits late is never behind a reader's cursor.
 */
create table event (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  xact xid8 not null default pg_current_xact_id(),
  type text not null check (type ~ '^[a-z_]+[.][a-z_]+$'),
  -- by the clock of the mode; recorded_at is always real
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  -- {person_id, …}: ids of things of this tenant and mode
  data jsonb not null,
  primary key (tenant_id, mode, id)
);
create index event_order on event (tenant_id, mode, xact, id);
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
`;

const DUE_LINKAGES = `
create policy due on serial_linkage for select to shomei_linkage_clerk using (true);
grant select (tenant_id, mode, id, state, next_attempt_at) on serial_linkage to shomei_linkage_clerk;

/*
 * Which linkages of any tenant are to be tried again by \`at\`: ids, nothing about anybody. The tenants take turns, each
 * with its longest due first, so that one with many keeps nobody waiting.
 */
create function due_serial_linkages(for_mode tenant_mode, at timestamptz, up_to int)
  returns table (tenant_id uuid, id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select due.tenant_id, due.id from (
    select l.tenant_id, l.id, l.next_attempt_at,
      row_number() over (partition by l.tenant_id order by l.next_attempt_at, l.id) as turn
    from serial_linkage l where l.mode = for_mode and l.state = 'pending' and l.next_attempt_at <= at
  ) due
  order by due.turn, due.next_attempt_at, due.id limit least(up_to, 10000)
$$;
revoke all on function due_serial_linkages(tenant_mode, timestamptz, int) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_linkage_clerk;
alter function due_serial_linkages(tenant_mode, timestamptz, int) owner to shomei_linkage_clerk;
revoke create on schema public from shomei_linkage_clerk;
grant execute on function due_serial_linkages(tenant_mode, timestamptz, int) to shomei_worker;
`;

const GRANTS = `
grant select on person, person_certificate, certificate_link, certificate_tombstone, verification_person, consent,
  consent_withdrawal, serial_linkage, counterpart_lookup, age_check, age_question, attribute_update, attribute_update_result, event,
  counterpart_disclosure to shomei_api;
grant insert on person, person_certificate, certificate_link, certificate_tombstone, verification_person, consent,
  consent_withdrawal, serial_linkage, counterpart_lookup, age_check, age_question, attribute_update, attribute_update_result, event,
  usage_event to shomei_api;
grant update (tenant_key_id, sealed_serial) on attribute_update_result to shomei_api;
-- A question that nobody answered was not asked.
grant delete on age_question to shomei_api;
grant update (merged_into, merged_at, deleted_at) on person to shomei_api, shomei_worker;
grant update (person_id, provenance, hop, anchor, not_after, holder_hash, tenant_key_id, sealed, presented_at)
  on person_certificate to shomei_api, shomei_worker;
grant update (severed_at, expires_at) on certificate_tombstone to shomei_api;
-- Deleting a person forgets the certificates; what was verified stays under its retention clock.
grant delete on person_certificate, certificate_link to shomei_api;
grant update (state, detail, person_id, certificate_id, previous_certificate_id, source, attempts, next_attempt_at, updated_at)
  on serial_linkage to shomei_api, shomei_worker;
-- A pending counterpart or linkage that resolves is told with the verification it belongs to.
grant update (state, person_id, person_is_new, status) on verification_person to shomei_api, shomei_worker;
-- A counterpart that could not be asked for at first is asked for when the request is repeated.
grant update (counterpart_lookup_id) on verification_person to shomei_api;

-- The worker resolves pending linkages and withdrawals of one tenant at a time.
grant select on tenant, contract, tenant_key, person, person_certificate, certificate_link,
  certificate_tombstone, verification_person, consent, consent_withdrawal, serial_linkage to shomei_worker;
grant insert on person, person_certificate, certificate_link, consent_withdrawal, event to shomei_worker;
grant select, insert, update on jlis_cursor to shomei_worker;

grant select, insert on counterpart_disclosure to shomei_operator;
grant update (identify, counterpart, latest_attributes, allowed_ages, age_dates, age_questions_a_year,
  age_legal_day_inclusive, sign_up_consent_version, sign_up_consent_purposes) on contract to shomei_operator;
`;
