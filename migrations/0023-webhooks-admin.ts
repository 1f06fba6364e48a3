import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operators see how the tenants' webhooks are doing, and have events sent again; no event's data, no secret, no answer. */
export class WebhooksAdmin1763900000023 implements MigrationInterface {
  readonly name = 'WebhooksAdmin1763900000023';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const GRANTS = `
-- To find an endpoint by its id; what is done with it is done as its tenant.
create policy admin on webhook_endpoint for select to shomei_admin using (true);
create policy admin_own on webhook_endpoint for update to shomei_admin
  using (tenant_id = current_tenant() and mode = current_mode())
  with check (tenant_id = current_tenant() and mode = current_mode());
alter policy own on webhook_delivery to shomei_api, shomei_worker, shomei_admin;
alter policy own on webhook_attempt to shomei_api, shomei_worker, shomei_admin;
alter policy own on event to shomei_api, shomei_worker, shomei_admin;

grant select (tenant_id, mode, id, url, event_types, enabled, disabled_reason, disabled_at, failing_since, last_success_at,
  last_failure_at, last_sequence, created_at, deleted_at) on webhook_endpoint to shomei_admin;
-- To lock an endpoint one has to be allowed to change something of it.
grant update (failing_since) on webhook_endpoint to shomei_admin;
grant select on webhook_delivery to shomei_admin;
grant insert (tenant_id, mode, endpoint_id, event_id) on webhook_delivery to shomei_admin;
grant update (state, attempts, first_attempt_at, due_at, claim, finished_at) on webhook_delivery to shomei_admin;
grant select (tenant_id, mode, endpoint_id, event_id, id, started_at, duration_ms, status, failure) on webhook_attempt
  to shomei_admin;
grant select (tenant_id, mode, id, xact, type, occurred_at, recorded_at) on event to shomei_admin;
`;
