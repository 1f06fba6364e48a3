import { Foundation1763900000001 } from './0001-foundation.js';
import { Revocation1763900000002 } from './0002-revocation.js';
import { RevocationHistory1763900000003 } from './0003-revocation-history.js';
import { Persons1763900000004 } from './0004-persons.js';
import { Audit1763900000006 } from './0006-audit.js';
import { Operators1763900000007 } from './0007-operators.js';
import { OperatorConsole1763900000008 } from './0008-operator-console.js';
import { OperatorProof1763900000009 } from './0009-operator-proof.js';
import { Custody1763900000010 } from './0010-custody.js';
import { EvidenceExport1763900000011 } from './0011-evidence-export.js';
import { Retention1763900000012 } from './0012-retention.js';
import { Onboarding1763900000014 } from './0014-onboarding.js';
import { ApiKeys1763900000016 } from './0016-api-keys.js';
import { Limits1763900000017 } from './0017-limits.js';
import { Checklist1763900000018 } from './0018-checklist.js';
import { EvidenceConsole1763900000019 } from './0019-evidence-console.js';
import { ContractChanges1763900000021 } from './0021-contract-changes.js';
import { Webhooks1763900000022 } from './0022-webhooks.js';
import { WebhooksAdmin1763900000023 } from './0023-webhooks-admin.js';
import { StatusSweeps1763900000024 } from './0024-status-sweeps.js';
import { ChangeEvents1763900000025 } from './0025-change-events.js';
import { Billing1763900000027 } from './0027-billing.js';
import { UsageRating1763900000028 } from './0028-usage-rating.js';
import { KeyLifecycle1763900000029 } from './0029-key-lifecycle.js';
import { DataExport1763900000030 } from './0030-data-export.js';
import { WebhookKeys1763900000032 } from './0032-webhook-keys.js';
import { SweepRetention1763900000036 } from './0036-sweep-retention.js';
import { WebhookReplays1763900000037 } from './0037-webhook-replays.js';
import { KeyRotation1763900000035 } from './0035-key-rotation.js';
import { ContractTerms1763900000050 } from './0033-contract-terms.js';
import { Invoices1763900000051 } from './0038-invoices.js';
import { InvoiceExports1763900000052 } from './0039-invoice-exports.js';
import { PresentationRetention1763900000055 } from './0042-presentation-retention.js';
import { SweepChoice1763900000065 } from './0045-sweep-choice.js';
import { SweepWrites1763900000072 } from './0046-sweep-writes.js';
import { UsageStream1763900000066 } from './0043-usage-stream.js';
import { MonthUsageHashed1763900000067 } from './0044-month-usage-hashed.js';
import { Overview1763900000080 } from './0050-overview.js';
import { SystemPage1763900000090 } from './0052-system-page.js';
import { SweepResults1763900000093 } from './0053-sweep-results.js';
import { MonthCounts1763900000084 } from './0048-month-counts.js';
import { UsagePages1763900000085 } from './0049-usage-pages.js';
import { EntryHistory1763900000100 } from './0058-entry-history.js';
import { SecondAdmin1763900000110 } from './0059-second-admin.js';
import { EventHorizon1763900000120 } from './0060-event-horizon.js';
import { InvoiceDispatch1763900000130 } from './0061-invoice-dispatch.js';
import { TenantHistory1763900000140 } from './0062-tenant-history.js';

/** The schema's history, oldest first. */
export const migrations = [
  Foundation1763900000001,
  Revocation1763900000002,
  RevocationHistory1763900000003,
  Persons1763900000004,
  Audit1763900000006,
  Operators1763900000007,
  OperatorConsole1763900000008,
  OperatorProof1763900000009,
  Custody1763900000010,
  EvidenceExport1763900000011,
  Retention1763900000012,
  Onboarding1763900000014,
  ApiKeys1763900000016,
  Limits1763900000017,
  Checklist1763900000018,
  EvidenceConsole1763900000019,
  ContractChanges1763900000021,
  Webhooks1763900000022,
  WebhooksAdmin1763900000023,
  StatusSweeps1763900000024,
  ChangeEvents1763900000025,
  Billing1763900000027,
  UsageRating1763900000028,
  KeyLifecycle1763900000029,
  DataExport1763900000030,
  WebhookKeys1763900000032,
  SweepRetention1763900000036,
  WebhookReplays1763900000037,
  KeyRotation1763900000035,
  ContractTerms1763900000050,
  Invoices1763900000051,
  InvoiceExports1763900000052,
  PresentationRetention1763900000055,
  SweepChoice1763900000065,
  UsageStream1763900000066,
  MonthUsageHashed1763900000067,
  SweepWrites1763900000072,
  Overview1763900000080,
  SystemPage1763900000090,
  MonthCounts1763900000084,
  UsagePages1763900000085,
  EntryHistory1763900000100,
  SweepResults1763900000093,
  SecondAdmin1763900000110,
  EventHorizon1763900000120,
  InvoiceDispatch1763900000130,
  TenantHistory1763900000140,
];
