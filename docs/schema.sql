-- The schema as the migrations leave it. Written by `npm run generate`.

-- Roles

create role shomei_admin login noinherit;
create role shomei_api login noinherit;
create role shomei_audit_sealer nologin noinherit;
create role shomei_biller nologin noinherit;
create role shomei_counter nologin noinherit;
create role shomei_crl_keeper nologin noinherit;
create role shomei_door nologin noinherit;
create role shomei_evidence_clerk nologin noinherit;
create role shomei_export_clerk nologin noinherit;
create role shomei_invoicer nologin noinherit;
create role shomei_key_clerk nologin noinherit;
create role shomei_key_lookup nologin noinherit;
create role shomei_key_maker nologin noinherit;
create role shomei_linkage_clerk nologin noinherit;
create role shomei_monitor nologin noinherit;
create role shomei_operator login noinherit;
create role shomei_operator_keeper nologin noinherit;
create role shomei_quota_keeper nologin noinherit;
create role shomei_retention_clerk nologin noinherit;
create role shomei_tenant_clerk nologin noinherit;
create role shomei_webhook_clerk nologin noinherit;
create role shomei_worker login noinherit;

-- Types

create type documented_item as enum ('contract_and_nda', 'delegation', 'officers_fitness', 'security_measures', 'privacy_notice');
create type outcome as enum ('valid', 'invalid', 'indeterminate');
create type tenant_mode as enum ('live', 'test');
create type tenant_state as enum ('applied', 'in_review', 'rejected', 'test', 'notified', 'live', 'suspended', 'terminated');
create sequence event_place as bigint increment 1;
create sequence schema_migration_id_seq as integer increment 1;

-- Tables

create table age_check (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid not null,
  person_id uuid,
  certificate_hash bytea not null,
  source text not null,
  created_at timestamp with time zone not null,
  year smallint not null,
  questions jsonb not null,
  constraint age_check_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint age_check_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint age_check_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint age_check_certificate_hash_check CHECK ((length(certificate_hash) = 32)),
  constraint age_check_source_check CHECK ((source = ANY (ARRAY['sign_certificate'::text, 'jlis'::text])))
);
alter table age_check enable row level security;
alter table age_check force row level security;

create table age_question (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_hash bytea not null,
  year smallint not null,
  age smallint not null,
  on_day date not null,
  asked_at timestamp with time zone not null,
  constraint age_question_pkey PRIMARY KEY (tenant_id, mode, certificate_hash, year, age, on_day),
  constraint age_question_age_check CHECK (((age >= 0) AND (age <= 130))),
  constraint age_question_certificate_hash_check CHECK ((length(certificate_hash) = 32))
);
alter table age_question enable row level security;
alter table age_question force row level security;

create table answer_time (
  mode tenant_mode not null,
  hour timestamp with time zone not null,
  octave_eighth smallint not null,
  answers bigint not null,
  constraint answer_time_pkey PRIMARY KEY (mode, hour, octave_eighth),
  constraint answer_time_answers_check CHECK ((answers > 0)),
  constraint answer_time_hour_check CHECK ((hour = date_trunc('hour'::text, hour, 'UTC'::text))),
  constraint answer_time_octave_eighth_check CHECK (((octave_eighth >= '-64'::integer) AND (octave_eighth <= 192)))
);

create table api_key (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  name text not null,
  secret_sha256 bytea not null,
  last_four text not null,
  scopes text[] not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  allowed_addresses cidr[] default '{}'::cidr[] not null,
  made_by uuid,
  rotated_from uuid,
  last_used_at timestamp with time zone,
  constraint api_key_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint api_key_secret_sha256_key UNIQUE (secret_sha256),
  constraint api_key_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode),
  constraint api_key_tenant_id_mode_made_by_fkey FOREIGN KEY (tenant_id, mode, made_by) REFERENCES api_key(tenant_id, mode, id),
  constraint api_key_tenant_id_mode_rotated_from_fkey FOREIGN KEY (tenant_id, mode, rotated_from) REFERENCES api_key(tenant_id, mode, id),
  constraint api_key_allowed_addresses_check CHECK (((cardinality(allowed_addresses) <= 50) AND (array_position(allowed_addresses, NULL::cidr) IS NULL))),
  constraint api_key_last_four_check CHECK ((length(last_four) = 4)),
  constraint api_key_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint api_key_scopes_check CHECK ((cardinality(scopes) > 0)),
  constraint api_key_secret_sha256_check CHECK ((length(secret_sha256) = 32))
);
alter table api_key enable row level security;
alter table api_key force row level security;

create table approval (
  id uuid not null,
  kind text not null,
  subject text not null,
  before jsonb,
  after jsonb not null,
  payload_sha256 bytea not null,
  reason text not null,
  state text default 'proposed'::text not null,
  proposed_by uuid not null,
  proposed_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone not null,
  decided_by uuid,
  decided_at timestamp with time zone,
  note text,
  executed_at timestamp with time zone,
  constraint approval_pkey PRIMARY KEY (id),
  constraint approval_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES operator_account(id),
  constraint approval_proposed_by_fkey FOREIGN KEY (proposed_by) REFERENCES operator_account(id),
  constraint approval_check CHECK (((expires_at > proposed_at) AND (expires_at <= (proposed_at + '14 days'::interval)))),
  constraint approval_check1 CHECK (((decided_by IS NULL) = (decided_at IS NULL))),
  constraint approval_check2 CHECK (((state = 'executed'::text) = (executed_at IS NOT NULL))),
  constraint approval_kind_check CHECK ((kind ~ '^[a-z][a-z_]{2,39}$'::text)),
  constraint approval_note_check CHECK (((length(note) >= 1) AND (length(note) <= 1000))),
  constraint approval_payload_sha256_check CHECK ((length(payload_sha256) = 32)),
  constraint approval_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000))),
  constraint approval_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'approved'::text, 'executed'::text, 'refused'::text, 'expired'::text]))),
  constraint approval_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 200))),
  constraint decided_in_time CHECK (((state <> ALL (ARRAY['approved'::text, 'executed'::text])) OR (decided_at < expires_at))),
  constraint not_about_oneself CHECK (((state <> ALL (ARRAY['approved'::text, 'executed'::text])) OR (subject <> ('operator:'::text || (decided_by)::text)))),
  constraint second_person CHECK (((state <> ALL (ARRAY['approved'::text, 'executed'::text])) OR ((decided_by IS NOT NULL) AND (decided_by <> proposed_by))))
);

create table attribute_update (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  created_at timestamp with time zone not null,
  constraint attribute_update_pkey PRIMARY KEY (tenant_id, mode, id)
);
alter table attribute_update enable row level security;
alter table attribute_update force row level security;

create table attribute_update_result (
  tenant_id uuid not null,
  mode tenant_mode not null,
  attribute_update_id uuid not null,
  person_id uuid not null,
  state text not null,
  decided_at timestamp with time zone not null,
  consent_id uuid,
  tenant_key_id uuid,
  sealed_serial bytea,
  consent_erased boolean default false not null,
  constraint attribute_update_result_pkey PRIMARY KEY (tenant_id, mode, attribute_update_id, person_id),
  constraint attribute_update_result_tenant_id_mode_attribute_update_id_fkey FOREIGN KEY (tenant_id, mode, attribute_update_id) REFERENCES attribute_update(tenant_id, mode, id),
  constraint attribute_update_result_tenant_id_mode_consent_id_fkey FOREIGN KEY (tenant_id, mode, consent_id) REFERENCES consent(tenant_id, mode, id),
  constraint attribute_update_result_check CHECK (((state <> 'updated'::text) OR (consent_id IS NOT NULL) OR consent_erased)),
  constraint attribute_update_result_check1 CHECK (((state = 'updated'::text) OR (sealed_serial IS NULL))),
  constraint attribute_update_result_check2 CHECK (((sealed_serial IS NULL) = (tenant_key_id IS NULL))),
  constraint attribute_update_result_state_check CHECK ((state = ANY (ARRAY['updated'::text, 'unchanged'::text, 'no_new_certificate'::text, 'consent_missing'::text, 'withdrawn'::text, 'unavailable'::text, 'person_unknown'::text])))
);
alter table attribute_update_result enable row level security;
alter table attribute_update_result force row level security;

create table audit_chain (
  only_row boolean default true not null,
  day date,
  after_seq bigint default 0 not null,
  after_head bytea default decode(repeat('00'::text, 32), 'hex'::text) not null,
  seq bigint default 0 not null,
  head bytea default decode(repeat('00'::text, 32), 'hex'::text) not null,
  sealed_at timestamp with time zone,
  signed_at timestamp with time zone,
  key_id text,
  signature bytea,
  watermark xid8 default '0'::xid8 not null,
  cluster bigint,
  constraint audit_chain_pkey PRIMARY KEY (only_row),
  constraint audit_chain_key_id_fkey FOREIGN KEY (key_id) REFERENCES audit_signing_key(id),
  constraint audit_chain_after_head_check CHECK ((length(after_head) = 32)),
  constraint audit_chain_check CHECK ((seq >= after_seq)),
  constraint audit_chain_head_check CHECK ((length(head) = 32)),
  constraint audit_chain_only_row_check CHECK (only_row),
  constraint audit_chain_signature_check CHECK ((length(signature) = 64))
);

create table audit_closing (
  day date not null,
  after_seq bigint not null,
  after_head bytea not null,
  seq bigint not null,
  head bytea not null,
  signed_at timestamp with time zone not null,
  key_id text not null,
  signature bytea not null,
  constraint audit_closing_pkey PRIMARY KEY (day),
  constraint audit_closing_key_id_fkey FOREIGN KEY (key_id) REFERENCES audit_signing_key(id),
  constraint audit_closing_after_head_check CHECK ((length(after_head) = 32)),
  constraint audit_closing_check CHECK ((seq >= after_seq)),
  constraint audit_closing_head_check CHECK ((length(head) = 32)),
  constraint audit_closing_signature_check CHECK ((length(signature) = 64))
);

create table audit_event (
  id uuid not null,
  tenant_id uuid,
  mode tenant_mode,
  actor text not null,
  action text not null,
  target text not null,
  request_id text,
  detail jsonb default '{}'::jsonb not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  schema_version smallint default 1 not null,
  ip inet,
  change jsonb,
  xact xid8 default pg_current_xact_id() not null,
  constraint audit_event_pkey PRIMARY KEY (id),
  constraint audit_event_change_check CHECK ((jsonb_typeof(change) = 'object'::text)),
  constraint audit_event_check CHECK (((tenant_id IS NULL) = (mode IS NULL))),
  constraint audit_event_check1 CHECK (((length(actor) <= 300) AND (length(action) <= 100) AND (length(target) <= 300) AND (length(request_id) <= 200))),
  constraint audit_event_check2 CHECK (((pg_column_size(detail) <= 65536) AND (pg_column_size(change) <= 65536))),
  constraint audit_event_schema_version_check CHECK ((schema_version > 0))
);
alter table audit_event enable row level security;
alter table audit_event force row level security;

create table audit_seal (
  seq bigint not null,
  event_id uuid not null,
  day date not null,
  row_hash bytea not null,
  head bytea not null,
  constraint audit_seal_pkey PRIMARY KEY (seq),
  constraint audit_seal_event_id_key UNIQUE (event_id),
  constraint audit_seal_head_check CHECK ((length(head) = 32)),
  constraint audit_seal_row_hash_check CHECK ((length(row_hash) = 32)),
  constraint audit_seal_seq_check CHECK ((seq > 0))
);

create table audit_signing_key (
  id text not null,
  public_key bytea not null,
  first_used_at timestamp with time zone default clock_timestamp() not null,
  constraint audit_signing_key_pkey PRIMARY KEY (id),
  constraint audit_signing_key_public_key_key UNIQUE (public_key),
  constraint audit_signing_key_id_check CHECK ((id ~ '^[A-Za-z0-9_-]{1,32}$'::text))
);

create table certificate_link (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  relation text not null,
  from_id uuid not null,
  to_id uuid not null,
  source text not null,
  source_id uuid not null,
  created_at timestamp with time zone not null,
  constraint certificate_link_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint certificate_link_tenant_id_mode_relation_from_id_to_id_key UNIQUE (tenant_id, mode, relation, from_id, to_id),
  constraint certificate_link_tenant_id_mode_from_id_fkey FOREIGN KEY (tenant_id, mode, from_id) REFERENCES person_certificate(tenant_id, mode, id) ON DELETE CASCADE,
  constraint certificate_link_tenant_id_mode_to_id_fkey FOREIGN KEY (tenant_id, mode, to_id) REFERENCES person_certificate(tenant_id, mode, id) ON DELETE CASCADE,
  constraint certificate_link_check CHECK ((from_id <> to_id)),
  constraint certificate_link_relation_check CHECK ((relation = ANY (ARRAY['renewal'::text, 'counterpart'::text]))),
  constraint certificate_link_source_check CHECK ((source = ANY (ARRAY['serial_linkage'::text, 'counterpart_lookup'::text])))
);
alter table certificate_link enable row level security;
alter table certificate_link force row level security;

create table certificate_tombstone (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_hash bytea not null,
  severed_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone not null,
  constraint certificate_tombstone_pkey PRIMARY KEY (tenant_id, mode, certificate_hash),
  constraint certificate_tombstone_certificate_hash_check CHECK ((length(certificate_hash) = 32))
);
alter table certificate_tombstone enable row level security;
alter table certificate_tombstone force row level security;

create table challenge (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  nonce bytea not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint challenge_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint challenge_check CHECK ((expires_at > created_at)),
  constraint challenge_nonce_check CHECK ((length(nonce) = 32))
);
alter table challenge enable row level security;
alter table challenge force row level security;

create table challenge_use (
  tenant_id uuid not null,
  mode tenant_mode not null,
  challenge_id uuid not null,
  verification_id uuid not null,
  constraint challenge_use_pkey PRIMARY KEY (tenant_id, mode, challenge_id),
  constraint challenge_use_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id)
);
alter table challenge_use enable row level security;
alter table challenge_use force row level security;

create table check_count (
  mode tenant_mode not null,
  hour timestamp with time zone not null,
  kind text not null,
  outcome outcome not null,
  checks bigint not null,
  constraint check_count_pkey PRIMARY KEY (mode, hour, kind, outcome),
  constraint check_count_checks_check CHECK ((checks > 0)),
  constraint check_count_hour_check CHECK ((hour = date_trunc('hour'::text, hour, 'UTC'::text)))
);

create table check_count_progress (
  only_row boolean default true not null,
  counted_below xid8 default '0'::xid8 not null,
  counted_at timestamp with time zone,
  constraint check_count_progress_pkey PRIMARY KEY (only_row),
  constraint check_count_progress_only_row_check CHECK (only_row)
);

create table checklist_file (
  tenant_id uuid not null,
  id uuid not null,
  item documented_item not null,
  media_type text not null,
  size integer not null,
  sha256 bytea not null,
  name bytea not null,
  content bytea not null,
  ring_key text not null,
  uploaded_by uuid not null,
  uploaded_at timestamp with time zone default clock_timestamp() not null,
  withdrawn_by uuid,
  withdrawn_at timestamp with time zone,
  withdrawal_reason text,
  replaced_by uuid,
  constraint checklist_file_pkey PRIMARY KEY (tenant_id, id),
  constraint checklist_file_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint checklist_file_tenant_id_replaced_by_fkey FOREIGN KEY (tenant_id, replaced_by) REFERENCES checklist_file(tenant_id, id),
  constraint checklist_file_uploaded_by_fkey FOREIGN KEY (uploaded_by) REFERENCES operator_account(id),
  constraint checklist_file_withdrawn_by_fkey FOREIGN KEY (withdrawn_by) REFERENCES operator_account(id),
  constraint checklist_file_check CHECK ((num_nulls(withdrawn_by, withdrawn_at, withdrawal_reason) = ANY (ARRAY[0, 3]))),
  constraint checklist_file_check1 CHECK (((replaced_by IS NULL) OR (withdrawn_at IS NOT NULL))),
  constraint checklist_file_media_type_check CHECK ((media_type = ANY (ARRAY['application/pdf'::text, 'image/png'::text, 'image/jpeg'::text]))),
  constraint checklist_file_sha256_check CHECK ((length(sha256) = 32)),
  constraint checklist_file_size_check CHECK (((size >= 1) AND (size <= 10485760))),
  constraint checklist_file_withdrawal_reason_check CHECK (((length(withdrawal_reason) >= 1) AND (length(withdrawal_reason) <= 1000)))
);

create table checklist_item (
  tenant_id uuid not null,
  item documented_item not null,
  confirmed_by uuid,
  confirmed_at timestamp with time zone,
  note text,
  constraint checklist_item_pkey PRIMARY KEY (tenant_id, item),
  constraint checklist_item_confirmed_by_fkey FOREIGN KEY (confirmed_by) REFERENCES operator_account(id),
  constraint checklist_item_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint checklist_item_check CHECK (((confirmed_by IS NULL) = (confirmed_at IS NULL))),
  constraint checklist_item_check1 CHECK (((note IS NULL) OR (confirmed_at IS NOT NULL))),
  constraint checklist_item_note_check CHECK (((length(note) >= 1) AND (length(note) <= 1000)))
);

create table consent (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  person_id uuid not null,
  purpose text not null,
  text_version text not null,
  covers text[] not null,
  given_at timestamp with time zone not null,
  source text not null,
  evidence_verification_id uuid,
  jlis_consent_id text,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint consent_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint consent_tenant_id_mode_evidence_verification_id_fkey FOREIGN KEY (tenant_id, mode, evidence_verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint consent_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint consent_check CHECK ((expires_at > given_at)),
  constraint consent_check1 CHECK (((purpose = 'latest_attributes'::text) = (jlis_consent_id IS NOT NULL))),
  constraint consent_check2 CHECK (((purpose <> 'latest_attributes'::text) OR (evidence_verification_id IS NOT NULL))),
  constraint consent_covers_check CHECK ((cardinality(covers) > 0)),
  constraint consent_jlis_consent_id_check CHECK (((length(jlis_consent_id) >= 1) AND (length(jlis_consent_id) <= 128))),
  constraint consent_purpose_check CHECK ((purpose = ANY (ARRAY['serial_linkage'::text, 'counterpart'::text, 'latest_attributes'::text]))),
  constraint consent_source_check CHECK ((source = ANY (ARRAY['call'::text, 'sign_up'::text, 'registered'::text]))),
  constraint consent_text_version_check CHECK ((text_version ~ '^[A-Za-z0-9._-]{1,64}$'::text))
);
alter table consent enable row level security;
alter table consent force row level security;

create table consent_withdrawal (
  tenant_id uuid not null,
  mode tenant_mode not null,
  consent_id uuid not null,
  source text not null,
  withdrawn_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint consent_withdrawal_pkey PRIMARY KEY (tenant_id, mode, consent_id),
  constraint consent_withdrawal_tenant_id_mode_consent_id_fkey FOREIGN KEY (tenant_id, mode, consent_id) REFERENCES consent(tenant_id, mode, id),
  constraint consent_withdrawal_source_check CHECK ((source = ANY (ARRAY['tenant'::text, 'jlis'::text, 'person_deleted'::text])))
);
alter table consent_withdrawal enable row level security;
alter table consent_withdrawal force row level security;

create table contract (
  tenant_id uuid not null,
  mode tenant_mode not null,
  reference_format text,
  identify boolean default false not null,
  counterpart boolean default false not null,
  latest_attributes boolean default false not null,
  allowed_ages smallint[] default '{}'::smallint[] not null,
  age_dates date[] default '{}'::date[] not null,
  age_questions_a_year smallint default 10 not null,
  age_legal_day_inclusive boolean default false not null,
  sign_up_consent_version text,
  sign_up_consent_purposes text[] default '{}'::text[] not null,
  revocation_methods text[] default '{crl,ocsp,ocsp_or_crl}'::text[] not null,
  limits jsonb default '{"read": {"per_month": null, "per_second": 1000}, "manage": {"per_month": null, "per_second": 100}, "challenge": {"per_month": null, "per_second": 1000}, "jlis_service": {"per_month": null, "per_second": 200}, "verification": {"per_month": null, "per_second": 1000}}'::jsonb not null,
  change_approval_id uuid,
  change_events boolean default false not null,
  pinless_status boolean default false not null,
  disclosure text default 'conclusion_only'::text not null,
  constraint contract_pkey PRIMARY KEY (tenant_id, mode),
  constraint contract_change_approval_id_key UNIQUE (change_approval_id),
  constraint contract_change_approval_id_fkey FOREIGN KEY (change_approval_id) REFERENCES approval(id),
  constraint contract_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint contract_age_questions_a_year_check CHECK (((age_questions_a_year >= 1) AND (age_questions_a_year <= 100))),
  constraint contract_allowed_ages_check CHECK (((0 <= ALL (allowed_ages)) AND (130 >= ALL (allowed_ages)))),
  constraint contract_check CHECK (((sign_up_consent_version IS NOT NULL) OR (cardinality(sign_up_consent_purposes) = 0))),
  constraint contract_disclosure_check CHECK ((disclosure = ANY (ARRAY['status'::text, 'conclusion_only'::text, 'none'::text]))),
  constraint contract_limits_check CHECK (are_limits(limits)),
  constraint contract_reference_format_check CHECK (((length(reference_format) >= 1) AND (length(reference_format) <= 64))),
  constraint contract_revocation_methods_check CHECK (((revocation_methods <@ ARRAY['crl'::text, 'ocsp'::text, 'ocsp_or_crl'::text]) AND (cardinality(revocation_methods) > 0))),
  constraint contract_sign_up_consent_purposes_check CHECK ((sign_up_consent_purposes <@ ARRAY['serial_linkage'::text, 'counterpart'::text])),
  constraint contract_sign_up_consent_version_check CHECK ((sign_up_consent_version ~ '^[A-Za-z0-9._-]{1,64}$'::text))
);
alter table contract enable row level security;
alter table contract force row level security;

create table counterpart_disclosure (
  valid_from timestamp with time zone not null,
  disclosure text not null,
  constraint counterpart_disclosure_pkey PRIMARY KEY (valid_from),
  constraint counterpart_disclosure_disclosure_check CHECK ((disclosure = ANY (ARRAY['status'::text, 'conclusion_only'::text, 'none'::text])))
);

create table counterpart_lookup (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid not null,
  state text not null,
  detail text,
  person_id uuid,
  certificate_id uuid,
  counterpart_certificate_id uuid,
  source text,
  retry_at timestamp with time zone,
  consent_id uuid,
  created_at timestamp with time zone not null,
  constraint counterpart_lookup_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint counterpart_lookup_tenant_id_mode_consent_id_fkey FOREIGN KEY (tenant_id, mode, consent_id) REFERENCES consent(tenant_id, mode, id),
  constraint counterpart_lookup_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint counterpart_lookup_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint counterpart_lookup_check CHECK (((state = 'found'::text) = (source IS NOT NULL))),
  constraint counterpart_lookup_check1 CHECK (((state = 'not_yet_linkable'::text) = (retry_at IS NOT NULL))),
  constraint counterpart_lookup_detail_check CHECK (((length(detail) >= 1) AND (length(detail) <= 100))),
  constraint counterpart_lookup_source_check CHECK ((source = ANY (ARRAY['own_record'::text, 'jlis'::text]))),
  constraint counterpart_lookup_state_check CHECK ((state = ANY (ARRAY['found'::text, 'not_found'::text, 'not_yet_linkable'::text, 'consent_required'::text, 'ambiguous'::text, 'severed'::text])))
);
alter table counterpart_lookup enable row level security;
alter table counterpart_lookup force row level security;

create table crl (
  mode tenant_mode not null,
  id bigint generated always as identity not null,
  partition_id bigint not null,
  crl_number numeric(50,0),
  this_update timestamp with time zone not null,
  next_update timestamp with time zone not null,
  sha256 bytea not null,
  bytes bigint not null,
  entry_count integer not null,
  accepted_at timestamp with time zone default clock_timestamp() not null,
  source text default 'not recorded'::text not null,
  in_force_at timestamp with time zone default clock_timestamp() not null,
  epoch bigint default 0 not null,
  constraint crl_pkey PRIMARY KEY (mode, id),
  constraint crl_mode_partition_id_id_key UNIQUE (mode, partition_id, id),
  constraint crl_mode_partition_id_fkey FOREIGN KEY (mode, partition_id) REFERENCES crl_partition(mode, id),
  constraint crl_sha256_check CHECK ((length(sha256) = 32)),
  constraint crl_source_check CHECK ((length(source) <= 3000))
);

create table crl_change (
  mode tenant_mode not null,
  partition_id bigint not null,
  serial bytea not null,
  crl_id bigint not null,
  kind text not null,
  revoked_at timestamp with time zone not null,
  reason smallint not null,
  constraint crl_change_pkey PRIMARY KEY (mode, partition_id, serial, crl_id),
  constraint crl_change_mode_partition_id_crl_id_fkey FOREIGN KEY (mode, partition_id, crl_id) REFERENCES crl(mode, partition_id, id),
  constraint crl_change_kind_check CHECK ((kind = ANY (ARRAY['added'::text, 'changed'::text, 'gone'::text]))),
  constraint crl_change_reason_check CHECK (((reason >= 0) AND (reason <= 10))),
  constraint crl_change_serial_check CHECK (((length(serial) >= 1) AND (length(serial) <= 20)))
);

create table crl_file (
  mode tenant_mode not null,
  sha256 bytea not null,
  part integer not null,
  content bytea not null,
  constraint crl_file_pkey PRIMARY KEY (mode, sha256, part),
  constraint crl_file_part_check CHECK ((part >= 0)),
  constraint crl_file_sha256_check CHECK ((length(sha256) = 32))
);

create table crl_partition (
  mode tenant_mode not null,
  id bigint generated always as identity not null,
  hierarchy text not null,
  anchor_fingerprint bytea not null,
  distribution_point bytea,
  distribution_point_key text,
  name text not null,
  path text not null,
  listed_at timestamp with time zone not null,
  head_crl_id bigint,
  epoch bigint default 0 not null,
  last_attempt_at timestamp with time zone,
  last_success_at timestamp with time zone,
  failures integer default 0 not null,
  last_failure text,
  constraint crl_partition_pkey PRIMARY KEY (mode, id),
  constraint crl_partition_mode_hierarchy_anchor_fingerprint_distributio_key UNIQUE NULLS NOT DISTINCT (mode, hierarchy, anchor_fingerprint, distribution_point_key),
  constraint crl_partition_mode_hierarchy_anchor_fingerprint_fkey FOREIGN KEY (mode, hierarchy, anchor_fingerprint) REFERENCES trust_anchor(mode, hierarchy, fingerprint),
  constraint crl_partition_mode_hierarchy_fkey FOREIGN KEY (mode, hierarchy) REFERENCES revocation_source(mode, hierarchy),
  constraint crl_partition_mode_id_head_crl_id_fkey FOREIGN KEY (mode, id, head_crl_id) REFERENCES crl(mode, partition_id, id),
  constraint crl_partition_check CHECK (((distribution_point IS NULL) = (distribution_point_key IS NULL))),
  constraint crl_partition_distribution_point_key_check CHECK ((length(distribution_point_key) <= 1000))
);

create table crl_reference (
  mode tenant_mode not null,
  sha256 bytea not null,
  last_at timestamp with time zone not null,
  constraint crl_reference_pkey PRIMARY KEY (mode, sha256),
  constraint crl_reference_sha256_check CHECK ((length(sha256) = 32))
);

create table crl_reference_progress (
  only_row boolean default true not null,
  collected_until timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint crl_reference_progress_pkey PRIMARY KEY (only_row),
  constraint crl_reference_progress_only_row_check CHECK (only_row)
);

create table crl_snapshot (
  mode tenant_mode not null,
  partition_id bigint not null,
  crl_id bigint not null,
  columns bytea not null,
  baseline boolean default false not null,
  constraint crl_snapshot_pkey PRIMARY KEY (mode, partition_id, crl_id),
  constraint crl_snapshot_mode_partition_id_crl_id_fkey FOREIGN KEY (mode, partition_id, crl_id) REFERENCES crl(mode, partition_id, id)
);

create table event (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  xact xid8 not null,
  type text not null,
  occurred_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  data jsonb not null,
  constraint event_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint event_type_check CHECK ((type ~ '^[a-z_]+[.][a-z_]+$'::text))
);
alter table event enable row level security;
alter table event force row level security;

create table expiry_notice (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_id uuid not null,
  days smallint not null,
  event_id uuid not null,
  constraint expiry_notice_pkey PRIMARY KEY (tenant_id, mode, certificate_id, days),
  constraint expiry_notice_tenant_id_mode_certificate_id_fkey FOREIGN KEY (tenant_id, mode, certificate_id) REFERENCES person_certificate(tenant_id, mode, id) ON DELETE CASCADE,
  constraint expiry_notice_days_check CHECK ((days = ANY (ARRAY[7, 30, 60])))
);
alter table expiry_notice enable row level security;
alter table expiry_notice force row level security;

create table idempotency_key (
  tenant_id uuid not null,
  mode tenant_mode not null,
  key_sha256 bytea not null,
  request_sha256 bytea not null,
  resource text not null,
  resource_id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint idempotency_key_pkey PRIMARY KEY (tenant_id, mode, key_sha256),
  constraint idempotency_key_key_sha256_check CHECK ((length(key_sha256) = 32)),
  constraint idempotency_key_request_sha256_check CHECK ((length(request_sha256) = 32)),
  constraint idempotency_key_resource_check CHECK ((resource ~ '^[a-z_]{1,40}$'::text))
);
alter table idempotency_key enable row level security;
alter table idempotency_key force row level security;

create table invoice (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  statement_id uuid not null,
  month text not null,
  corrects uuid,
  content text not null,
  content_sha256 bytea not null,
  series text not null,
  series_number integer not null,
  number text not null,
  issued_on date not null,
  due_on date not null,
  recipient text not null,
  total_yen bigint not null,
  approval_id uuid not null,
  finalized_at timestamp with time zone default clock_timestamp() not null,
  xact xid8 default pg_current_xact_id() not null,
  constraint invoice_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint invoice_mode_number_key UNIQUE (mode, number),
  constraint invoice_mode_series_series_number_key UNIQUE (mode, series, series_number),
  constraint invoice_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id),
  constraint invoice_tenant_id_mode_corrects_fkey FOREIGN KEY (tenant_id, mode, corrects) REFERENCES invoice(tenant_id, mode, id),
  constraint invoice_tenant_id_mode_id_fkey FOREIGN KEY (tenant_id, mode, id) REFERENCES invoice_draft(tenant_id, mode, id),
  constraint invoice_tenant_id_mode_statement_id_fkey FOREIGN KEY (tenant_id, mode, statement_id) REFERENCES statement(tenant_id, mode, id),
  constraint invoice_check CHECK ((content_sha256 = sha256(convert_to(content, 'UTF8'::name))))
);
alter table invoice enable row level security;
alter table invoice force row level security;

