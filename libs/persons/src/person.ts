import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { Tenancy } from '#lib/platform';
import { appendEvent } from '#lib/webhook';
import { olderOf } from './join-conflict.js';

/** One tenant's pseudonymous user. Times in milliseconds by the clock of the mode. */
export interface Person {
  id: string;
  createdAt: number;
  /** The surviving person when this one turned out to be the same; never one that was merged itself. */
  mergedInto?: string;
  deletedAt?: number;
}

/** On whose behalf something is done, for the audit trail. */
export interface By {
  /** `api_key:<uuid>` or `system:<process>`. */
  actor: string;
  requestId?: string;
}

/**
 * Whoever joins, merges or deletes persons of a tenant and mode does it alone until the end of the transaction. To be
 * taken before anything of them is read, and not after {@link sharePersons} in the same transaction: two that want to
 * go from one to the other wait for each other.
 */
export async function lockPersons(manager: EntityManager, { tenantId, mode }: Tenancy): Promise<void> {
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`persons|${tenantId}|${mode}`]);
}

/** Until the end of the transaction nobody joins, merges or deletes persons; others who share do not wait. */
export async function sharePersons(manager: EntityManager, { tenantId, mode }: Tenancy): Promise<void> {
  await manager.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [`persons|${tenantId}|${mode}`]);
}

/** Undefined for an id of nobody, also for another tenant's. One who was deleted is still found. */
export async function findPerson(manager: EntityManager, id: string): Promise<Person | undefined> {
  return (await findPersons(manager, [id]))[0];
}

export async function findPersons(manager: EntityManager, ids: readonly string[]): Promise<Person[]> {
  const rows: { id: string; created_at: Date; merged_into: string | null; deleted_at: Date | null }[] =
    await manager.query('select id, created_at, merged_into, deleted_at from person where id = any($1)', [ids]);
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at.getTime(),
    ...(row.merged_into === null ? {} : { mergedInto: row.merged_into }),
    ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at.getTime() }),
  }));
}

/**
 * The person that an id stands for now: the survivor of a merge. Undefined for nobody and for one who was deleted.
 */
export async function findLivingPerson(manager: EntityManager, id: string): Promise<Person | undefined> {
  const person = await findPerson(manager, id);
  const root = person?.mergedInto === undefined ? person : await findPerson(manager, person.mergedInto);
  return root?.deletedAt === undefined ? root : undefined;
}

/** The id of a survivor and of all that were merged into it: rows made before a merge keep the id they had. */
export async function idsOfPerson(manager: EntityManager, survivorId: string): Promise<string[]> {
  const rows: { id: string }[] = await manager.query('select id from person where merged_into = $1', [survivorId]);
  return [survivorId, ...rows.map((row) => row.id)];
}

/**
 * Makes one person of several. The oldest survives; the others point at it, and so do those merged into them before.
 * @param persons unmerged and living
 * @returns the survivor's id
 */
export async function mergePersons(
  manager: EntityManager,
  tenancy: Tenancy,
  { persons, at, by, because }: { persons: readonly Person[]; at: number; by: By; because: string },
): Promise<string> {
  const survivor = olderOf(persons);
  for (const { id } of persons) {
    if (id === survivor) continue;
    await manager.query('update person set merged_into = $2, merged_at = $3 where id = $1 or merged_into = $1', [
      id,
      survivor,
      new Date(at),
    ]);
    await manager.query('update person_certificate set person_id = $2 where person_id = $1', [id, survivor]);
    await appendEvent(manager, tenancy, {
      type: 'person.merged',
      at,
      data: { person_id: survivor, merged_person_id: id },
    });
    await appendAudit(manager, {
      ...by,
      action: 'person.merge',
      target: `person:${survivor}`,
      detail: { merged: id, because },
      tenancy,
    });
  }
  return survivor;
}
