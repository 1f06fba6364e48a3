import { type Application, changeApplication, findTenant, goLive, goLiveProposal, takeStep } from '#lib/tenancy';
import { confirmDocuments, passConnectionTest } from './checklist.js';
import type { TestDatabase } from './database.js';
import { withPeople } from './operators.js';
import { keyRing } from './tenants.js';

const ACTING = { actor: 'operator:test' };

/** An application without a fault; nobody's. */
export const APPLICATION: Application = {
  kind: 'corporation',
  legalName: '株式会社テスト商事',
  legalNameKana: 'カブシキガイシャテストショウジ',
  corporateNumber: '4011001098993',
  address: '東京都港区芝公園４丁目２番地８',
  contacts: [{ role: 'responsible', name: '責任 者', email: 'responsible@example.com', phone: '03-1234-5678' }],
  serviceName: 'テストサービス',
  purposeOfUse: '本人確認',
  signatureVerificationsAMonth: 1000,
  authenticationsAMonth: 1000,
  invoiceRegistrationNumber: 'T4011001098993',
};

/** The same as the operators' REST takes it. */
export const APPLICATION_BODY = {
  kind: APPLICATION.kind,
  legal_name: APPLICATION.legalName,
  legal_name_kana: APPLICATION.legalNameKana,
  corporate_number: APPLICATION.corporateNumber,
  address: APPLICATION.address,
  contacts: APPLICATION.contacts,
  service_name: APPLICATION.serviceName,
  purpose_of_use: APPLICATION.purposeOfUse,
  expected_volumes: {
    signature_verifications_a_month: APPLICATION.signatureVerificationsAMonth,
    authentications_a_month: APPLICATION.authenticationsAMonth,
  },
  invoice_registration_number: APPLICATION.invoiceRegistrationNumber,
};

/** Takes a tenant in test mode the rest of the way, with two people, unless it is live already. */
export async function bringLive(database: Pick<TestDatabase, 'urls'>, tenantId: string): Promise<void> {
  await withPeople(database, async (people) => {
    const { admin } = people;
    if ((await findTenant(admin, tenantId))?.state === 'live') return;
    await changeApplication(admin, keyRing(), { tenantId, application: APPLICATION, ...ACTING });
    await passConnectionTest(database, tenantId);
    await confirmDocuments(admin, tenantId, (await people.withoutApproval(['onboarding'], database)).id);
    const notification = { on: '2026-11-01', reference: 'J-1' };
    await takeStep(admin, { tenantId, request: { step: 'notify', reason: 'test', notification }, ...ACTING });
    await people.approvedByOthers(
      database,
      await goLiveProposal(admin, tenantId),
      (manager, { id, subject, before }, acting) => goLive(manager, { subject, before, approvalId: id, ...acting }),
    );
  });
}
