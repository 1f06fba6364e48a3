import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit, changedFields } from '#lib/audit';
import { type KeyRing, Problem } from '#lib/platform';
import { openContacts, sealContacts } from './contacts-box.js';
import { type Application, APPLICATION_RULES, type ApplicationFault, judgeApplication } from './judge-application.js';
import { insertTenant } from './onboard.js';
import { getForChange } from './tenant-list.js';

interface Row {
  kind: Application['kind'];
  legal_name: string;
  legal_name_kana: string;
  corporate_number: string | null;
  address: string;
  service_name: string;
  purpose_of_use: string;
  signature_verifications_a_month: number;
  authentications_a_month: number;
  invoice_registration_number: string | null;
  contacts: Buffer;
  contacts_ring_key: string;
}

export interface Filed {
  tenantId: string;
  /** For who reviews it. */
  warnings: ApplicationFault[];
}

/** A fault as it is told. */
export const explainFault = ({
  field,
  rule,
}: ApplicationFault): { field: string; rule: string; message: string; message_ja: string } => ({
  field,
  rule,
  message: APPLICATION_RULES[rule].en,
  message_ja: APPLICATION_RULES[rule].ja,
});

/** A new tenant that has applied. Its keys open nothing until it is accepted. @throws Problem `application_invalid` */
export async function fileApplication(
  dataSource: DataSource,
  keyRing: KeyRing,
  { application, ...acting }: Acting & { application: Application },
): Promise<Filed> {
  const warnings = mustBeSound(application);
  return dataSource.transaction(async (manager) => {
    const tenantId = await insertTenant(manager, keyRing, { name: application.legalName, state: 'applied', ...acting });
    await write(manager, keyRing, tenantId, application);
    await record(manager, tenantId, acting, undefined, application);
    return { tenantId, warnings };
  });
}

/**
 * Corrects an application, or files that of a tenant made without one.
 * @throws Problem `not_found`, `application_invalid`, `application_closed` once the tenant is live or has ended: what was
 *   notified and approved stays on record
 */
export async function changeApplication(
  dataSource: DataSource,
  keyRing: KeyRing,
  { tenantId, application, ...acting }: Acting & { tenantId: string; application: Application },
): Promise<Filed> {
  const warnings = mustBeSound(application);
  return dataSource.transaction(async (manager) => {
    const { state } = await getForChange(manager, tenantId);
    if (state !== 'applied' && state !== 'in_review' && state !== 'test')
      throw new Problem('application_closed', { state });
    const before = await findApplication(manager, keyRing, tenantId);
    await write(manager, keyRing, tenantId, application);
    await manager.query('update tenant set name = $2 where id = $1', [tenantId, application.legalName]);
    await record(manager, tenantId, acting, before, application);
    return { tenantId, warnings };
  });
}

/** What a tenant applied with. It names people: reading it is recorded. */
export async function readApplication(
  dataSource: DataSource,
  keyRing: KeyRing,
  { tenantId, ...acting }: Acting & { tenantId: string },
): Promise<Application | undefined> {
  return dataSource.transaction(async (manager) => {
    const application = await findApplication(manager, keyRing, tenantId);
    if (application)
      await appendAudit(manager, { ...acting, action: 'application.read', target: `tenant:${tenantId}` });
    return application;
  });
}

function mustBeSound(application: Application): ApplicationFault[] {
  const { faults, warnings } = judgeApplication(application);
  if (faults.length > 0)
    throw new Problem('application_invalid', {
      ...(faults.length === 1 ? { field: faults[0]!.field } : {}),
      errors: faults.slice(0, 20).map(explainFault),
    });
  return warnings;
}

async function findApplication(
  manager: EntityManager,
  keyRing: KeyRing,
  tenantId: string,
): Promise<Application | undefined> {
  const rows: Row[] = await manager.query(
    `select kind, legal_name, legal_name_kana, corporate_number, address, service_name, purpose_of_use,
       signature_verifications_a_month, authentications_a_month, invoice_registration_number, contacts, contacts_ring_key
     from tenant_application where tenant_id = $1`,
    [tenantId],
  );
  const row = rows[0];
  return (
    row && {
      kind: row.kind,
      legalName: row.legal_name,
      legalNameKana: row.legal_name_kana,
      corporateNumber: row.corporate_number,
      address: row.address,
      contacts: openContacts(keyRing, tenantId, row.contacts, row.contacts_ring_key),
      serviceName: row.service_name,
      purposeOfUse: row.purpose_of_use,
      signatureVerificationsAMonth: row.signature_verifications_a_month,
      authenticationsAMonth: row.authentications_a_month,
      invoiceRegistrationNumber: row.invoice_registration_number,
    }
  );
}

async function write(
  manager: EntityManager,
  keyRing: KeyRing,
  tenantId: string,
  application: Application,
): Promise<void> {
  const { sealed, ringKeyId } = sealContacts(keyRing, tenantId, application.contacts);
  await manager.query(
    `insert into tenant_application (tenant_id, kind, legal_name, legal_name_kana, corporate_number, address, service_name,
       purpose_of_use, signature_verifications_a_month, authentications_a_month, invoice_registration_number, contacts,
       contacts_ring_key)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     on conflict (tenant_id) do update set (kind, legal_name, legal_name_kana, corporate_number, address, service_name,
       purpose_of_use, signature_verifications_a_month, authentications_a_month, invoice_registration_number, contacts,
       contacts_ring_key, updated_at) = row(excluded.kind, excluded.legal_name, excluded.legal_name_kana,
       excluded.corporate_number, excluded.address, excluded.service_name, excluded.purpose_of_use,
       excluded.signature_verifications_a_month, excluded.authentications_a_month,
       excluded.invoice_registration_number, excluded.contacts, excluded.contacts_ring_key, clock_timestamp())`,
    [
      tenantId,
      application.kind,
      application.legalName,
      application.legalNameKana,
      application.corporateNumber,
      application.address,
      application.serviceName,
      application.purposeOfUse,
      application.signatureVerificationsAMonth,
      application.authenticationsAMonth,
      application.invoiceRegistrationNumber,
      sealed,
      ringKeyId,
    ],
  );
}

/** The people and a sole proprietor's address stay out of the trail; that they changed is told. */
async function record(
  manager: EntityManager,
  tenantId: string,
  acting: Acting,
  before: Application | undefined,
  after: Application,
): Promise<void> {
  const contactsChanged = JSON.stringify(before?.contacts) !== JSON.stringify(after.contacts);
  const addressChanged = before?.address !== after.address;
  const change = changedFields(before ? auditable(before) : {}, auditable(after));
  if (change === undefined && !contactsChanged && !addressChanged) return;
  await appendAudit(manager, {
    ...acting,
    action: before ? 'application.change' : 'application.file',
    target: `tenant:${tenantId}`,
    detail: { contacts_changed: contactsChanged, address_changed: addressChanged },
    ...(change ? { change } : {}),
  });
}

function auditable(application: Application): Record<string, unknown> {
  const { contacts, address, legalName, legalNameKana, ...facts } = application;
  const company = application.kind === 'corporation' ? { legalName, legalNameKana, address } : {};
  return { ...facts, ...company, contacts: contacts.length };
}
