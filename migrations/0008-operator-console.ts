import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the operators' REST needs beyond accounts and approvals: ended sessions are told from none, and contract terms. */
export class OperatorConsole1763900000008 implements MigrationInterface {
  readonly name = 'OperatorConsole1763900000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ENDED_SESSIONS);
    await runner.query(TENANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const ENDED_SESSIONS = `
-- A cookie that comes back after its session was ended is worth a line in the audit trail.
create function find_ended_operator_session(token_hash bytea) returns table (id uuid, operator_id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select s.id, s.operator_id from operator_session s where s.token_sha256 = token_hash and s.ended_at is not null
$$;
revoke all on function find_ended_operator_session(bytea) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_operator_keeper;
alter function find_ended_operator_session(bytea) owner to shomei_operator_keeper;
revoke create on schema public from shomei_operator_keeper;
grant execute on function find_ended_operator_session(bytea) to shomei_admin;
`;

const TENANTS = `
grant update (reference_format, identify, counterpart, latest_attributes, allowed_ages, age_dates, age_questions_a_year,
  age_legal_day_inclusive, sign_up_consent_version, sign_up_consent_purposes) on contract to shomei_admin;
create index tenant_created on tenant (created_at, id);
`;
