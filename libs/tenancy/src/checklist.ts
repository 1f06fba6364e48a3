import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { type KeyRing, Problem } from '#lib/platform';
import { type ChecklistFile, listFiles } from './checklist-files.js';
import {
  type ActingOperator,
  type ChecklistItem,
  type ConnectionProof,
  documented,
  DOCUMENTED_ITEMS,
  type DocumentedItem,
  getChecklistForChange,
  readConnectionTest,
} from './checklist-items.js';

export interface CheckedItem {
  item: DocumentedItem;
  /** Absent: open. Another file, or one withdrawn, opens it again. */
  confirmed?: { by: string; at: Date; note?: string };
  /** Withdrawn ones too, oldest first. */
  files: ChecklistFile[];
}

export interface Checklist {
  items: CheckedItem[];
  connectionTest: ConnectionProof[];
}

/** The checklist of a tenant with the names of its files: reading it is recorded. @throws Problem `not_found` */
export async function readChecklist(
  dataSource: DataSource,
  keyRing: KeyRing,
  { tenantId, ...acting }: Acting & { tenantId: string },
): Promise<Checklist> {
  return dataSource.transaction(async (manager) => {
    await mustExist(manager, tenantId);
    const confirmed: { item: DocumentedItem; confirmed_by: string; confirmed_at: Date; note: string | null }[] =
      await manager.query(
        `select item, confirmed_by, confirmed_at, note from checklist_item
         where tenant_id = $1 and confirmed_at is not null`,
        [tenantId],
      );
    const files = await listFiles(manager, keyRing, tenantId);
    await appendAudit(manager, { ...acting, action: 'checklist.read', target: `tenant:${tenantId}` });
    return {
      items: DOCUMENTED_ITEMS.map((item) => {
        const row = confirmed.find((each) => each.item === item);
        return {
          item,
          ...(row
            ? { confirmed: { by: row.confirmed_by, at: row.confirmed_at, ...(row.note ? { note: row.note } : {}) } }
            : {}),
          files: files.filter((file) => file.item === item),
        };
      }),
      connectionTest: await readConnectionTest(manager, tenantId),
    };
  });
}

/**
 * Confirms that the files of an item show what they should.
 * @throws Problem `not_found`, `checklist_closed`, `checklist_item_automatic`, `checklist_file_missing`
 */
export async function confirmItem(
  dataSource: DataSource,
  request: ActingOperator & { tenantId: string; item: ChecklistItem; note?: string },
): Promise<void> {
  const { tenantId, item: named, note, operatorId, ...acting } = request;
  const item = documented(named);
  await dataSource.transaction(async (manager) => {
    await getChecklistForChange(manager, tenantId);
    const files: { id: string; sha256: string }[] = await manager.query(
      `select id, encode(sha256, 'hex') as sha256 from checklist_file
       where tenant_id = $1 and item = $2 and withdrawn_at is null order by uploaded_at, id`,
      [tenantId, item],
    );
    if (files.length === 0) throw new Problem('checklist_file_missing', { item });
    await manager.query(
      `insert into checklist_item (tenant_id, item, confirmed_by, confirmed_at, note)
       values ($1, $2, $3, clock_timestamp(), $4)
       on conflict (tenant_id, item) do update
         set (confirmed_by, confirmed_at, note) = row(excluded.confirmed_by, excluded.confirmed_at, excluded.note)`,
      [tenantId, item, operatorId, note ?? null],
    );
    await appendAudit(manager, {
      ...acting,
      action: 'checklist.confirm',
      target: `tenant:${tenantId}`,
      detail: { item, note: note ?? null, files },
    });
  });
}

/** Takes a confirmation back. @throws Problem `not_found`, `checklist_closed`, `checklist_item_automatic`, `nothing_to_change` */
export async function reopenItem(
  dataSource: DataSource,
  request: Acting & { tenantId: string; item: ChecklistItem; reason: string },
): Promise<void> {
  const { tenantId, item: named, reason, ...acting } = request;
  const item = documented(named);
  await dataSource.transaction(async (manager) => {
    await getChecklistForChange(manager, tenantId);
    const [, changed]: [unknown, number] = await manager.query(
      `update checklist_item set confirmed_by = null, confirmed_at = null, note = null
       where tenant_id = $1 and item = $2 and confirmed_at is not null`,
      [tenantId, item],
    );
    if (changed === 0) throw new Problem('nothing_to_change');
    await appendAudit(manager, {
      ...acting,
      action: 'checklist.reopen',
      target: `tenant:${tenantId}`,
      detail: { item, reason },
    });
  });
}

async function mustExist(manager: EntityManager, tenantId: string): Promise<void> {
  const found: unknown[] = await manager.query('select 1 from tenant where id = $1', [tenantId]);
  if (found.length === 0) throw new Problem('not_found');
}
