import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { Clock, Problem, withTenant, yearsLater, type Tenancy } from '#lib/platform';
import { findPerson, findLivingPerson, idsOfPerson, lockPersons, type By, type Person } from './person.js';

/** As long as a consent is kept. */
const TOMBSTONE_YEARS = 10;

/** The persons of a tenant, as it sees and forgets them. */
@Injectable()
export class Persons {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** The person itself; one that was merged names its survivor. @throws Problem `not_found` */
  async get(tenancy: Tenancy, id: string): Promise<Person> {
    const person = await withTenant(this.dataSource, tenancy, async (manager) =>
      (await findLivingPerson(manager, id)) ? findPerson(manager, id) : undefined,
    );
    if (!person) throw new Problem('not_found');
    return person;
  }

  /** Living persons, the youngest record first; those that were merged are their survivor. */
  async list(tenancy: Tenancy, { after, limit }: { after?: string; limit: number }): Promise<Person[]> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const rows: { id: string; created_at: Date }[] = await manager.query(
        `select id, created_at from person
         where tenant_id = $1 and mode = $2 and merged_into is null and deleted_at is null
           and ($3::uuid is null
             or (created_at, id) < (select c.created_at, c.id from person c where c.id = $3 limit 1))
         order by created_at desc, id desc limit $4`,
        [tenancy.tenantId, tenancy.mode, after ?? null, limit],
      );
      return rows.map((row) => ({ id: row.id, createdAt: row.created_at.getTime() }));
    });
  }

  /**
   * Forgets a person and all that were merged into it: certificates and what links them, consents as far as they are
   * still in force. What was verified stays under its retention clock and is shown to nobody.
   * @throws Problem `not_found`, also for one who was deleted before
   */
  async delete(tenancy: Tenancy, id: string, by: By): Promise<void> {
    await withTenant(this.dataSource, tenancy, async (manager) => {
      await lockPersons(manager, tenancy);
      const person = await findLivingPerson(manager, id);
      if (!person) throw new Problem('not_found');
      const ids = await idsOfPerson(manager, person.id);
      const at = this.clock.now(tenancy.mode);
      const severed = await sever(manager, tenancy, ids, at);
      await appendAudit(manager, {
        ...by,
        action: 'person.delete',
        target: `person:${person.id}`,
        detail: { persons: ids, certificates: severed },
        tenancy,
      });
    });
  }
}

/** @returns how many certificates that the tenant was told of were severed: steps between them are told to nobody */
async function sever(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  ids: readonly string[],
  at: number,
): Promise<number> {
  await manager.query(
    `insert into certificate_tombstone (tenant_id, mode, certificate_hash, expires_at)
     select tenant_id, mode, certificate_hash, $2 from person_certificate where person_id = any($1)
     on conflict (tenant_id, mode, certificate_hash)
       do update set severed_at = clock_timestamp(), expires_at = excluded.expires_at`,
    [ids, new Date(yearsLater(at, TOMBSTONE_YEARS))],
  );
  // Links go with their certificates.
  const [severed]: [{ hop: boolean }[], number] = await manager.query(
    'delete from person_certificate where person_id = any($1) returning hop',
    [ids],
  );
  await manager.query(
    `insert into consent_withdrawal (tenant_id, mode, consent_id, source, withdrawn_at)
     select c.tenant_id, c.mode, c.id, 'person_deleted', $2 from consent c where c.person_id = any($1)
     on conflict (tenant_id, mode, consent_id) do nothing`,
    [ids, new Date(at)],
  );
  await manager.query(
    `update serial_linkage set state = 'severed', detail = null, next_attempt_at = null, updated_at = $2
     where person_id = any($1) and state = 'pending'`,
    [ids, new Date(at)],
  );
  // What was delivered is on record; of which certificate it was is not needed any more.
  await manager.query(
    `update attribute_update_result set sealed_serial = null, tenant_key_id = null
     where person_id = any($1) and sealed_serial is not null`,
    [ids],
  );
  await manager.query('update person set deleted_at = $4 where tenant_id = $1 and mode = $2 and id = any($3)', [
    tenantId,
    mode,
    ids,
    new Date(at),
  ]);
  return severed.filter(({ hop }) => !hop).length;
}