create table invoice_dispatch (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  invoice_id uuid not null,
  sent_on date not null,
  method text not null,
  recipient text not null,
  recorded_by text not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint invoice_dispatch_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint invoice_dispatch_tenant_id_mode_invoice_id_fkey FOREIGN KEY (tenant_id, mode, invoice_id) REFERENCES invoice(tenant_id, mode, id),
  constraint invoice_dispatch_method_check CHECK ((method = ANY (ARRAY['email'::text, 'post'::text, 'portal'::text, 'other'::text]))),
  constraint invoice_dispatch_recipient_check CHECK (((length(btrim(recipient)) >= 1) AND (length(btrim(recipient)) <= 300))),
  constraint invoice_dispatch_recorded_by_check CHECK ((recorded_by ~~ 'operator:%'::text))
);
alter table invoice_dispatch enable row level security;
alter table invoice_dispatch force row level security;

create table invoice_draft (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  statement_id uuid not null,
  month text not null,
  corrects uuid,
  content text not null,
  content_sha256 bytea not null,
  total_yen bigint not null,
  state text default 'open'::text not null,
  made_by text not null,
  made_at timestamp with time zone default clock_timestamp() not null,
  constraint invoice_draft_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint invoice_draft_tenant_id_mode_corrects_fkey FOREIGN KEY (tenant_id, mode, corrects) REFERENCES invoice(tenant_id, mode, id),
  constraint invoice_draft_tenant_id_mode_statement_id_fkey FOREIGN KEY (tenant_id, mode, statement_id) REFERENCES statement(tenant_id, mode, id),
  constraint invoice_draft_check CHECK ((content_sha256 = sha256(convert_to(content, 'UTF8'::name)))),
  constraint invoice_draft_made_by_check CHECK (((length(made_by) >= 1) AND (length(made_by) <= 300))),
  constraint invoice_draft_state_check CHECK ((state = ANY (ARRAY['open'::text, 'discarded'::text, 'finalized'::text]))),
  constraint invoice_draft_total_yen_check CHECK ((total_yen >= 0))
);
alter table invoice_draft enable row level security;
alter table invoice_draft force row level security;

create table invoice_export (
  mode tenant_mode not null,
  month text not null,
  version integer not null,
  of_numbers bytea not null,
  invoices integer not null,
  total_yen bigint not null,
  bytes bytea not null,
  sha256 bytea not null,
  made_at timestamp with time zone default clock_timestamp() not null,
  constraint invoice_export_pkey PRIMARY KEY (mode, month, version),
  constraint invoice_export_check CHECK ((sha256 = sha256(bytes))),
  constraint invoice_export_invoices_check CHECK ((invoices >= 0)),
  constraint invoice_export_month_check CHECK ((month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text)),
  constraint invoice_export_of_numbers_check CHECK ((length(of_numbers) = 32)),
  constraint invoice_export_version_check CHECK ((version >= 1))
);

create table invoice_file (
  tenant_id uuid not null,
  mode tenant_mode not null,
  invoice_id uuid not null,
  kind text not null,
  bytes bytea not null,
  sha256 bytea not null,
  constraint invoice_file_pkey PRIMARY KEY (tenant_id, mode, invoice_id, kind),
  constraint invoice_file_tenant_id_mode_invoice_id_fkey FOREIGN KEY (tenant_id, mode, invoice_id) REFERENCES invoice(tenant_id, mode, id),
  constraint invoice_file_check CHECK ((sha256 = sha256(bytes))),
  constraint invoice_file_kind_check CHECK ((kind = ANY (ARRAY['json'::text, 'csv'::text, 'pdf'::text])))
);
alter table invoice_file enable row level security;
alter table invoice_file force row level security;

create table invoice_issuer (
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint invoice_issuer_pkey PRIMARY KEY (mode, valid_from),
  constraint invoice_issuer_approval_id_key UNIQUE (approval_id),
  constraint invoice_issuer_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id)
);

create table invoice_series (
  mode tenant_mode not null,
  series text not null,
  last_number integer not null,
  constraint invoice_series_pkey PRIMARY KEY (mode, series),
  constraint invoice_series_last_number_check CHECK ((last_number >= 1)),
  constraint invoice_series_series_check CHECK ((series ~ '^[0-9]{4}$'::text))
);

create table invoice_terms (
  tenant_id uuid not null,
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint invoice_terms_pkey PRIMARY KEY (tenant_id, mode, valid_from),
  constraint invoice_terms_approval_id_key UNIQUE (approval_id),
  constraint invoice_terms_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id),
  constraint invoice_terms_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode)
);
alter table invoice_terms enable row level security;
alter table invoice_terms force row level security;

create table invoice_void (
  tenant_id uuid not null,
  mode tenant_mode not null,
  invoice_id uuid not null,
  reason text not null,
  approval_id uuid not null,
  voided_at timestamp with time zone default clock_timestamp() not null,
  constraint invoice_void_pkey PRIMARY KEY (tenant_id, mode, invoice_id),
  constraint invoice_void_approval_id_key UNIQUE (approval_id),
  constraint invoice_void_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id),
  constraint invoice_void_tenant_id_mode_invoice_id_fkey FOREIGN KEY (tenant_id, mode, invoice_id) REFERENCES invoice(tenant_id, mode, id),
  constraint invoice_void_reason_check CHECK (((length(btrim(reason)) >= 3) AND (length(btrim(reason)) <= 500)))
);
alter table invoice_void enable row level security;
alter table invoice_void force row level security;

create table jlis_cursor (
  mode tenant_mode not null,
  list text not null,
  cursor text not null,
  read_at timestamp with time zone not null,
  constraint jlis_cursor_pkey PRIMARY KEY (mode, list),
  constraint jlis_cursor_cursor_check CHECK (((length(cursor) >= 1) AND (length(cursor) <= 200))),
  constraint jlis_cursor_list_check CHECK ((list = 'consent_withdrawals'::text))
);

create table jlis_recognition (
  mode tenant_mode not null,
  id uuid not null,
  tenant_id uuid,
  valid_from date not null,
  valid_until date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint jlis_recognition_pkey PRIMARY KEY (mode, id),
  constraint jlis_recognition_approval_id_key UNIQUE (approval_id),
  constraint jlis_recognition_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id),
  constraint jlis_recognition_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint jlis_recognition_check CHECK ((valid_from < valid_until))
);
alter table jlis_recognition enable row level security;
alter table jlis_recognition force row level security;

create table jlis_reconciliation (
  mode tenant_mode not null,
  id uuid not null,
  month text not null,
  file text not null,
  file_sha256 bytea not null,
  result jsonb not null,
  explanation text,
  made_by text not null,
  made_at timestamp with time zone default clock_timestamp() not null,
  constraint jlis_reconciliation_pkey PRIMARY KEY (mode, id),
  constraint jlis_reconciliation_mode_month_fkey FOREIGN KEY (mode, month) REFERENCES month_close(mode, month),
  constraint jlis_reconciliation_check CHECK ((file_sha256 = sha256(convert_to(file, 'UTF8'::name)))),
  constraint jlis_reconciliation_explanation_check CHECK (((length(btrim(explanation)) >= 3) AND (length(btrim(explanation)) <= 2000))),
  constraint jlis_reconciliation_file_check CHECK ((length(file) <= 4000000))
);

create table jlis_reduction (
  mode tenant_mode not null,
  id uuid not null,
  tenant_id uuid,
  valid_from date not null,
  valid_until date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint jlis_reduction_pkey PRIMARY KEY (mode, id),
  constraint jlis_reduction_approval_id_key UNIQUE (approval_id),
  constraint jlis_reduction_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id),
  constraint jlis_reduction_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint jlis_reduction_check CHECK ((valid_from < valid_until))
);
alter table jlis_reduction enable row level security;
alter table jlis_reduction force row level security;

create table jlis_tariff (
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint jlis_tariff_pkey PRIMARY KEY (mode, valid_from),
  constraint jlis_tariff_approval_id_key UNIQUE (approval_id),
  constraint jlis_tariff_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id)
);

create table legal_hold (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  person_id uuid,
  verification_id uuid,
  reason text not null,
  placed_by text not null,
  placed_at timestamp with time zone default clock_timestamp() not null,
  lifted_by text,
  lift_reason text,
  lifted_at timestamp with time zone,
  constraint legal_hold_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint legal_hold_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode),
  constraint legal_hold_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint legal_hold_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint legal_hold_check CHECK (((person_id IS NULL) OR (verification_id IS NULL))),
  constraint legal_hold_check1 CHECK ((num_nulls(lifted_by, lift_reason, lifted_at) = ANY (ARRAY[0, 3]))),
  constraint legal_hold_lift_reason_check CHECK (((length(btrim(lift_reason)) >= 3) AND (length(btrim(lift_reason)) <= 500))),
  constraint legal_hold_lifted_by_check CHECK ((length(lifted_by) <= 300)),
  constraint legal_hold_placed_by_check CHECK ((length(placed_by) <= 300)),
  constraint legal_hold_reason_check CHECK (((length(btrim(reason)) >= 3) AND (length(btrim(reason)) <= 500)))
);
alter table legal_hold enable row level security;
alter table legal_hold force row level security;

create table month_close (
  mode tenant_mode not null,
  month text not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  seen pg_snapshot not null,
  seen_before pg_snapshot,
  seen_before_at timestamp with time zone,
  begun_at timestamp with time zone not null,
  begun_by text not null,
  rated_at timestamp with time zone,
  closed_at timestamp with time zone,
  statements_due integer,
  constraint month_close_pkey PRIMARY KEY (mode, month),
  constraint month_close_begun_by_check CHECK (((length(begun_by) >= 1) AND (length(begun_by) <= 300))),
  constraint month_close_check CHECK ((ends_at > starts_at)),
  constraint month_close_check1 CHECK (((closed_at IS NULL) OR (rated_at IS NOT NULL))),
  constraint month_close_check2 CHECK (((statements_due IS NULL) OR ((statements_due >= 0) AND (rated_at IS NOT NULL)))),
  constraint month_close_month_check CHECK ((month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text))
);

create table month_estimate (
  mode tenant_mode not null,
  month text,
  contract_yen bigint,
  jlis_yen bigint,
  billed_yen bigint,
  tenants integer,
  unpriced integer,
  made_at timestamp with time zone,
  begun_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  took_ms integer default 0 not null,
  constraint month_estimate_pkey PRIMARY KEY (mode),
  constraint month_estimate_check CHECK ((num_nulls(month, contract_yen, jlis_yen, billed_yen, tenants, unpriced, made_at) = ANY (ARRAY[0, 7]))),
  constraint month_estimate_month_check CHECK ((month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text))
);

create table operator_account (
  id uuid not null,
  email text not null,
  name text not null,
  roles text[] default '{}'::text[] not null,
  roles_approval_id uuid,
  password_hash text not null,
  password_expired boolean default true not null,
  totp_secret bytea,
  totp_ring_key text,
  totp_confirmed_at timestamp with time zone,
  totp_last_step bigint,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint operator_account_pkey PRIMARY KEY (id),
  constraint operator_account_email_key UNIQUE (email),
  constraint operator_account_roles_approval_id_key UNIQUE (roles_approval_id),
  constraint operator_account_roles_approval_id_fkey FOREIGN KEY (roles_approval_id) REFERENCES approval(id),
  constraint operator_account_check CHECK (((totp_secret IS NULL) = (totp_ring_key IS NULL))),
  constraint operator_account_check1 CHECK (((totp_confirmed_at IS NULL) OR (totp_secret IS NOT NULL))),
  constraint operator_account_email_check CHECK (((email = lower(email)) AND (email ~ '^[^[:space:]@]+@[^[:space:]@]+$'::text) AND (length(email) <= 254))),
  constraint operator_account_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint operator_account_password_hash_check CHECK (((password_hash ~~ '$argon2id$%'::text) AND (length(password_hash) <= 200))),
  constraint operator_account_roles_check CHECK ((roles <@ ARRAY['admin'::text, 'onboarding'::text, 'billing'::text, 'auditor'::text, 'support'::text]))
);

create table operator_recovery_code (
  operator_id uuid not null,
  code_sha256 bytea not null,
  constraint operator_recovery_code_pkey PRIMARY KEY (operator_id, code_sha256),
  constraint operator_recovery_code_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES operator_account(id),
  constraint operator_recovery_code_code_sha256_check CHECK ((length(code_sha256) = 32))
);

create table operator_session (
  id uuid not null,
  token_sha256 bytea not null,
  operator_id uuid not null,
  second_factor boolean not null,
  created_at timestamp with time zone not null,
  idle_until timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  constraint operator_session_pkey PRIMARY KEY (id),
  constraint operator_session_token_sha256_key UNIQUE (token_sha256),
  constraint operator_session_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES operator_account(id),
  constraint operator_session_check CHECK ((ends_at <= (created_at + '10:00:00'::interval))),
  constraint operator_session_check1 CHECK ((idle_until <= ends_at)),
  constraint operator_session_token_sha256_check CHECK ((length(token_sha256) = 32))
);

create table person (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  created_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  merged_into uuid,
  merged_at timestamp with time zone,
  deleted_at timestamp with time zone,
  constraint person_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint person_tenant_id_mode_merged_into_fkey FOREIGN KEY (tenant_id, mode, merged_into) REFERENCES person(tenant_id, mode, id),
  constraint person_check CHECK ((merged_into <> id)),
  constraint person_check1 CHECK (((merged_into IS NULL) = (merged_at IS NULL)))
);
alter table person enable row level security;
alter table person force row level security;

create table person_certificate (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  person_id uuid not null,
  kind text not null,
  certificate_hash bytea not null,
  provenance text not null,
  hop boolean default false not null,
  anchor text,
  not_after timestamp with time zone,
  holder_hash bytea,
  tenant_key_id uuid not null,
  sealed bytea not null,
  first_seen_at timestamp with time zone not null,
  presented_at timestamp with time zone,
  constraint person_certificate_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint person_certificate_tenant_id_mode_certificate_hash_key UNIQUE (tenant_id, mode, certificate_hash),
  constraint person_certificate_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint person_certificate_certificate_hash_check CHECK ((length(certificate_hash) = 32)),
  constraint person_certificate_check CHECK (((provenance = 'presented'::text) = (presented_at IS NOT NULL))),
  constraint person_certificate_check1 CHECK (((NOT hop) OR (provenance = 'linked'::text))),
  constraint person_certificate_holder_hash_check CHECK ((length(holder_hash) = 32)),
  constraint person_certificate_kind_check CHECK ((kind = ANY (ARRAY['sign'::text, 'auth'::text]))),
  constraint person_certificate_provenance_check CHECK ((provenance = ANY (ARRAY['presented'::text, 'linked'::text, 'counterpart'::text])))
);
alter table person_certificate enable row level security;
alter table person_certificate force row level security;

create table presentation (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  api_key_id uuid not null,
  decided_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  outcome outcome not null,
  facts jsonb not null,
  certificate_hash bytea not null,
  person_id uuid,
  constraint presentation_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint presentation_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint presentation_certificate_hash_check CHECK ((length(certificate_hash) = 32)),
  constraint presentation_check CHECK (((person_id IS NOT NULL) OR ((outcome <> 'valid'::outcome) AND (NOT (facts ? 'revocation'::text)))))
);
alter table presentation enable row level security;
alter table presentation force row level security;

create table price_plan (
  tenant_id uuid not null,
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint price_plan_pkey PRIMARY KEY (tenant_id, mode, valid_from),
  constraint price_plan_approval_id_key UNIQUE (approval_id),
  constraint price_plan_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode)
);
alter table price_plan enable row level security;
alter table price_plan force row level security;

create table quota_use (
  tenant_id uuid not null,
  mode tenant_mode not null,
  endpoint_class text not null,
  month date not null,
  reserved bigint not null,
  constraint quota_use_pkey PRIMARY KEY (tenant_id, mode, endpoint_class, month),
  constraint quota_use_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode),
  constraint quota_use_endpoint_class_check CHECK ((endpoint_class = ANY (ARRAY['verification'::text, 'challenge'::text, 'jlis_service'::text, 'read'::text, 'manage'::text]))),
  constraint quota_use_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
  constraint quota_use_reserved_check CHECK ((reserved >= 0))
) with (fillfactor=50);
alter table quota_use enable row level security;
alter table quota_use force row level security;

create table receipt_key (
  mode tenant_mode not null,
  id text not null,
  public_key bytea not null,
  published_at timestamp with time zone default clock_timestamp() not null,
  constraint receipt_key_pkey PRIMARY KEY (mode, id),
  constraint receipt_key_public_key_key UNIQUE (public_key),
  constraint receipt_key_id_check CHECK ((id ~ '^[A-Za-z0-9_-]{1,32}$'::text))
);

create table retention_progress (
  only_row boolean default true not null,
  looked_until timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint retention_progress_pkey PRIMARY KEY (only_row),
  constraint retention_progress_only_row_check CHECK (only_row)
);

create table retention_rule (
  kind text not null,
  valid_from timestamp with time zone not null,
  keep interval not null,
  ground text not null,
  constraint retention_rule_pkey PRIMARY KEY (kind, valid_from),
  constraint retention_rule_ground_check CHECK (((length(ground) >= 1) AND (length(ground) <= 300))),
  constraint retention_rule_keep_check CHECK ((keep >= '1 year'::interval)),
  constraint retention_rule_kind_check CHECK ((kind = ANY (ARRAY['verification'::text, 'consent'::text, 'status_sweep'::text, 'presentation'::text])))
);

create table revocation_epoch (
  mode tenant_mode not null,
  epoch bigint default 0 not null,
  constraint revocation_epoch_pkey PRIMARY KEY (mode)
);

create table revocation_source (
  mode tenant_mode not null,
  hierarchy text not null,
  crl_index_url text not null,
  layout text not null,
  ocsp_url text,
  nightly_minute smallint default 180 not null,
  enabled boolean default true not null,
  last_attempt_at timestamp with time zone,
  last_listed_at timestamp with time zone,
  skipped integer default 0 not null,
  failures integer default 0 not null,
  last_failure text,
  constraint revocation_source_pkey PRIMARY KEY (mode, hierarchy),
  constraint revocation_source_crl_index_url_check CHECK ((length(crl_index_url) <= 2000)),
  constraint revocation_source_hierarchy_check CHECK ((hierarchy = ANY (ARRAY['sign'::text, 'auth'::text]))),
  constraint revocation_source_layout_check CHECK ((layout = ANY (ARRAY['full'::text, 'partitioned'::text]))),
  constraint revocation_source_nightly_minute_check CHECK (((nightly_minute >= 0) AND (nightly_minute <= 1439))),
  constraint revocation_source_ocsp_url_check CHECK ((length(ocsp_url) <= 2000))
);

create table schema_migration (
  id integer default nextval('schema_migration_id_seq'::regclass) not null,
  "timestamp" bigint not null,
  name character varying not null,
  constraint "PK_0edff5015b71cc0389ae0f4b9a1" PRIMARY KEY (id)
);

create table serial_linkage (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid not null,
  state text not null,
  detail text,
  person_id uuid,
  certificate_id uuid,
  previous_certificate_id uuid,
  source text,
  consent_id uuid,
  attempts integer default 0 not null,
  next_attempt_at timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint serial_linkage_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint serial_linkage_tenant_id_mode_consent_id_fkey FOREIGN KEY (tenant_id, mode, consent_id) REFERENCES consent(tenant_id, mode, id),
  constraint serial_linkage_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint serial_linkage_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint serial_linkage_check CHECK (((state = 'pending'::text) = (next_attempt_at IS NOT NULL))),
  constraint serial_linkage_check1 CHECK (((state <> 'pending'::text) OR ((consent_id IS NOT NULL) AND (certificate_id IS NOT NULL)))),
  constraint serial_linkage_check2 CHECK (((state = 'linked'::text) = (source IS NOT NULL))),
  constraint serial_linkage_detail_check CHECK (((length(detail) >= 1) AND (length(detail) <= 100))),
  constraint serial_linkage_source_check CHECK ((source = ANY (ARRAY['own_record'::text, 'jlis'::text]))),
  constraint serial_linkage_state_check CHECK ((state = ANY (ARRAY['linked'::text, 'pending'::text, 'not_found'::text, 'consent_required'::text, 'ambiguous'::text, 'severed'::text])))
);
alter table serial_linkage enable row level security;
alter table serial_linkage force row level security;

create table sign_in_backoff (
  subject_sha256 bytea not null,
  failures integer not null,
  blocked_until timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint sign_in_backoff_pkey PRIMARY KEY (subject_sha256),
  constraint sign_in_backoff_subject_sha256_check CHECK ((length(subject_sha256) = 32))
);

create table statement (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  month text not null,
  content text not null,
  content_sha256 bytea not null,
  contract_yen bigint not null,
  jlis_yen bigint not null,
  billed_yen bigint not null,
  written_at timestamp with time zone default clock_timestamp() not null,
  constraint statement_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint statement_tenant_id_mode_month_key UNIQUE (tenant_id, mode, month),
  constraint statement_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode),
  constraint statement_check CHECK ((content_sha256 = sha256(convert_to(content, 'UTF8'::name))))
);
alter table statement enable row level security;
alter table statement force row level security;

create table status_change (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_id uuid not null,
  crl_id bigint not null,
  event_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint status_change_pkey PRIMARY KEY (tenant_id, mode, certificate_id, crl_id),
  constraint status_change_tenant_id_mode_certificate_id_fkey FOREIGN KEY (tenant_id, mode, certificate_id) REFERENCES person_certificate(tenant_id, mode, id) ON DELETE CASCADE
);
alter table status_change enable row level security;
alter table status_change force row level security;

create table status_notice (
  tenant_id uuid not null,
  mode tenant_mode not null,
  person_id uuid not null,
  day date not null,
  event_id uuid not null,
  constraint status_notice_pkey PRIMARY KEY (tenant_id, mode, person_id, day)
);
alter table status_notice enable row level security;
alter table status_notice force row level security;

create table status_sweep (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  api_key_id uuid not null,
  selection text not null,
  not_checked_since timestamp with time zone,
  certificates text not null,
  method text not null,
  state text default 'queued'::text not null,
  created_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  began_at timestamp with time zone,
  ended_at timestamp with time zone,
  checked_at timestamp with time zone,
  crl_epoch bigint,
  snapshot jsonb,
  total integer,
  done integer default 0 not null,
  last_person uuid,
  summary jsonb default '{}'::jsonb not null,
  rejected integer default 0 not null,
  failure text,
  results_erased_at timestamp with time zone,
  results_left boolean default true not null,
  constraint status_sweep_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint status_sweep_certificates_check CHECK ((certificates = ANY (ARRAY['auth'::text, 'sign'::text, 'both'::text]))),
  constraint status_sweep_check CHECK (((done >= 0) AND (done <= total))),
  constraint status_sweep_check1 CHECK (((selection = 'not_checked_since'::text) = (not_checked_since IS NOT NULL))),
  constraint status_sweep_check2 CHECK (((state = 'queued'::text) <= (began_at IS NULL))),
  constraint status_sweep_check3 CHECK ((((began_at IS NULL) = (checked_at IS NULL)) AND ((began_at IS NULL) = (total IS NULL)))),
  constraint status_sweep_check4 CHECK ((((crl_epoch IS NULL) = ((began_at IS NULL) OR (method = 'ocsp'::text))) AND ((crl_epoch IS NULL) = (snapshot IS NULL)))),
  constraint status_sweep_check5 CHECK (((state = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
  constraint status_sweep_check6 CHECK (((state = 'failed'::text) = (failure IS NOT NULL))),
  constraint status_sweep_check7 CHECK (((state <> 'completed'::text) OR (began_at IS NOT NULL))),
  constraint status_sweep_check8 CHECK (((results_erased_at IS NULL) OR (ended_at IS NOT NULL))),
  constraint status_sweep_check9 CHECK ((results_left OR (results_erased_at IS NOT NULL))),
  constraint status_sweep_method_check CHECK ((method = ANY (ARRAY['crl'::text, 'ocsp'::text]))),
  constraint status_sweep_selection_check CHECK ((selection = ANY (ARRAY['all'::text, 'not_checked_since'::text, 'persons'::text, 'references'::text]))),
  constraint status_sweep_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
  constraint status_sweep_total_check CHECK ((total >= 0))
);
alter table status_sweep enable row level security;
alter table status_sweep force row level security;

create table status_sweep_person (
  tenant_id uuid not null,
  mode tenant_mode not null,
  sweep_id uuid not null,
  person_id uuid not null,
  line integer,
  reference text,
  constraint status_sweep_person_pkey PRIMARY KEY (tenant_id, mode, sweep_id, person_id)
);
alter table status_sweep_person enable row level security;
alter table status_sweep_person force row level security;

create table status_sweep_rejection (
  tenant_id uuid not null,
  mode tenant_mode not null,
  sweep_id uuid not null,
  line integer not null,
  code text not null,
  first_line integer,
  constraint status_sweep_rejection_pkey PRIMARY KEY (tenant_id, mode, sweep_id, line),
  constraint status_sweep_rejection_line_check CHECK ((line > 0))
);
alter table status_sweep_rejection enable row level security;
alter table status_sweep_rejection force row level security;

create table status_sweep_result (
  tenant_id uuid not null,
  mode tenant_mode not null,
  sweep_id uuid not null,
  person_id uuid not null,
  conclusion text not null,
  alive_as_of timestamp with time zone,
  since timestamp with time zone,
  checked_at timestamp with time zone not null,
  certificates jsonb not null,
  sign_certificate_id uuid,
  auth_certificate_id uuid,
  constraint status_sweep_result_pkey PRIMARY KEY (tenant_id, mode, sweep_id, person_id)
);
alter table status_sweep_result enable row level security;
alter table status_sweep_result force row level security;

create table status_watch (
  tenant_id uuid not null,
  mode tenant_mode not null,
  epoch bigint not null,
  day date,
  constraint status_watch_pkey PRIMARY KEY (tenant_id, mode),
  constraint status_watch_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode)
);
alter table status_watch enable row level security;
alter table status_watch force row level security;

create table tax_setting (
  mode tenant_mode not null,
  valid_from date not null,
  terms jsonb not null,
  approval_id uuid,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint tax_setting_pkey PRIMARY KEY (mode, valid_from),
  constraint tax_setting_approval_id_key UNIQUE (approval_id),
  constraint tax_setting_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id)
);

create table tenant (
  id uuid not null,
  name text not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  state tenant_state default 'test'::tenant_state not null,
  state_since timestamp with time zone default clock_timestamp() not null,
  suspended_from tenant_state,
  notified_on date,
  notification_reference text,
  go_live_approval_id uuid,
  terminated_at timestamp with time zone,
  constraint tenant_pkey PRIMARY KEY (id),
  constraint tenant_go_live_approval_id_key UNIQUE (go_live_approval_id),
  constraint tenant_go_live_approval_id_fkey FOREIGN KEY (go_live_approval_id) REFERENCES approval(id),
  constraint tenant_go_live_is_approved CHECK (((state <> 'live'::tenant_state) OR (go_live_approval_id IS NOT NULL))),
  constraint tenant_is_notified CHECK (((state <> ALL (ARRAY['notified'::tenant_state, 'live'::tenant_state])) OR (notified_on IS NOT NULL))),
  constraint tenant_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  constraint tenant_notification CHECK (((notified_on IS NULL) = (notification_reference IS NULL))),
  constraint tenant_notification_reference_check CHECK (((length(notification_reference) >= 1) AND (length(notification_reference) <= 100))),
  constraint tenant_suspended_from CHECK (((state = 'suspended'::tenant_state) = (suspended_from IS NOT NULL))),
  constraint tenant_suspended_from_check CHECK ((suspended_from = ANY (ARRAY['test'::tenant_state, 'notified'::tenant_state, 'live'::tenant_state]))),
  constraint tenant_terminated_at CHECK (((state = 'terminated'::tenant_state) = (terminated_at IS NOT NULL)))
);
alter table tenant enable row level security;
alter table tenant force row level security;

create table tenant_application (
  tenant_id uuid not null,
  kind text not null,
  legal_name text not null,
  legal_name_kana text not null,
  corporate_number text,
  address text not null,
  service_name text not null,
  purpose_of_use text not null,
  signature_verifications_a_month integer not null,
  authentications_a_month integer not null,
  invoice_registration_number text,
  contacts bytea not null,
  contacts_ring_key text not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint tenant_application_pkey PRIMARY KEY (tenant_id),
  constraint tenant_application_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint tenant_application_address_check CHECK (((length(address) >= 1) AND (length(address) <= 300))),
  constraint tenant_application_authentications_a_month_check CHECK ((authentications_a_month >= 0)),
  constraint tenant_application_check CHECK (((kind = 'corporation'::text) = (corporate_number IS NOT NULL))),
  constraint tenant_application_corporate_number_check CHECK ((corporate_number ~ '^[1-9][0-9]{12}$'::text)),
  constraint tenant_application_invoice_registration_number_check CHECK ((invoice_registration_number ~ '^T[1-9][0-9]{12}$'::text)),
  constraint tenant_application_kind_check CHECK ((kind = ANY (ARRAY['corporation'::text, 'other'::text]))),
  constraint tenant_application_legal_name_check CHECK (((length(legal_name) >= 1) AND (length(legal_name) <= 200))),
  constraint tenant_application_legal_name_kana_check CHECK (((length(legal_name_kana) >= 1) AND (length(legal_name_kana) <= 200))),
  constraint tenant_application_purpose_of_use_check CHECK (((length(purpose_of_use) >= 1) AND (length(purpose_of_use) <= 1000))),
  constraint tenant_application_service_name_check CHECK (((length(service_name) >= 1) AND (length(service_name) <= 200))),
  constraint tenant_application_signature_verifications_a_month_check CHECK ((signature_verifications_a_month >= 0))
);

create table tenant_key (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  ring_key_id text not null,
  wrapped bytea not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint tenant_key_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint tenant_key_tenant_id_mode_fkey FOREIGN KEY (tenant_id, mode) REFERENCES contract(tenant_id, mode)
);
alter table tenant_key enable row level security;
alter table tenant_key force row level security;

create table test_clock (
  only_row boolean default true not null,
  offset_ms bigint default 0 not null,
  constraint test_clock_pkey PRIMARY KEY (only_row),
  constraint test_clock_only_row_check CHECK (only_row)
);

create table trust_anchor (
  mode tenant_mode not null,
  fingerprint bytea not null,
  hierarchy text not null,
  generation text not null,
  certificate bytea not null,
  imported_by text not null,
  imported_at timestamp with time zone default clock_timestamp() not null,
  approval_id uuid,
  constraint trust_anchor_pkey PRIMARY KEY (mode, fingerprint),
  constraint trust_anchor_approval_id_key UNIQUE (approval_id),
  constraint trust_anchor_mode_hierarchy_fingerprint_key UNIQUE (mode, hierarchy, fingerprint),
  constraint trust_anchor_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id),
  constraint live_anchor_is_approved CHECK (((mode <> 'live'::tenant_mode) OR (approval_id IS NOT NULL))) NOT VALID,
  constraint live_never_trusts_test CHECK (((mode <> 'live'::tenant_mode) OR (POSITION(('\x4a504b492d54455354'::bytea) IN (certificate)) = 0))),
  constraint trust_anchor_check CHECK ((fingerprint = sha256(certificate))),
  constraint trust_anchor_generation_check CHECK (((length(generation) >= 1) AND (length(generation) <= 40))),
  constraint trust_anchor_hierarchy_check CHECK ((hierarchy = ANY (ARRAY['sign'::text, 'auth'::text])))
);

