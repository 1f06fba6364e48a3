import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a tenant takes with it: one mode of one tenant, page by page, for an operator who said why. */
export class DataExport1763900000030 implements MigrationInterface {
  readonly name = 'DataExport1763900000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RIGHTS);
    await runner.query(OPEN);
    await runner.query(PAGE);
    await runner.query(OWNER);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

/** Columns that the export may read, by table. What is sealed, a serial or a hash of one is in none of them but two. */
const COLUMNS = {
  api_key: `name, last_four, scopes, allowed_addresses, created_at, expires_at, revoked_at, made_by, rotated_from,
    last_used_at`,
  person: 'created_at, merged_into, merged_at, deleted_at',
  person_certificate: 'person_id, kind, provenance, hop, anchor, not_after, first_seen_at, presented_at',
  certificate_link: 'relation, from_id, to_id, source, created_at',
  consent: `person_id, purpose, text_version, covers, given_at, source, evidence_verification_id, jlis_consent_id,
    expires_at, created_at`,
  // the hash only to leave out the checks of those who were deleted
  verification: `kind, api_key_id, decided_at, recorded_at, outcome, reason_code, verdict, certificate_hash, reference,
    hidden`,
  serial_linkage: `verification_id, state, detail, person_id, certificate_id, previous_certificate_id, source, consent_id,
    created_at, updated_at`,
  counterpart_lookup: `verification_id, state, detail, person_id, certificate_id, counterpart_certificate_id, source,
    retry_at, consent_id, created_at`,
  age_check: 'verification_id, person_id, source, created_at, questions',
  attribute_update: 'created_at',
  usage_event: 'meter, method, purpose, outcome, billable, certificate_kind, source, occurred_at',
  webhook_endpoint: 'url, description, event_types, enabled, disabled_reason, disabled_at, created_at, deleted_at',
  audit_event: 'actor, action, schema_version, target, request_id, ip, detail, change, recorded_at, xact',
};
/** Tables without an id of their own. */
const BESIDE = {
  consent_withdrawal: 'consent_id, source, withdrawn_at',
  verification_person: 'verification_id, state, person_id, person_is_new',
  attribute_update_result: 'attribute_update_id, person_id, state, decided_at, consent_id',
  certificate_tombstone: 'certificate_hash, severed_at',
};
const OWN = '(tenant_id = current_tenant() and mode = current_mode())';

const grantsOf = (tables: Record<string, string>, key: string): string =>
  Object.entries(tables)
    .map(
      ([table, columns]) => `
create policy export_clerk on ${table} for select to shomei_export_clerk using ${OWN};
grant select (${key}, ${columns}) on ${table} to shomei_export_clerk;`,
    )
    .join('');

const RIGHTS = `${grantsOf(COLUMNS, 'tenant_id, mode, id')}${grantsOf(BESIDE, 'tenant_id, mode')}
create policy export_clerk on tenant for select to shomei_export_clerk using (id = current_tenant());
grant select (id) on tenant to shomei_export_clerk;
create policy export_clerk_writes on audit_event for insert to shomei_export_clerk with check ${OWN};
grant insert (id, tenant_id, mode, actor, action, target, request_id, ip, detail) on audit_event to shomei_export_clerk;
grant select (id, roles) on operator_account to shomei_export_clerk;
grant execute on function acting_operator(bytea), current_tenant(), current_mode() to shomei_export_clerk;
`;

const MAY_EXPORT = `exists (select 1 from operator_account a
    where a.id = who and a.roles && array['admin', 'onboarding'])`;

const OPEN = `
/*
 * Opens the export of the tenant and mode that the transaction names, for an operator who is signed in with both factors
 * and says why: writes the audit event by whose id the pages are asked for.
 * Gives null, or why not: session_invalid, permission_missing, reason_missing, tenant_unknown.
 */
create function open_data_export(token_hash bytea, why text, new_audit_id uuid, request text, address inet)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  who uuid := acting_operator(token_hash);
begin
  if who is null then return 'session_invalid'; end if;
  if not ${MAY_EXPORT} then return 'permission_missing'; end if;
  if why is null or length(btrim(why)) not between 3 and 500 then return 'reason_missing'; end if;
  if current_mode() is null or not exists (select 1 from tenant t where t.id = current_tenant()) then
    return 'tenant_unknown';
  end if;
  insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
  values (new_audit_id, current_tenant(), current_mode(), 'operator:' || who, 'tenant.data_export_open',
    'tenant:' || current_tenant(), request, address, jsonb_build_object('reason', btrim(why)));
  return null;
end $$;
`;

const id = (prefix: string, column: string): string => `'${prefix}_' || replace(${column}::text, '-', '')`;
const time = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
/** A line: its kind, its id, its members in order. */
const line = (kind: string, prefix: string, members: Record<string, string>): string =>
  `json_build_object('kind', '${kind}', 'id', ${id(prefix, 'x.id')}, ${Object.entries(members)
    .map(([name, value]) => `'${name}', ${value}`)
    .join(', ')})::text`;
/** The rows `x` of a table in the order of their ids. */
const rows = (table: string, text: string, joins = '', where = ''): string => `
    return query select x.id, ${text} from ${table} x ${joins}
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil) ${where}
    order by x.id limit up_to;`;
/*
 * What belongs to a row is looked up by its primary key, row by row (offset 0 keeps the planner from anything else): a plan
 * made before the statistics know a tenant's rows would otherwise compare all with all.
 */
/** The person `s` that a row's person is by now. */
const survivor = (of: string, row = 'x'): string => `
    left join lateral (select q.id, q.deleted_at from person q where q.tenant_id = ${row}.tenant_id and q.mode = ${row}.mode
      and q.id = (select coalesce(p.merged_into, p.id) from person p
        where p.tenant_id = ${row}.tenant_id and p.mode = ${row}.mode and p.id = ${of}) offset 0) s on true`;
/** A certificate that is no step between two others. */
const certificate = (column: string, name: string): string => `
    join lateral (select 1 from person_certificate c where c.tenant_id = x.tenant_id and c.mode = x.mode
      and c.id = ${column} and not c.hop offset 0) ${name} on true`;
/** Checks of somebody who was deleted since are shown to nobody. */
const notErased = (v: string): string => `and not ${v}.hidden and not exists (select 1 from certificate_tombstone t
      where t.tenant_id = ${v}.tenant_id and t.mode = ${v}.mode and t.certificate_hash = ${v}.certificate_hash
        and t.severed_at > ${v}.recorded_at)`;
const LIVING = 'and s.deleted_at is null';

/** Public names of what the audit trail names by its UUID. */
const NOUNS = {
  tenant: 'ten',
  api_key: 'key',
  challenge: 'chl',
  verification: 'ver',
  usage_event: 'use',
  person: 'per',
  person_certificate: 'crt',
  consent: 'cns',
  serial_linkage: 'lnk',
  counterpart_lookup: 'cpl',
  age_check: 'age',
  attribute_update: 'atu',
  event: 'evt',
  webhook_endpoint: 'whe',
};
const named = (column: string): string =>
  `case split_part(${column}, ':', 1) ${Object.entries(NOUNS)
    .map(
      ([noun, prefix]) => `when '${noun}' then '${prefix}_' || replace(substr(${column}, ${noun.length + 2}), '-', '')`,
    )
    .join(' ')} else substr(${column}, strpos(${column}, ':') + 1) end`;

const KINDS: Record<string, string> = {
  api_key: rows(
    'api_key',
    line('api_key', 'key', {
      name: 'x.name',
      last_four: 'x.last_four',
      scopes: 'x.scopes',
      allowed_addresses: 'x.allowed_addresses::text[]',
      created_at: time('x.created_at'),
      expires_at: time('x.expires_at'),
      revoked_at: time('x.revoked_at'),
      made_by: id('key', 'x.made_by'),
      rotated_from: id('key', 'x.rotated_from'),
      last_used_at: time('x.last_used_at'),
    }),
  ),
  person: rows(
    'person',
    line('person', 'per', {
      created_at: time('x.created_at'),
      merged_into: id('per', 'x.merged_into'),
      merged_at: time('x.merged_at'),
    }),
    survivor('x.id'),
    LIVING,
  ),
  certificate: rows(
    'person_certificate',
    line('certificate', 'crt', {
      person_id: id('per', 's.id'),
      certificate_kind: 'x.kind',
      provenance: 'x.provenance',
      anchor: 'x.anchor',
      not_after: time('x.not_after'),
      first_seen_at: time('x.first_seen_at'),
      presented_at: time('x.presented_at'),
    }),
    survivor('x.person_id'),
    // a step between two others is told to nobody
    `${LIVING} and not x.hop`,
  ),
  certificate_link: `
    return query select x.id, json_build_object('kind', 'certificate_link', 'relation', x.relation,
      'from_certificate_id', ${id('crt', 'x.from_id')}, 'to_certificate_id', ${id('crt', 'x.to_id')},
      'source', x.source, 'created_at', ${time('x.created_at')})::text
    from certificate_link x ${certificate('x.from_id', 'f')} ${certificate('x.to_id', 't')}
    where x.tenant_id = current_tenant() and x.mode = current_mode() and x.id > coalesce(after, nil)
    order by x.id limit up_to;`,
  consent: rows(
    'consent',
    line('consent', 'cns', {
      person_id: id('per', 's.id'),
      purpose: 'x.purpose',
      text_version: 'x.text_version',
      covers: 'x.covers',
      given_at: time('x.given_at'),
      source: 'x.source',
      evidence_verification_id: id('ver', 'x.evidence_verification_id'),
      jlis_consent_id: 'x.jlis_consent_id',
      expires_at: time('x.expires_at'),
      created_at: time('x.created_at'),
      withdrawn_at: time('w.withdrawn_at'),
      withdrawal_source: 'w.source',
    }),
    `${survivor('x.person_id')}
    left join consent_withdrawal w on w.tenant_id = x.tenant_id and w.mode = x.mode and w.consent_id = x.id`,
    LIVING,
  ),
  verification: rows(
    'verification',
    line('verification', 'ver', {
      type: 'x.kind',
      outcome: 'x.outcome',
      reason_code: 'x.reason_code',
      decided_at: time('x.decided_at'),
      recorded_at: time('x.recorded_at'),
      reference: 'x.reference',
      api_key_id: id('key', 'x.api_key_id'),
      person_state: 'vp.state',
      person_id: id('per', 's.id'),
      person_is_new: 'vp.person_is_new',
      verdict: 'x.verdict',
    }),
    `left join verification_person vp on vp.tenant_id = x.tenant_id and vp.mode = x.mode and vp.verification_id = x.id
    ${survivor('vp.person_id')}`,
    `${LIVING} ${notErased('x')}`,
  ),
  serial_linkage: rows(
    'serial_linkage',
    line('serial_linkage', 'lnk', {
      verification_id: id('ver', 'x.verification_id'),
      state: 'x.state',
      detail: 'x.detail',
      person_id: id('per', 's.id'),
      certificate_id: id('crt', 'x.certificate_id'),
      previous_certificate_id: id('crt', 'x.previous_certificate_id'),
      source: 'x.source',
      consent_id: id('cns', 'x.consent_id'),
      created_at: time('x.created_at'),
      updated_at: time('x.updated_at'),
    }),
    survivor('x.person_id'),
    LIVING,
  ),
  counterpart_lookup: rows(
    'counterpart_lookup',
    line('counterpart_lookup', 'cpl', {
      verification_id: id('ver', 'x.verification_id'),
      state: 'x.state',
      detail: 'x.detail',
      person_id: id('per', 's.id'),
      certificate_id: id('crt', 'x.certificate_id'),
      counterpart_certificate_id: id('crt', 'x.counterpart_certificate_id'),
      source: 'x.source',
      retry_at: time('x.retry_at'),
      consent_id: id('cns', 'x.consent_id'),
      created_at: time('x.created_at'),
    }),
    survivor('x.person_id'),
    LIVING,
  ),
  age_check: rows(
    'age_check',
    line('age_check', 'age', {
      verification_id: id('ver', 'x.verification_id'),
      person_id: id('per', 's.id'),
      source: 'x.source',
      created_at: time('x.created_at'),
      questions: 'x.questions',
    }),
    `${survivor('x.person_id')}
    join lateral (select w.* from (select tenant_id, mode, id, certificate_hash, recorded_at, hidden from verification) w
      where w.tenant_id = x.tenant_id and w.mode = x.mode and w.id = x.verification_id offset 0) v on true`,
    `${LIVING} ${notErased('v')}`,
  ),
  attribute_update: rows(
    'attribute_update',
    line('attribute_update', 'atu', {
      created_at: time('x.created_at'),
      results: `(select coalesce(json_agg(json_build_object('person_id', ${id('per', 's.id')}, 'state', r.state,
        'decided_at', ${time('r.decided_at')}, 'consent_id', ${id('cns', 'r.consent_id')}) order by r.person_id), '[]'::json)
      from attribute_update_result r ${survivor('r.person_id', 'r')}
      where r.tenant_id = x.tenant_id and r.mode = x.mode and r.attribute_update_id = x.id and s.deleted_at is null)`,
    }),
  ),
  usage_event: rows(
    'usage_event',
    line('usage_event', 'use', {
      meter: 'x.meter',
      method: 'x.method',
      purpose: 'x.purpose',
      outcome: 'x.outcome',
      billable: 'x.billable',
      certificate_kind: 'x.certificate_kind',
      source: 'x.source',
      occurred_at: time('x.occurred_at'),
    }),
  ),
  webhook_endpoint: rows(
    'webhook_endpoint',
    line('webhook_endpoint', 'whe', {
      url: 'x.url',
      description: 'x.description',
      event_types: 'x.event_types',
      enabled: 'x.enabled',
      disabled_reason: 'x.disabled_reason',
      disabled_at: time('x.disabled_at'),
      created_at: time('x.created_at'),
      deleted_at: time('x.deleted_at'),
    }),
  ),
  // as the tenant sees it at its own API: of our people neither name nor address, of strangers' certificates nothing
  audit_event: rows(
    'audit_event',
    line('audit_event', 'aud', {
      recorded_at: time('x.recorded_at'),
      actor: `json_build_object('type', case split_part(x.actor, ':', 1) when 'api_key' then 'api_key'
        when 'operator' then 'operator' else 'system' end,
        'id', case when starts_with(x.actor, 'api_key:') then ${named('x.actor')} end)`,
      action: 'x.action',
      schema_version: 'x.schema_version',
      target: `json_build_object('type', split_part(x.target, ':', 1), 'id', ${named('x.target')})`,
      request_id: 'x.request_id',
      ip: `case when starts_with(x.actor, 'api_key:') then host(x.ip) end`,
      // why evidence was looked at, or is kept, may be an inquiry that whom it is about must not learn of
      detail: `case when x.action in ('evidence.open', 'verification.reveal', 'legal_hold.place', 'legal_hold.lift')
        then x.detail - 'discarded' - 'reason' else x.detail - 'discarded' end`,
      change: 'x.change',
    }),
    '',
    `and not starts_with(x.action, 'jlis.')`,
  ),
};

const PAGE = `
/*
 * The lines of one kind after an id, of the tenant and mode that the transaction names, within an export that this
 * operator opened for it at most an hour ago, in a transaction that was committed: the record of it cannot be undone.
 * Raises 42501 for anybody else, also one whose session or role is gone.
 */
create function data_export_page(token_hash bytea, export uuid, kind text, after uuid, up_to int)
  returns table (id uuid, line text)
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
  nil constant uuid := '00000000-0000-0000-0000-000000000000';
  who uuid := acting_operator(token_hash);
begin
  if who is null or not ${MAY_EXPORT} or not exists (select 1 from audit_event e
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
  case kind${Object.entries(KINDS)
    .map(([kind, statement]) => `\n  when '${kind}' then${statement}`)
    .join('')}
  else raise exception 'nothing is exported as "%"', kind using errcode = '22023';
  end case;
end $$;
`;

const OWNER = `
revoke all on function open_data_export(bytea, text, uuid, text, inet),
  data_export_page(bytea, uuid, text, uuid, int) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_export_clerk;
alter function open_data_export(bytea, text, uuid, text, inet) owner to shomei_export_clerk;
alter function data_export_page(bytea, uuid, text, uuid, int) owner to shomei_export_clerk;
revoke create on schema public from shomei_export_clerk;
grant execute on function open_data_export(bytea, text, uuid, text, inet),
  data_export_page(bytea, uuid, text, uuid, int) to shomei_admin;
`;
