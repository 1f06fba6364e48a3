import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A replay that was asked for, so that a repeated request has the same answer and sends nothing again. */
export class WebhookReplays1763900000037 implements MigrationInterface {
  readonly name = 'WebhookReplays1763900000037';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table webhook_replay (
        tenant_id uuid not null,
        mode tenant_mode not null,
        id uuid not null,
        endpoint_id uuid not null,
        -- how many were sent again
        events int not null check (events >= 0),
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (tenant_id, mode, id),
        foreign key (tenant_id, mode, endpoint_id) references webhook_endpoint (tenant_id, mode, id)
      );
      alter table webhook_replay enable row level security;
      alter table webhook_replay force row level security;
      create policy own on webhook_replay to shomei_api
        using (tenant_id = current_tenant() and mode = current_mode())
        with check (tenant_id = current_tenant() and mode = current_mode());
      grant select, insert on webhook_replay to shomei_api;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