create table usage_event (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid,
  meter text not null,
  method text not null,
  purpose text not null,
  outcome outcome not null,
  billable boolean not null,
  certificate_kind text not null,
  certificate_hash bytea not null,
  occurred_at timestamp with time zone not null,
  source text default 'verification'::text not null,
  source_id uuid,
  person_id uuid,
  recorded_at timestamp with time zone default clock_timestamp(),
  xact xid8 default pg_current_xact_id(),
  constraint usage_event_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint usage_event_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint indeterminate_is_never_billable CHECK (((outcome <> 'indeterminate'::outcome) OR (NOT billable))),
  constraint usage_event_certificate_hash_check CHECK ((length(certificate_hash) = 32)),
  constraint usage_event_certificate_kind_check CHECK ((certificate_kind = ANY (ARRAY['sign'::text, 'auth'::text]))),
  constraint usage_event_check CHECK (((source = 'verification'::text) = (verification_id IS NOT NULL))),
  constraint usage_event_check1 CHECK (((source = 'verification'::text) = (source_id IS NULL))),
  constraint usage_event_check2 CHECK (((method = 'service'::text) = (meter = ANY (ARRAY['counterpart_delivered'::text, 'attributes_delivered'::text])))),
  constraint usage_event_meter_check CHECK ((meter = ANY (ARRAY['sign_check'::text, 'auth_check'::text, 'counterpart_delivered'::text, 'attributes_delivered'::text]))),
  constraint usage_event_method_check CHECK ((method = ANY (ARRAY['crl'::text, 'ocsp'::text, 'service'::text]))),
  constraint usage_event_purpose_check CHECK ((purpose = ANY (ARRAY['signature_verification'::text, 'authentication'::text, 'status_check'::text, 'identification'::text, 'attribute_update'::text, 'reverification'::text]))),
  constraint usage_event_source_check CHECK ((source = ANY (ARRAY['verification'::text, 'counterpart_lookup'::text, 'attribute_update'::text, 'status_check'::text, 'reverification'::text, 'presentation'::text])))
);
alter table usage_event enable row level security;
alter table usage_event force row level security;

create table verification (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  kind text not null,
  api_key_id uuid not null,
  decided_at timestamp with time zone not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  outcome outcome not null,
  reason_code text,
  verdict jsonb not null,
  certificate_kind text not null,
  certificate_hash bytea not null,
  reference text,
  challenge_id uuid,
  tenant_key_id uuid not null,
  evidence bytea,
  erased_at timestamp with time zone,
  hidden boolean default false not null,
  constraint verification_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint verification_certificate_hash_check CHECK ((length(certificate_hash) = 32)),
  constraint verification_certificate_kind_check CHECK ((certificate_kind = ANY (ARRAY['sign'::text, 'auth'::text]))),
  constraint verification_check CHECK (((outcome = 'valid'::outcome) = (reason_code IS NULL))),
  constraint verification_check1 CHECK (((kind = 'authentication'::text) = (challenge_id IS NOT NULL))),
  constraint verification_check2 CHECK (((evidence IS NULL) = (erased_at IS NOT NULL))),
  constraint verification_kind_check CHECK ((kind = ANY (ARRAY['signature'::text, 'authentication'::text]))),
  constraint verification_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 128)))
) with (toast_tuple_target=8160);
alter table verification enable row level security;
alter table verification force row level security;

create table verification_person (
  tenant_id uuid not null,
  mode tenant_mode not null,
  verification_id uuid not null,
  state text not null,
  person_id uuid,
  person_is_new boolean default false not null,
  serial_linkage_id uuid,
  counterpart_lookup_id uuid,
  status jsonb,
  constraint verification_person_pkey PRIMARY KEY (tenant_id, mode, verification_id),
  constraint verification_person_tenant_id_mode_person_id_fkey FOREIGN KEY (tenant_id, mode, person_id) REFERENCES person(tenant_id, mode, id),
  constraint verification_person_tenant_id_mode_verification_id_fkey FOREIGN KEY (tenant_id, mode, verification_id) REFERENCES verification(tenant_id, mode, id),
  constraint verification_person_check CHECK ((((state = 'severed'::text) = (person_id IS NULL)) OR (state = 'ambiguous'::text))),
  constraint verification_person_state_check CHECK ((state = ANY (ARRAY['identified'::text, 'severed'::text, 'ambiguous'::text])))
);
alter table verification_person enable row level security;
alter table verification_person force row level security;

create table webhook_attempt (
  tenant_id uuid not null,
  mode tenant_mode not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  id uuid not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  duration_ms integer not null,
  status smallint,
  failure text,
  tenant_key_id uuid,
  sealed_head bytea,
  constraint webhook_attempt_pkey PRIMARY KEY (tenant_id, mode, endpoint_id, event_id, id),
  constraint webhook_attempt_tenant_id_mode_tenant_key_id_fkey FOREIGN KEY (tenant_id, mode, tenant_key_id) REFERENCES tenant_key(tenant_id, mode, id),
  constraint webhook_attempt_check CHECK (((tenant_key_id IS NULL) = (sealed_head IS NULL))),
  constraint webhook_attempt_failure_check CHECK ((failure ~ '^[a-z_]{1,40}$'::text))
);
alter table webhook_attempt enable row level security;
alter table webhook_attempt force row level security;

create table webhook_delivery (
  tenant_id uuid not null,
  mode tenant_mode not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  sequence bigint,
  state text default 'pending'::text not null,
  attempts smallint default 0 not null,
  first_attempt_at timestamp with time zone,
  due_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  claim uuid,
  created_at timestamp with time zone default clock_timestamp() not null,
  finished_at timestamp with time zone,
  constraint webhook_delivery_pkey PRIMARY KEY (tenant_id, mode, endpoint_id, event_id),
  constraint webhook_delivery_check CHECK (((state = 'pending'::text) = (finished_at IS NULL))),
  constraint webhook_delivery_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'cancelled'::text])))
);
alter table webhook_delivery enable row level security;
alter table webhook_delivery force row level security;

create table webhook_endpoint (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  url text not null,
  description text default ''::text not null,
  event_types text[],
  enabled boolean default true not null,
  disabled_reason text,
  disabled_at timestamp with time zone,
  failing_since timestamp with time zone,
  last_success_at timestamp with time zone,
  last_failure_at timestamp with time zone,
  last_sequence bigint default 0 not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  deleted_at timestamp with time zone,
  constraint webhook_endpoint_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint webhook_endpoint_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint webhook_endpoint_check CHECK (((disabled_at IS NULL) = enabled)),
  constraint webhook_endpoint_check1 CHECK (((disabled_reason IS NULL) OR (NOT enabled))),
  constraint webhook_endpoint_description_check CHECK ((length(description) <= 200)),
  constraint webhook_endpoint_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['failing'::text, 'gone'::text]))),
  constraint webhook_endpoint_event_types_check CHECK ((((cardinality(event_types) >= 1) AND (cardinality(event_types) <= 100)) AND (array_position(event_types, NULL::text) IS NULL))),
  constraint webhook_endpoint_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2048)))
);
alter table webhook_endpoint enable row level security;
alter table webhook_endpoint force row level security;

create table webhook_replay (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  endpoint_id uuid not null,
  events integer not null,
  recorded_at timestamp with time zone default clock_timestamp() not null,
  constraint webhook_replay_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint webhook_replay_tenant_id_mode_endpoint_id_fkey FOREIGN KEY (tenant_id, mode, endpoint_id) REFERENCES webhook_endpoint(tenant_id, mode, id),
  constraint webhook_replay_events_check CHECK ((events >= 0))
);
alter table webhook_replay enable row level security;
alter table webhook_replay force row level security;

create table webhook_secret (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  endpoint_id uuid not null,
  tenant_key_id uuid not null,
  sealed bytea not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone,
  constraint webhook_secret_pkey PRIMARY KEY (tenant_id, mode, id),
  constraint webhook_secret_tenant_id_mode_endpoint_id_fkey FOREIGN KEY (tenant_id, mode, endpoint_id) REFERENCES webhook_endpoint(tenant_id, mode, id),
  constraint webhook_secret_tenant_id_mode_tenant_key_id_fkey FOREIGN KEY (tenant_id, mode, tenant_key_id) REFERENCES tenant_key(tenant_id, mode, id)
);
alter table webhook_secret enable row level security;
alter table webhook_secret force row level security;

-- Indexes and views

CREATE INDEX age_check_certificate ON public.age_check USING btree (tenant_id, mode, certificate_hash, year);
CREATE INDEX age_check_person ON public.age_check USING btree (tenant_id, mode, person_id, year) WHERE (person_id IS NOT NULL);
CREATE UNIQUE INDEX api_key_rotated ON public.api_key USING btree (tenant_id, mode, rotated_from) WHERE (rotated_from IS NOT NULL);
CREATE UNIQUE INDEX approval_open ON public.approval USING btree (kind, subject) WHERE (state = ANY (ARRAY['proposed'::text, 'approved'::text]));
CREATE INDEX attribute_update_result_person ON public.attribute_update_result USING btree (tenant_id, mode, person_id, decided_at);
CREATE INDEX audit_event_proposal ON public.audit_event USING btree (COALESCE(((detail -> 'after'::text) ->> 'tenant_id'::text), substr((detail ->> 'subject'::text), 8))) WHERE (action = 'approval.propose'::text);
CREATE INDEX audit_event_target ON public.audit_event USING btree (target, id);
CREATE INDEX audit_event_tenant ON public.audit_event USING btree (tenant_id, mode, id) WHERE (tenant_id IS NOT NULL);
CREATE INDEX audit_event_xact ON public.audit_event USING btree (xact, id);
CREATE UNIQUE INDEX certificate_link_one_newer ON public.certificate_link USING btree (tenant_id, mode, from_id) WHERE (relation = 'renewal'::text);
CREATE UNIQUE INDEX certificate_link_one_older ON public.certificate_link USING btree (tenant_id, mode, to_id) WHERE (relation = 'renewal'::text);
CREATE INDEX certificate_link_to ON public.certificate_link USING btree (tenant_id, mode, to_id);
CREATE UNIQUE INDEX consent_jlis ON public.consent USING btree (tenant_id, mode, jlis_consent_id) WHERE (jlis_consent_id IS NOT NULL);
CREATE INDEX consent_person ON public.consent USING btree (tenant_id, mode, person_id, purpose);
CREATE INDEX consent_recorded ON public.consent USING btree (recorded_at);
CREATE INDEX crl_accepted ON public.crl USING btree (mode, partition_id, accepted_at) INCLUDE (entry_count);
CREATE INDEX crl_change_list ON public.crl_change USING btree (mode, crl_id);
CREATE INDEX crl_epoch ON public.crl USING btree (mode, epoch);
CREATE INDEX crl_partition_epoch ON public.crl_partition USING btree (mode, epoch);
CREATE INDEX crl_sha256 ON public.crl USING btree (mode, sha256);
CREATE INDEX event_order ON public.event USING btree (tenant_id, mode, xact, id);
CREATE INDEX event_recorded ON public.event USING btree (tenant_id, mode, recorded_at);
CREATE INDEX invoice_dispatch_of ON public.invoice_dispatch USING btree (tenant_id, mode, invoice_id, id);
CREATE UNIQUE INDEX invoice_draft_open ON public.invoice_draft USING btree (tenant_id, mode, statement_id) WHERE (state = 'open'::text);
CREATE INDEX invoice_issued ON public.invoice USING btree (mode, issued_on, id);
CREATE INDEX invoice_month ON public.invoice USING btree (mode, month);
CREATE INDEX invoice_of_statement ON public.invoice USING btree (tenant_id, mode, statement_id);
CREATE INDEX invoice_total ON public.invoice USING btree (mode, total_yen, id);
CREATE INDEX jlis_reconciliation_month ON public.jlis_reconciliation USING btree (mode, month, made_at);
CREATE INDEX legal_hold_open ON public.legal_hold USING btree (tenant_id, mode) WHERE (lifted_at IS NULL);
CREATE INDEX operator_session_open ON public.operator_session USING btree (operator_id) WHERE (ended_at IS NULL);
CREATE INDEX person_certificate_end ON public.person_certificate USING btree (tenant_id, mode, not_after) WHERE (NOT hop);
CREATE INDEX person_certificate_known ON public.person_certificate USING btree (tenant_id, mode, person_id, first_seen_at, id);
CREATE INDEX person_merged_into ON public.person USING btree (tenant_id, mode, merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX person_order ON public.person USING btree (tenant_id, mode, created_at, id) WHERE ((merged_into IS NULL) AND (deleted_at IS NULL));
CREATE INDEX presentation_recorded ON public.presentation USING btree (recorded_at);
CREATE INDEX serial_linkage_certificate ON public.serial_linkage USING btree (tenant_id, mode, certificate_id, id);
CREATE INDEX serial_linkage_due ON public.serial_linkage USING btree (mode, next_attempt_at) WHERE (state = 'pending'::text);
CREATE UNIQUE INDEX serial_linkage_one_pending ON public.serial_linkage USING btree (tenant_id, mode, certificate_id) WHERE (state = 'pending'::text);
CREATE INDEX sign_in_backoff_last ON public.sign_in_backoff USING btree (last_at);
CREATE INDEX statement_month ON public.statement USING btree (mode, month, tenant_id);
CREATE INDEX status_change_untold ON public.status_change USING btree (tenant_id, mode, certificate_id) WHERE (event_id IS NULL);
CREATE INDEX status_sweep_due ON public.status_sweep USING btree (mode, tenant_id, id) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));
CREATE INDEX status_sweep_to_erase ON public.status_sweep USING btree (ended_at) WHERE results_left;
CREATE INDEX tenant_created ON public.tenant USING btree (created_at, id);
CREATE INDEX tenant_name ON public.tenant USING btree (name, id);
CREATE UNIQUE INDEX usage_event_checked_person ON public.usage_event USING btree (tenant_id, mode, person_id, certificate_kind, occurred_at, source_id, certificate_hash) INCLUDE (id, meter, method, outcome, xact) WHERE ((purpose = 'status_check'::text) AND billable);
CREATE INDEX usage_event_occurred_at ON public.usage_event USING brin (occurred_at);
CREATE INDEX usage_event_of_tenant ON public.usage_event USING btree (tenant_id, mode, occurred_at, id);
CREATE INDEX usage_event_recorded_at ON public.usage_event USING brin (recorded_at);
CREATE UNIQUE INDEX usage_event_source ON public.usage_event USING btree (tenant_id, mode, source_id, meter, method, certificate_hash) WHERE ((source_id IS NOT NULL) AND (source <> 'status_check'::text));
CREATE INDEX usage_event_status_check ON public.usage_event USING brin (occurred_at) WHERE ((purpose = 'status_check'::text) AND (method = 'crl'::text));
CREATE UNIQUE INDEX usage_event_verification ON public.usage_event USING btree (tenant_id, mode, verification_id, meter, method) WHERE (verification_id IS NOT NULL);
CREATE INDEX verification_not_valid ON public.verification USING btree (tenant_id, mode, outcome, id) WHERE (outcome <> 'valid'::outcome);
CREATE INDEX verification_person_person ON public.verification_person USING btree (tenant_id, mode, person_id);
CREATE INDEX verification_recorded_at ON public.verification USING brin (recorded_at);
CREATE INDEX verification_reference ON public.verification USING btree (tenant_id, mode, reference, id) WHERE (reference IS NOT NULL);
CREATE INDEX webhook_attempt_started ON public.webhook_attempt USING brin (started_at);
CREATE INDEX webhook_delivery_due ON public.webhook_delivery USING btree (tenant_id, mode, endpoint_id, due_at, event_id) WHERE (state = 'pending'::text);
CREATE INDEX webhook_delivery_finished ON public.webhook_delivery USING brin (finished_at);
CREATE UNIQUE INDEX webhook_delivery_sequence ON public.webhook_delivery USING btree (tenant_id, mode, endpoint_id, sequence);
CREATE UNIQUE INDEX webhook_endpoint_id ON public.webhook_endpoint USING btree (id);
CREATE INDEX webhook_secret_endpoint ON public.webhook_secret USING btree (tenant_id, mode, endpoint_id);

-- Functions

CREATE OR REPLACE FUNCTION public.acting_api_key(maker_hash bytea)
 RETURNS SETOF api_key
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('api_keys:' || k.tenant_id || ':' || k.mode, 0))
  from api_key k where k.secret_sha256 = maker_hash;
  -- Read again: whoever held the lock may have revoked it.
  return query select k.* from api_key k join tenant t on t.id = k.tenant_id
  where k.secret_sha256 = maker_hash and k.revoked_at is null and 'admin' = any(k.scopes) and keys_work(t.state, k.mode)
    and (k.expires_at is null or k.expires_at > clock_timestamp());
end $function$
;
alter function acting_api_key(bytea) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.acting_operator(token_hash bytea)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select s.operator_id from operator_session s join operator_account a on a.id = s.operator_id
  where s.token_sha256 = token_hash and s.ended_at is null and s.second_factor and a.disabled_at is null
    and not a.password_expired and s.idle_until > clock_timestamp() and s.ends_at > clock_timestamp()
$function$
;
alter function acting_operator(bytea) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.acts_as_admin(token_hash bytea)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (select 1 from operator_account o where o.id = acting_operator(token_hash) and 'admin' = any (o.roles))
$function$
;

