import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { COMMANDS } from './commands.js';

/**
 * What each operation and command leaves in the audit trail. A list: the actions, of which it writes at least one. A text:
 * why it leaves nothing. Who adds an operation adds a line here and says so.
 */
const OWN_LIST = 'ids, states and times of the own tenant: nothing that names anybody';
const OWN_SUMS = 'what is billed and why, by ids of the own tenant: nothing that names anybody';
const PUBLIC = 'public data';
const PLATFORM = 'the state of the platform: nothing that names anybody';
const SUMS = 'what is billed and why, by ids: nothing that names anybody';
const ACCOUNT = 'the own account, or those of colleagues';

const API: Record<string, readonly string[] | string> = {
  createSignatureVerification: ['verification.create'],
  createChallenge: ['challenge.create'],
  createAuthentication: ['verification.create'],
  createPresentation: ['presentation.create'],
  listVerifications: OWN_LIST,
  getVerification: ['verification.read_attributes'],
  getEvidence: ['verification.read_evidence'],
  reverify: ['verification.reverify'],
  createSerialLinkage: ['serial_linkage.settle', 'person.link'],
  listNewerCertificates: ['serial_linkage.read'],
  getSerialLinkage: ['serial_linkage.read'],
  createCounterpartLookup: ['counterpart_lookup.settle'],
  getCounterpartLookup: ['counterpart_lookup.read'],
  createAgeCheck: ['age_check.create'],
  createConsent: ['consent.create'],
  listConsents: OWN_LIST,
  getConsent: OWN_LIST,
  withdrawConsent: ['consent.withdraw'],
  createAttributeUpdate: ['attribute_update.create'],
  listPersons: OWN_LIST,
  getPerson: OWN_LIST,
  deletePerson: ['person.delete'],
  listPersonCertificates: ['person.read_certificates'],
  getPersonStatus: ['person.read_status'],
  createStatusSweep: ['status_sweep.create'],
  createStatusSweepOfFile: ['status_sweep.create'],
  listStatusSweeps: OWN_LIST,
  getStatusSweep: OWN_LIST,
  cancelStatusSweep: ['status_sweep.cancel'],
  listStatusSweepResults: ['status_sweep.read_results'],
  exportStatusSweepResults: ['status_sweep.read_results'],
  listStatusSweepRejections: OWN_LIST,
  streamStatusSweepProgress: OWN_LIST,
  listEvents: OWN_LIST,
  createWebhookEndpoint: ['webhook_endpoint.${verb}'],
  listWebhookEndpoints: OWN_LIST,
  getWebhookEndpoint: OWN_LIST,
  updateWebhookEndpoint: ['webhook_endpoint.${verb}'],
  deleteWebhookEndpoint: ['webhook_endpoint.${verb}'],
  rotateWebhookSecret: ['webhook_endpoint.${verb}'],
  testWebhookEndpoint: ['webhook_endpoint.${verb}'],
  listWebhookDeliveries: OWN_LIST,
  getWebhookDelivery: ['webhook_endpoint.read_answers'],
  replayWebhookEvents: ['webhook_endpoint.replay'],
  listStatements: OWN_SUMS,
  getStatement: OWN_SUMS,
  listLineEvents: OWN_SUMS,
  getUsage: OWN_SUMS,
  listUsageEvents: OWN_SUMS,
  getUsageEvent: OWN_SUMS,
  listInvoices: OWN_SUMS,
  getInvoice: OWN_SUMS,
  getInvoiceJson: OWN_SUMS,
  getInvoiceCsv: OWN_SUMS,
  getInvoicePdf: OWN_SUMS,
  getInvoiceEvents: OWN_SUMS,
  createApiKey: ['api_key.create'],
  listApiKeys: OWN_LIST,
  getApiKey: OWN_LIST,
  rotateApiKey: ['api_key.${verb}'],
  revokeApiKey: ['api_key.revoke', 'api_key.${verb}'],
  getMe: OWN_LIST,
  getLiveReceiptKeys: PUBLIC,
  getTestReceiptKeys: PUBLIC,
  listAuditEvents: 'what was done, without anything that names anybody',
  exportAuditEventsCsv: ['audit.export'],
  exportAuditEvents: ['audit.export'],
};

