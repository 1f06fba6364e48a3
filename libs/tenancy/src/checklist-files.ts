import { createHash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { type KeyRing, newId, Problem } from '#lib/platform';
import {
  type ActingOperator,
  type ChecklistItem,
  documented,
  type DocumentedItem,
  getChecklistForChange,
} from './checklist-items.js';
import { cleanFileName, hasEndingOf } from './file-name.js';
import { checkFile, type FileType, fileTypeOf } from './file-type.js';
import { ringBox } from './ring-box.js';

/** Bytes of one file. The database has the same limit. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** Of one item, withdrawn ones included. */
const MAX_FILES = 50;

export interface ChecklistFile {
  id: string;
  item: DocumentedItem;
  name: string;
  type: FileType;
  /** Bytes. */
  size: number;
  /** Hex, of what was uploaded. */
  sha256: string;
  uploadedBy: string;
  uploadedAt: Date;
  /** It stays readable. */
  withdrawn?: { by: string; at: Date; reason: string; replacedBy?: string };
}

interface Row {
  id: string;
  item: DocumentedItem;
  name: Buffer;
  media_type: FileType;
  size: number;
  sha256: string;
  ring_key: string;
  uploaded_by: string;
  uploaded_at: Date;
  withdrawn_by: string | null;
  withdrawn_at: Date | null;
  withdrawal_reason: string | null;
  replaced_by: string | null;
}

const box = ringBox('shomei checklist files');
const context = (part: 'name' | 'content', tenantId: string, id: string): string => `file ${part}|${tenantId}|${id}`;

/** The name and content of a file, sealed under the ring's active key. @throws Error when they do not open. */
export const resealFile = (
  ring: KeyRing,
  { tenantId, id, ringKeyId, sealed }: { tenantId: string; id: string; ringKeyId: string; sealed: readonly Buffer[] },
): Buffer[] =>
  (['name', 'content'] as const).map((part, index) => {
    const of = context(part, tenantId, id);
    return box.seal(ring, of, box.open(ring, of, sealed[index]!, ringKeyId)).sealed;
  });

const COLUMNS = `id, item, name, media_type, size, encode(sha256, 'hex') as sha256, ring_key, uploaded_by, uploaded_at,
  withdrawn_by, withdrawn_at, withdrawal_reason, replaced_by`;

export interface Upload {
  tenantId: string;
  item: ChecklistItem;
  /** As the sender's computer has it. */
  name: string;
  /** What the sender says it is. */
  type: FileType;
  content: Buffer;
  /** The file it takes the place of, which is withdrawn. */
  replaces?: string;
  reason?: string;
}

/**
 * Attaches a file to an item, which is open then.
 * @returns the file's id
 * @throws Problem `not_found`, `checklist_closed`, `checklist_item_automatic`, `checklist_files_full`,
 *   `file_not_as_declared`, `file_damaged`, `request_invalid`
 */
export async function attachFile(
  dataSource: DataSource,
  keyRing: KeyRing,
  {
    operatorId,
    tenantId,
    item: named,
    name: given,
    type,
    content,
    replaces,
    reason,
    ...acting
  }: ActingOperator & Upload,
): Promise<string> {
  const item = documented(named);
  const name = mustBeNamed(given, type);
  mustBe(type, content);
  const id = newId(Date.now());
  const sha256 = createHash('sha256').update(content).digest();
  const body = box.seal(keyRing, context('content', tenantId, id), content);
  const label = box.seal(keyRing, context('name', tenantId, id), Buffer.from(name));
  return dataSource.transaction(async (manager) => {
    await getChecklistForChange(manager, tenantId);
    const rows: { count: number }[] = await manager.query(
      'select count(*)::int as count from checklist_file where tenant_id = $1 and item = $2',
      [tenantId, item],
    );
    if (rows[0]!.count >= MAX_FILES) throw new Problem('checklist_files_full', { item });
    await manager.query(
      `insert into checklist_file (tenant_id, id, item, media_type, size, sha256, name, content, ring_key, uploaded_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [tenantId, id, item, type, content.length, sha256, label.sealed, body.sealed, body.ringKeyId, operatorId],
    );
    await appendAudit(manager, {
      ...acting,
      action: 'checklist_file.attach',
      target: `tenant:${tenantId}`,
      // The name may tell of a person.
      detail: { item, file: id, sha256: sha256.toString('hex'), size: content.length, media_type: type },
    });
    if (replaces !== undefined)
      await withdraw(manager, {
        ...acting,
        operatorId,
        tenantId,
        id: replaces,
        item,
        replacedBy: id,
        reason: reason ?? 'replaced',
      });
    return id;
  });
}

/** Takes a file out of what is confirmed. It stays, and can be read. @throws Problem `not_found`, `checklist_closed`, `nothing_to_change` */
export async function withdrawFile(
  dataSource: DataSource,
  request: ActingOperator & { tenantId: string; id: string; reason: string },
): Promise<void> {
  await dataSource.transaction(async (manager) => {
    await getChecklistForChange(manager, request.tenantId);
    await withdraw(manager, request);
  });
}

/** A file as it was uploaded. Reading it is recorded. @throws Problem `not_found`, also for a file of another tenant */
export async function readFile(
  dataSource: DataSource,
  keyRing: KeyRing,
  { tenantId, id, ...acting }: Acting & { tenantId: string; id: string },
): Promise<{ file: ChecklistFile; content: Buffer }> {
  return dataSource.transaction(async (manager) => {
    const rows: (Row & { content: Buffer })[] = await manager.query(
      `select ${COLUMNS}, content from checklist_file where tenant_id = $1 and id = $2`,
      [tenantId, id],
    );
    const row = rows[0];
    if (!row) throw new Problem('not_found');
    const file = toFile(keyRing, tenantId, row);
    await appendAudit(manager, {
      ...acting,
      action: 'checklist_file.read',
      target: `tenant:${tenantId}`,
      detail: { item: file.item, file: id, sha256: file.sha256 },
    });
    return { file, content: box.open(keyRing, context('content', tenantId, id), row.content, row.ring_key) };
  });
}

/** All files of a tenant, oldest first. */
export async function listFiles(manager: EntityManager, keyRing: KeyRing, tenantId: string): Promise<ChecklistFile[]> {
  const rows: Row[] = await manager.query(
    `select ${COLUMNS} from checklist_file where tenant_id = $1 order by uploaded_at, id`,
    [tenantId],
  );
  return rows.map((row) => toFile(keyRing, tenantId, row));
}

async function withdraw(
  manager: EntityManager,
  {
    operatorId,
    tenantId,
    id,
    item,
    reason,
    replacedBy,
    ...acting
  }: ActingOperator & { tenantId: string; id: string; item?: DocumentedItem; reason: string; replacedBy?: string },
): Promise<void> {
  const rows: { item: DocumentedItem; sha256: string; withdrawn_at: Date | null }[] = await manager.query(
    `select item, encode(sha256, 'hex') as sha256, withdrawn_at from checklist_file where tenant_id = $1 and id = $2`,
    [tenantId, id],
  );
  const file = rows[0];
  if (!file || (item !== undefined && file.item !== item)) throw new Problem('not_found');
  if (file.withdrawn_at !== null) throw new Problem('nothing_to_change');
  await manager.query(
    `update checklist_file set withdrawn_by = $3, withdrawn_at = clock_timestamp(), withdrawal_reason = $4, replaced_by = $5
     where tenant_id = $1 and id = $2`,
    [tenantId, id, operatorId, reason, replacedBy ?? null],
  );
  await appendAudit(manager, {
    ...acting,
    action: 'checklist_file.withdraw',
    target: `tenant:${tenantId}`,
    detail: { item: file.item, file: id, sha256: file.sha256, reason, replaced_by: replacedBy ?? null },
  });
}

function toFile(keyRing: KeyRing, tenantId: string, row: Row): ChecklistFile {
  const { withdrawn_by: by, withdrawn_at: at, withdrawal_reason: reason, replaced_by: replacedBy } = row;
  return {
    id: row.id,
    item: row.item,
    name: box.open(keyRing, context('name', tenantId, row.id), row.name, row.ring_key).toString(),
    type: row.media_type,
    size: row.size,
    sha256: row.sha256,
    uploadedBy: row.uploaded_by,
    uploadedAt: row.uploaded_at,
    ...(by === null || at === null || reason === null
      ? {}
      : { withdrawn: { by, at, reason, ...(replacedBy === null ? {} : { replacedBy }) } }),
  };
}

function mustBeNamed(given: string, type: FileType): string {
  const name = cleanFileName(given);
  if (name === '') throw new Problem('request_invalid', { field: 'name', errors: [NAMELESS] });
  if (!hasEndingOf(name, type)) throw new Problem('file_not_as_declared', { field: 'name', declared: type });
  return name;
}

const NAMELESS = { field: 'name', message: 'must name the file', message_ja: 'ファイル名を指定してください。' };

function mustBe(declared: FileType, content: Buffer): void {
  const found = fileTypeOf(content);
  if (found !== declared) throw new Problem('file_not_as_declared', { declared, found: found ?? null });
  const rule = checkFile(content, declared);
  if (rule !== undefined) throw new Problem('file_damaged', { rule });
}
