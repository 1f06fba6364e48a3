import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What sweeps meter is written in the order of its indexes. See docs/decisions/0039. */
export class SweepWrites1763900000072 implements MigrationInterface {
  readonly name = 'SweepWrites1763900000072';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- By the hash of a certificate the rows of a sweep would come in no order: each would be written to another page. That
      -- a check is there once is said by the index below, in the order in which persons are swept.
      create unique index usage_event_of_source on usage_event (tenant_id, mode, source_id, meter, method, certificate_hash)
        where source_id is not null and source <> 'status_check';
      drop index usage_event_source;
      alter index usage_event_of_source rename to usage_event_source;

      create unique index usage_event_checked
        on usage_event (tenant_id, mode, person_id, certificate_kind, occurred_at, source_id, certificate_hash)
        where purpose = 'status_check' and billable;
      drop index usage_event_checked_person;
      alter index usage_event_checked rename to usage_event_checked_person;

      -- Of a sweep all rows have the same time and lie beside each other: a summary of their pages says as much as an entry each.
      create index usage_event_status_check_pages on usage_event using brin (occurred_at)
        where purpose = 'status_check' and method = 'crl';
      drop index usage_event_status_check;
      alter index usage_event_status_check_pages rename to usage_event_status_check;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
