import type { EntityManager } from 'typeorm';

/** A person as it is now, whatever it has been merged into. */
export interface Survivor {
  id: string;
  /** Milliseconds, by the clock of the mode. */
  createdAt: number;
  deleted: boolean;
}

/**
 * The person that answers for an id: itself, or the one it was merged into.
 * @param manager of a transaction of the tenant; another tenant's person does not exist in it
 */
export async function findSurvivor(manager: EntityManager, personId: string): Promise<Survivor | undefined> {
  const rows: { id: string; created_at: Date; deleted: boolean }[] = await manager.query(
    `select s.id, s.created_at, s.deleted_at is not null as deleted
     from person p join person s on s.tenant_id = p.tenant_id and s.mode = p.mode and s.id = coalesce(p.merged_into, p.id)
     where p.id = $1`,
    [personId],
  );
  const row = rows[0];
  return row && { id: row.id, createdAt: row.created_at.getTime(), deleted: row.deleted };
}