CREATE OR REPLACE FUNCTION public.add_answer_times(times jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  insert into answer_time as a (mode, hour, octave_eighth, answers)
  select t.mode, t.hour, t.octave_eighth, sum(t.answers)
  from jsonb_to_recordset(times) as t(mode tenant_mode, hour timestamptz, octave_eighth smallint, answers int)
  where t.hour between clock_timestamp() - interval '2 hours' and clock_timestamp() + interval '1 minute' and t.answers > 0
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (mode, hour, octave_eighth) do update set answers = a.answers + excluded.answers;
end $function$
;
alter function add_answer_times(jsonb) owner to shomei_counter;

CREATE OR REPLACE FUNCTION public.any_tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb)
 RETURNS TABLE(id uuid, occurred_at timestamp with time zone, meter text, method text, purpose text, outcome outcome, billable boolean, certificate_kind text, late boolean, jlis text, contract_again boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select * from tenant_usage(of_tenant, of_mode, starts, ends, seen, seen_before, seen_before_at, years, recognised, rules)
$function$
;
alter function any_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.api_key_excess(maker api_key, scopes text[], addresses cidr[], ends timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case
    when not scopes <@ maker.scopes then 'scopes'
    when cardinality(maker.allowed_addresses) > 0 and (cardinality(addresses) = 0 or exists (
      select 1 from unnest(addresses) a
      where not exists (select 1 from unnest(maker.allowed_addresses) m where a <<= m))) then 'addresses'
    when maker.expires_at is not null and (ends is null or ends > maker.expires_at) then 'life'
  end
$function$
;
alter function api_key_excess(api_key,text[],cidr[],timestamp with time zone) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.append_decided(decided json, evidence bytea)
 RETURNS TABLE(row_position integer, conflict text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  return query
  with input as materialized (
    select r.* from json_to_recordset(decided) as r(
      position int, key_hash text, id uuid, kind text, decided_at timestamptz, outcome outcome, reason_code text,
      verdict jsonb, certificate_kind text, certificate_hash text, reference text, challenge_id uuid,
      tenant_key_id uuid, evidence_offset int, evidence_length int,
      idempotency_hash text, request_hash text,
      audit_id uuid, request_id text, ip inet, usage json)
  ),
  owned as materialized (
    select i.*, k.tenant_id, k.mode, k.id as api_key_id,
      case
        when k.id is null then 'api_key_invalid'
        when not exists (select 1 from tenant_key t
          where t.tenant_id = k.tenant_id and t.mode = k.mode and t.id = i.tenant_key_id) then 'tenant_key_unknown'
        when i.challenge_id is not null and not exists (select 1 from challenge c
          where c.tenant_id = k.tenant_id and c.mode = k.mode and c.id = i.challenge_id) then 'challenge_unknown'
      end as refusal
    from input i
    left join api_key k on k.secret_sha256 = decode(i.key_hash, 'hex') and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())
  ),
  -- An undecided check leaves the challenge and the idempotency key free for another try.
  challenge_claim as (
    insert into challenge_use (tenant_id, mode, challenge_id, verification_id)
    select o.tenant_id, o.mode, o.challenge_id, o.id from owned o
    where o.refusal is null and o.challenge_id is not null and o.outcome <> 'indeterminate'
    order by o.tenant_id, o.mode, o.challenge_id
    on conflict do nothing returning challenge_use.verification_id
  ),
  unused as materialized (
    select o.*, o.challenge_id is null or o.outcome = 'indeterminate'
      or o.id in (select c.verification_id from challenge_claim c) as challenge_free
    from owned o where o.refusal is null
  ),
  idempotency_claim as (
    insert into idempotency_key (tenant_id, mode, key_sha256, request_sha256, resource, resource_id)
    select u.tenant_id, u.mode, decode(u.idempotency_hash, 'hex'), decode(u.request_hash, 'hex'), 'verification', u.id
    from unused u
    where u.challenge_free and u.idempotency_hash is not null and u.outcome <> 'indeterminate'
    order by u.tenant_id, u.mode, u.idempotency_hash
    on conflict do nothing returning idempotency_key.resource_id
  ),
  accepted as materialized (
    select u.*, case
        when u.idempotency_hash is null then true
        when u.outcome <> 'indeterminate' then u.id in (select c.resource_id from idempotency_claim c)
        else not exists (select 1 from idempotency_key k where k.tenant_id = u.tenant_id and k.mode = u.mode
          and k.key_sha256 = decode(u.idempotency_hash, 'hex'))
      end as key_free
    from unused u where u.challenge_free
  ),
  stored as (
    insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, reason_code, verdict,
      certificate_kind, certificate_hash, reference, challenge_id, tenant_key_id, evidence)
    select a.tenant_id, a.mode, a.id, a.kind, a.api_key_id, a.decided_at, a.outcome, a.reason_code, a.verdict,
      a.certificate_kind, decode(a.certificate_hash, 'hex'), a.reference, a.challenge_id, a.tenant_key_id,
      substring(evidence from a.evidence_offset + 1 for a.evidence_length)
    from accepted a where a.key_free
  ),
  metered as (
    insert into usage_event (tenant_id, mode, id, verification_id, meter, method, purpose, outcome, billable,
      certificate_kind, certificate_hash, occurred_at)
    select a.tenant_id, a.mode, e.id, a.id, e.meter, e.method, e.purpose, e.outcome, e.billable,
      a.certificate_kind, decode(a.certificate_hash, 'hex'), a.decided_at
    from accepted a, json_to_recordset(a.usage) as e(id uuid, meter text, method text, purpose text, outcome outcome, billable boolean)
    where a.key_free
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
    select a.audit_id, a.tenant_id, a.mode, 'api_key:' || a.api_key_id, 'verification.create', 'verification:' || a.id,
      a.request_id, a.ip, jsonb_build_object('outcome', a.outcome, 'reason', a.reason_code)
    from accepted a where a.key_free
  )
  select o.position, coalesce(o.refusal,
      case when not u.challenge_free then 'challenge_used' when not a.key_free then 'idempotency_key_used' end)
  from owned o left join unused u on u.id = o.id left join accepted a on a.id = o.id
  where o.refusal is not null or not u.challenge_free or not a.key_free;
end $function$
;
alter function append_decided(json,bytea) owner to shomei_door;

CREATE OR REPLACE FUNCTION public.approval_is_executed(wanted uuid, wanted_kind text, wanted_subject text, was jsonb, becomes jsonb)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (select 1 from approval a where a.id = wanted and a.state = 'executed' and a.kind = wanted_kind
    and a.subject = wanted_subject and a.before is not distinct from was and a.after = becomes)
$function$
;

CREATE OR REPLACE FUNCTION public.are_limits(limits jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.audit_backlog(since xid8)
 RETURNS TABLE(events bigint, oldest timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select count(*), min(w.recorded_at) from (
    select a.recorded_at from audit_event a
    where a.xact >= since and not exists (select 1 from audit_seal c where c.event_id = a.id)
    limit 100000) w
$function$
;
alter function audit_backlog(xid8) owner to shomei_audit_sealer;

CREATE OR REPLACE FUNCTION public.begin_month_close(of_mode tenant_mode, of_month text, actor text, OUT refusal text, OUT expected text, OUT begun boolean)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;
alter function begin_month_close(tenant_mode,text,text) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.change_operator_password(account uuid, present_key bytea, new_hash text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if not coalesce(is_password_key(account, present_key), false) then return false; end if;
  update operator_account set password_hash = new_hash, password_expired = false where id = account;
  return true;
end $function$
;
alter function change_operator_password(uuid,bytea,text) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.check_invoice_files()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if (select count(*) from invoice_file f where f.tenant_id = new.tenant_id and f.mode = new.mode
      and f.invoice_id = new.id) <> 3 then
    raise exception 'an invoice without its files' using errcode = '23514', constraint = 'invoice_has_files';
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.check_number_is_used()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if not exists (select 1 from invoice i where i.mode = new.mode and i.series = new.series
      and i.series_number = new.last_number) then
    raise exception 'a number without an invoice' using errcode = '23514', constraint = 'invoice_number';
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.clock_of(of_mode tenant_mode)
 RETURNS timestamp with time zone
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select clock_timestamp() + case when of_mode = 'test'
    then coalesce((select make_interval(secs => t.offset_ms / 1000.0) from test_clock t), interval '0') else interval '0' end
$function$
;

CREATE OR REPLACE FUNCTION public.connection_test(of_tenant uuid)
 RETURNS TABLE(shows text, verification_id uuid, recorded_at timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with expected as (
    select coalesce(max(a.signature_verifications_a_month), 0) as signatures,
      coalesce(max(a.authentications_a_month), 0) as authentications
    from tenant_application a where a.tenant_id = of_tenant
  )
  select 'valid_signature', v.id, v.recorded_at
  from expected e left join lateral (select v.id, v.recorded_at from verification v
    where v.tenant_id = of_tenant and v.mode = 'test' and v.outcome = 'valid' and v.kind = 'signature'
    order by v.id limit 1) v on true
  where e.signatures > 0 or e.authentications = 0
  union all
  select 'valid_authentication', v.id, v.recorded_at
  from expected e left join lateral (select v.id, v.recorded_at from verification v
    where v.tenant_id = of_tenant and v.mode = 'test' and v.outcome = 'valid' and v.kind = 'authentication'
    order by v.id limit 1) v on true
  where e.authentications > 0
  union all
  select 'invalid', v.id, v.recorded_at
  from expected e left join lateral (select v.id, v.recorded_at from verification v
    where v.tenant_id = of_tenant and v.mode = 'test' and v.outcome = 'invalid'
    order by v.id limit 1) v on true
$function$
;

CREATE OR REPLACE FUNCTION public.contract_features(c contract)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select jsonb_build_object('revocation_methods', c.revocation_methods, 'identify', c.identify, 'counterpart', c.counterpart,
    'latest_attributes', c.latest_attributes, 'pinless_status', c.pinless_status, 'allowed_ages', c.allowed_ages,
    'age_dates', c.age_dates, 'age_questions_a_year', c.age_questions_a_year,
    'age_legal_day_inclusive', c.age_legal_day_inclusive, 'change_events', c.change_events, 'disclosure', c.disclosure,
    'sign_up_consent_version', c.sign_up_consent_version, 'sign_up_consent_purposes', c.sign_up_consent_purposes)
$function$
;

CREATE OR REPLACE FUNCTION public.contracts_to_bill(of_mode tenant_mode)
 RETURNS TABLE(tenant_id uuid, terminated_at timestamp with time zone, valid_from date, terms jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select p.tenant_id, t.terminated_at, p.valid_from, p.terms from price_plan p join tenant t on t.id = p.tenant_id
  where p.mode = of_mode order by p.tenant_id, p.valid_from
$function$
;
alter function contracts_to_bill(tenant_mode) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.count_checks(up_to integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  since xid8;
  ended_below xid8;
  stop_below xid8;
  began timestamptz := clock_timestamp();
begin
  select p.counted_below into since from check_count_progress p for update;
  ended_below := pg_snapshot_xmin(pg_current_snapshot());
  select a.xact into stop_below from audit_event a where a.xact > since and a.xact < ended_below
  order by a.xact, a.id offset least(greatest(up_to, 1), 100000) limit 1;
  stop_below := coalesce(stop_below, ended_below);
  if stop_below <= since then return false; end if;
  insert into check_count as c (mode, hour, kind, outcome, checks)
  select v.mode, date_trunc('hour', v.recorded_at, 'UTC'), v.kind, v.outcome, count(*)
  from (
    select e.tenant_id, e.mode, case when e.action = 'verification.create' then substr(e.target, 14)::uuid end as id
    from audit_event e where e.xact >= since and e.xact < stop_below and e.action = 'verification.create'
  ) a
  join verification v on v.tenant_id = a.tenant_id and v.mode = a.mode and v.id = a.id
  group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (mode, hour, kind, outcome) do update set checks = c.checks + excluded.checks;
  update check_count_progress set counted_below = stop_below,
    counted_at = case when stop_below = ended_below then began else counted_at end;
  return stop_below < ended_below;
end $function$
;
alter function count_checks(integer) owner to shomei_counter;

CREATE OR REPLACE FUNCTION public.current_mode()
 RETURNS tenant_mode
 LANGUAGE sql
 STABLE
AS $function$ select nullif(current_setting('app.mode', true), '')::tenant_mode $function$
;

CREATE OR REPLACE FUNCTION public.current_tenant()
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$ select nullif(current_setting('app.tenant_id', true), '')::uuid $function$
;

CREATE OR REPLACE FUNCTION public.data_export_page(token_hash bytea, export uuid, kind text, after uuid, up_to integer)
 RETURNS TABLE(id uuid, line text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  nil constant uuid := '00000000-0000-0000-0000-000000000000';
  who uuid := acting_operator(token_hash);
begin
  if who is null or not exists (select 1 from operator_account a
    where a.id = who and a.roles && array['admin', 'onboarding']) or not exists (select 1 from audit_event e
      where e.id = export and e.tenant_id = current_tenant() and e.mode = current_mode()
        and e.action = 'tenant.data_export_open' and e.actor = 'operator:' || who
        and length(e.detail ->> 'reason') between 3 and 500
        and e.xact is distinct from pg_current_xact_id_if_assigned()
        and e.recorded_at > clock_timestamp() - interval '1 hour') then
    raise exception 'no export is open' using errcode = '42501';
  end if;
  if up_to is null or up_to not between 1 and 1000 then
    raise exception 'a page has 1 to 1000 lines' using errcode = '22023';
  end if;
  case kind
  when 'api_key' then
    return query select x.id, json_build_object('kind', 'api_key', 'id', 'key_' || replace(x.id::text, '-', ''), 'name', x.name, 'last_four', x.last_four, 'scopes', x.scopes, 'allowed_addresses', x.allowed_addresses::text[], 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'expires_at', to_char(x.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'revoked_at', to_char(x.revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'made_by', 'key_' || replace(x.made_by::text, '-', ''), 'rotated_from', 'key_' || replace(x.rotated_from::text, '-', ''), 'last_used_at', to_char(x.last_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from api_key x 
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) 
    order by x.id limit up_to;
  when 'person' then
    return query select x.id, json_build_object('kind', 'person', 'id', 'per_' || replace(x.id::text, '-', ''), 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'merged_into', 'per_' || replace(x.merged_into::text, '-', ''), 'merged_at', to_char(x.merged_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from person x 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null
    order by x.id limit up_to;
  when 'certificate' then
    return query select x.id, json_build_object('kind', 'certificate', 'id', 'crt_' || replace(x.id::text, '-', ''), 'person_id', 'per_' || replace(s.id::text, '-', ''), 'certificate_kind', x.kind, 'provenance', x.provenance, 'anchor', x.anchor, 'not_after', to_char(x.not_after at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'first_seen_at', to_char(x.first_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'presented_at', to_char(x.presented_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from person_certificate x 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null and not x.hop
    order by x.id limit up_to;
  when 'certificate_link' then
    return query select x.id, json_build_object('kind', 'certificate_link', 'relation', x.relation,
      'from_certificate_id', 'crt_' || replace(x.from_id::text, '-', ''), 'to_certificate_id', 'crt_' || replace(x.to_id::text, '-', ''),
      'source', x.source, 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text
    from certificate_link x 
    join lateral (select 1 from person_certificate c where c.tenant_id = x.tenant_id and c.mode = x.mode
      and c.id = x.from_id and not c.hop offset 0) f on true 
    join lateral (select 1 from person_certificate c where c.tenant_id = x.tenant_id and c.mode = x.mode
      and c.id = x.to_id and not c.hop offset 0) t on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil)
    order by x.id limit up_to;
  when 'consent' then
    return query select x.id, json_build_object('kind', 'consent', 'id', 'cns_' || replace(x.id::text, '-', ''), 'person_id', 'per_' || replace(s.id::text, '-', ''), 'purpose', x.purpose, 'text_version', x.text_version, 'covers', x.covers, 'given_at', to_char(x.given_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'source', x.source, 'evidence_verification_id', 'ver_' || replace(x.evidence_verification_id::text, '-', ''), 'jlis_consent_id', x.jlis_consent_id, 'expires_at', to_char(x.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'withdrawn_at', to_char(w.withdrawn_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'withdrawal_source', w.source)::text from consent x 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    left join consent_withdrawal w on w.tenant_id = x.tenant_id and w.mode = x.mode and w.consent_id = x.id
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null
    order by x.id limit up_to;
  when 'verification' then
    return query select x.id, json_build_object('kind', 'verification', 'id', 'ver_' || replace(x.id::text, '-', ''), 'type', x.kind, 'outcome', x.outcome, 'reason_code', x.reason_code, 'decided_at', to_char(x.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'recorded_at', to_char(x.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'reference', x.reference, 'api_key_id', 'key_' || replace(x.api_key_id::text, '-', ''), 'person_state', vp.state, 'person_id', 'per_' || replace(s.id::text, '-', ''), 'person_is_new', vp.person_is_new, 'verdict', x.verdict)::text from verification x left join verification_person vp on vp.tenant_id = x.tenant_id and vp.mode = x.mode and vp.verification_id = x.id
    
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = vp.person_id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null and not x.hidden and not exists (select 1 from certificate_tombstone t
      where t.tenant_id = x.tenant_id and t.mode = x.mode and t.certificate_hash = x.certificate_hash
        and t.severed_at > x.recorded_at)
    order by x.id limit up_to;
  when 'serial_linkage' then
    return query select x.id, json_build_object('kind', 'serial_linkage', 'id', 'lnk_' || replace(x.id::text, '-', ''), 'verification_id', 'ver_' || replace(x.verification_id::text, '-', ''), 'state', x.state, 'detail', x.detail, 'person_id', 'per_' || replace(s.id::text, '-', ''), 'certificate_id', 'crt_' || replace(x.certificate_id::text, '-', ''), 'previous_certificate_id', 'crt_' || replace(x.previous_certificate_id::text, '-', ''), 'source', x.source, 'consent_id', 'cns_' || replace(x.consent_id::text, '-', ''), 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(x.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from serial_linkage x 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null
    order by x.id limit up_to;
  when 'counterpart_lookup' then
    return query select x.id, json_build_object('kind', 'counterpart_lookup', 'id', 'cpl_' || replace(x.id::text, '-', ''), 'verification_id', 'ver_' || replace(x.verification_id::text, '-', ''), 'state', x.state, 'detail', x.detail, 'person_id', 'per_' || replace(s.id::text, '-', ''), 'certificate_id', 'crt_' || replace(x.certificate_id::text, '-', ''), 'counterpart_certificate_id', 'crt_' || replace(x.counterpart_certificate_id::text, '-', ''), 'source', x.source, 'retry_at', to_char(x.retry_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'consent_id', 'cns_' || replace(x.consent_id::text, '-', ''), 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from counterpart_lookup x 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null
    order by x.id limit up_to;
  when 'age_check' then
    return query select x.id, json_build_object('kind', 'age_check', 'id', 'age_' || replace(x.id::text, '-', ''), 'verification_id', 'ver_' || replace(x.verification_id::text, '-', ''), 'person_id', 'per_' || replace(s.id::text, '-', ''), 'source', x.source, 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'questions', x.questions)::text from age_check x 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    join lateral (select w.* from (select tenant_id, mode, id, certificate_hash, recorded_at, hidden from verification) w
      where w.tenant_id = x.tenant_id and w.mode = x.mode and w.id = x.verification_id offset 0) v on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and s.deleted_at is null and not v.hidden and not exists (select 1 from certificate_tombstone t
      where t.tenant_id = v.tenant_id and t.mode = v.mode and t.certificate_hash = v.certificate_hash
        and t.severed_at > v.recorded_at)
    order by x.id limit up_to;
  when 'attribute_update' then
    return query select x.id, json_build_object('kind', 'attribute_update', 'id', 'atu_' || replace(x.id::text, '-', ''), 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'results', (select coalesce(json_agg(json_build_object('person_id', 'per_' || replace(s.id::text, '-', ''), 'state', r.state,
        'decided_at', to_char(r.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'consent_id', 'cns_' || replace(r.consent_id::text, '-', '')) order by r.person_id), '[]'::json)
      from attribute_update_result r 
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = r.tenant_id and q.mode = r.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = r.tenant_id and p.mode = r.mode and p.id = r.person_id) offset 0) s on true
      where r.tenant_id = x.tenant_id and r.mode = x.mode and r.attribute_update_id = x.id and s.deleted_at is null))::text from attribute_update x 
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) 
    order by x.id limit up_to;
  when 'usage_event' then
    return query select x.id, json_build_object('kind', 'usage_event', 'id', 'use_' || replace(x.id::text, '-', ''), 'meter', x.meter, 'method', x.method, 'purpose', x.purpose, 'outcome', x.outcome, 'billable', x.billable, 'certificate_kind', x.certificate_kind, 'source', x.source, 'occurred_at', to_char(x.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from usage_event x 
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) 
    order by x.id limit up_to;
  when 'webhook_endpoint' then
    return query select x.id, json_build_object('kind', 'webhook_endpoint', 'id', 'whe_' || replace(x.id::text, '-', ''), 'url', x.url, 'description', x.description, 'event_types', x.event_types, 'enabled', x.enabled, 'disabled_reason', x.disabled_reason, 'disabled_at', to_char(x.disabled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(x.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'deleted_at', to_char(x.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text from webhook_endpoint x 
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) 
    order by x.id limit up_to;
  when 'audit_event' then
    return query select x.id, json_build_object('kind', 'audit_event', 'id', 'aud_' || replace(x.id::text, '-', ''), 'recorded_at', to_char(x.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'actor', json_build_object('type', case split_part(x.actor, ':', 1) when 'api_key' then 'api_key'
        when 'operator' then 'operator' else 'system' end,
        'id', case when starts_with(x.actor, 'api_key:') then case split_part(x.actor, ':', 1) when 'tenant' then 'ten_' || replace(substr(x.actor, 8), '-', '') when 'api_key' then 'key_' || replace(substr(x.actor, 9), '-', '') when 'challenge' then 'chl_' || replace(substr(x.actor, 11), '-', '') when 'verification' then 'ver_' || replace(substr(x.actor, 14), '-', '') when 'usage_event' then 'use_' || replace(substr(x.actor, 13), '-', '') when 'person' then 'per_' || replace(substr(x.actor, 8), '-', '') when 'person_certificate' then 'crt_' || replace(substr(x.actor, 20), '-', '') when 'consent' then 'cns_' || replace(substr(x.actor, 9), '-', '') when 'serial_linkage' then 'lnk_' || replace(substr(x.actor, 16), '-', '') when 'counterpart_lookup' then 'cpl_' || replace(substr(x.actor, 20), '-', '') when 'age_check' then 'age_' || replace(substr(x.actor, 11), '-', '') when 'attribute_update' then 'atu_' || replace(substr(x.actor, 18), '-', '') when 'event' then 'evt_' || replace(substr(x.actor, 7), '-', '') when 'webhook_endpoint' then 'whe_' || replace(substr(x.actor, 18), '-', '') else substr(x.actor, strpos(x.actor, ':') + 1) end end), 'action', x.action, 'schema_version', x.schema_version, 'target', json_build_object('type', split_part(x.target, ':', 1), 'id', case split_part(x.target, ':', 1) when 'tenant' then 'ten_' || replace(substr(x.target, 8), '-', '') when 'api_key' then 'key_' || replace(substr(x.target, 9), '-', '') when 'challenge' then 'chl_' || replace(substr(x.target, 11), '-', '') when 'verification' then 'ver_' || replace(substr(x.target, 14), '-', '') when 'usage_event' then 'use_' || replace(substr(x.target, 13), '-', '') when 'person' then 'per_' || replace(substr(x.target, 8), '-', '') when 'person_certificate' then 'crt_' || replace(substr(x.target, 20), '-', '') when 'consent' then 'cns_' || replace(substr(x.target, 9), '-', '') when 'serial_linkage' then 'lnk_' || replace(substr(x.target, 16), '-', '') when 'counterpart_lookup' then 'cpl_' || replace(substr(x.target, 20), '-', '') when 'age_check' then 'age_' || replace(substr(x.target, 11), '-', '') when 'attribute_update' then 'atu_' || replace(substr(x.target, 18), '-', '') when 'event' then 'evt_' || replace(substr(x.target, 7), '-', '') when 'webhook_endpoint' then 'whe_' || replace(substr(x.target, 18), '-', '') when 'presentation' then 'prs_' || replace(substr(x.target, 14), '-', '') else substr(x.target, strpos(x.target, ':') + 1) end), 'request_id', x.request_id, 'ip', case when starts_with(x.actor, 'api_key:') then host(x.ip) end, 'detail', case when x.action in ('evidence.open', 'verification.reveal', 'legal_hold.place', 'legal_hold.lift')
        then x.detail - 'discarded' - 'reason' else x.detail - 'discarded' end, 'change', x.change)::text from audit_event x 
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) and not starts_with(x.action, 'jlis.')
    order by x.id limit up_to;
  when 'presentation' then
    return query select x.id, json_build_object('kind', 'presentation', 'id', 'prs_' || replace(x.id::text, '-', ''),
      'api_key_id', 'key_' || replace(x.api_key_id::text, '-', ''), 'decided_at', to_char(x.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'recorded_at', to_char(x.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', x.outcome, 'reason_code', x.facts #>> '{reasons,0,code}',
      'person_id', 'per_' || replace(s.id::text, '-', ''))::text
    from presentation x
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = x.tenant_id and q.mode = x.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = x.tenant_id and p.mode = x.mode and p.id = x.person_id) offset 0) s on true
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil)
      and s.deleted_at is null
    order by x.id limit up_to;
  else raise exception 'nothing is exported as "%"', kind using errcode = '22023';
  end case;
end $function$
;
alter function data_export_page(bytea,uuid,text,uuid,integer) owner to shomei_export_clerk;

CREATE OR REPLACE FUNCTION public.decide_approval(token_hash bytea, wanted uuid, approves boolean, seen_sha256 bytea, remark text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  actor uuid := acting_operator(token_hash);
  asked approval;
begin
  if actor is null then return 'session_invalid'; end if;
  select * into asked from approval a where a.id = wanted for update;
  if not found then return 'approval_unknown'; end if;
  if asked.state = 'expired' then return 'approval_expired'; end if;
  if asked.state not in ('proposed', 'approved') then return 'approval_not_open'; end if;
  if asked.expires_at <= clock_timestamp() then
    update approval set state = 'expired' where id = wanted;
    return 'approval_expired';
  end if;
  if not approves then
    update approval set state = 'refused', decided_by = actor, decided_at = clock_timestamp(), note = remark where id = wanted;
    return null;
  end if;
  if asked.payload_sha256 is distinct from seen_sha256 then return 'approval_changed'; end if;
  if asked.proposed_by = actor then return 'approval_own'; end if;
  if asked.subject = 'operator:' || actor::text then return 'approval_about_oneself'; end if;
  if asked.state <> 'proposed' then return 'approval_not_open'; end if;
  update approval set state = 'approved', decided_by = actor, decided_at = clock_timestamp(), note = remark where id = wanted;
  return null;
end $function$
;
alter function decide_approval(bytea,uuid,boolean,bytea,text) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.due_serial_linkages(for_mode tenant_mode, at timestamp with time zone, up_to integer)
 RETURNS TABLE(tenant_id uuid, id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select due.tenant_id, due.id from (
    select l.tenant_id, l.id, l.next_attempt_at,
      row_number() over (partition by l.tenant_id order by l.next_attempt_at, l.id) as turn
    from serial_linkage l where l.mode = for_mode and l.state = 'pending' and l.next_attempt_at <= at
  ) due
  order by due.turn, due.next_attempt_at, due.id limit least(up_to, 10000)
$function$
;
alter function due_serial_linkages(tenant_mode,timestamp with time zone,integer) owner to shomei_linkage_clerk;

CREATE OR REPLACE FUNCTION public.due_status_sweeps(for_mode tenant_mode)
 RETURNS TABLE(tenant_id uuid, id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select distinct on (s.tenant_id) s.tenant_id, s.id from status_sweep s join tenant t on t.id = s.tenant_id
  where s.mode = for_mode and s.state in ('queued', 'running') and keys_work(t.state, s.mode)
  order by s.tenant_id, s.id
$function$
;
alter function due_status_sweeps(tenant_mode) owner to shomei_monitor;

CREATE OR REPLACE FUNCTION public.due_webhook_endpoints(up_to integer)
 RETURNS TABLE(tenant_id uuid, mode tenant_mode, id uuid, failing boolean)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select due.tenant_id, due.mode, due.id, due.failing from (
    select w.tenant_id, w.mode, w.id, w.failing_since is not null as failing,
      row_number() over (partition by w.tenant_id order by w.failing_since is not null, random()) as turn
    from webhook_endpoint w join tenant t on t.id = w.tenant_id
    where w.enabled and w.deleted_at is null and keys_work(t.state, w.mode)
      and exists (select 1 from webhook_delivery d where d.tenant_id = w.tenant_id and d.mode = w.mode
        and d.endpoint_id = w.id and d.state = 'pending' and d.due_at <= clock_timestamp())
  ) due
  order by due.turn, random() limit least(up_to, 1000)
$function$
;
alter function due_webhook_endpoints(integer) owner to shomei_webhook_clerk;

CREATE OR REPLACE FUNCTION public.end_month_close(of_mode tenant_mode, of_month text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  update month_close set closed_at = clock_timestamp() where mode = of_mode and month = of_month and rated_at is not null and closed_at is null
$function$
;
alter function end_month_close(tenant_mode,text) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.end_operator_sessions()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  update operator_session set ended_at = clock_timestamp() where operator_id = new.id and ended_at is null;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.erase_due_consents(up_to integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  erased int;
begin
  -- one after the other
  perform 1 from retention_progress for update;
  with due as materialized (
    select c.tenant_id, c.mode, c.id, c.recorded_at from consent c
    where c.recorded_at < clock_timestamp() - (select min(r.keep) from retention_rule r where r.kind = 'consent')
      and retained_until('consent', c.recorded_at) <= clock_timestamp()
      and not exists (select 1 from legal_hold h where h.tenant_id = c.tenant_id and h.mode = c.mode and h.lifted_at is null
        and (h.person_id = c.person_id or h.verification_id = c.evidence_verification_id
          or h.person_id is null and h.verification_id is null))
      and not exists (select 1 from serial_linkage l where l.tenant_id = c.tenant_id and l.mode = c.mode
        and l.consent_id = c.id and l.state = 'pending')
    order by c.recorded_at limit least(greatest(up_to, 1), 5000)
  ),
  linkages as (
    update serial_linkage l set consent_id = null from due d
    where l.tenant_id = d.tenant_id and l.mode = d.mode and l.consent_id = d.id
  ),
  lookups as (
    update counterpart_lookup l set consent_id = null from due d
    where l.tenant_id = d.tenant_id and l.mode = d.mode and l.consent_id = d.id
  ),
  delivered as (
    update attribute_update_result a
      set consent_id = null, consent_erased = true, sealed_serial = null, tenant_key_id = null
    from due d where a.tenant_id = d.tenant_id and a.mode = d.mode and a.consent_id = d.id
  ),
  withdrawn as (
    delete from consent_withdrawal w using due d
    where w.tenant_id = d.tenant_id and w.mode = d.mode and w.consent_id = d.id
  ),
  gone as (
    delete from consent c using due d where c.tenant_id = d.tenant_id and c.mode = d.mode and c.id = d.id
    returning c.tenant_id, c.mode, c.recorded_at
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    select gen_random_uuid(), g.tenant_id, g.mode, 'system:worker', 'consent.erase', 'tenant:' || g.tenant_id,
      jsonb_build_object('consents', count(*), 'recorded_until', max(g.recorded_at))
    from gone g group by g.tenant_id, g.mode
  )
  select count(*) into erased from gone;
  return erased;
end $function$
;
alter function erase_due_consents(integer) owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.erase_due_evidence(up_to integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  since timestamptz;
  cutoff timestamptz;
  waiting timestamptz;
  erased int;
  reached timestamptz;
begin
  select p.looked_until into since from retention_progress p for update;
  select clock_timestamp() - min(r.keep) into cutoff from retention_rule r where r.kind = 'verification';
  with due as (
    select v.tenant_id, v.mode, v.id, v.recorded_at from verification v
    where v.recorded_at >= since and v.recorded_at < cutoff and v.erased_at is null
      and retained_until('verification', v.recorded_at) <= clock_timestamp() and not is_held(v.tenant_id, v.mode, v.id)
    order by v.recorded_at limit least(greatest(up_to, 1), 5000)
  ),
  gone as (
    update verification v set evidence = null, erased_at = clock_timestamp(), reference = null,
      hidden = exists (select 1 from certificate_tombstone t where t.tenant_id = v.tenant_id and t.mode = v.mode
        and t.certificate_hash = v.certificate_hash and t.severed_at > v.recorded_at)
    from due d where v.tenant_id = d.tenant_id and v.mode = d.mode and v.id = d.id
    returning v.tenant_id, v.mode, v.id, v.recorded_at
  ),
  unlinked as (
    delete from verification_person p using gone g
    where p.tenant_id = g.tenant_id and p.mode = g.mode and p.verification_id = g.id
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    select gen_random_uuid(), g.tenant_id, g.mode, 'system:worker', 'evidence.erase', 'tenant:' || g.tenant_id,
      jsonb_build_object('verifications', count(*), 'recorded_until', max(g.recorded_at))
    from gone g group by g.tenant_id, g.mode
  )
  select count(*), max(g.recorded_at) into erased, reached from gone g;
  if erased < least(greatest(up_to, 1), 5000) then
    -- A later rule may keep some of this time longer: they are looked at again.
    select min(v.recorded_at) into waiting from verification v
    where v.recorded_at >= since and v.recorded_at < cutoff and v.erased_at is null
      and retained_until('verification', v.recorded_at) > clock_timestamp();
    reached := least(coalesce(waiting, cutoff), cutoff);
  end if;
  update retention_progress set looked_until = greatest(since, reached);
  -- No verification from before a tombstone can have evidence any more.
  delete from certificate_tombstone t
  where t.expires_at <= clock_timestamp() and retained_until('verification', t.severed_at) <= clock_timestamp()
    and not exists (select 1 from legal_hold h where h.tenant_id = t.tenant_id and h.mode = t.mode and h.lifted_at is null);
  return erased;
end $function$
;
alter function erase_due_evidence(integer) owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.erase_due_presentations(up_to integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;
alter function erase_due_presentations(integer) owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.erase_due_sweep_results(up_to integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  most int := least(greatest(up_to, 1), 5000);
  room int := most;
  gone int;
  due record;
begin
  while room > 0 loop
    select s.tenant_id, s.mode, s.id into due from status_sweep s
    where s.results_left and s.ended_at < clock_timestamp() - (select min(r.keep) from retention_rule r where r.kind = 'status_sweep')
      and retained_until('status_sweep', s.ended_at) <= clock_timestamp()
      and (s.results_erased_at is not null or not is_sweep_held(s.tenant_id, s.mode, s.id))
    order by s.ended_at limit 1 for update skip locked;
    exit when not found;
    update status_sweep s set results_erased_at = clock_timestamp()
    where s.tenant_id = due.tenant_id and s.mode = due.mode and s.id = due.id and s.results_erased_at is null;
    
    delete from status_sweep_result r where r.tenant_id = due.tenant_id and r.mode = due.mode and r.sweep_id = due.id
      and r.person_id in (select x.person_id from status_sweep_result x
        where x.tenant_id = due.tenant_id and x.mode = due.mode and x.sweep_id = due.id limit room);
    get diagnostics gone = row_count;
    room := room - gone;
    
    delete from status_sweep_person r where r.tenant_id = due.tenant_id and r.mode = due.mode and r.sweep_id = due.id
      and r.person_id in (select x.person_id from status_sweep_person x
        where x.tenant_id = due.tenant_id and x.mode = due.mode and x.sweep_id = due.id limit room);
    get diagnostics gone = row_count;
    room := room - gone;
    
    delete from status_sweep_rejection r where r.tenant_id = due.tenant_id and r.mode = due.mode and r.sweep_id = due.id
      and r.line in (select x.line from status_sweep_rejection x
        where x.tenant_id = due.tenant_id and x.mode = due.mode and x.sweep_id = due.id limit room);
    get diagnostics gone = row_count;
    room := room - gone;
    exit when room = 0;
    update status_sweep s set results_left = false
    where s.tenant_id = due.tenant_id and s.mode = due.mode and s.id = due.id;
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    values (gen_random_uuid(), due.tenant_id, due.mode, 'system:worker', 'status_sweep.erase_results',
      'status_sweep:' || due.id, '{}');
  end loop;
  return most - room;
end $function$
;
alter function erase_due_sweep_results(integer) owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.event_horizon(of_tenant uuid, of_mode tenant_mode)
 RETURNS xid8
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  given bigint;
  behind bigint;
begin
  -- Elsewhere the next statement sees no more than this one.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the horizon of events is for statements that see what was committed before them' using errcode = '25000';
  end if;
  given := pg_sequence_last_value('public.event_place');
  select max(l.behind) into behind from (
    select (given - objid::bigint) & 4294967295 as behind from pg_locks
    where locktype = 'advisory' and mode = 'ShareLock' and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())
      and classid = ((hashtextextended('events|' || of_tenant || '|' || of_mode, 0) >> 32) & 4294967295)::oid
  ) l
  -- The others are ahead: they lock since the last place was read.
  where l.behind < 2147483648;
  return (given - coalesce(behind, 0) + 1)::text::xid8;
end $function$
;

CREATE OR REPLACE FUNCTION public.execute_approval(wanted uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare asked approval;
begin
  select * into asked from approval a where a.id = wanted for update;
  if not found then return 'approval_unknown'; end if;
  if asked.state <> 'approved' then return 'approval_not_open'; end if;
  if asked.expires_at <= clock_timestamp() then return 'approval_expired'; end if;
  update approval set state = 'executed', executed_at = clock_timestamp() where id = wanted;
  return null;
end $function$
;
alter function execute_approval(uuid) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.finalize_invoice(of_draft uuid, approval uuid, OUT refusal text, OUT number text, OUT issued_on text)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;
alter function finalize_invoice(uuid,uuid) owner to shomei_invoicer;

CREATE OR REPLACE FUNCTION public.find_api_key(secret_hash bytea)
 RETURNS TABLE(tenant_id uuid, mode tenant_mode, id uuid, scopes text[], tenant_key_id uuid, lookup_key_id uuid, reference_format text, allowed_addresses text[])
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  -- The newest key seals; the oldest makes the keyed hashes for ever, or equal certificates would stop comparing equal.
  select k.tenant_id, k.mode, k.id, k.scopes,
    (select t.id from tenant_key t where t.tenant_id = k.tenant_id and t.mode = k.mode order by t.created_at desc limit 1),
    (select t.id from tenant_key t where t.tenant_id = k.tenant_id and t.mode = k.mode order by t.created_at limit 1),
    c.reference_format, k.allowed_addresses::text[]
  from api_key k join contract c on c.tenant_id = k.tenant_id and c.mode = k.mode
  where k.secret_sha256 = secret_hash and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > clock_timestamp())
$function$
;
alter function find_api_key(bytea) owner to shomei_key_lookup;

CREATE OR REPLACE FUNCTION public.find_ended_operator_session(token_hash bytea)
 RETURNS TABLE(id uuid, operator_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select s.id, s.operator_id from operator_session s where s.token_sha256 = token_hash and s.ended_at is not null
$function$
;
alter function find_ended_operator_session(bytea) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.find_operator_secret(wanted_id uuid, wanted_email text)
 RETURNS TABLE(id uuid, email text, password_hash text, totp_secret bytea, totp_ring_key text, totp_confirmed_at timestamp with time zone, totp_last_step bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select a.id, a.email, a.password_hash, a.totp_secret, a.totp_ring_key, a.totp_confirmed_at, a.totp_last_step
  from operator_account a
  where a.disabled_at is null and case when wanted_id is not null then a.id = wanted_id else a.email = wanted_email end
$function$
;
alter function find_operator_secret(uuid,text) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.find_operator_session(token_hash bytea)
 RETURNS TABLE(id uuid, operator_id uuid, second_factor boolean, created_at timestamp with time zone, idle_until timestamp with time zone, ends_at timestamp with time zone, email text, name text, roles text[], password_expired boolean, second_factor_enrolled boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select s.id, s.operator_id, s.second_factor, s.created_at, s.idle_until, s.ends_at, a.email, a.name, a.roles,
    a.password_expired, a.totp_confirmed_at is not null
  from operator_session s join operator_account a on a.id = s.operator_id
  where s.token_sha256 = token_hash and s.ended_at is null and a.disabled_at is null
$function$
;
alter function find_operator_session(bytea) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.fix_month_prices(of_mode tenant_mode, of_month text, read_at timestamp with time zone, due integer DEFAULT NULL::integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
  update month_close set rated_at = clock_timestamp(), statements_due = due where mode = of_mode and month = of_month;
  return found;
end $function$
;
alter function fix_month_prices(tenant_mode,text,timestamp with time zone,integer) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.forget_swept_person()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  with forgotten as (
    -- and whoever was merged into them
    select p.id from person p
    where p.tenant_id = new.tenant_id and p.mode = new.mode and (p.id = new.id or p.merged_into = new.id))
  delete from status_sweep_result r using status_sweep s
  where s.tenant_id = new.tenant_id and s.mode = new.mode and r.tenant_id = s.tenant_id and r.mode = s.mode
    and r.sweep_id = s.id and r.person_id in (select forgotten.id from forgotten);
  with forgotten as (
    -- and whoever was merged into them
    select p.id from person p
    where p.tenant_id = new.tenant_id and p.mode = new.mode and (p.id = new.id or p.merged_into = new.id))
  delete from status_sweep_person r using status_sweep s
  where s.tenant_id = new.tenant_id and s.mode = new.mode and r.tenant_id = s.tenant_id and r.mode = s.mode
    and r.sweep_id = s.id and r.person_id in (select forgotten.id from forgotten);
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.forget_webhook_deliveries()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  old timestamptz := clock_timestamp() - interval '30 days';
  attempts int;
  deliveries int;
begin
  delete from webhook_attempt a where (a.tenant_id, a.mode, a.endpoint_id, a.event_id, a.id) in (
    select o.tenant_id, o.mode, o.endpoint_id, o.event_id, o.id from webhook_attempt o
    where o.started_at < old limit 5000);
  get diagnostics attempts = row_count;
  delete from webhook_delivery d where (d.tenant_id, d.mode, d.endpoint_id, d.event_id) in (
    select o.tenant_id, o.mode, o.endpoint_id, o.event_id from webhook_delivery o where o.finished_at < old limit 5000);
  get diagnostics deliveries = row_count;
  delete from webhook_delivery d using webhook_endpoint w
  where w.deleted_at < old and d.tenant_id = w.tenant_id and d.mode = w.mode and d.endpoint_id = w.id and d.state = 'pending';
  return attempts + deliveries;
end $function$
;
alter function forget_webhook_deliveries() owner to shomei_webhook_clerk;

CREATE OR REPLACE FUNCTION public.guard_approval()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'proposed' or new.decided_by is not null or new.note is not null then
      raise exception 'an approval begins as a proposal' using errcode = '23514', constraint = 'approval_steps';
    end if;
    new.proposed_at := clock_timestamp();
    return new;
  end if;
  if tg_op = 'DELETE' or (new.id, new.kind, new.subject, new.before, new.after, new.payload_sha256, new.reason,
      new.proposed_by, new.proposed_at, new.expires_at)
      is distinct from (old.id, old.kind, old.subject, old.before, old.after, old.payload_sha256, old.reason,
      old.proposed_by, old.proposed_at, old.expires_at) then
    raise exception 'what was proposed stays as it is' using errcode = '23514', constraint = 'approval_steps';
  end if;
  if not (old.state = 'proposed' and new.state in ('approved', 'refused', 'expired')
      or old.state = 'approved' and new.state in ('executed', 'refused', 'expired')) then
    raise exception 'no such step' using errcode = '23514', constraint = 'approval_steps';
  end if;
  if (new.state = 'expired') <> (clock_timestamp() >= old.expires_at) and new.state <> 'refused' then
    raise exception 'the time for this is over' using errcode = '23514', constraint = 'approval_in_time';
  end if;
  if old.state = 'approved' and (new.decided_by, new.decided_at) is distinct from (old.decided_by, old.decided_at)
      and new.state <> 'refused' then
    raise exception 'the decision stays as it is' using errcode = '23514', constraint = 'approval_steps';
  end if;
  if old.state = 'proposed' and new.decided_by is not null then new.decided_at := clock_timestamp(); end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_checklist_file()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    raise exception 'files are withdrawn, not deleted' using errcode = '23514', constraint = 'checklist_file_stays';
  end if;
  if tg_op = 'UPDATE' and current_user = 'shomei_key_clerk' then
    -- It has no right to any other column.
    return new;
  end if;
  perform hold_checklist(new.tenant_id);
  if tg_op = 'INSERT' then
    if new.withdrawn_at is not null then
      raise exception 'a new file is not withdrawn' using errcode = '23514', constraint = 'checklist_file_stays';
    end if;
    new.uploaded_at := clock_timestamp();
  else
    if old.withdrawn_at is not null or new.withdrawn_at is null
        or (new.tenant_id, new.id, new.item, new.media_type, new.size, new.sha256, new.name, new.content, new.ring_key,
            new.uploaded_by, new.uploaded_at)
          is distinct from
          (old.tenant_id, old.id, old.item, old.media_type, old.size, old.sha256, old.name, old.content, old.ring_key,
            old.uploaded_by, old.uploaded_at) then
      raise exception 'a file is withdrawn once and never changed' using errcode = '23514', constraint = 'checklist_file_stays';
    end if;
    new.withdrawn_at := clock_timestamp();
  end if;
  -- What was confirmed is what lay there.
  update checklist_item set confirmed_by = null, confirmed_at = null, note = null
  where tenant_id = new.tenant_id and item = new.item and confirmed_at is not null;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_checklist_item()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and (new.tenant_id, new.item) is distinct from (old.tenant_id, old.item) then
    raise exception 'items are reopened, not deleted' using errcode = '23514', constraint = 'checklist_item_stays';
  end if;
  perform hold_checklist(new.tenant_id);
  if new.confirmed_at is not null then
    if not exists (select 1 from checklist_file f
        where f.tenant_id = new.tenant_id and f.item = new.item and f.withdrawn_at is null) then
      raise exception 'nothing to confirm without a file' using errcode = '23514', constraint = 'checklist_item_needs_file';
    end if;
    new.confirmed_at := clock_timestamp();
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_contract()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if (new.tenant_id, new.mode) is distinct from (old.tenant_id, old.mode) then
    raise exception 'identity of a contract' using errcode = '23514', constraint = 'contract_stays';
  end if;
  if old.mode = 'live' and contract_features(new) is distinct from contract_features(old)
      and not exists (select 1 from tenant t where t.id = new.tenant_id and t.go_live_approval_id is null) then
    if new.change_approval_id is not distinct from old.change_approval_id
        or not coalesce(approval_is_executed(new.change_approval_id, 'contract_change', 'tenant:' || new.tenant_id,
          contract_features(old), contract_features(new)), false) then
      raise exception 'a live contract needs an approval' using errcode = '23514', constraint = 'contract_change_needs_approval';
    end if;
  elsif new.change_approval_id is distinct from old.change_approval_id then
    raise exception 'the approval belongs to its change' using errcode = '23514', constraint = 'contract_change_needs_approval';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice_dispatch()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice_draft()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice_export()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op <> 'INSERT' or new.version <> 1 + coalesce((select max(e.version) from invoice_export e
      where e.mode = new.mode and e.month = new.month), 0) then
    raise exception 'an export stays as it is' using errcode = '23514', constraint = 'invoice_export_stays';
  end if;
  new.made_at := clock_timestamp();
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice_file()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op <> 'INSERT' or not exists (select 1 from invoice i where i.tenant_id = new.tenant_id and i.mode = new.mode
      and i.id = new.invoice_id and i.xact = pg_current_xact_id()) then
    raise exception 'what was handed out stays as it is' using errcode = '23514', constraint = 'invoice_file_stays';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice_series()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'INSERT' and new.last_number = 1
      or tg_op = 'UPDATE' and (new.mode, new.series, new.last_number) = (old.mode, old.series, old.last_number + 1) then
    return new;
  end if;
  raise exception 'numbers follow each other' using errcode = '23514', constraint = 'invoice_number';
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_invoice_void()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_month_close()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'UPDATE' and old.closed_at is null
      and to_jsonb(new) - 'rated_at' - 'closed_at' - 'statements_due' = to_jsonb(old) - 'rated_at' - 'closed_at' - 'statements_due'
      and (old.rated_at is null and new.rated_at is not null and new.closed_at is null
        or old.rated_at = new.rated_at and new.closed_at is not null and new.statements_due is not distinct from old.statements_due) then
    return new;
  end if;
  if tg_op <> 'INSERT' or new.rated_at is not null or new.closed_at is not null then
    raise exception 'a month is closed once' using errcode = '23514', constraint = 'month_close_steps';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_operator_account()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    raise exception 'operator accounts are disabled, not deleted' using errcode = '23514', constraint = 'operator_account_stays';
  end if;
  -- Counting admins or accounts must not race with another transaction that does.
  perform pg_advisory_xact_lock(5340, 5);
  if tg_op = 'INSERT' then
    if new.roles_approval_id is not null or new.disabled_at is not null then
      raise exception 'a new account has neither' using errcode = '23514', constraint = 'operator_account_new';
    end if;
    if cardinality(new.roles) > 0 and not (current_user = 'shomei_operator' and 'admin' = any(new.roles)
        and (select count(*) from operator_account where cardinality(roles) > 0) < 2) then
      raise exception 'roles need an approval' using errcode = '23514', constraint = 'roles_need_approval';
    end if;
    return new;
  end if;
  -- Who comes back gets an account anew, and its roles by approval.
  if new.id <> old.id or new.created_at <> old.created_at
      or old.disabled_at is not null and new.disabled_at is distinct from old.disabled_at then
    raise exception 'identity of an account' using errcode = '23514', constraint = 'operator_account_stays';
  end if;
  if new.roles is distinct from old.roles then
    if new.roles_approval_id is not distinct from old.roles_approval_id or not approval_is_executed(
        new.roles_approval_id, 'operator_roles', 'operator:' || new.id,
        jsonb_build_object('roles', old.roles), jsonb_build_object('roles', new.roles)) then
      raise exception 'roles need an approval' using errcode = '23514', constraint = 'roles_need_approval';
    end if;
  elsif new.roles_approval_id is distinct from old.roles_approval_id then
    raise exception 'the approval belongs to the roles' using errcode = '23514', constraint = 'roles_need_approval';
  end if;
  if old.disabled_at is null and 'admin' = any(old.roles) and (new.disabled_at is not null or not 'admin' = any(new.roles))
      and not exists (select 1 from operator_account a
        where a.id <> new.id and a.disabled_at is null and 'admin' = any(a.roles)) then
    raise exception 'the last active admin stays' using errcode = '23514', constraint = 'last_admin';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_price()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_statement()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_status_sweep()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if (new.selection, new.not_checked_since, new.certificates, new.method, new.created_at, new.recorded_at, new.api_key_id)
      is distinct from
      (old.selection, old.not_checked_since, old.certificates, old.method, old.created_at, old.recorded_at, old.api_key_id)
      or old.began_at is not null
        and (new.began_at, new.checked_at, new.crl_epoch, new.snapshot)
          is distinct from (old.began_at, old.checked_at, old.crl_epoch, old.snapshot) then
    raise exception 'what a sweep is about stays' using errcode = '23514', constraint = 'status_sweep_stays';
  end if;
  if (new.results_erased_at, new.results_left) is distinct from (old.results_erased_at, old.results_left) then
    if old.ended_at is null or to_jsonb(new) - 'results_erased_at' - 'results_left'
          <> to_jsonb(old) - 'results_erased_at' - 'results_left'
        or old.results_erased_at is not null and new.results_erased_at is distinct from old.results_erased_at
        or new.results_left and not old.results_left then
      raise exception 'results are erased once, after the end' using errcode = '23514', constraint = 'status_sweep_steps';
    end if;
    return new;
  end if;
  if not (old.state = 'queued' and new.state in ('running', 'cancelled', 'failed')
      or old.state = 'running' and new.state in ('running', 'completed', 'cancelled', 'failed')) then
    raise exception 'no such step' using errcode = '23514', constraint = 'status_sweep_steps';
  end if;
  if new.done < old.done or old.last_person is not null and (new.last_person is null or new.last_person < old.last_person)
  then
    raise exception 'a sweep goes forward' using errcode = '23514', constraint = 'status_sweep_steps';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_tenant()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    raise exception 'tenants are terminated, not deleted' using errcode = '23514', constraint = 'tenant_stays';
  end if;
  if tg_op = 'INSERT' then
    if new.state not in ('applied', 'test') or new.notified_on is not null or new.go_live_approval_id is not null then
      raise exception 'a tenant begins with its application or in test mode' using errcode = '23514', constraint = 'tenant_steps';
    end if;
    return new;
  end if;
  if new.id <> old.id or new.created_at <> old.created_at then
    raise exception 'identity of a tenant' using errcode = '23514', constraint = 'tenant_stays';
  end if;
  if new.state = old.state then
    -- What belongs to a step is written by the step.
    if (new.state_since, new.suspended_from, new.notified_on, new.notification_reference, new.go_live_approval_id, new.terminated_at)
        is distinct from
        (old.state_since, old.suspended_from, old.notified_on, old.notification_reference, old.go_live_approval_id, old.terminated_at) then
      raise exception 'only with a step' using errcode = '23514', constraint = 'tenant_steps';
    end if;
    return new;
  end if;
  if not (old.state = 'applied' and new.state in ('in_review', 'rejected')
      or old.state = 'in_review' and new.state in ('test', 'rejected')
      or old.state = 'test' and new.state in ('notified', 'suspended', 'terminated')
      or old.state = 'notified' and new.state in ('live', 'suspended', 'terminated')
      or old.state = 'live' and new.state in ('suspended', 'terminated')
      or old.state = 'suspended' and new.state in (old.suspended_from, 'terminated')) then
    raise exception 'no such step' using errcode = '23514', constraint = 'tenant_steps';
  end if;
  if (new.notified_on, new.notification_reference) is distinct from (old.notified_on, old.notification_reference)
      and not (old.state = 'test' and new.state = 'notified') then
    raise exception 'the notification belongs to its step' using errcode = '23514', constraint = 'tenant_steps';
  end if;
  if old.state = 'test' and new.state = 'notified'
      and not exists (select 1 from tenant_application a where a.tenant_id = new.id) then
    raise exception 'nothing to notify without an application' using errcode = '23514', constraint = 'tenant_has_applied';
  end if;
  if old.state = 'notified' and new.state = 'live' then
    if not coalesce(approval_is_executed(new.go_live_approval_id, 'tenant_go_live', 'tenant:' || new.id,
        jsonb_build_object('state', old.state, 'notified_on', old.notified_on, 'notification_reference', old.notification_reference),
        jsonb_build_object('state', new.state)), false) then
      raise exception 'going live needs an approval' using errcode = '23514', constraint = 'go_live_needs_approval';
    end if;
  elsif new.go_live_approval_id is distinct from old.go_live_approval_id then
    raise exception 'the approval belongs to going live' using errcode = '23514', constraint = 'go_live_needs_approval';
  end if;
  -- Not for the caller to say: when, where from, and when the retention clock starts.
  new.state_since := clock_timestamp();
  new.suspended_from := case when new.state = 'suspended' then old.state end;
  new.terminated_at := case when new.state = 'terminated' then new.state_since end;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_tenant_checklist()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if cardinality(open_checklist_items(new.id)) > 0 then
    raise exception 'the checklist is not done' using errcode = '23514', constraint = 'checklist_is_done';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.guard_tenant_key()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if exists (select 1 from legal_hold h where h.tenant_id = old.tenant_id and h.mode = old.mode and h.lifted_at is null) then
    raise exception 'tenant_key_held' using errcode = 'restrict_violation';
  end if;
  if exists (select 1 from verification v where v.tenant_id = old.tenant_id and v.mode = old.mode
      and v.tenant_key_id = old.id and v.erased_at is null)
    or exists (select 1 from person_certificate p where p.tenant_id = old.tenant_id and p.mode = old.mode
      and p.tenant_key_id = old.id)
  then
    raise exception 'tenant_key_in_use' using errcode = 'restrict_violation';
  end if;
  -- The oldest makes the keyed hashes by which everything else is found.
  if not exists (select 1 from tenant_key k where k.tenant_id = old.tenant_id and k.mode = old.mode
      and k.created_at < old.created_at)
    and (exists (select 1 from tenant_key k where k.tenant_id = old.tenant_id and k.mode = old.mode and k.id <> old.id)
      or exists (select 1 from certificate_tombstone t where t.tenant_id = old.tenant_id and t.mode = old.mode)
      or exists (select 1 from consent c where c.tenant_id = old.tenant_id and c.mode = old.mode
        and retained_until('consent', c.recorded_at) > clock_timestamp()))
  then
    raise exception 'tenant_key_in_use' using errcode = 'restrict_violation';
  end if;
  return old;
end $function$
;
alter function guard_tenant_key() owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.guard_trust_anchor()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if new.mode = 'live' and not approval_is_executed(new.approval_id, 'live_anchor',
      'trust_anchor:' || encode(new.fingerprint, 'hex'), null, jsonb_build_object('hierarchy', new.hierarchy,
        'generation', new.generation, 'certificate', translate(encode(new.certificate, 'base64'), E'\n', ''))) then
    raise exception 'a live trust anchor needs an approval' using errcode = '23514', constraint = 'live_anchor_needs_approval';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.hold_checklist(of_tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  perform 1 from tenant t where t.id = of_tenant and t.state not in ('rejected', 'terminated') for no key update;
  if not found then
    raise exception 'the checklist is closed' using errcode = '23514', constraint = 'checklist_closed';
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.invoice_exports_due()
 RETURNS TABLE(mode tenant_mode, month text, of_numbers bytea)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select now.mode, now.month, now.of_numbers from (
    select i.mode, i.month, sha256(convert_to(coalesce(string_agg(i.number, ' ' order by i.series, i.series_number)
      filter (where v.invoice_id is null), ''), 'UTF8')) as of_numbers
    from invoice i left join invoice_void v on v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id
    group by 1, 2) as now
  where now.of_numbers is distinct from (select e.of_numbers from invoice_export e
    where e.mode = now.mode and e.month = now.month order by e.version desc limit 1)
  order by now.month, now.mode
$function$
;
alter function invoice_exports_due() owner to shomei_invoicer;

CREATE OR REPLACE FUNCTION public.invoices_of_month(of_mode tenant_mode, of_month text)
 RETURNS TABLE(id uuid, number text, issued_on text, content text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select i.id, i.number, to_char(i.issued_on, 'YYYY-MM-DD'), i.content from invoice i
  where i.mode = of_mode and i.month = of_month and not exists (select 1 from invoice_void v
    where v.tenant_id = i.tenant_id and v.mode = i.mode and v.invoice_id = i.id)
  order by i.series, i.series_number
$function$
;
alter function invoices_of_month(tenant_mode,text) owner to shomei_invoicer;

CREATE OR REPLACE FUNCTION public.is_held(of_tenant uuid, of_mode tenant_mode, of_verification uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (
    select 1 from legal_hold h where h.tenant_id = of_tenant and h.mode = of_mode and h.lifted_at is null
      and (h.verification_id = of_verification or (h.verification_id is null and h.person_id is null)
        or exists (select 1 from verification_person p where p.tenant_id = of_tenant and p.mode = of_mode
          and p.verification_id = of_verification and p.person_id = h.person_id)))
$function$
;

CREATE OR REPLACE FUNCTION public.is_key_of_suspended(secret_hash bytea)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (select 1 from api_key k join tenant t on t.id = k.tenant_id
    where k.secret_sha256 = secret_hash and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp()) and t.state = 'suspended')
$function$
;
alter function is_key_of_suspended(bytea) owner to shomei_tenant_clerk;

CREATE OR REPLACE FUNCTION public.is_password_key(account uuid, password_key bytea)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (select 1 from operator_account a where a.id = account and a.disabled_at is null
    and length(password_key) = 32
    and split_part(a.password_hash, '$', 6) = rtrim(encode(sha256(password_key), 'base64'), '='))
$function$
;
alter function is_password_key(uuid,bytea) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.is_sweep_held(of_tenant uuid, of_mode tenant_mode, of_sweep uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (
    select 1 from legal_hold h where h.tenant_id = of_tenant and h.mode = of_mode and h.lifted_at is null
      and h.verification_id is null and (h.person_id is null or exists (
        select 1 from status_sweep_result r where r.tenant_id = of_tenant and r.mode = of_mode and r.sweep_id = of_sweep
          and r.person_id in (select h.person_id union all select p.id from person p
            where p.tenant_id = of_tenant and p.mode = of_mode and p.merged_into = h.person_id))))
$function$
;

CREATE OR REPLACE FUNCTION public.keys_work(state tenant_state, mode tenant_mode)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$ select state = 'live' or mode = 'test' and state in ('test', 'notified') $function$
;

CREATE OR REPLACE FUNCTION public.list_any_tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb, which jsonb, skip bigint, take bigint)
 RETURNS TABLE(id uuid, occurred_at timestamp with time zone, meter text, method text, purpose text, outcome outcome, billable boolean, certificate_kind text, late boolean, jlis text, contract_again boolean, verification_id uuid, source text, source_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select * from list_tenant_usage(of_tenant, of_mode, starts, ends, seen, seen_before, seen_before_at, years, recognised,
    rules, which, skip, take)
$function$
;
alter function list_any_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb,jsonb,bigint,bigint) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.list_tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb, which jsonb, skip bigint, take bigint)
 RETURNS TABLE(id uuid, occurred_at timestamp with time zone, meter text, method text, purpose text, outcome outcome, billable boolean, certificate_kind text, late boolean, jlis text, contract_again boolean, verification_id uuid, source text, source_id uuid)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
#variable_conflict use_column
declare
  recognised_at tstzmultirange := coalesce((select range_agg(tstzrange(r.starts_at, r.ends_at))
    from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
    where r.tenant_id is null or r.tenant_id = of_tenant), '{}');
  recognises boolean := not isempty(recognised_at);
  ids uuid[] := array(select i::uuid from jsonb_array_elements_text(which->'ids') as i);
  purposes text[] := array(select jsonb_array_elements_text(which->'purposes'));
  outcomes text[] := array(select jsonb_array_elements_text(which->'outcomes'));
  from_at timestamptz := coalesce((which->>'from')::timestamptz, '-infinity');
  until_at timestamptz := coalesce((which->>'until')::timestamptz, 'infinity');
  after_at timestamptz := 'epoch'::timestamptz + (which->>'after_at')::bigint * interval '1 microsecond';
  after_id uuid := (which->>'after_id')::uuid;
begin
  return query
  select p.id, p.occurred_at, p.meter, p.method, p.purpose, p.outcome, p.billable, p.certificate_kind, p.occurred_at < starts,
    case when not (recognises and p.purpose = 'status_check' and p.billable
      and p.method = 'crl' and p.outcome <> 'indeterminate' and p.occurred_at <@ recognised_at) then 'each' when ((recognises and p.purpose = 'status_check' and p.billable
      and p.method = 'crl' and p.outcome <> 'indeterminate' and p.occurred_at <@ recognised_at) and case when p.person_id is null
      then exists (
        select 1 from usage_event b
        where b.tenant_id = of_tenant and b.mode = of_mode and (b.xact is null or pg_visible_in_snapshot(b.xact, seen)) and b.person_id is null and b.certificate_hash = p.certificate_hash and b.certificate_kind = p.certificate_kind
          and b.occurred_at < ends and (b.occurred_at >= years[1] or (seen_before is not null and b.xact is not null and not pg_visible_in_snapshot(b.xact, seen_before))) and (recognises and b.purpose = 'status_check' and b.billable
      and b.method = 'crl' and b.outcome <> 'indeterminate' and b.occurred_at <@ recognised_at)
          and width_bucket(b.occurred_at, years) = width_bucket(p.occurred_at, years) and (b.occurred_at >= starts or (seen_before is not null and b.xact is not null and not pg_visible_in_snapshot(b.xact, seen_before)), b.occurred_at, b.id) < (p.occurred_at >= starts or (seen_before is not null and p.xact is not null and not pg_visible_in_snapshot(p.xact, seen_before)), p.occurred_at, p.id))
      else exists (
        select 1 from usage_event b
        where b.tenant_id = of_tenant and b.mode = of_mode and (b.xact is null or pg_visible_in_snapshot(b.xact, seen)) and b.person_id = p.person_id and b.certificate_kind = p.certificate_kind
          and b.occurred_at < ends and (b.occurred_at >= years[1] or (seen_before is not null and b.xact is not null and not pg_visible_in_snapshot(b.xact, seen_before))) and (recognises and b.purpose = 'status_check' and b.billable
      and b.method = 'crl' and b.outcome <> 'indeterminate' and b.occurred_at <@ recognised_at)
          and width_bucket(b.occurred_at, years) = width_bucket(p.occurred_at, years) and (b.occurred_at >= starts or (seen_before is not null and b.xact is not null and not pg_visible_in_snapshot(b.xact, seen_before)), b.occurred_at, b.id) < (p.occurred_at >= starts or (seen_before is not null and p.xact is not null and not pg_visible_in_snapshot(p.xact, seen_before)), p.occurred_at, p.id)) end) then 'again' else 'first' end, false,
    p.verification_id, p.source, p.source_id
  from (
    select e.* from (
      (select u.* from usage_event u
       where seen_before is not null and u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at < starts
         and u.recorded_at >= seen_before_at - interval '1 day' and (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before))
         and case when which->>'charged_at' = 'month' then starts else u.occurred_at end >= from_at
         and case when which->>'charged_at' = 'month' then starts else u.occurred_at end < until_at
         and coalesce((which->>'late')::boolean, true) and (which->'ids' is null or u.id = any(ids)) and (which->'meter' is null or u.meter = which->>'meter')
      and (which->'purposes' is null or u.purpose = any(purposes))
      and (which->'outcomes' is null or u.billable and u.outcome::text = any(outcomes))
      and (after_at is null or u.occurred_at >= after_at and (u.occurred_at, u.id) > (after_at, after_id))
       order by u.occurred_at, u.id limit skip + take)
      union all
      -- By tenant and mode too: behind row-level security the planner does not see that they are always the same.
      (select u.* from usage_event u
       where u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at >= greatest(starts, from_at) and u.occurred_at < least(ends, until_at)
         and not coalesce((which->>'late')::boolean, false) and (which->'ids' is null or u.id = any(ids)) and (which->'meter' is null or u.meter = which->>'meter')
      and (which->'purposes' is null or u.purpose = any(purposes))
      and (which->'outcomes' is null or u.billable and u.outcome::text = any(outcomes))
      and (after_at is null or u.occurred_at >= after_at and (u.occurred_at, u.id) > (after_at, after_id))
       order by u.tenant_id, u.mode, u.occurred_at, u.id limit skip + take)
    ) e order by e.occurred_at, e.id offset skip limit take
  ) p
  order by p.occurred_at, p.id;
end $function$
;

CREATE OR REPLACE FUNCTION public.look_again_when_lifted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  update retention_progress set looked_until = '-infinity';
  return new;
end $function$
;
alter function look_again_when_lifted() owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.make_api_key(maker_hash bytea, new_id uuid, new_name text, new_hash bytea, new_last_four text, new_scopes text[], new_addresses cidr[], new_expires_at timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  maker api_key;
  excess text;
begin
  select * into maker from acting_api_key(maker_hash);
  if not found then return 'api_key_invalid'; end if;
  excess := api_key_excess(maker, new_scopes, new_addresses, new_expires_at);
  if excess is not null then return 'wider:' || excess; end if;
  if (select count(*) from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())) >= 100 then
    return 'too_many';
  end if;
  insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, allowed_addresses, expires_at, made_by)
  values (maker.tenant_id, maker.mode, new_id, new_name, new_hash, new_last_four, new_scopes, new_addresses,
    new_expires_at, maker.id);
  return null;
end $function$
;
alter function make_api_key(bytea,uuid,text,bytea,text,text[],cidr[],timestamp with time zone) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.month_usage(of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb, jlis_starts timestamp with time zone[], contract_starts timestamp with time zone[])
 RETURNS TABLE(tenant_id uuid, meter text, method text, purpose text, outcome outcome, billable boolean, certificate_kind text, late boolean, jlis_part integer, contract_part integer, jlis text, contract_again boolean, events bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET work_mem TO '64MB'
 SET enable_sort TO 'off'
AS $function$
#variable_conflict use_column
declare
  windowed uuid[] := coalesce((select array_agg(distinct r.tenant_id) from jsonb_to_recordset(rules) as r(tenant_id uuid)), '{}');
  since_ever timestamptz := (select min(r.since) from jsonb_to_recordset(rules) as r(since timestamptz));
  recognises boolean := jsonb_array_length(recognised) > 0;
  for_all tstzmultirange := coalesce((select range_agg(tstzrange(r.starts_at, r.ends_at))
    from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
    where r.tenant_id is null), '{}');
  for_some uuid[] := coalesce((select array_agg(distinct r.tenant_id) from jsonb_to_recordset(recognised) as r(tenant_id uuid)
    where r.tenant_id is not null), '{}');
  borders timestamptz[] := array(select distinct b from unnest(array[starts, ends] || jlis_starts || contract_starts) as b
    where b between starts and ends order by b);
begin
  for i in 1 .. cardinality(borders) - 1 loop
    return query
    select u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind, false, width_bucket(borders[i], jlis_starts), width_bucket(borders[i], contract_starts), 'each', false, count(*)
    from usage_event u
    where u.mode = of_mode and u.occurred_at >= borders[i] and u.occurred_at < borders[i + 1] and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen))
      and not (recognises and u.purpose = 'status_check' and u.billable and u.method = 'crl' and u.outcome <> 'indeterminate') and not (cardinality(windowed) > 0 and u.tenant_id = any(windowed))
    group by u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind;
  end loop;
  if seen_before is not null then
    return query
    select u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind, u.occurred_at < starts, case when u.occurred_at >= jlis_starts[cardinality(jlis_starts)] then cardinality(jlis_starts) else width_bucket(u.occurred_at, jlis_starts) end,
      case when greatest(u.occurred_at, starts) >= contract_starts[cardinality(contract_starts)] then cardinality(contract_starts) else width_bucket(greatest(u.occurred_at, starts), contract_starts) end, 'each', false, count(*)
    from usage_event u where u.mode = of_mode and u.occurred_at < starts and u.recorded_at >= seen_before_at - interval '1 day'
    and (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before)) and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen)) and not (recognises and u.purpose = 'status_check' and u.billable and u.method = 'crl' and u.outcome <> 'indeterminate') and not (cardinality(windowed) > 0 and u.tenant_id = any(windowed))
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
  end if;
  if recognises then
    
    return query
    select w.tenant_id, w.meter, 'crl', 'status_check', w.outcome, true, w.certificate_kind, w.occurred_at < starts, case when w.occurred_at >= jlis_starts[cardinality(jlis_starts)] then cardinality(jlis_starts) else width_bucket(w.occurred_at, jlis_starts) end,
      case when greatest(w.occurred_at, starts) >= contract_starts[cardinality(contract_starts)] then cardinality(contract_starts) else width_bucket(greatest(w.occurred_at, starts), contract_starts) end,
      case when not w.counts then 'each' when w.first then 'first' else 'again' end, false, count(*)
    from (
      select c.*, row_number() over (
        partition by c.tenant_id, c.mode, c.person_id, c.certificate_kind, c.counts, c.year
        order by c.mine, c.occurred_at, c.id) = 1 as first
      from (
        select u.tenant_id, u.mode, u.person_id, u.certificate_kind, u.occurred_at, u.id, u.meter, u.outcome,
          case when u.occurred_at >= years[cardinality(years)] then cardinality(years) else width_bucket(u.occurred_at, years) end as year, u.occurred_at >= starts or (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before)) as mine,
          u.occurred_at <@ for_all or (cardinality(for_some) > 0 and u.tenant_id = any(for_some) and exists (
            select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
            where r.tenant_id = u.tenant_id and u.occurred_at >= r.starts_at and u.occurred_at < r.ends_at)) as counts
        from usage_event u
        where u.mode = of_mode and u.occurred_at < ends and (u.occurred_at >= years[1] or (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before))) and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen))
          and (recognises and u.purpose = 'status_check' and u.billable and u.method = 'crl' and u.outcome <> 'indeterminate') and not (cardinality(windowed) > 0 and u.tenant_id = any(windowed)) and u.person_id is not null
      ) c
    ) w
    where w.mine group by 1, 2, 5, 7, 8, 9, 10, 11;
    
    return query
    select w.tenant_id, w.meter, 'crl', 'status_check', w.outcome, true, w.certificate_kind, w.occurred_at < starts, case when w.occurred_at >= jlis_starts[cardinality(jlis_starts)] then cardinality(jlis_starts) else width_bucket(w.occurred_at, jlis_starts) end,
      case when greatest(w.occurred_at, starts) >= contract_starts[cardinality(contract_starts)] then cardinality(contract_starts) else width_bucket(greatest(w.occurred_at, starts), contract_starts) end,
      case when not w.counts then 'each' when w.first then 'first' else 'again' end, false, count(*)
    from (
      select c.*, row_number() over (
        partition by c.tenant_id, c.mode, c.certificate_hash, c.certificate_kind, c.counts, c.year
        order by c.mine, c.occurred_at, c.id) = 1 as first
      from (
        select u.tenant_id, u.mode, u.certificate_hash, u.certificate_kind, u.occurred_at, u.id, u.meter, u.outcome,
          case when u.occurred_at >= years[cardinality(years)] then cardinality(years) else width_bucket(u.occurred_at, years) end as year, u.occurred_at >= starts or (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before)) as mine,
          u.occurred_at <@ for_all or (cardinality(for_some) > 0 and u.tenant_id = any(for_some) and exists (
            select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
            where r.tenant_id = u.tenant_id and u.occurred_at >= r.starts_at and u.occurred_at < r.ends_at)) as counts
        from usage_event u
        where u.mode = of_mode and u.occurred_at < ends and (u.occurred_at >= years[1] or (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before))) and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen))
          and (recognises and u.purpose = 'status_check' and u.billable and u.method = 'crl' and u.outcome <> 'indeterminate') and not (cardinality(windowed) > 0 and u.tenant_id = any(windowed)) and u.person_id is null
      ) c
    ) w
    where w.mine group by 1, 2, 5, 7, 8, 9, 10, 11;
  end if;
  if cardinality(windowed) > 0 then
    return query
    with candidate as materialized (
      select u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind, u.id, u.occurred_at, u.person_id, case when u.person_id is null then u.certificate_hash end as hash,
        true as mine, u.occurred_at as contract_at
      from usage_event u
      where u.mode = of_mode and u.occurred_at >= starts and u.occurred_at < ends and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen)) and (cardinality(windowed) > 0 and u.tenant_id = any(windowed))
      union all
      select u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind, u.id, u.occurred_at, u.person_id, case when u.person_id is null then u.certificate_hash end, true, starts
      from usage_event u where u.mode = of_mode and u.occurred_at < starts and u.recorded_at >= seen_before_at - interval '1 day'
    and (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before)) and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen)) and (cardinality(windowed) > 0 and u.tenant_id = any(windowed))
      union all
      select u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind, u.id, u.occurred_at, u.person_id, case when u.person_id is null then u.certificate_hash end, false, u.occurred_at
      from usage_event u where u.mode = of_mode and u.occurred_at < starts and not (seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before)) and (u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at >= least(years[1], since_ever) and (cardinality(windowed) > 0 and u.tenant_id = any(windowed))
    ),
    of_jlis as (
      select c.tenant_id, c.id, row_number() over (
        partition by c.tenant_id, c.person_id, c.hash, c.certificate_kind, width_bucket(c.occurred_at, years)
        order by c.mine, c.occurred_at, c.id) = 1 as first
      from candidate c
      where c.purpose = 'status_check' and c.method = 'crl' and c.billable and c.outcome <> 'indeterminate'
        and exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
          where (r.tenant_id is null or r.tenant_id = c.tenant_id) and c.occurred_at >= r.starts_at and c.occurred_at < r.ends_at)
    ),
    of_contract as (
      select w.tenant_id, w.id, w.first from (
        select c.tenant_id, c.id, c.mine and c.contract_at >= r.starts_at as wanted, row_number() over (
          partition by r.no, c.person_id, c.hash order by c.mine, c.occurred_at, c.id) = 1 as first
        from candidate c join jsonb_to_recordset(rules) as r(no int, tenant_id uuid, starts_at timestamptz, ends_at timestamptz,
          since timestamptz, meter text, purposes text[], outcomes text[])
          on r.tenant_id = c.tenant_id and r.meter = c.meter and c.purpose = any(r.purposes) and c.outcome::text = any(r.outcomes)
        where c.billable and c.contract_at >= r.since and c.contract_at < r.ends_at
      ) w where w.wanted
    )
    select c.tenant_id, c.meter, c.method, c.purpose, c.outcome, c.billable, c.certificate_kind, c.occurred_at < starts, case when c.occurred_at >= jlis_starts[cardinality(jlis_starts)] then cardinality(jlis_starts) else width_bucket(c.occurred_at, jlis_starts) end,
      case when greatest(c.occurred_at, starts) >= contract_starts[cardinality(contract_starts)] then cardinality(contract_starts) else width_bucket(greatest(c.occurred_at, starts), contract_starts) end,
      case when j.id is null then 'each' when j.first then 'first' else 'again' end, coalesce(not k.first, false), count(*)
    from candidate c
      left join of_jlis j on j.tenant_id = c.tenant_id and j.id = c.id
      left join of_contract k on k.tenant_id = c.tenant_id and k.id = c.id
    where c.mine
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
  end if;
end $function$
;
alter function month_usage(tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb,timestamp with time zone[],timestamp with time zone[]) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.next_month_to_close(of_mode tenant_mode)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select coalesce(
    (select case when c.closed_at is null then c.month else to_char(c.ends_at at time zone 'Asia/Tokyo', 'YYYY-MM') end
     from month_close c where c.mode = of_mode order by c.month desc limit 1),
    (select to_char(least(
      (select min(u.occurred_at) from usage_event u where u.mode = of_mode) at time zone 'Asia/Tokyo',
      (select min(p.valid_from) from price_plan p where p.mode = of_mode)::timestamp), 'YYYY-MM')))
$function$
;
alter function next_month_to_close(tenant_mode) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.note_api_key_use(secret_hash bytea)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  update api_key k set last_used_at = clock_timestamp()
  where k.secret_sha256 = secret_hash
    and (k.last_used_at is null or k.last_used_at < clock_timestamp() - interval '1 minute')
$function$
;
alter function note_api_key_use(bytea) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.open_any_tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  perform open_tenant_usage(of_tenant, of_mode, starts, ends, seen, seen_before, seen_before_at, years, recognised, rules);
end $function$
;
alter function open_any_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) owner to shomei_biller;

CREATE OR REPLACE FUNCTION public.open_checklist_items(of_tenant uuid)
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select array(
    select i.item::text from unnest(enum_range(null::documented_item)) with ordinality as i (item, place)
    where not exists (select 1 from checklist_item c
      where c.tenant_id = of_tenant and c.item = i.item and c.confirmed_at is not null)
    order by i.place)
  || case when exists (select 1 from connection_test(of_tenant) t where t.verification_id is null)
    then array['connection_test'] else array[]::text[] end
$function$
;

CREATE OR REPLACE FUNCTION public.open_data_export(token_hash bytea, why text, new_audit_id uuid, request text, address inet)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  who uuid := acting_operator(token_hash);
begin
  if who is null then return 'session_invalid'; end if;
  if not exists (select 1 from operator_account a
    where a.id = who and a.roles && array['admin', 'onboarding']) then return 'permission_missing'; end if;
  if why is null or length(btrim(why)) not between 3 and 500 then return 'reason_missing'; end if;
  if current_mode() is null or not exists (select 1 from tenant t where t.id = current_tenant()) then
    return 'tenant_unknown';
  end if;
  insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
  values (new_audit_id, current_tenant(), current_mode(), 'operator:' || who, 'tenant.data_export_open',
    'tenant:' || current_tenant(), request, address, jsonb_build_object('reason', btrim(why)));
  return null;
end $function$
;
alter function open_data_export(bytea,text,uuid,text,inet) owner to shomei_export_clerk;

CREATE OR REPLACE FUNCTION public.open_evidence(token_hash bytea, wanted uuid, why text, new_audit_id uuid, request text, address inet, purpose text DEFAULT 'bundle'::text)
 RETURNS TABLE(refusal text, tenant_id uuid, mode tenant_mode, kind text, decided_at timestamp with time zone, recorded_at timestamp with time zone, verdict jsonb, tenant_key_id uuid, evidence bytea, ring_key_id text, wrapped bytea)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  actor uuid := acting_operator(token_hash);
  found_row record;
begin
  if purpose is null or purpose not in ('bundle', 'reveal', 'reverify') then
    raise exception 'evidence is not opened for "%"', purpose using errcode = '22023';
  end if;
  if actor is null then
    refusal := 'session_invalid'; return next; return;
  end if;
  if not exists (select 1 from operator_account a where a.id = actor and 'auditor' = any (a.roles)) then
    refusal := 'permission_missing'; return next; return;
  end if;
  if why is null or length(btrim(why)) not between 3 and 500 then
    refusal := 'reason_missing'; return next; return;
  end if;
  select v.*, k.ring_key_id, k.wrapped into found_row
  from (select v.tenant_id, v.mode, v.id, v.kind, v.decided_at, v.recorded_at, v.verdict, v.tenant_key_id, v.evidence
    from verification v where v.id = wanted) v
  -- what was erased is told as such, also when its key has been destroyed since
  left join tenant_key k on k.tenant_id = v.tenant_id and k.mode = v.mode and k.id = v.tenant_key_id;
  if not found then
    refusal := 'verification_unknown'; return next; return;
  end if;
  insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
  values (new_audit_id, found_row.tenant_id, found_row.mode, 'operator:' || actor,
    case purpose when 'reveal' then 'verification.reveal' else 'evidence.open' end,
    'verification:' || wanted, request, address, jsonb_build_object('reason', btrim(why), 'purpose', purpose));
  return query select null::text, found_row.tenant_id, found_row.mode, found_row.kind, found_row.decided_at,
    found_row.recorded_at, found_row.verdict, found_row.tenant_key_id, found_row.evidence, found_row.ring_key_id,
    found_row.wrapped;
end $function$
;
alter function open_evidence(bytea,uuid,text,uuid,text,inet,text) owner to shomei_evidence_clerk;

CREATE OR REPLACE FUNCTION public.open_operator_session(new_id uuid, new_token_hash bytea, account uuid, password_key bytea, prior_token_hash bytea, both_factors boolean, made_at timestamp with time zone, idles_until timestamp with time zone, lasts_until timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if not coalesce(is_password_key(account, password_key), false) and not exists (
      select 1 from operator_session s join operator_account a on a.id = s.operator_id
      where s.token_sha256 = prior_token_hash and s.operator_id = account and s.ended_at is null
        and s.idle_until > clock_timestamp() and a.disabled_at is null) then
    return false;
  end if;
  insert into operator_session (id, token_sha256, operator_id, second_factor, created_at, idle_until, ends_at)
  values (new_id, new_token_hash, account, both_factors, made_at, idles_until, lasts_until);
  return true;
end $function$
;
alter function open_operator_session(uuid,bytea,uuid,bytea,bytea,boolean,timestamp with time zone,timestamp with time zone,timestamp with time zone) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.open_tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  windowed boolean := exists (select 1 from jsonb_to_recordset(rules) as r(tenant_id uuid) where r.tenant_id = of_tenant);
  recognises boolean := exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid)
    where r.tenant_id is null or r.tenant_id = of_tenant);
  -- What may have been counted before in the year, or in the longest window.
  since_ever timestamptz := least(years[1], (select min(r.since) from jsonb_to_recordset(rules) as r(tenant_id uuid, since timestamptz)
    where r.tenant_id = of_tenant));
  plain refcursor := 'usage_plain';
  other refcursor := 'usage_other';
begin
  open plain no scroll for
  select concat_ws(' ', u.occurred_at at time zone interval '9 hours',
      coalesce(encode(uuid_send(u.id), 'hex'), '-'), coalesce(encode(uuid_send(u.verification_id), 'hex'), '-'), coalesce(encode(uuid_send(u.source_id), 'hex'), '-'), '|', u.meter, u.method, u.purpose,
      u.outcome, u.billable, u.certificate_kind, u.source, false, 'each', false) as line from usage_event u where u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at >= starts and u.occurred_at < ends and not (windowed or (recognises and u.purpose = 'status_check' and u.method = 'crl'))
  order by u.tenant_id, u.mode, u.occurred_at, u.id;
  open other no scroll for
  with candidate as materialized (
    select u.id, u.occurred_at, u.verification_id, u.source_id, u.source, u.meter, u.method, u.purpose, u.outcome,
      u.billable, u.certificate_kind, u.person_id, case when u.person_id is null then u.certificate_hash end as hash, true as mine, u.occurred_at as contract_at from usage_event u where u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at >= starts and u.occurred_at < ends and (windowed or (recognises and u.purpose = 'status_check' and u.method = 'crl'))
    union all
    select u.id, u.occurred_at, u.verification_id, u.source_id, u.source, u.meter, u.method, u.purpose, u.outcome,
      u.billable, u.certificate_kind, u.person_id, case when u.person_id is null then u.certificate_hash end as hash, true, starts from usage_event u where u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at < starts and seen_before is not null
    and u.recorded_at >= seen_before_at - interval '1 day' and not pg_visible_in_snapshot(u.xact, seen_before) and (windowed or (recognises and u.purpose = 'status_check' and u.method = 'crl'))
    union all
    select u.id, u.occurred_at, u.verification_id, u.source_id, u.source, u.meter, u.method, u.purpose, u.outcome,
      u.billable, u.certificate_kind, u.person_id, case when u.person_id is null then u.certificate_hash end as hash, false, u.occurred_at from usage_event u
    where u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at < starts
    and (u.xact is null or seen_before is null or pg_visible_in_snapshot(u.xact, seen_before)) and (windowed or (recognises and u.purpose = 'status_check' and u.method = 'crl')) and u.occurred_at >= since_ever
  ),
  of_jlis as (
    select c.id, row_number() over (
      partition by c.person_id, c.hash, c.certificate_kind, width_bucket(c.occurred_at, years)
      order by c.mine, c.occurred_at, c.id) = 1 as first
    from candidate c
    where c.purpose = 'status_check' and c.method = 'crl' and c.billable and c.outcome <> 'indeterminate'
      and exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
        where (r.tenant_id is null or r.tenant_id = of_tenant) and c.occurred_at >= r.starts_at and c.occurred_at < r.ends_at)
  ),
  of_contract as (
    select w.id, w.first from (
      select c.id, c.mine and c.contract_at >= r.starts_at as wanted, row_number() over (
        partition by r.no, c.person_id, c.hash order by c.mine, c.occurred_at, c.id) = 1 as first
      from candidate c join jsonb_to_recordset(rules) as r(no int, tenant_id uuid, starts_at timestamptz, ends_at timestamptz,
        since timestamptz, meter text, purposes text[], outcomes text[])
        on r.tenant_id = of_tenant and r.meter = c.meter and c.purpose = any(r.purposes) and c.outcome::text = any(r.outcomes)
      where c.billable and c.contract_at >= r.since and c.contract_at < r.ends_at
    ) w where w.wanted
  )
  select o.line from (
    select u.occurred_at, u.id, concat_ws(' ', u.occurred_at at time zone interval '9 hours',
      coalesce(encode(uuid_send(u.id), 'hex'), '-'), coalesce(encode(uuid_send(u.verification_id), 'hex'), '-'), coalesce(encode(uuid_send(u.source_id), 'hex'), '-'), '|', u.meter, u.method, u.purpose,
      u.outcome, u.billable, u.certificate_kind, u.source, true, 'each', false) as line
    from usage_event u where u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.occurred_at < starts and seen_before is not null
    and u.recorded_at >= seen_before_at - interval '1 day' and not pg_visible_in_snapshot(u.xact, seen_before) and not (windowed or (recognises and u.purpose = 'status_check' and u.method = 'crl'))
    union all
    select c.occurred_at, c.id, concat_ws(' ', c.occurred_at at time zone interval '9 hours',
      coalesce(encode(uuid_send(c.id), 'hex'), '-'), coalesce(encode(uuid_send(c.verification_id), 'hex'), '-'), coalesce(encode(uuid_send(c.source_id), 'hex'), '-'), '|', c.meter, c.method, c.purpose,
      c.outcome, c.billable, c.certificate_kind, c.source, c.occurred_at < starts,
      case when j.id is null then 'each' when j.first then 'first' else 'again' end, coalesce(not k.first, false))
    from candidate c left join of_jlis j on j.id = c.id left join of_contract k on k.id = c.id where c.mine
  ) o order by o.occurred_at, o.id;
end $function$
;

CREATE OR REPLACE FUNCTION public.place_event()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  whose text := concat_ws('|', new.tenant_id, new.mode, '');
  -- Of this transaction, and gone with the savepoint that was rolled back, as the lock is.
  place text := current_setting('app.event_place', true);
begin
  if starts_with(place, whose) is not true then
    perform pg_advisory_xact_lock_shared(
      (hashtextextended('events|' || new.tenant_id || '|' || new.mode, 0) & -4294967296) | (pg_sequence_last_value('public.event_place') & 4294967295));
    place := whose || nextval('event_place');
    perform set_config('app.event_place', place, true);
  end if;
  new.xact := substr(place, length(whose) + 1)::xid8;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.plain_tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb)
 RETURNS TABLE(id uuid, occurred_at timestamp with time zone, meter text, purpose text, outcome outcome, billable boolean, late boolean, contract_again boolean)
 LANGUAGE sql
 STABLE
BEGIN ATOMIC
 SELECT u.id,
     u.occurred_at,
     u.meter,
     u.purpose,
     u.outcome,
     u.billable,
     false,
     false
    FROM usage_event u
   WHERE ((u.tenant_id = plain_tenant_usage.of_tenant) AND (u.mode = plain_tenant_usage.of_mode) AND ((u.xact IS NULL) OR pg_visible_in_snapshot(u.xact, plain_tenant_usage.seen)) AND (u.occurred_at >= plain_tenant_usage.starts) AND (u.occurred_at < plain_tenant_usage.ends))
 UNION ALL
  SELECT u.id,
     u.occurred_at,
     u.meter,
     u.purpose,
     u.outcome,
     u.billable,
     true,
     false
    FROM usage_event u
   WHERE ((u.tenant_id = plain_tenant_usage.of_tenant) AND (u.mode = plain_tenant_usage.of_mode) AND ((u.xact IS NULL) OR pg_visible_in_snapshot(u.xact, plain_tenant_usage.seen)) AND (u.occurred_at < plain_tenant_usage.starts) AND (u.recorded_at >= (plain_tenant_usage.seen_before_at - '1 day'::interval)) AND ((plain_tenant_usage.seen_before IS NOT NULL) AND (u.xact IS NOT NULL) AND (NOT pg_visible_in_snapshot(u.xact, plain_tenant_usage.seen_before))));
END
;

CREATE OR REPLACE FUNCTION public.propose_approval(token_hash bytea, new_id uuid, new_kind text, new_subject text, was jsonb, becomes jsonb, why text, lasts interval)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare actor uuid := acting_operator(token_hash);
begin
  if actor is null then return 'session_invalid'; end if;
  update approval set state = 'expired'
  where kind = new_kind and subject = new_subject and state in ('proposed', 'approved') and expires_at <= clock_timestamp();
  insert into approval (id, kind, subject, before, after, payload_sha256, reason, proposed_by, expires_at)
  values (new_id, new_kind, new_subject, was, becomes,
    sha256(convert_to(concat_ws(E'\n', new_kind, new_subject, was::text, becomes::text), 'UTF8')), why, actor,
    clock_timestamp() + lasts)
  on conflict (kind, subject) where state in ('proposed', 'approved') do nothing;
  return case when found then null else 'proposal_open' end;
end $function$
;
alter function propose_approval(bytea,uuid,text,text,jsonb,jsonb,text,interval) owner to shomei_operator_keeper;

CREATE OR REPLACE FUNCTION public.put_out_events()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  insert into webhook_delivery (tenant_id, mode, endpoint_id, event_id)
  select e.tenant_id, e.mode, w.id, e.id
  from new_event e join webhook_endpoint w on w.tenant_id = e.tenant_id and w.mode = e.mode
  where w.enabled and w.deleted_at is null
    -- A test is for one endpoint, whatever else that wants.
    and case when e.type = 'webhook_endpoint.test' then w.id::text = e.data ->> 'webhook_endpoint_id'
      else w.event_types is null or e.type = any(w.event_types) end;
  return null;
end $function$
;
alter function put_out_events() owner to shomei_webhook_clerk;

CREATE OR REPLACE FUNCTION public.referenced_lists(since timestamp with time zone, until timestamp with time zone)
 RETURNS TABLE(mode tenant_mode, sha256 text, last_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select v.mode, f.finding ->> 'sourceSha256', max(v.recorded_at)
  from verification v cross join jsonb_array_elements(
    case when jsonb_typeof(v.verdict -> 'revocation') = 'array' then v.verdict -> 'revocation' else '[]' end) as f(finding)
  where v.recorded_at >= since and v.recorded_at < until
    and f.finding ->> 'method' = 'crl' and f.finding ->> 'sourceSha256' ~ '^[0-9a-f]{64}$'
  group by 1, 2
$function$
;
alter function referenced_lists(timestamp with time zone,timestamp with time zone) owner to shomei_crl_keeper;

CREATE OR REPLACE FUNCTION public.refuse_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  raise exception 'what is kept is not emptied' using errcode = '23514', constraint = 'invoice_stays';
end $function$
;

CREATE OR REPLACE FUNCTION public.replace_api_key(wanted uuid, new_id uuid, new_hash bytea, new_last_four text, overlap interval)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare old api_key;
begin
  if overlap is null or overlap < interval '0' or overlap > interval '168 hours' then
    raise exception 'an overlap of % is not allowed', overlap using errcode = '22023';
  end if;
  -- The lock of acting_api_key: whoever rotates or revokes with a key of the tenant does it before or after.
  perform pg_advisory_xact_lock(hashtextextended('api_keys:' || k.tenant_id || ':' || k.mode, 0))
  from api_key k where k.id = wanted;
  select * into old from api_key k where k.id = wanted for update;
  if not found then return 'not_found'; end if;
  if old.revoked_at is not null then return 'revoked'; end if;
  if exists (select 1 from api_key k where k.tenant_id = old.tenant_id and k.mode = old.mode
      and k.rotated_from = wanted) then return 'rotated'; end if;
  if old.expires_at <= clock_timestamp() then return 'expired'; end if;
  -- The policy no_live_key_before_go_live does not bind this door's owner.
  if old.mode = 'live' and not exists (select 1 from tenant t where t.id = old.tenant_id and t.state = 'live') then
    return 'not_live';
  end if;
  insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, allowed_addresses, expires_at,
    rotated_from)
  values (old.tenant_id, old.mode, new_id, old.name, new_hash, new_last_four, old.scopes, old.allowed_addresses,
    old.expires_at, old.id);
  update api_key k set expires_at = least(old.expires_at, clock_timestamp() + overlap)
  where k.tenant_id = old.tenant_id and k.mode = old.mode and k.id = old.id;
  return null;
end $function$
;
alter function replace_api_key(uuid,uuid,bytea,text,interval) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.reserve_quota(secret_hash bytea, of_class text, of_month date, wanted integer)
 RETURNS TABLE(granted integer, unreserved bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
end $function$
;
alter function reserve_quota(bytea,text,date,integer) owner to shomei_quota_keeper;

CREATE OR REPLACE FUNCTION public.retained_until(of_kind text, recorded timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select recorded + r.keep from retention_rule r where r.kind = of_kind and r.valid_from <= recorded
  order by r.valid_from desc limit 1
$function$
;

CREATE OR REPLACE FUNCTION public.retention_due(months integer)
 RETURNS TABLE(kind text, starts timestamp with time zone, ends timestamp with time zone, things bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with rule as (
    select r.kind, r.valid_from, r.keep,
      coalesce(lead(r.valid_from) over (partition by r.kind order by r.valid_from), 'infinity') as valid_until
    from retention_rule r),
  now_ as (select clock_timestamp() as at, date_trunc('month', clock_timestamp() at time zone 'Asia/Tokyo') as month),
  span as (
    select '-infinity'::timestamptz as starts, n.at as ends from now_ n
    union all
    select greatest(n.at, (n.month + i * interval '1 month') at time zone 'Asia/Tokyo'),
      (n.month + (i + 1) * interval '1 month') at time zone 'Asia/Tokyo'
    from now_ n, generate_series(0, least(greatest(months, 1), 24) - 1) i)
  select r.kind, s.starts, s.ends, least(sum(c.n), 100000)::bigint
  from rule r cross join span s cross join lateral (
    select case r.kind
      when 'verification' then (select count(*) from (select 1 from verification v
        where v.recorded_at >= greatest(r.valid_from, s.starts - r.keep) and v.recorded_at < least(r.valid_until, s.ends - r.keep)
          and v.erased_at is null limit 100000) x)
      when 'consent' then (select count(*) from (select 1 from consent v
        where v.recorded_at >= greatest(r.valid_from, s.starts - r.keep) and v.recorded_at < least(r.valid_until, s.ends - r.keep)
        limit 100000) x)
      when 'status_sweep' then (select count(*) from (select 1 from status_sweep v
        where v.ended_at >= greatest(r.valid_from, s.starts - r.keep) and v.ended_at < least(r.valid_until, s.ends - r.keep)
          and v.results_left limit 100000) x)
      when 'presentation' then (select count(*) from (select 1 from presentation v
        where v.recorded_at >= greatest(r.valid_from, s.starts - r.keep) and v.recorded_at < least(r.valid_until, s.ends - r.keep)
        limit 100000) x)
    end as n) c
  group by r.kind, s.starts, s.ends order by r.kind, s.starts
$function$
;
alter function retention_due(integer) owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.return_quota(secret_hash bytea, of_class text, of_month date, unused integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if unused is null or unused < 1 or unused > 100 then
    raise exception '% cannot be what is left of a part', unused using errcode = '22023';
  end if;
  update quota_use u set reserved = greatest(u.reserved - unused, 0)
  from api_key k
  where k.secret_sha256 = secret_hash and u.tenant_id = k.tenant_id and u.mode = k.mode
    and u.endpoint_class = of_class and u.month = of_month;
end $function$
;
alter function return_quota(bytea,text,date,integer) owner to shomei_quota_keeper;

CREATE OR REPLACE FUNCTION public.revoke_api_key(maker_hash bytea, wanted uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare maker api_key;
begin
  select * into maker from acting_api_key(maker_hash);
  if not found then return 'api_key_invalid'; end if;
  update api_key k set revoked_at = clock_timestamp()
  where k.tenant_id = maker.tenant_id and k.mode = maker.mode and k.id = wanted and k.revoked_at is null;
  if found then return null; end if;
  return case when exists (select 1 from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode
    and k.id = wanted) then 'revoked' else 'not_found' end;
end $function$
;
alter function revoke_api_key(bytea,uuid) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.ring_key_use()
 RETURNS TABLE(kind text, ring_key_id text, things bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select 'tenant_key', k.ring_key_id, count(*) from tenant_key k group by 2
  union all select 'tenant_contacts', a.contacts_ring_key, count(*) from tenant_application a group by 2
  union all select 'checklist_file', f.ring_key, count(*) from checklist_file f group by 2
  union all select 'operator_totp', o.totp_ring_key, count(*) from operator_account o
    where o.totp_ring_key is not null group by 2
$function$
;
alter function ring_key_use() owner to shomei_key_clerk;

CREATE OR REPLACE FUNCTION public.rotate_api_key(maker_hash bytea, wanted uuid, new_id uuid, new_hash bytea, new_last_four text, overlap interval)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  maker api_key;
  old api_key;
  excess text;
begin
  if overlap is null or overlap < interval '0' or overlap > interval '168 hours' then
    raise exception 'an overlap of % is not allowed', overlap using errcode = '22023';
  end if;
  select * into maker from acting_api_key(maker_hash);
  if not found then return 'api_key_invalid'; end if;
  -- An operator does not wait for the lock.
  select * into old from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode and k.id = wanted
  for update;
  if not found then return 'not_found'; end if;
  if old.revoked_at is not null then return 'revoked'; end if;
  if exists (select 1 from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode
      and k.rotated_from = wanted) then return 'rotated'; end if;
  if old.expires_at <= clock_timestamp() then return 'expired'; end if;
  excess := api_key_excess(maker, old.scopes, old.allowed_addresses, old.expires_at);
  if excess is not null then return 'wider:' || excess; end if;
  insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, allowed_addresses, expires_at,
    made_by, rotated_from)
  values (old.tenant_id, old.mode, new_id, old.name, new_hash, new_last_four, old.scopes, old.allowed_addresses,
    old.expires_at, maker.id, old.id);
  update api_key k set expires_at = least(old.expires_at, clock_timestamp() + overlap)
  where k.tenant_id = old.tenant_id and k.mode = old.mode and k.id = old.id;
  return null;
end $function$
;
alter function rotate_api_key(bytea,uuid,uuid,bytea,text,interval) owner to shomei_key_maker;

CREATE OR REPLACE FUNCTION public.seal_anew(token_hash bytea, wanted text, of_id uuid, was bytea[], new_ring_key text, becomes bytea[])
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if not acts_as_admin(token_hash) then
    raise exception 'not an admin with both factors' using errcode = 'insufficient_privilege';
  end if;
  if new_ring_key is null or new_ring_key !~ '^[A-Za-z0-9_-]{1,32}$' or cardinality(becomes) <> cardinality(was)
      or exists (select 1 from unnest(was, becomes) x (w, b) where length(x.w) is distinct from length(x.b)) then
    raise exception 'this is not the same secret' using errcode = '22023';
  end if;
  case wanted
    when 'tenant_key' then
      update tenant_key k set ring_key_id = new_ring_key, wrapped = becomes[1]
      where k.id = of_id and k.wrapped = was[1];
    when 'tenant_contacts' then
      update tenant_application a set contacts_ring_key = new_ring_key, contacts = becomes[1]
      where a.tenant_id = of_id and a.contacts = was[1];
    when 'checklist_file' then
      update checklist_file f set ring_key = new_ring_key, name = becomes[1], content = becomes[2]
      where f.id = of_id and f.name = was[1] and f.content = was[2];
    when 'operator_totp' then
      update operator_account o set totp_ring_key = new_ring_key, totp_secret = becomes[1]
      where o.id = of_id and o.totp_secret = was[1];
  end case;
  return found;
end $function$
;
alter function seal_anew(bytea,text,uuid,bytea[],text,bytea[]) owner to shomei_key_clerk;

CREATE OR REPLACE FUNCTION public.sealed_under_others(token_hash bytea, keep text, wanted text, after_id uuid, up_to integer)
 RETURNS TABLE(tenant_id uuid, id uuid, ring_key_id text, sealed bytea[])
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  if not acts_as_admin(token_hash) then
    raise exception 'not an admin with both factors' using errcode = 'insufficient_privilege';
  end if;
  return query
  select s.* from (
    select k.tenant_id, k.id, k.ring_key_id, array[k.wrapped] from tenant_key k
      where wanted = 'tenant_key' and k.ring_key_id <> keep
    union all select a.tenant_id, a.tenant_id, a.contacts_ring_key, array[a.contacts] from tenant_application a
      where wanted = 'tenant_contacts' and a.contacts_ring_key <> keep
    union all select f.tenant_id, f.id, f.ring_key, array[f.name, f.content] from checklist_file f
      where wanted = 'checklist_file' and f.ring_key <> keep
    union all select null, o.id, o.totp_ring_key, array[o.totp_secret] from operator_account o
      where wanted = 'operator_totp' and o.totp_ring_key <> keep
  ) s (tenant_id, id, ring_key_id, sealed)
  where after_id is null or s.id > after_id order by s.id limit least(greatest(up_to, 1), 1000);
end $function$
;
alter function sealed_under_others(bytea,text,text,uuid,integer) owner to shomei_key_clerk;

CREATE OR REPLACE FUNCTION public.tenant_key_needs(of_tenant uuid, of_mode tenant_mode, of_key uuid)
 RETURNS TABLE(need text, things bigint, until timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
$function$
;
alter function tenant_key_needs(uuid,tenant_mode,uuid) owner to shomei_retention_clerk;

CREATE OR REPLACE FUNCTION public.tenant_usage(of_tenant uuid, of_mode tenant_mode, starts timestamp with time zone, ends timestamp with time zone, seen pg_snapshot, seen_before pg_snapshot, seen_before_at timestamp with time zone, years timestamp with time zone[], recognised jsonb, rules jsonb)
 RETURNS TABLE(id uuid, occurred_at timestamp with time zone, meter text, method text, purpose text, outcome outcome, billable boolean, certificate_kind text, late boolean, jlis text, contract_again boolean)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column

declare
  windowed uuid[] := coalesce((select array_agg(distinct r.tenant_id) from jsonb_to_recordset(rules) as r(tenant_id uuid)), '{}');
  since_ever timestamptz := (select min(r.since) from jsonb_to_recordset(rules) as r(since timestamptz));
begin
  return query
  with 
  candidate as materialized (
    select u.tenant_id, u.id, u.occurred_at, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind,
    u.person_id, case when u.person_id is null then u.certificate_hash end as hash, true as mine, greatest(u.occurred_at, starts) as contract_at from usage_event u
    where u.mode = of_mode and u.occurred_at < ends
    and (u.occurred_at >= starts or (seen_before is not null and u.recorded_at >= seen_before_at - interval '1 day'
      and not pg_visible_in_snapshot(u.xact, seen_before)))
    and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and ((u.purpose = 'status_check' and u.method = 'crl') or u.tenant_id = any(windowed)) and u.tenant_id = of_tenant
    union all
    select u.tenant_id, u.id, u.occurred_at, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind,
    u.person_id, case when u.person_id is null then u.certificate_hash end as hash, false, u.occurred_at from usage_event u
    where u.mode = of_mode and u.occurred_at < starts
    and (u.xact is null or seen_before is null or pg_visible_in_snapshot(u.xact, seen_before))
    and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.purpose = 'status_check' and u.method = 'crl' and u.occurred_at >= years[1]
      and not (u.tenant_id = any(windowed)) and u.tenant_id = of_tenant
    union all
    select u.tenant_id, u.id, u.occurred_at, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind,
    u.person_id, case when u.person_id is null then u.certificate_hash end as hash, false, u.occurred_at from usage_event u
    where u.mode = of_mode and u.occurred_at < starts
    and (u.xact is null or seen_before is null or pg_visible_in_snapshot(u.xact, seen_before))
    and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and u.tenant_id = any(windowed) and u.occurred_at >= least(years[1], since_ever) and u.tenant_id = of_tenant
  ),
  of_jlis as (
    select c.tenant_id, c.id, row_number() over (
      partition by c.tenant_id, c.person_id, c.hash, c.certificate_kind, width_bucket(c.occurred_at, years)
      order by c.mine, c.occurred_at, c.id) = 1 as first
    from candidate c
    where c.purpose = 'status_check' and c.method = 'crl' and c.billable and c.outcome <> 'indeterminate'
      and exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
        where (r.tenant_id is null or r.tenant_id = c.tenant_id) and c.occurred_at >= r.starts_at and c.occurred_at < r.ends_at)
  ),
  of_contract as (
    select w.tenant_id, w.id, w.first from (
      select c.tenant_id, c.id, c.mine and c.contract_at >= r.starts_at as wanted, row_number() over (
        partition by r.no, c.person_id, c.hash order by c.mine, c.occurred_at, c.id) = 1 as first
      from candidate c join jsonb_to_recordset(rules) as r(no int, tenant_id uuid, starts_at timestamptz, ends_at timestamptz,
        since timestamptz, meter text, purposes text[], outcomes text[])
        on r.tenant_id = c.tenant_id and r.meter = c.meter and c.purpose = any(r.purposes) and c.outcome::text = any(r.outcomes)
      where c.billable and c.contract_at >= r.since and c.contract_at < r.ends_at
    ) w where w.wanted
  )
  select u.id, u.occurred_at, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind,
    u.occurred_at < starts, 'each', false
  from usage_event u where u.mode = of_mode and u.occurred_at < ends
    and (u.occurred_at >= starts or (seen_before is not null and u.recorded_at >= seen_before_at - interval '1 day'
      and not pg_visible_in_snapshot(u.xact, seen_before)))
    and (u.xact is null or pg_visible_in_snapshot(u.xact, seen)) and not ((u.purpose = 'status_check' and u.method = 'crl') or u.tenant_id = any(windowed)) and u.tenant_id = of_tenant
  union all
  select c.id, c.occurred_at, c.meter, c.method, c.purpose, c.outcome, c.billable, c.certificate_kind,
    c.occurred_at < starts, case when j.id is null then 'each' when j.first then 'first' else 'again' end, coalesce(not k.first, false)
  from candidate c
    left join of_jlis j on j.tenant_id = c.tenant_id and j.id = c.id
    left join of_contract k on k.tenant_id = c.tenant_id and k.id = c.id
  where c.mine;
end $function$
;

CREATE OR REPLACE FUNCTION public.unsealed_audit_events(since xid8, after_id uuid, up_to integer)
 RETURNS TABLE(xact xid8, id uuid, sealed boolean, tenant_id uuid, mode tenant_mode, actor text, action text, schema_version smallint, target text, request_id text, ip text, detail text, change text, recorded_at text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select e.xact, e.id, s.sealed,
    case when not s.sealed then e.tenant_id end, case when not s.sealed then e.mode end,
    case when not s.sealed then e.actor end, case when not s.sealed then e.action end,
    case when not s.sealed then e.schema_version end, case when not s.sealed then e.target end,
    case when not s.sealed then e.request_id end, case when not s.sealed then host(e.ip) end,
    case when not s.sealed then e.detail::text end, case when not s.sealed then e.change::text end,
    case when not s.sealed then to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end
  from (
    select * from audit_event a
    where a.xact >= since and (after_id is null or (a.xact, a.id) > (since, after_id))
    order by a.xact, a.id limit least(up_to, 5000)
  ) e
  cross join lateral (select exists (select 1 from audit_seal c where c.event_id = e.id) as sealed) s
  order by e.xact, e.id
$function$
;
alter function unsealed_audit_events(xid8,uuid,integer) owner to shomei_audit_sealer;

CREATE OR REPLACE FUNCTION public.watch_status()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if new.change_events then
    insert into status_watch (tenant_id, mode, epoch)
    select new.tenant_id, new.mode, e.epoch from revocation_epoch e where e.mode = new.mode
    on conflict do nothing;
  else
    delete from status_watch w where w.tenant_id = new.tenant_id and w.mode = new.mode;
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.watching_tenants(for_mode tenant_mode)
 RETURNS TABLE(tenant_id uuid, epoch bigint, day text, lookup_key_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  -- The oldest key makes the keyed hashes, see find_api_key.
  select w.tenant_id, w.epoch, w.day::text,
    (select k.id from tenant_key k where k.tenant_id = w.tenant_id and k.mode = w.mode order by k.created_at limit 1)
  from status_watch w join tenant t on t.id = w.tenant_id
  where w.mode = for_mode and keys_work(t.state, w.mode)
  order by w.tenant_id
$function$
;
alter function watching_tenants(tenant_mode) owner to shomei_monitor;

-- Triggers

CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.approval FOR EACH ROW EXECUTE FUNCTION guard_approval();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.checklist_file FOR EACH ROW EXECUTE FUNCTION guard_checklist_file();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.checklist_item FOR EACH ROW EXECUTE FUNCTION guard_checklist_item();
CREATE TRIGGER guard BEFORE UPDATE ON public.contract FOR EACH ROW EXECUTE FUNCTION guard_contract();
CREATE TRIGGER watch_status AFTER UPDATE OF change_events ON public.contract FOR EACH ROW WHEN ((old.change_events IS DISTINCT FROM new.change_events)) EXECUTE FUNCTION watch_status();
CREATE TRIGGER put_out AFTER INSERT ON public.event REFERENCING NEW TABLE AS new_event FOR EACH STATEMENT EXECUTE FUNCTION put_out_events();
CREATE TRIGGER take_place BEFORE INSERT ON public.event FOR EACH ROW EXECUTE FUNCTION place_event();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice FOR EACH ROW EXECUTE FUNCTION guard_invoice();
CREATE CONSTRAINT TRIGGER has_files AFTER INSERT ON public.invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_invoice_files();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_dispatch FOR EACH ROW EXECUTE FUNCTION guard_invoice_dispatch();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice_dispatch FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_draft FOR EACH ROW EXECUTE FUNCTION guard_invoice_draft();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice_draft FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_export FOR EACH ROW EXECUTE FUNCTION guard_invoice_export();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice_export FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_file FOR EACH ROW EXECUTE FUNCTION guard_invoice_file();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_issuer FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_series FOR EACH ROW EXECUTE FUNCTION guard_invoice_series();
CREATE CONSTRAINT TRIGGER is_used AFTER INSERT OR UPDATE ON public.invoice_series DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_number_is_used();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice_series FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_terms FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.invoice_void FOR EACH ROW EXECUTE FUNCTION guard_invoice_void();
CREATE TRIGGER kept BEFORE TRUNCATE ON public.invoice_void FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.jlis_recognition FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.jlis_reduction FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.jlis_tariff FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER look_again AFTER UPDATE OF lifted_at ON public.legal_hold FOR EACH ROW WHEN (((old.lifted_at IS NULL) AND (new.lifted_at IS NOT NULL))) EXECUTE FUNCTION look_again_when_lifted();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.month_close FOR EACH ROW EXECUTE FUNCTION guard_month_close();
CREATE TRIGGER end_sessions AFTER UPDATE ON public.operator_account FOR EACH ROW WHEN (((((old.roles IS DISTINCT FROM new.roles) OR (old.disabled_at IS DISTINCT FROM new.disabled_at)) OR (old.password_hash IS DISTINCT FROM new.password_hash)) OR ((old.totp_confirmed_at IS NOT NULL) AND ((old.totp_confirmed_at IS DISTINCT FROM new.totp_confirmed_at) OR (new.totp_secret IS NULL) OR ((old.totp_secret IS DISTINCT FROM new.totp_secret) AND (old.totp_ring_key = new.totp_ring_key)))))) EXECUTE FUNCTION end_operator_sessions();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.operator_account FOR EACH ROW EXECUTE FUNCTION guard_operator_account();
CREATE TRIGGER forget_swept AFTER UPDATE OF deleted_at ON public.person FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION forget_swept_person();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.price_plan FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.statement FOR EACH ROW EXECUTE FUNCTION guard_statement();
CREATE TRIGGER guard BEFORE UPDATE ON public.status_sweep FOR EACH ROW EXECUTE FUNCTION guard_status_sweep();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.tax_setting FOR EACH ROW EXECUTE FUNCTION guard_price();
CREATE TRIGGER guard BEFORE INSERT OR DELETE OR UPDATE ON public.tenant FOR EACH ROW EXECUTE FUNCTION guard_tenant();
CREATE TRIGGER guard_checklist BEFORE UPDATE ON public.tenant FOR EACH ROW WHEN ((((old.state = 'test'::tenant_state) AND (new.state = 'notified'::tenant_state)) OR ((old.state = 'notified'::tenant_state) AND (new.state = 'live'::tenant_state)))) EXECUTE FUNCTION guard_tenant_checklist();
CREATE TRIGGER guard BEFORE DELETE ON public.tenant_key FOR EACH ROW EXECUTE FUNCTION guard_tenant_key();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON public.trust_anchor FOR EACH ROW EXECUTE FUNCTION guard_trust_anchor();

-- Row-level security

create policy export_clerk on age_check for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on age_check for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on age_question for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy admin on api_key for all to shomei_admin using (true) with check (true);
create policy door_key on api_key for select to shomei_door using ((EXISTS ( SELECT 1
   FROM tenant t
  WHERE ((t.id = api_key.tenant_id) AND keys_work(t.state, api_key.mode)))));
create policy export_clerk on api_key for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy key_maker on api_key for all to shomei_key_maker using (true) with check (true);
create policy lookup on api_key for select to shomei_key_lookup using ((EXISTS ( SELECT 1
   FROM tenant t
  WHERE ((t.id = api_key.tenant_id) AND keys_work(t.state, api_key.mode)))));
create policy no_live_key_before_go_live on api_key as restrictive for insert to shomei_admin, shomei_operator with check (((mode = 'test'::tenant_mode) OR (EXISTS ( SELECT 1
   FROM tenant t
  WHERE ((t.id = api_key.tenant_id) AND (t.state = 'live'::tenant_state))))));
create policy operator on api_key for all to shomei_operator using (true) with check (true);
create policy own on api_key for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy quota_keeper on api_key for select to shomei_quota_keeper using (true);
create policy suspended on api_key for select to shomei_tenant_clerk using (true);
create policy export_clerk on attribute_update for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on attribute_update for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy export_clerk on attribute_update_result for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on attribute_update_result for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on attribute_update_result for all to shomei_retention_clerk using (true) with check (true);
create policy admin on audit_event for all to shomei_admin using (true) with check (true);
create policy counter on audit_event for select to shomei_counter using (true);
create policy door on audit_event for insert to shomei_door with check (true);
create policy evidence_clerk on audit_event for insert to shomei_evidence_clerk with check (true);
create policy export_clerk on audit_event for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy export_clerk_writes on audit_event for insert to shomei_export_clerk with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy operator on audit_event for insert to shomei_operator with check (true);
create policy operator_read on audit_event for select to shomei_operator using (true);
create policy own on audit_event for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on audit_event for insert to shomei_retention_clerk with check (true);
create policy sealer on audit_event for select to shomei_audit_sealer using (true);
create policy system on audit_event for insert to shomei_worker with check ((tenant_id IS NULL));
create policy export_clerk on certificate_link for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on certificate_link for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy export_clerk on certificate_tombstone for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on certificate_tombstone for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on certificate_tombstone for all to shomei_retention_clerk using (true);
create policy door_challenge on challenge for select to shomei_door using (true);
create policy own on challenge for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy door on challenge_use for insert to shomei_door with check (true);
create policy door_claim on challenge_use for select to shomei_door using (true);
create policy own on challenge_use for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy export_clerk on consent for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on consent for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on consent for select to shomei_retention_clerk using (true);
create policy retention_erase on consent for delete to shomei_retention_clerk using (true);
create policy export_clerk on consent_withdrawal for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on consent_withdrawal for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on consent_withdrawal for all to shomei_retention_clerk using (true);
create policy admin on contract for all to shomei_admin using (true) with check (true);
create policy lookup on contract for select to shomei_key_lookup using (true);
create policy operator on contract for all to shomei_operator using (true) with check (true);
create policy own on contract for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy quota_keeper on contract for select to shomei_quota_keeper using (true);
create policy export_clerk on counterpart_lookup for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on counterpart_lookup for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on counterpart_lookup for all to shomei_retention_clerk using (true) with check (true);
create policy own on event for all to shomei_admin, shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on expiry_notice for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy door on idempotency_key for insert to shomei_door with check (true);
create policy door_claim on idempotency_key for select to shomei_door using (true);
create policy own on idempotency_key for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy admin on invoice for all to shomei_admin using (true) with check (true);
create policy invoicer on invoice for all to shomei_invoicer using (true) with check (true);
create policy own on invoice for select to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy admin on invoice_dispatch for all to shomei_admin using (true) with check (true);
create policy admin on invoice_draft for all to shomei_admin using (true) with check (true);
create policy invoicer on invoice_draft for all to shomei_invoicer using (true) with check (true);
create policy admin on invoice_file for all to shomei_admin using (true) with check (true);
create policy invoicer on invoice_file for select to shomei_invoicer using (true);
create policy own on invoice_file for select to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy admin on invoice_terms for all to shomei_admin using (true) with check (true);
create policy operator on invoice_terms for all to shomei_operator using (true) with check (true);
create policy admin on invoice_void for all to shomei_admin using (true) with check (true);
create policy invoicer on invoice_void for select to shomei_invoicer using (true);
create policy own on invoice_void for select to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy biller on jlis_recognition for select to shomei_biller using (true);
create policy own on jlis_recognition for select to shomei_api using (((tenant_id IS NULL) OR (tenant_id = current_tenant())));
create policy platform on jlis_recognition for all to shomei_admin, shomei_operator, shomei_worker using (true) with check (true);
create policy biller on jlis_reduction for select to shomei_biller using (true);
create policy own on jlis_reduction for select to shomei_api using (((tenant_id IS NULL) OR (tenant_id = current_tenant())));
create policy platform on jlis_reduction for all to shomei_admin, shomei_operator, shomei_worker using (true) with check (true);
create policy admin on legal_hold for all to shomei_admin using (true) with check (true);
create policy operator on legal_hold for all to shomei_operator using (true) with check (true);
create policy retention_clerk on legal_hold for select to shomei_retention_clerk using (true);
create policy export_clerk on person for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on person for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on person for select to shomei_retention_clerk using (true);
create policy export_clerk on person_certificate for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on person_certificate for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on person_certificate for select to shomei_retention_clerk using (true);
create policy export_clerk on presentation for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on presentation for all to shomei_api using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on presentation for all to shomei_retention_clerk using (true) with check (true);
create policy admin on price_plan for all to shomei_admin using (true) with check (true);
create policy biller on price_plan for select to shomei_biller using (true);
create policy operator on price_plan for all to shomei_operator using (true) with check (true);
create policy own on price_plan for select to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on quota_use for select to shomei_api using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy quota_keeper on quota_use for all to shomei_quota_keeper using (true) with check (true);
create policy due on serial_linkage for select to shomei_linkage_clerk using (true);
create policy export_clerk on serial_linkage for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on serial_linkage for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on serial_linkage for all to shomei_retention_clerk using (true) with check (true);
create policy admin on statement for select to shomei_admin using (true);
create policy own on statement for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on status_change for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on status_notice for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy monitor on status_sweep for select to shomei_monitor using (true);
create policy operator on status_sweep for select to shomei_admin using (true);
create policy own on status_sweep for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on status_sweep for all to shomei_retention_clerk using (true) with check (true);
create policy own on status_sweep_person for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on status_sweep_person for all to shomei_retention_clerk using (true) with check (true);
create policy own on status_sweep_rejection for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on status_sweep_rejection for all to shomei_retention_clerk using (true) with check (true);
create policy own on status_sweep_result for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = ( SELECT current_tenant() AS current_tenant)) AND (mode = ( SELECT current_mode() AS current_mode))));
create policy retention_clerk on status_sweep_result for all to shomei_retention_clerk using (true) with check (true);
create policy monitor on status_watch for select to shomei_monitor using (true);
create policy operator on status_watch for all to shomei_admin, shomei_operator using (true) with check (true);
create policy own on status_watch for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy admin on tenant for all to shomei_admin using (true) with check (true);
create policy biller on tenant for select to shomei_biller using (true);
create policy export_clerk on tenant for select to shomei_export_clerk using ((id = current_tenant()));
create policy key_maker on tenant for select to shomei_key_maker using (true);
create policy lookup on tenant for select to shomei_door, shomei_key_lookup, shomei_tenant_clerk using (true);
create policy monitor on tenant for select to shomei_monitor using (true);
create policy operator on tenant for all to shomei_operator using (true) with check (true);
create policy own on tenant for select to shomei_api, shomei_worker using ((id = current_tenant()));
create policy retention_clerk on tenant for select to shomei_retention_clerk using (true);
create policy webhook_clerk on tenant for select to shomei_webhook_clerk using (true);
create policy admin on tenant_key for insert to shomei_admin with check (true);
create policy door_tenant_key on tenant_key for select to shomei_door using (true);
create policy evidence_clerk on tenant_key for select to shomei_evidence_clerk using (true);
create policy key_clerk on tenant_key for all to shomei_key_clerk using (true) with check (true);
create policy lookup on tenant_key for select to shomei_key_lookup using (true);
create policy monitor on tenant_key for select to shomei_monitor using (true);
create policy operator on tenant_key for all to shomei_operator using (true) with check (true);
create policy own on tenant_key for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on tenant_key for select to shomei_retention_clerk using (true);
create policy admin on usage_event for select to shomei_admin using (true);
create policy biller on usage_event for select to shomei_biller using (true);
create policy door on usage_event for insert to shomei_door with check (true);
create policy export_clerk on usage_event for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on usage_event for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = ( SELECT current_tenant() AS current_tenant)) AND (mode = ( SELECT current_mode() AS current_mode))));
create policy admin on verification for select to shomei_admin using (true);
create policy counter on verification for select to shomei_counter using (true);
create policy crl_keeper on verification for select to shomei_crl_keeper using (true);
create policy door on verification for insert to shomei_door with check (true);
create policy evidence_clerk on verification for select to shomei_evidence_clerk using (true);
create policy export_clerk on verification for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on verification for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on verification for all to shomei_retention_clerk using (true) with check (true);
create policy export_clerk on verification_person for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on verification_person for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on verification_person for all to shomei_retention_clerk using (true);
create policy own on webhook_attempt for all to shomei_admin, shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on webhook_attempt for select to shomei_retention_clerk using (true);
create policy webhook_clerk on webhook_attempt for all to shomei_webhook_clerk using (true) with check (true);
create policy own on webhook_delivery for all to shomei_admin, shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy webhook_clerk on webhook_delivery for all to shomei_webhook_clerk using (true) with check (true);
create policy admin on webhook_endpoint for select to shomei_admin using (true);
create policy admin_own on webhook_endpoint for update to shomei_admin using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy export_clerk on webhook_endpoint for select to shomei_export_clerk using (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on webhook_endpoint for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy webhook_clerk on webhook_endpoint for select to shomei_webhook_clerk using (true);
create policy own on webhook_replay for all to shomei_api using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy own on webhook_secret for all to shomei_api, shomei_worker using (((tenant_id = current_tenant()) AND (mode = current_mode()))) with check (((tenant_id = current_tenant()) AND (mode = current_mode())));
create policy retention_clerk on webhook_secret for select to shomei_retention_clerk using (true);

-- Grants

grant usage on schema public to public;
grant usage on schema public to shomei_admin;
grant usage on schema public to shomei_api;
grant usage on schema public to shomei_audit_sealer;
grant usage on schema public to shomei_biller;
grant usage on schema public to shomei_counter;
grant usage on schema public to shomei_crl_keeper;
grant usage on schema public to shomei_door;
grant usage on schema public to shomei_evidence_clerk;
grant usage on schema public to shomei_export_clerk;
grant usage on schema public to shomei_invoicer;
grant usage on schema public to shomei_key_clerk;
grant usage on schema public to shomei_key_lookup;
grant usage on schema public to shomei_key_maker;
grant usage on schema public to shomei_linkage_clerk;
grant usage on schema public to shomei_monitor;
grant usage on schema public to shomei_operator;
grant usage on schema public to shomei_operator_keeper;
grant usage on schema public to shomei_quota_keeper;
grant usage on schema public to shomei_retention_clerk;
grant usage on schema public to shomei_tenant_clerk;
grant usage on schema public to shomei_webhook_clerk;
grant usage on schema public to shomei_worker;
grant insert, select on age_check to shomei_api;
grant delete, insert, select on age_question to shomei_api;
grant insert, select, update on answer_time to shomei_counter;
grant select on answer_time to shomei_admin;
grant insert on api_key to shomei_admin;
grant insert on api_key to shomei_operator;
grant insert, select on api_key to shomei_key_maker;
grant insert, select on approval to shomei_operator_keeper;
grant select on approval to shomei_admin;
grant select on approval to shomei_operator;
grant insert, select on attribute_update to shomei_api;
grant insert, select on attribute_update_result to shomei_api;
grant select on audit_chain to shomei_admin;
grant select on audit_chain to shomei_operator;
grant select on audit_chain to shomei_worker;
grant insert, select on audit_closing to shomei_worker;
grant select on audit_closing to shomei_admin;
grant select on audit_closing to shomei_operator;
grant select on audit_event to shomei_admin;
grant select on audit_event to shomei_audit_sealer;
grant select on audit_event to shomei_operator;
grant insert, select on audit_seal to shomei_worker;
grant select on audit_seal to shomei_admin;
grant select on audit_seal to shomei_operator;
grant select on audit_signing_key to shomei_admin;
grant select on audit_signing_key to shomei_operator;
grant select on audit_signing_key to shomei_worker;
grant delete, insert, select on certificate_link to shomei_api;
grant insert, select on certificate_link to shomei_worker;
grant delete, select on certificate_tombstone to shomei_retention_clerk;
grant insert, select on certificate_tombstone to shomei_api;
grant select on certificate_tombstone to shomei_worker;
grant insert, select on challenge to shomei_api;
grant insert on challenge_use to shomei_door;
grant select on challenge_use to shomei_api;
grant insert, select, update on check_count to shomei_counter;
grant select on check_count to shomei_admin;
grant select on check_count_progress to shomei_admin;
grant select, update on check_count_progress to shomei_counter;
grant insert, select on checklist_file to shomei_admin;
grant insert, select on checklist_item to shomei_admin;
grant delete on consent to shomei_retention_clerk;
grant insert, select on consent to shomei_api;
grant select on consent to shomei_worker;
grant delete on consent_withdrawal to shomei_retention_clerk;
grant insert, select on consent_withdrawal to shomei_api;
grant insert, select on consent_withdrawal to shomei_worker;
grant insert, select on contract to shomei_admin;
grant insert, select on contract to shomei_operator;
grant select on contract to shomei_api;
grant select on contract to shomei_worker;
grant insert, select on counterpart_disclosure to shomei_operator;
grant select on counterpart_disclosure to shomei_api;
grant select on counterpart_disclosure to shomei_worker;
grant insert, select on counterpart_lookup to shomei_api;
grant insert, select on crl to shomei_worker;
grant select on crl to shomei_admin;
grant select on crl to shomei_api;
grant select on crl to shomei_operator;
grant insert, select on crl_change to shomei_worker;
grant select on crl_change to shomei_admin;
grant select on crl_change to shomei_api;
grant select on crl_change to shomei_operator;
grant delete, insert, select on crl_file to shomei_worker;
grant select on crl_file to shomei_admin;
grant select on crl_file to shomei_api;
grant select on crl_file to shomei_operator;
grant insert, select on crl_partition to shomei_worker;
grant select on crl_partition to shomei_admin;
grant select on crl_partition to shomei_api;
grant select on crl_partition to shomei_operator;
grant insert, select on crl_reference to shomei_worker;
grant select on crl_reference_progress to shomei_worker;
grant delete, insert, select on crl_snapshot to shomei_worker;
grant select on crl_snapshot to shomei_admin;
grant select on crl_snapshot to shomei_api;
grant select on crl_snapshot to shomei_operator;
grant insert, select on event to shomei_api;
grant insert, select on event to shomei_worker;
grant usage on event_place to shomei_api;
grant usage on event_place to shomei_worker;
grant insert, select on expiry_notice to shomei_worker;
grant insert on idempotency_key to shomei_door;
grant insert, select on idempotency_key to shomei_api;
grant select on invoice to shomei_admin;
grant select on invoice to shomei_api;
grant select on invoice to shomei_invoicer;
grant select on invoice to shomei_worker;
grant select on invoice_dispatch to shomei_admin;
grant select on invoice_draft to shomei_admin;
grant select on invoice_draft to shomei_invoicer;
grant insert, select on invoice_file to shomei_admin;
grant select on invoice_file to shomei_api;
grant select on invoice_file to shomei_invoicer;
grant select on invoice_file to shomei_worker;
grant select on invoice_issuer to shomei_admin;
grant select on invoice_issuer to shomei_operator;
grant insert, select on invoice_series to shomei_invoicer;
grant select on invoice_series to shomei_admin;
grant select on invoice_terms to shomei_admin;
grant select on invoice_terms to shomei_operator;
grant select on invoice_void to shomei_admin;
grant select on invoice_void to shomei_invoicer;
grant insert, select, update on jlis_cursor to shomei_worker;
grant select on jlis_recognition to shomei_admin;
grant select on jlis_recognition to shomei_api;
grant select on jlis_recognition to shomei_operator;
grant select on jlis_recognition to shomei_worker;
grant select on jlis_reconciliation to shomei_admin;
grant select on jlis_reduction to shomei_admin;
grant select on jlis_reduction to shomei_api;
grant select on jlis_reduction to shomei_operator;
grant select on jlis_reduction to shomei_worker;
grant select on jlis_tariff to shomei_admin;
grant select on jlis_tariff to shomei_api;
grant select on jlis_tariff to shomei_operator;
grant select on jlis_tariff to shomei_worker;
grant select on legal_hold to shomei_admin;
grant select on legal_hold to shomei_operator;
grant select on legal_hold to shomei_retention_clerk;
grant insert, select on month_close to shomei_biller;
grant select on month_close to shomei_admin;
grant select on month_close to shomei_invoicer;
grant select on month_close to shomei_operator;
grant select on month_close to shomei_worker;
grant select on month_estimate to shomei_admin;
grant select, update on month_estimate to shomei_worker;
grant delete, insert, select on operator_recovery_code to shomei_admin;
grant insert, select on operator_session to shomei_operator_keeper;
grant insert, select on person to shomei_api;
grant insert, select on person to shomei_worker;
grant delete, insert, select on person_certificate to shomei_api;
grant insert, select on person_certificate to shomei_worker;
grant delete on presentation to shomei_retention_clerk;
grant insert, select on presentation to shomei_api;
grant select on price_plan to shomei_admin;
grant select on price_plan to shomei_api;
grant select on price_plan to shomei_operator;
grant select on price_plan to shomei_worker;
grant insert, select on quota_use to shomei_quota_keeper;
grant select on quota_use to shomei_api;
grant select on receipt_key to shomei_admin;
grant select on receipt_key to shomei_api;
grant select on receipt_key to shomei_operator;
grant select on retention_progress to shomei_retention_clerk;
grant insert, select on retention_rule to shomei_operator;
grant select on retention_rule to shomei_admin;
grant select on retention_rule to shomei_api;
grant select on retention_rule to shomei_retention_clerk;
grant select on retention_rule to shomei_worker;
grant select on revocation_epoch to shomei_admin;
grant select on revocation_epoch to shomei_api;
grant select on revocation_epoch to shomei_operator;
grant select on revocation_epoch to shomei_worker;
grant insert, select on revocation_source to shomei_operator;
grant select on revocation_source to shomei_admin;
grant select on revocation_source to shomei_api;
grant select on revocation_source to shomei_worker;
grant select on schema_migration to shomei_admin;
grant insert, select on serial_linkage to shomei_api;
grant select on serial_linkage to shomei_worker;
grant delete, insert, select, update on sign_in_backoff to shomei_admin;
grant delete, insert, select, update on sign_in_backoff to shomei_operator;
grant select on statement to shomei_admin;
grant select on statement to shomei_api;
grant select on statement to shomei_worker;
grant insert, select on status_change to shomei_worker;
grant insert, select on status_notice to shomei_worker;
grant insert, select on status_sweep to shomei_api;
grant select on status_sweep to shomei_admin;
grant select on status_sweep to shomei_worker;
grant delete on status_sweep_person to shomei_retention_clerk;
grant delete, insert, select on status_sweep_person to shomei_api;
grant delete, select on status_sweep_person to shomei_worker;
grant delete on status_sweep_rejection to shomei_retention_clerk;
grant insert, select on status_sweep_rejection to shomei_api;
grant delete on status_sweep_result to shomei_retention_clerk;
grant delete, insert, select on status_sweep_result to shomei_worker;
grant delete, select on status_sweep_result to shomei_api;
grant delete, insert, select on status_watch to shomei_admin;
grant delete, insert, select on status_watch to shomei_operator;
grant select on status_watch to shomei_monitor;
grant select on status_watch to shomei_worker;
grant select on tax_setting to shomei_admin;
grant select on tax_setting to shomei_operator;
grant insert, select on tenant to shomei_admin;
grant insert, select on tenant to shomei_operator;
grant select on tenant to shomei_api;
grant select on tenant to shomei_worker;
grant insert, select on tenant_application to shomei_admin;
grant delete, insert on tenant_key to shomei_operator;
grant insert on tenant_key to shomei_admin;
grant select on tenant_key to shomei_api;
grant select on tenant_key to shomei_worker;
grant select on test_clock to shomei_admin;
grant select on test_clock to shomei_api;
grant select on test_clock to shomei_biller;
grant select on test_clock to shomei_invoicer;
grant select on test_clock to shomei_operator;
grant select on test_clock to shomei_worker;
grant insert, select on trust_anchor to shomei_admin;
grant insert, select on trust_anchor to shomei_operator;
grant select on trust_anchor to shomei_api;
grant select on trust_anchor to shomei_worker;
grant select on usage_event to shomei_api;
grant select on usage_event to shomei_biller;
grant insert on verification to shomei_door;
grant select on verification to shomei_api;
grant delete, select on verification_person to shomei_retention_clerk;
grant insert, select on verification_person to shomei_api;
grant select on verification_person to shomei_worker;
grant delete on webhook_attempt to shomei_webhook_clerk;
grant insert on webhook_attempt to shomei_worker;
grant select on webhook_attempt to shomei_api;
grant delete, select on webhook_delivery to shomei_webhook_clerk;
grant select on webhook_delivery to shomei_admin;
grant select on webhook_delivery to shomei_api;
grant select on webhook_delivery to shomei_worker;
grant insert, select on webhook_endpoint to shomei_api;
grant select on webhook_endpoint to shomei_worker;
grant insert, select on webhook_replay to shomei_api;
grant delete, insert, select on webhook_secret to shomei_api;
grant select on webhook_secret to shomei_worker;
grant select (created_at, id, mode, person_id, questions, source, tenant_id, verification_id) on age_check to shomei_export_clerk;
grant select (allowed_addresses, created_at, expires_at, id, last_four, last_used_at, made_by, mode, name, revoked_at, rotated_from, scopes, tenant_id) on api_key to shomei_admin;
grant select (allowed_addresses, created_at, expires_at, id, last_four, last_used_at, made_by, mode, name, revoked_at, rotated_from, scopes, tenant_id) on api_key to shomei_api;
grant select (allowed_addresses, created_at, expires_at, id, last_four, last_used_at, made_by, mode, name, revoked_at, rotated_from, scopes, tenant_id) on api_key to shomei_export_clerk;
grant select (allowed_addresses, created_at, expires_at, id, last_four, last_used_at, made_by, mode, name, revoked_at, rotated_from, scopes, tenant_id) on api_key to shomei_operator;
grant select (allowed_addresses, expires_at, id, mode, revoked_at, scopes, secret_sha256, tenant_id) on api_key to shomei_key_lookup;
grant select (expires_at, id, mode, revoked_at, secret_sha256, tenant_id) on api_key to shomei_door;
grant select (expires_at, mode, revoked_at, secret_sha256, tenant_id) on api_key to shomei_quota_keeper;
grant select (expires_at, revoked_at, secret_sha256, tenant_id) on api_key to shomei_tenant_clerk;
grant update (expires_at, last_used_at, revoked_at) on api_key to shomei_key_maker;
grant update (revoked_at) on api_key to shomei_admin;
grant update (revoked_at) on api_key to shomei_operator;
grant select (after, id, kind, state) on approval to shomei_invoicer;
grant update (decided_at, decided_by, executed_at, note, state) on approval to shomei_operator_keeper;
grant select (created_at, id, mode, tenant_id) on attribute_update to shomei_export_clerk;
grant select (attribute_update_id, consent_id, decided_at, mode, person_id, state, tenant_id) on attribute_update_result to shomei_export_clerk;
grant select (consent_id, mode, tenant_id, tenant_key_id) on attribute_update_result to shomei_retention_clerk;
grant update (consent_erased, consent_id, sealed_serial, tenant_key_id) on attribute_update_result to shomei_retention_clerk;
grant update (sealed_serial, tenant_key_id) on attribute_update_result to shomei_api;
grant update (after_head, after_seq, cluster, day, head, key_id, sealed_at, seq, signature, signed_at, watermark) on audit_chain to shomei_worker;
grant insert (action, actor, change, detail, id, ip, mode, request_id, schema_version, target, tenant_id) on audit_event to shomei_admin;
grant insert (action, actor, change, detail, id, ip, mode, request_id, schema_version, target, tenant_id) on audit_event to shomei_api;
grant insert (action, actor, change, detail, id, ip, mode, request_id, schema_version, target, tenant_id) on audit_event to shomei_door;
grant insert (action, actor, change, detail, id, ip, mode, request_id, schema_version, target, tenant_id) on audit_event to shomei_operator;
grant insert (action, actor, change, detail, id, ip, mode, request_id, schema_version, target, tenant_id) on audit_event to shomei_worker;
grant insert (action, actor, detail, id, ip, mode, request_id, target, tenant_id) on audit_event to shomei_evidence_clerk;
grant insert (action, actor, detail, id, ip, mode, request_id, target, tenant_id) on audit_event to shomei_export_clerk;
grant insert (action, actor, detail, id, mode, target, tenant_id) on audit_event to shomei_retention_clerk;
grant select (action, actor, change, detail, id, ip, mode, recorded_at, request_id, schema_version, target, tenant_id) on audit_event to shomei_api;
grant select (action, actor, change, detail, id, ip, mode, recorded_at, request_id, schema_version, target, tenant_id, xact) on audit_event to shomei_export_clerk;
grant select (action, id, mode, target, tenant_id, xact) on audit_event to shomei_counter;
grant select (event_id) on audit_seal to shomei_audit_sealer;
grant insert (id, public_key) on audit_signing_key to shomei_worker;
grant select (created_at, from_id, id, mode, relation, source, tenant_id, to_id) on certificate_link to shomei_export_clerk;
grant select (certificate_hash, mode, severed_at, tenant_id) on certificate_tombstone to shomei_export_clerk;
grant update (expires_at, severed_at) on certificate_tombstone to shomei_api;
grant select (id, mode, tenant_id) on challenge to shomei_door;
grant select (verification_id) on challenge_use to shomei_door;
grant select (content, id, name, ring_key, tenant_id) on checklist_file to shomei_key_clerk;
grant update (content, name, ring_key) on checklist_file to shomei_key_clerk;
grant update (replaced_by, withdrawal_reason, withdrawn_at, withdrawn_by) on checklist_file to shomei_admin;
grant update (confirmed_at, confirmed_by, note) on checklist_item to shomei_admin;
grant select (covers, created_at, evidence_verification_id, expires_at, given_at, id, jlis_consent_id, mode, person_id, purpose, source, tenant_id, text_version) on consent to shomei_export_clerk;
grant select (evidence_verification_id, id, mode, person_id, recorded_at, tenant_id) on consent to shomei_retention_clerk;
grant select (consent_id, mode, source, tenant_id, withdrawn_at) on consent_withdrawal to shomei_export_clerk;
grant select (consent_id, mode, tenant_id) on consent_withdrawal to shomei_retention_clerk;
grant select (limits, mode, tenant_id) on contract to shomei_quota_keeper;
grant select (mode, reference_format, tenant_id) on contract to shomei_key_lookup;
grant update (age_dates, age_legal_day_inclusive, age_questions_a_year, allowed_ages, change_approval_id, change_events, counterpart, disclosure, identify, latest_attributes, limits, pinless_status, reference_format, revocation_methods, sign_up_consent_purposes, sign_up_consent_version) on contract to shomei_admin;
grant update (age_dates, age_legal_day_inclusive, age_questions_a_year, allowed_ages, change_events, counterpart, disclosure, identify, latest_attributes, limits, pinless_status, reference_format, revocation_methods, sign_up_consent_purposes, sign_up_consent_version) on contract to shomei_operator;
grant select (certificate_id, consent_id, counterpart_certificate_id, created_at, detail, id, mode, person_id, retry_at, source, state, tenant_id, verification_id) on counterpart_lookup to shomei_export_clerk;
grant select (consent_id, mode, tenant_id) on counterpart_lookup to shomei_retention_clerk;
grant update (consent_id) on counterpart_lookup to shomei_retention_clerk;
grant update (epoch) on crl to shomei_worker;
grant update (distribution_point, epoch, failures, head_crl_id, last_attempt_at, last_failure, last_success_at, listed_at, name, path) on crl_partition to shomei_worker;
grant update (last_at) on crl_reference to shomei_worker;
grant update (collected_until) on crl_reference_progress to shomei_worker;
grant update (columns, crl_id) on crl_snapshot to shomei_worker;
grant select (id, mode, occurred_at, recorded_at, tenant_id, type, xact) on event to shomei_admin;
grant select (key_sha256, mode, resource_id, tenant_id) on idempotency_key to shomei_door;
grant insert (approval_id, content, content_sha256, corrects, due_on, id, issued_on, mode, month, number, recipient, series, series_number, statement_id, tenant_id, total_yen) on invoice to shomei_invoicer;
grant insert (id, invoice_id, method, mode, recipient, recorded_by, sent_on, tenant_id) on invoice_dispatch to shomei_admin;
grant insert (content, content_sha256, corrects, id, made_by, mode, month, statement_id, tenant_id, total_yen) on invoice_draft to shomei_admin;
grant update (state) on invoice_draft to shomei_admin;
grant update (state) on invoice_draft to shomei_invoicer;
grant insert (bytes, invoices, mode, month, of_numbers, sha256, total_yen, version) on invoice_export to shomei_worker;
grant select (bytes, invoices, made_at, mode, month, sha256, total_yen, version) on invoice_export to shomei_admin;
grant select (mode, month, of_numbers, version) on invoice_export to shomei_invoicer;
grant select (mode, month, version) on invoice_export to shomei_worker;
grant insert (approval_id, mode, terms, valid_from) on invoice_issuer to shomei_admin;
grant insert (approval_id, mode, terms, valid_from) on invoice_issuer to shomei_operator;
grant update (last_number) on invoice_series to shomei_invoicer;
grant insert (approval_id, mode, tenant_id, terms, valid_from) on invoice_terms to shomei_admin;
grant insert (approval_id, mode, tenant_id, terms, valid_from) on invoice_terms to shomei_operator;
grant insert (approval_id, invoice_id, mode, reason, tenant_id) on invoice_void to shomei_admin;
grant select (invoice_id, mode, reason, tenant_id, voided_at) on invoice_void to shomei_api;
grant select (invoice_id, mode, reason, tenant_id, voided_at) on invoice_void to shomei_worker;
grant insert (approval_id, id, mode, tenant_id, terms, valid_from, valid_until) on jlis_recognition to shomei_admin;
grant insert (approval_id, id, mode, tenant_id, terms, valid_from, valid_until) on jlis_recognition to shomei_operator;
grant select (mode, recorded_at) on jlis_recognition to shomei_biller;
grant insert (file, file_sha256, id, made_by, mode, month, result) on jlis_reconciliation to shomei_admin;
grant select (explanation, id, made_at, mode, month, result) on jlis_reconciliation to shomei_invoicer;
grant update (explanation) on jlis_reconciliation to shomei_admin;
grant insert (approval_id, id, mode, tenant_id, terms, valid_from, valid_until) on jlis_reduction to shomei_admin;
grant insert (approval_id, id, mode, tenant_id, terms, valid_from, valid_until) on jlis_reduction to shomei_operator;
grant select (mode, recorded_at) on jlis_reduction to shomei_biller;
grant insert (approval_id, mode, terms, valid_from) on jlis_tariff to shomei_admin;
grant insert (approval_id, mode, terms, valid_from) on jlis_tariff to shomei_operator;
grant select (mode, recorded_at) on jlis_tariff to shomei_biller;
grant insert (id, mode, person_id, placed_by, reason, tenant_id, verification_id) on legal_hold to shomei_admin;
grant insert (id, mode, person_id, placed_by, reason, tenant_id, verification_id) on legal_hold to shomei_operator;
grant update (lift_reason, lifted_at, lifted_by) on legal_hold to shomei_admin;
grant update (lift_reason, lifted_at, lifted_by) on legal_hold to shomei_operator;
grant select (begun_at, closed_at, ends_at, mode, month, rated_at, seen, seen_before, seen_before_at, starts_at) on month_close to shomei_api;
grant update (closed_at, rated_at, statements_due) on month_close to shomei_biller;
grant insert (email, id, name, password_hash, roles) on operator_account to shomei_admin;
grant insert (email, id, name, password_hash, roles) on operator_account to shomei_operator;
grant select (created_at, disabled_at, email, id, name, password_expired, roles, roles_approval_id, totp_confirmed_at, totp_last_step) on operator_account to shomei_admin;
grant select (created_at, disabled_at, email, id, name, password_expired, roles, roles_approval_id, totp_confirmed_at, totp_last_step) on operator_account to shomei_operator;
grant select (disabled_at, email, id, name, password_expired, password_hash, roles, totp_confirmed_at, totp_last_step, totp_ring_key, totp_secret) on operator_account to shomei_operator_keeper;
grant select (id, roles) on operator_account to shomei_evidence_clerk;
grant select (id, roles) on operator_account to shomei_export_clerk;
grant select (id, roles, totp_ring_key, totp_secret) on operator_account to shomei_key_clerk;
grant update (disabled_at, roles, roles_approval_id, totp_confirmed_at, totp_last_step, totp_ring_key, totp_secret) on operator_account to shomei_admin;
grant update (password_expired, password_hash) on operator_account to shomei_operator_keeper;
grant update (password_expired, password_hash, totp_last_step) on operator_account to shomei_operator;
grant update (totp_ring_key, totp_secret) on operator_account to shomei_key_clerk;
grant select (created_at, ended_at, ends_at, id, idle_until, operator_id, second_factor) on operator_session to shomei_admin;
grant select (created_at, ended_at, ends_at, id, idle_until, operator_id, second_factor) on operator_session to shomei_operator;
grant update (ended_at) on operator_session to shomei_operator;
grant update (ended_at) on operator_session to shomei_operator_keeper;
grant update (ended_at, idle_until) on operator_session to shomei_admin;
grant select (created_at, deleted_at, id, merged_at, merged_into, mode, tenant_id) on person to shomei_export_clerk;
grant select (id, merged_into, mode, tenant_id) on person to shomei_retention_clerk;
grant update (deleted_at, merged_at, merged_into) on person to shomei_api;
grant update (deleted_at, merged_at, merged_into) on person to shomei_worker;
grant select (anchor, first_seen_at, hop, id, kind, mode, not_after, person_id, presented_at, provenance, tenant_id) on person_certificate to shomei_export_clerk;
grant select (mode, tenant_id, tenant_key_id) on person_certificate to shomei_retention_clerk;
grant update (anchor, holder_hash, hop, not_after, person_id, presented_at, provenance, sealed, tenant_key_id) on person_certificate to shomei_api;
grant update (anchor, holder_hash, hop, not_after, person_id, presented_at, provenance, sealed, tenant_key_id) on person_certificate to shomei_worker;
grant select (api_key_id, decided_at, facts, id, mode, outcome, person_id, recorded_at, tenant_id) on presentation to shomei_export_clerk;
grant select (id, mode, person_id, recorded_at, tenant_id) on presentation to shomei_retention_clerk;
grant insert (approval_id, mode, tenant_id, terms, valid_from) on price_plan to shomei_admin;
grant insert (approval_id, mode, tenant_id, terms, valid_from) on price_plan to shomei_operator;
grant select (mode, recorded_at, tenant_id, terms, valid_from) on price_plan to shomei_biller;
grant update (reserved) on quota_use to shomei_quota_keeper;
grant insert (id, mode, public_key) on receipt_key to shomei_api;
grant update (looked_until) on retention_progress to shomei_retention_clerk;
grant update (epoch) on revocation_epoch to shomei_admin;
grant update (epoch) on revocation_epoch to shomei_operator;
grant update (epoch) on revocation_epoch to shomei_worker;
grant update (crl_index_url, enabled, layout, nightly_minute, ocsp_url) on revocation_source to shomei_operator;
grant update (failures, last_attempt_at, last_failure, last_listed_at, skipped) on revocation_source to shomei_worker;
grant select (certificate_id, consent_id, created_at, detail, id, mode, person_id, previous_certificate_id, source, state, tenant_id, updated_at, verification_id) on serial_linkage to shomei_export_clerk;
grant select (consent_id, mode, state, tenant_id) on serial_linkage to shomei_retention_clerk;
grant select (id, mode, next_attempt_at, state, tenant_id) on serial_linkage to shomei_linkage_clerk;
grant update (attempts, certificate_id, detail, next_attempt_at, person_id, previous_certificate_id, source, state, updated_at) on serial_linkage to shomei_api;
grant update (attempts, certificate_id, detail, next_attempt_at, person_id, previous_certificate_id, source, state, updated_at) on serial_linkage to shomei_worker;
grant update (consent_id) on serial_linkage to shomei_retention_clerk;
grant insert (billed_yen, content, content_sha256, contract_yen, id, jlis_yen, mode, month, tenant_id) on statement to shomei_worker;
grant update (event_id) on status_change to shomei_worker;
grant select (ended_at, id, mode, results_erased_at, results_left, tenant_id) on status_sweep to shomei_retention_clerk;
grant select (id, mode, state, tenant_id) on status_sweep to shomei_monitor;
grant update (began_at, checked_at, crl_epoch, done, ended_at, failure, last_person, snapshot, state, summary, total) on status_sweep to shomei_worker;
grant update (ended_at, state) on status_sweep to shomei_api;
grant update (results_erased_at, results_left) on status_sweep to shomei_retention_clerk;
grant select (mode, person_id, sweep_id, tenant_id) on status_sweep_person to shomei_retention_clerk;
grant select (line, mode, sweep_id, tenant_id) on status_sweep_rejection to shomei_retention_clerk;
grant select (mode, person_id, sweep_id, tenant_id) on status_sweep_result to shomei_retention_clerk;
grant update (day, epoch) on status_watch to shomei_worker;
grant insert (approval_id, mode, terms, valid_from) on tax_setting to shomei_admin;
grant insert (approval_id, mode, terms, valid_from) on tax_setting to shomei_operator;
grant select (id) on tenant to shomei_export_clerk;
grant select (id, state) on tenant to shomei_door;
grant select (id, state) on tenant to shomei_key_lookup;
grant select (id, state) on tenant to shomei_key_maker;
grant select (id, state) on tenant to shomei_monitor;
grant select (id, state) on tenant to shomei_retention_clerk;
grant select (id, state) on tenant to shomei_tenant_clerk;
grant select (id, state) on tenant to shomei_webhook_clerk;
grant select (id, terminated_at) on tenant to shomei_biller;
grant update (go_live_approval_id, name, notification_reference, notified_on, state) on tenant to shomei_admin;
grant select (contacts, contacts_ring_key, tenant_id) on tenant_application to shomei_key_clerk;
grant update (address, authentications_a_month, contacts, contacts_ring_key, corporate_number, invoice_registration_number, kind, legal_name, legal_name_kana, purpose_of_use, service_name, signature_verifications_a_month, updated_at) on tenant_application to shomei_admin;
grant update (contacts, contacts_ring_key) on tenant_application to shomei_key_clerk;
grant select (created_at, id, mode, ring_key_id, tenant_id) on tenant_key to shomei_operator;
grant select (created_at, id, mode, tenant_id) on tenant_key to shomei_key_lookup;
grant select (created_at, id, mode, tenant_id) on tenant_key to shomei_monitor;
grant select (created_at, id, mode, tenant_id) on tenant_key to shomei_retention_clerk;
grant select (id, mode, ring_key_id, tenant_id, wrapped) on tenant_key to shomei_evidence_clerk;
grant select (id, mode, ring_key_id, tenant_id, wrapped) on tenant_key to shomei_key_clerk;
grant select (id, mode, tenant_id) on tenant_key to shomei_door;
grant update (ring_key_id, wrapped) on tenant_key to shomei_key_clerk;
grant update (offset_ms) on test_clock to shomei_operator;
grant insert (billable, certificate_hash, certificate_kind, id, meter, method, mode, occurred_at, outcome, person_id, purpose, source, source_id, tenant_id) on usage_event to shomei_worker;
grant insert (billable, certificate_hash, certificate_kind, id, meter, method, mode, occurred_at, outcome, person_id, purpose, source, source_id, tenant_id, verification_id) on usage_event to shomei_api;
grant insert (billable, certificate_hash, certificate_kind, id, meter, method, mode, occurred_at, outcome, purpose, tenant_id, verification_id) on usage_event to shomei_door;
grant select (billable, certificate_kind, id, meter, method, mode, occurred_at, outcome, purpose, recorded_at, source, source_id, tenant_id, verification_id, xact) on usage_event to shomei_admin;
grant select (billable, certificate_kind, id, meter, method, mode, occurred_at, outcome, purpose, source, tenant_id) on usage_event to shomei_export_clerk;
grant select (billable, certificate_kind, mode, occurred_at, person_id, purpose, recorded_at, tenant_id) on usage_event to shomei_worker;
grant select (api_key_id, certificate_hash, decided_at, hidden, id, kind, mode, outcome, reason_code, recorded_at, reference, tenant_id, verdict) on verification to shomei_export_clerk;
grant select (api_key_id, certificate_kind, challenge_id, decided_at, id, kind, mode, outcome, reason_code, recorded_at, reference, tenant_id, verdict) on verification to shomei_admin;
grant select (certificate_hash, erased_at, id, mode, recorded_at, tenant_id, tenant_key_id) on verification to shomei_retention_clerk;
grant select (decided_at, evidence, id, kind, mode, recorded_at, tenant_id, tenant_key_id, verdict) on verification to shomei_evidence_clerk;
grant select (id, kind, mode, outcome, recorded_at, tenant_id) on verification to shomei_counter;
grant select (mode, recorded_at, verdict) on verification to shomei_crl_keeper;
grant update (erased_at, evidence, hidden, reference) on verification to shomei_retention_clerk;
grant select (mode, person_id, person_is_new, state, tenant_id, verification_id) on verification_person to shomei_export_clerk;
grant update (counterpart_lookup_id, person_id, person_is_new, state, status) on verification_person to shomei_api;
grant update (person_id, person_is_new, state, status) on verification_person to shomei_worker;
grant select (duration_ms, endpoint_id, event_id, failure, id, mode, started_at, status, tenant_id) on webhook_attempt to shomei_admin;
grant select (endpoint_id, event_id, id, mode, started_at, tenant_id) on webhook_attempt to shomei_webhook_clerk;
grant select (mode, tenant_id, tenant_key_id) on webhook_attempt to shomei_retention_clerk;
grant insert (endpoint_id, event_id, mode, tenant_id) on webhook_delivery to shomei_admin;
grant insert (endpoint_id, event_id, mode, tenant_id) on webhook_delivery to shomei_api;
grant insert (endpoint_id, event_id, mode, tenant_id) on webhook_delivery to shomei_webhook_clerk;
grant update (attempts, claim, due_at, finished_at, first_attempt_at, sequence, state) on webhook_delivery to shomei_worker;
grant update (attempts, claim, due_at, finished_at, first_attempt_at, state) on webhook_delivery to shomei_admin;
grant update (attempts, claim, due_at, finished_at, first_attempt_at, state) on webhook_delivery to shomei_api;
grant select (created_at, deleted_at, description, disabled_at, disabled_reason, enabled, event_types, id, mode, tenant_id, url) on webhook_endpoint to shomei_export_clerk;
grant select (created_at, deleted_at, disabled_at, disabled_reason, enabled, event_types, failing_since, id, last_failure_at, last_sequence, last_success_at, mode, tenant_id, url) on webhook_endpoint to shomei_admin;
grant select (deleted_at, enabled, event_types, failing_since, id, mode, tenant_id) on webhook_endpoint to shomei_webhook_clerk;
grant update (deleted_at, description, disabled_at, disabled_reason, enabled, event_types, failing_since, url) on webhook_endpoint to shomei_api;
grant update (disabled_at, disabled_reason, enabled, failing_since, last_failure_at, last_sequence, last_success_at) on webhook_endpoint to shomei_worker;
grant update (failing_since) on webhook_endpoint to shomei_admin;
grant select (mode, tenant_id, tenant_key_id) on webhook_secret to shomei_retention_clerk;
grant update (expires_at) on webhook_secret to shomei_api;
grant execute on function acting_operator(bytea) to shomei_evidence_clerk;
grant execute on function acting_operator(bytea) to shomei_export_clerk;
grant execute on function acting_operator(bytea) to shomei_key_clerk;
grant execute on function acts_as_admin(bytea) to shomei_key_clerk;
grant execute on function add_answer_times(jsonb) to shomei_api;
grant execute on function any_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_admin;
grant execute on function append_decided(json,bytea) to shomei_api;
grant execute on function approval_is_executed(uuid,text,text,jsonb,jsonb) to shomei_admin;
grant execute on function approval_is_executed(uuid,text,text,jsonb,jsonb) to shomei_operator;
grant execute on function are_limits(jsonb) to shomei_admin;
grant execute on function are_limits(jsonb) to shomei_operator;
grant execute on function audit_backlog(xid8) to shomei_admin;
grant execute on function audit_backlog(xid8) to shomei_worker;
grant execute on function begin_month_close(tenant_mode,text,text) to shomei_admin;
grant execute on function begin_month_close(tenant_mode,text,text) to shomei_operator;
grant execute on function begin_month_close(tenant_mode,text,text) to shomei_worker;
grant execute on function change_operator_password(uuid,bytea,text) to shomei_admin;
grant execute on function clock_of(tenant_mode) to shomei_biller;
grant execute on function clock_of(tenant_mode) to shomei_invoicer;
grant execute on function connection_test(uuid) to shomei_admin;
grant execute on function contract_features(contract) to shomei_admin;
grant execute on function contract_features(contract) to shomei_operator;
grant execute on function contracts_to_bill(tenant_mode) to shomei_worker;
grant execute on function count_checks(integer) to shomei_worker;
grant execute on function current_mode() to shomei_admin;
grant execute on function current_mode() to shomei_api;
grant execute on function current_mode() to shomei_door;
grant execute on function current_mode() to shomei_export_clerk;
grant execute on function current_mode() to shomei_key_lookup;
grant execute on function current_mode() to shomei_operator;
grant execute on function current_mode() to shomei_worker;
grant execute on function current_tenant() to shomei_admin;
grant execute on function current_tenant() to shomei_api;
grant execute on function current_tenant() to shomei_door;
grant execute on function current_tenant() to shomei_export_clerk;
grant execute on function current_tenant() to shomei_key_lookup;
grant execute on function current_tenant() to shomei_operator;
grant execute on function current_tenant() to shomei_worker;
grant execute on function data_export_page(bytea,uuid,text,uuid,integer) to shomei_admin;
grant execute on function decide_approval(bytea,uuid,boolean,bytea,text) to shomei_admin;
grant execute on function due_serial_linkages(tenant_mode,timestamp with time zone,integer) to shomei_worker;
grant execute on function due_status_sweeps(tenant_mode) to shomei_worker;
grant execute on function due_webhook_endpoints(integer) to shomei_worker;
grant execute on function end_month_close(tenant_mode,text) to shomei_worker;
grant execute on function erase_due_consents(integer) to shomei_worker;
grant execute on function erase_due_evidence(integer) to shomei_worker;
grant execute on function erase_due_presentations(integer) to shomei_worker;
grant execute on function erase_due_sweep_results(integer) to shomei_worker;
grant execute on function event_horizon(uuid,tenant_mode) to shomei_api;
grant execute on function execute_approval(uuid) to shomei_admin;
grant execute on function finalize_invoice(uuid,uuid) to shomei_admin;
grant execute on function find_api_key(bytea) to shomei_api;
grant execute on function find_ended_operator_session(bytea) to shomei_admin;
grant execute on function find_operator_secret(uuid,text) to shomei_admin;
grant execute on function find_operator_secret(uuid,text) to shomei_operator;
grant execute on function find_operator_session(bytea) to shomei_admin;
grant execute on function find_operator_session(bytea) to shomei_operator;
grant execute on function fix_month_prices(tenant_mode,text,timestamp with time zone,integer) to shomei_worker;
grant execute on function forget_webhook_deliveries() to shomei_worker;
grant execute on function hold_checklist(uuid) to shomei_admin;
grant execute on function invoice_exports_due() to shomei_worker;
grant execute on function invoices_of_month(tenant_mode,text) to shomei_worker;
grant execute on function is_held(uuid,tenant_mode,uuid) to shomei_retention_clerk;
grant execute on function is_key_of_suspended(bytea) to shomei_api;
grant execute on function is_sweep_held(uuid,tenant_mode,uuid) to shomei_retention_clerk;
grant execute on function keys_work(tenant_state,tenant_mode) to shomei_door;
grant execute on function keys_work(tenant_state,tenant_mode) to shomei_key_lookup;
grant execute on function keys_work(tenant_state,tenant_mode) to shomei_key_maker;
grant execute on function keys_work(tenant_state,tenant_mode) to shomei_monitor;
grant execute on function keys_work(tenant_state,tenant_mode) to shomei_webhook_clerk;
grant execute on function list_any_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb,jsonb,bigint,bigint) to shomei_admin;
grant execute on function list_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb,jsonb,bigint,bigint) to shomei_api;
grant execute on function list_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb,jsonb,bigint,bigint) to shomei_biller;
grant execute on function make_api_key(bytea,uuid,text,bytea,text,text[],cidr[],timestamp with time zone) to shomei_api;
grant execute on function month_usage(tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb,timestamp with time zone[],timestamp with time zone[]) to shomei_worker;
grant execute on function next_month_to_close(tenant_mode) to shomei_admin;
grant execute on function next_month_to_close(tenant_mode) to shomei_operator;
grant execute on function next_month_to_close(tenant_mode) to shomei_worker;
grant execute on function note_api_key_use(bytea) to shomei_api;
grant execute on function open_any_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_admin;
grant execute on function open_checklist_items(uuid) to shomei_admin;
grant execute on function open_data_export(bytea,text,uuid,text,inet) to shomei_admin;
grant execute on function open_evidence(bytea,uuid,text,uuid,text,inet,text) to shomei_admin;
grant execute on function open_evidence(bytea,uuid,text,uuid,text,inet,text) to shomei_operator;
grant execute on function open_operator_session(uuid,bytea,uuid,bytea,bytea,boolean,timestamp with time zone,timestamp with time zone,timestamp with time zone) to shomei_admin;
grant execute on function open_operator_session(uuid,bytea,uuid,bytea,bytea,boolean,timestamp with time zone,timestamp with time zone,timestamp with time zone) to shomei_operator;
grant execute on function open_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_api;
grant execute on function open_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_biller;
grant execute on function plain_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_admin;
grant execute on function plain_tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_api;
grant execute on function propose_approval(bytea,uuid,text,text,jsonb,jsonb,text,interval) to shomei_admin;
grant execute on function propose_approval(bytea,uuid,text,text,jsonb,jsonb,text,interval) to shomei_operator;
grant execute on function referenced_lists(timestamp with time zone,timestamp with time zone) to shomei_worker;
grant execute on function replace_api_key(uuid,uuid,bytea,text,interval) to shomei_admin;
grant execute on function reserve_quota(bytea,text,date,integer) to shomei_api;
grant execute on function retained_until(text,timestamp with time zone) to shomei_admin;
grant execute on function retained_until(text,timestamp with time zone) to shomei_api;
grant execute on function retained_until(text,timestamp with time zone) to shomei_operator;
grant execute on function retained_until(text,timestamp with time zone) to shomei_retention_clerk;
grant execute on function retained_until(text,timestamp with time zone) to shomei_worker;
grant execute on function retention_due(integer) to shomei_admin;
grant execute on function return_quota(bytea,text,date,integer) to shomei_api;
grant execute on function revoke_api_key(bytea,uuid) to shomei_api;
grant execute on function ring_key_use() to shomei_operator;
grant execute on function rotate_api_key(bytea,uuid,uuid,bytea,text,interval) to shomei_api;
grant execute on function seal_anew(bytea,text,uuid,bytea[],text,bytea[]) to shomei_operator;
grant execute on function sealed_under_others(bytea,text,text,uuid,integer) to shomei_operator;
grant execute on function tenant_key_needs(uuid,tenant_mode,uuid) to shomei_operator;
grant execute on function tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_api;
grant execute on function tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_biller;
grant execute on function tenant_usage(uuid,tenant_mode,timestamp with time zone,timestamp with time zone,pg_snapshot,pg_snapshot,timestamp with time zone,timestamp with time zone[],jsonb,jsonb) to shomei_worker;
grant execute on function unsealed_audit_events(xid8,uuid,integer) to shomei_worker;
grant execute on function watching_tenants(tenant_mode) to shomei_worker;
