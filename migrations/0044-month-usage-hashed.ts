import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counting a month does not sort its events. The planner takes each of ten columns for independent of the others, expects
 * nearly as many kinds of events as events, and sorts them all; there are a few for each tenant.
 */
export class MonthUsageHashed1763900000067 implements MigrationInterface {
  readonly name = 'MonthUsageHashed1763900000067';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter function month_usage set enable_sort = off');
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
