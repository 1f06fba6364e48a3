import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a sweep finds is written in fewer octets, and whose rows they are is found once a statement. See docs/decisions/0047. */
export class SweepResults1763900000093 implements MigrationInterface {
  readonly name = 'SweepResults1763900000093';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What is told is the same of nearly everybody but for these. Older rows have them within certificates.
      alter table status_sweep_result add column sign_certificate_id uuid, add column auth_certificate_id uuid;

      -- The same condition. As a query of its own it is worked out once a statement, not for each of a million rows.
      alter policy own on status_sweep_result
        with check (tenant_id = (select current_tenant()) and mode = (select current_mode()));
      alter policy own on usage_event
        with check (tenant_id = (select current_tenant()) and mode = (select current_mode()));
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
