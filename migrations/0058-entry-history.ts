import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The list of a partition that was in force at the end of a month, and tenants by name: one step in an index each. */
export class EntryHistory1763900000100 implements MigrationInterface {
  readonly name = 'EntryHistory1763900000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create index crl_accepted on crl (mode, partition_id, accepted_at) include (entry_count);
create index tenant_name on tenant (name, id);
create index invoice_total on invoice (mode, total_yen, id);
`);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
