import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operators see which migration the schema is at. */
export class SystemPage1763900000090 implements MigrationInterface {
  readonly name = 'SystemPage1763900000090';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('grant select on schema_migration to shomei_admin');
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
