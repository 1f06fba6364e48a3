import type { EntityManager } from 'typeorm';
import type { Acting } from '#lib/audit';
import { Problem } from '#lib/platform';
import { getForChange } from './tenant-list.js';

/** What an operator confirms, each by at least one file. */
export const DOCUMENTED_ITEMS = [
  'contract_and_nda',
  'delegation',
  'officers_fitness',
  'security_measures',
  'privacy_notice',
] as const;
export type DocumentedItem = (typeof DOCUMENTED_ITEMS)[number];

/** Everything that is in order before J-LIS is notified. `connection_test` checks itself. */
export const CHECKLIST_ITEMS = [...DOCUMENTED_ITEMS, 'connection_test'] as const;
export type ChecklistItem = (typeof CHECKLIST_ITEMS)[number];

/** What a tenant has to show in test mode, and the first verification that shows it. */
export interface ConnectionProof {
  shows: 'valid_signature' | 'valid_authentication' | 'invalid';
  verification?: { id: string; at: Date };
}

/** An operator who does something with a checklist. */
export type ActingOperator = Acting & { operatorId: string };

/** From the tenant's own verifications of test mode; see the function of that name in the database. */
export async function readConnectionTest(
  manager: Pick<EntityManager, 'query'>,
  tenantId: string,
): Promise<ConnectionProof[]> {
  const rows: { shows: ConnectionProof['shows']; verification_id: string | null; recorded_at: Date | null }[] =
    await manager.query('select shows, verification_id, recorded_at from connection_test($1)', [tenantId]);
  return rows.map(({ shows, verification_id: id, recorded_at: at }) => ({
    shows,
    ...(id === null || at === null ? {} : { verification: { id, at } }),
  }));
}

/** Items that are not done, in order. */
export async function openItems(manager: Pick<EntityManager, 'query'>, tenantId: string): Promise<ChecklistItem[]> {
  const rows: { open: ChecklistItem[] }[] = await manager.query('select open_checklist_items($1) as open', [tenantId]);
  return rows[0]!.open;
}

/** An item that takes files and confirmations. @throws Problem `checklist_item_automatic` */
export function documented(item: ChecklistItem): DocumentedItem {
  if (item === 'connection_test') throw new Problem('checklist_item_automatic', { item });
  return item;
}

/** Holds the tenant, so that no step is taken meanwhile. @throws Problem `not_found`, `checklist_closed` */
export async function getChecklistForChange(manager: EntityManager, tenantId: string): Promise<void> {
  const { state } = await getForChange(manager, tenantId);
  if (state === 'rejected' || state === 'terminated') throw new Problem('checklist_closed', { state });
}