const ADMIN: Record<string, readonly string[] | string> = {
  signIn: ['operator.show_password', 'operator.sign_in_refused', 'operator.sign_in_blocked'],
  signOut: ['operator.sign_out'],
  beginEnrolment: ['operator.begin_enrolment'],
  showSecondFactor: ['operator.sign_in'],
  getMe: ACCOUNT,
  changePassword: ['operator.change_password'],
  renewRecoveryCodes: ['operator.renew_recovery_codes'],
  listOperators: ACCOUNT,
  createOperator: ['operator.create'],
  proposeRoles: ['approval.propose'],
  disableOperator: ['operator.disable'],
  resetSecondFactor: ['operator.reset_second_factor'],
  listApprovals: ACCOUNT,
  getApproval: ACCOUNT,
  getWaitingApprovals: ACCOUNT,
  approve: ['approval.approve', 'approval.execute'],
  refuse: ['approval.refuse'],
  listTenants: PLATFORM,
  createTenant: ['tenant.create'],
  getTenant: PLATFORM,
  changeContract: ['contract.change'],
  proposeContractChange: ['approval.propose'],
  fileApplication: ['application.file'],
  getApplication: ['application.read'],
  changeApplication: ['application.change'],
  takeTenantStep: ['tenant.${step}'],
  proposeGoLive: ['approval.propose'],
  getChecklist: ['checklist.read'],
  confirmChecklistItem: ['checklist.confirm'],
  reopenChecklistItem: ['checklist.reopen'],
  attachChecklistFile: ['checklist_file.attach'],
  readChecklistFile: ['checklist_file.read'],
  withdrawChecklistFile: ['checklist_file.withdraw'],
  exportTenantData: ['tenant.data_export_open', 'tenant.data_export'],
  listWebhookEndpoints: PLATFORM,
  listEvents: PLATFORM,
  getEvent: PLATFORM,
  listWebhookDeliveries: PLATFORM,
  getWebhookDelivery: PLATFORM,
  replayWebhookEvents: ['webhook_endpoint.replay'],
  listApiKeys: PLATFORM,
  createApiKey: ['api_key.create'],
  rotateApiKey: ['api_key.rotate'],
  revokeApiKey: ['api_key.revoke'],
  getOverview: PLATFORM,
  getRevocation: PUBLIC,
  getRevocationHistory: PUBLIC,
  listPartitions: PUBLIC,
  refreshRevocation: ['revocation.request_refresh'],
  listTrustAnchors: PUBLIC,
  proposeLiveAnchor: ['approval.propose'],
  inspect: ['certificate.inspect'],
  searchVerifications: ['verification.search'],
  exportVerifications: ['verification.export'],
  explainVerification: ['verification.explain'],
  exportEvidence: ['evidence.open', 'evidence.export'],
  revealHolder: ['verification.reveal'],
  reverifyVerification: ['evidence.open', 'verification.reverify'],
  searchAudit: 'personal values are ciphertext or keyed hashes in it',
  getAuditEvent: 'personal values are ciphertext or keyed hashes in it',
  exportAudit: ['audit.export'],
  exportAuditCsv: ['audit.export'],
  getAuditChain: PLATFORM,
  verifyAuditChain: ['audit.verify'],
  listLegalHolds: PLATFORM,
  placeLegalHold: ['legal_hold.place'],
  liftLegalHold: ['legal_hold.lift'],
  listRetentionRules: PLATFORM,
  listRetentionDue: PLATFORM,
  listSweeps: PLATFORM,
  getSweep: PLATFORM,
  listMonthCloses: SUMS,
  getInvoiceNeeds: SUMS,
  listVerificationUsage: SUMS,
  closeMonth: ['month.begin_close'],
  getJlisReport: SUMS,
  listReconciliations: SUMS,
  reconcileMonth: ['jlis_reconciliation.import'],
  explainDifferences: ['jlis_reconciliation.explain'],
  getJlisPrices: PUBLIC,
  proposeTariff: ['approval.propose'],
  proposeReduction: ['approval.propose'],
  proposeRecognition: ['approval.propose'],
  listPricePlans: SUMS,
  proposePricePlan: ['approval.propose'],
  listStatements: SUMS,
  getStatement: SUMS,
  listLineEvents: SUMS,
  getTenantUsage: SUMS,
  listTenantUsageEvents: SUMS,
  getUsageEvent: SUMS,
  getInvoiceSettings: SUMS,
  proposeTaxSetting: ['approval.propose'],
  proposeInvoiceIssuer: ['approval.propose'],
  listInvoiceTerms: SUMS,
  proposeInvoiceTerms: ['approval.propose'],
  listInvoiceDrafts: SUMS,
  draftInvoice: ['invoice.draft'],
  draftMonth: ['invoice.draft'],
  getInvoiceDraft: SUMS,
  previewInvoiceDraft: SUMS,
  discardInvoiceDraft: ['invoice.discard_draft'],
  proposeFinalization: ['approval.propose'],
  listInvoices: SUMS,
  exportInvoices: ['invoice.export'],
  listInvoiceExports: SUMS,
  getInvoiceExport: SUMS,
  getInvoice: SUMS,
  getInvoiceJson: SUMS,
  getInvoiceCsv: SUMS,
  getInvoicePdf: SUMS,
  getInvoiceEvents: SUMS,
  proposeInvoiceVoid: ['approval.propose'],
  listInvoiceDispatches: SUMS,
  recordInvoiceDispatch: ['invoice.dispatch'],
  getSystem: PLATFORM,
  listJobQueues: PLATFORM,
  listJobs: PLATFORM,
  retryJob: ['job.retry'],
  retryFailedJobs: ['job.retry_failed'],
};

