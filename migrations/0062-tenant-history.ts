import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is recorded of a proposal is found by the tenant it is about: the history of a tenant has its approvals too. */
export class TenantHistory1763900000140 implements MigrationInterface {
  readonly name = 'TenantHistory1763900000140';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INDEX);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

// A proposal about a tenant has it as its subject; one of its prices has it among the values that are proposed.
const INDEX = `
create index audit_event_proposal on audit_event (coalesce(detail->'after'->>'tenant_id', substr(detail->>'subject', 8)))
  where action = 'approval.propose';
`;
