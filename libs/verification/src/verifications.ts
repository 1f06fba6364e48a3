import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { UsageEventRow, type UsageEvent } from '#lib/billing';
import { findMade, firstIdOf, Problem, withTenant, type Idempotency } from '#lib/platform';
import { parseCertificate, readAttributes, type Attributes, type Outcome } from '#lib/pki';
import { TenantKeys, type Principal } from '#lib/tenancy';
import { openEvidence, type VerdictFacts } from './evidence.js';
import { findVerificationPerson, type VerificationPerson } from './verification-person.js';
import type { VerificationRow } from './verification.entity.js';
import { findVisibleVerification, visibleVerifications } from './visible-verification.js';

/** A check as its tenant sees it. */
export interface Verification {
  id: string;
  kind: 'signature' | 'authentication';
  mode: Principal['mode'];
  decidedAt: number;
  facts: VerdictFacts;
  /** Keyed hash of hierarchy and serial. */
  certificateHash: Buffer;
  usage: UsageEvent[];
  reference?: string;
  challengeId?: string;
  /** JWS; absent in lists, and of checks made before there were receipts. */
  receipt?: string;
  /** Of a sign certificate whose path, profile, validity and signature passed; absent in lists. */
  attributes?: Attributes;
  /** Of a valid one that was asked whose it is; absent in lists. */
  person?: VerificationPerson;
}

export interface VerificationFilter {
  /** Id of the last one of the page before. */
  after?: string;
  limit: number;
  outcome?: Outcome;
  kind?: Verification['kind'];
  reference?: string;
  createdAfter?: Date;
  createdBefore?: Date;
}

/** Attributes are disclosed when the first four checks passed, and then whatever the status says. */
export const disclosesAttributes = (facts: VerdictFacts): boolean =>
  facts.certificate.kind === 'sign' &&
  facts.checks.every((check) => check.name === 'revocation' || check.result === 'passed');

/** What a list shows; the sealed evidence of a page would be megabytes for nothing. */
const LISTED = [
  'tenantId',
  'mode',
  'id',
  'kind',
  'decidedAt',
  'verdict',
  'certificateHash',
  'reference',
  'challengeId',
].map((column) => `v.${column}`);

/** Reads a tenant's verifications. A read that opens personal data is an audit event in the same transaction. */
@Injectable()
export class Verifications {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
  ) {}

  /** @throws Problem `not_found`, also for another tenant's. */
  async get(principal: Principal, id: string, requestId: string): Promise<Verification> {
    const found = await withTenant(this.dataSource, principal, (manager) =>
      this.open(manager, principal, id, requestId),
    );
    if (!found) throw new Problem('not_found');
    return found;
  }

  /**
   * The verification made earlier under the same Idempotency-Key for the same request.
   * @throws Problem `not_found` when it may not be shown any more.
   */
  async findReplay(
    principal: Principal,
    idempotency: Idempotency,
    requestId: string,
  ): Promise<Verification | undefined> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const id = await findMade(manager, idempotency, 'verification');
      if (id === undefined) return undefined;
      const found = await this.open(manager, principal, id, requestId);
      // Its person was deleted since.
      if (!found) throw new Problem('not_found');
      return found;
    });
  }

  /** Newest first. */
  async list(principal: Principal, filter: VerificationFilter): Promise<Verification[]> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const query = visibleVerifications(manager, principal).select(LISTED).orderBy('v.id', 'DESC').limit(filter.limit);
      if (filter.after !== undefined) query.andWhere('v.id < :after', { after: filter.after });
      if (filter.outcome !== undefined) query.andWhere('v.outcome = :outcome', { outcome: filter.outcome });
      if (filter.kind !== undefined) query.andWhere('v.kind = :kind', { kind: filter.kind });
      if (filter.reference !== undefined) query.andWhere('v.reference = :reference', { reference: filter.reference });
      if (filter.createdAfter) query.andWhere('v.id >= :from', { from: firstIdOf(filter.createdAfter.getTime()) });
      if (filter.createdBefore) query.andWhere('v.id < :to', { to: firstIdOf(filter.createdBefore.getTime()) });
      const rows = await query.getMany();
      const usage = await this.usageOf(manager, rows);
      return rows.map((row) => toVerification(row, usage.get(row.id) ?? []));
    });
  }

  private async open(
    manager: EntityManager,
    principal: Principal,
    id: string,
    requestId: string,
  ): Promise<Verification | undefined> {
    const row = await findVisibleVerification(manager, principal, id);
    if (!row) return undefined;
    const person = await findVerificationPerson(manager, id);
    const kept =
      row.evidence &&
      openEvidence(await this.tenantKeys.get(principal, row.tenantKeyId, manager), principal, id, row.evidence);
    const verification = {
      ...toVerification(row, (await this.usageOf(manager, [row])).get(id) ?? []),
      ...(kept?.receipt === undefined ? {} : { receipt: kept.receipt }),
      ...(person ? { person } : {}),
    };
    if (!kept || !disclosesAttributes(row.verdict)) return verification;
    await appendAudit(manager, {
      actor: `api_key:${principal.apiKeyId}`,
      action: 'verification.read_attributes',
      target: `verification:${id}`,
      requestId,
      tenancy: principal,
    });
    const attributes = readAttributes(parseCertificate(kept.certificate));
    return { ...verification, ...(attributes.present ? { attributes: attributes.attributes } : {}) };
  }

  private async usageOf(manager: EntityManager, rows: readonly VerificationRow[]): Promise<Map<string, UsageEvent[]>> {
    const byVerification = new Map<string, UsageEvent[]>();
    const first = rows[0];
    if (!first) return byVerification;
    const events = await manager.find(UsageEventRow, {
      where: { tenantId: first.tenantId, mode: first.mode, verificationId: In(rows.map((row) => row.id)) },
      order: { id: 'ASC' },
    });
    for (const event of events) {
      const known = byVerification.get(event.verificationId);
      if (known) known.push(event);
      else byVerification.set(event.verificationId, [event]);
    }
    return byVerification;
  }
}

function toVerification(row: VerificationRow, usage: UsageEvent[]): Verification {
  return {
    id: row.id,
    kind: row.kind,
    mode: row.mode,
    decidedAt: row.decidedAt.getTime(),
    facts: row.verdict,
    certificateHash: row.certificateHash,
    usage,
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.challengeId === null ? {} : { challengeId: row.challengeId }),
  };
}