const BY_COMMAND: Record<string, readonly string[] | string> = {
  'tenant create': ['tenant.create'],
  'month close': ['month.begin_close'],
  'tenant rotate-key': ['tenant_key.rotate'],
  'tenant destroy-key': ['tenant_key.destroy'],
  'key-ring status': PLATFORM,
  'key-ring rewrap': ['key_ring.rewrap'],
  'api-key create': ['api_key.create'],
  'api-key revoke': ['api_key.revoke'],
  'operator create': ['operator.create'],
  'operator list': ACCOUNT,
  'operator reset-password': ['operator.reset_password'],
  'reference-format set': ['contract.set_reference_format'],
  'contract set': ['contract.change'],
  'hold place': ['legal_hold.place'],
  'hold lift': ['legal_hold.lift'],
  'evidence export': ['evidence.open', 'evidence.export'],
  'clock set': ['test_clock.set'],
  'clock show': PLATFORM,
  'anchor import': ['trust_anchor.import', 'approval.propose'],
  'anchor list': PUBLIC,
  'source set': ['revocation_source.set'],
  'revocation refresh': ['revocation.request_refresh'],
  'revocation status': PUBLIC,
  'revocation status-at': 'a certificate in the hands of who asks',
  'audit export': ['audit.export'],
  'audit verify': ['audit.verify'],
  'audit search': 'personal values are ciphertext or keyed hashes in it',
  'seed-demo': ['tenant.create'],
};

const CHANGING = new Set(['post', 'put', 'patch', 'delete']);
type Paths = Record<string, Record<string, { operationId: string }>>;
const operationsOf = (document: string): { id: string; changes: boolean }[] =>
  Object.values((JSON.parse(readFileSync(`docs/openapi/${document}`, 'utf8')) as { paths: Paths }).paths).flatMap(
    (methods) =>
      Object.entries(methods).map(([method, { operationId: id }]) => ({ id, changes: CHANGING.has(method) })),
  );

/** Everything that could write an event. */
const CODE = ['libs', 'apps', 'migrations']
  .flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/\.(spec|d)\.ts$/.test(file))
      .map((file) => readFileSync(join(root, file), 'utf8')),
  )
  .join('\n');

/** Lines of what is wrong. */
function faults(
  table: Record<string, readonly string[] | string>,
  found: readonly { id: string; changes: boolean }[],
): string[] {
  const known = new Set(found.map(({ id }) => id));
  return [
    ...Object.keys(table)
      .filter((id) => !known.has(id))
      .map((id) => `${id}: is not there`),
    ...found.flatMap(({ id, changes }) => {
      const declared = table[id];
      if (declared === undefined) return [`${id}: says nothing of what it leaves in the audit trail`];
      if (typeof declared === 'string') return changes ? [`${id}: changes something and leaves nothing`] : [];
      return declared
        .filter((action) => !CODE.includes(`'${action}'`) && !CODE.includes(`\`${action}\``))
        .map((action) => `${id}: nothing writes ${action}`);
    }),
  ];
}

describe('every operation and command says what it leaves in the audit trail', () => {
  it.each([
    ['api.json', API],
    ['admin.json', ADMIN],
  ] as const)('%s', (document, table) => expect(faults(table, operationsOf(document))).toEqual([]));

  it('the operator’s commands', () =>
    expect(
      faults(
        BY_COMMAND,
        COMMANDS.map(({ words }) => ({ id: words.join(' '), changes: false })),
      ),
    ).toEqual([]));

  it('and one that says nothing, or what nobody writes, is found', () => {
    const found = ['a', 'b', 'c'].map((id) => ({ id, changes: true }));
    expect(faults({ b: 'nothing', c: ['thing.never_done'], d: [] }, found)).toEqual([
      'd: is not there',
      'a: says nothing of what it leaves in the audit trail',
      'b: changes something and leaves nothing',
      'c: nothing writes thing.never_done',
    ]);
  });
});
