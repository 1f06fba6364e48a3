import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock, type Mode, type Tenancy, withTenant } from '#lib/platform';
import { type KeyedTenancy, readContract, readKeyedTenancy } from '#lib/tenancy';
import { appendEvent } from '#lib/webhook';
import { findConsent } from './consent.js';
import { KnownCertificates } from './known-certificates.js';
import { lockPersons } from './person.js';
import {
  claimDueLinkage,
  findLinkage,
  findRecordedPrevious,
  type LinkageProgress,
  type LinkageState,
  type SerialLinkage,
  updatePendingLinkage,
} from './serial-linkage-record.js';
import { CLAIM_MS, nextAttempt } from './serial-linkage-schedule.js';
import { type Found, SerialLinkageSettlement, type Settled } from './serial-linkage-settlement.js';
import { SerialWalker, type Walk } from './serial-walker.js';

const ACTOR = 'system:worker';

/** What one attempt came to; `taken`: another process is at it or was faster. */
export type Attempt = LinkageState | 'taken';

/** A linkage whose next attempt may be made. */
export interface DueLinkage {
  tenancy: Tenancy;
  id: string;
}

/** An attempt that has begun: nobody else makes one meanwhile. */
interface Claimed {
  tenancy: KeyedTenancy;
  linkage: SerialLinkage;
  /** What is to be asked, unless the answer is clear already. */
  ask: { serialNumber: string; basis: Parameters<SerialWalker['walk']>[1]['consent'] } | { found: Found };
}

/** Tries again what J-LIS could not answer yet, until it is resolved or given up. */
@Injectable()
export class PendingLinkages {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(SerialWalker) private readonly walker: SerialWalker,
    @Inject(SerialLinkageSettlement) private readonly settlement: SerialLinkageSettlement,
  ) {}

  /** Of any tenant, in turns; at most `upTo`. */
  async findDue(mode: Mode, upTo: number): Promise<DueLinkage[]> {
    const rows: { tenant_id: string; id: string }[] = await this.dataSource.query(
      'select tenant_id, id from due_serial_linkages($1, $2, $3)',
      [mode, new Date(this.clock.now(mode)), upTo],
    );
    return rows.map(({ tenant_id, id }) => ({ tenancy: { tenantId: tenant_id, mode }, id }));
  }

  /** Makes one attempt, if it is due and nobody else is at it. */
  async attempt(tenancy: Tenancy, id: string): Promise<Attempt> {
    const claimed = await withTenant(this.dataSource, tenancy, (manager) => this.claim(manager, tenancy, id));
    if (!claimed) return 'taken';
    const { ask } = claimed;
    const by = { actor: ACTOR };
    const walk: Pick<Walk, 'named'> & { end: Found } =
      'found' in ask
        ? { end: ask.found, named: [] }
        : await this.walker.walk(claimed.tenancy, {
            serialNumber: ask.serialNumber,
            consent: ask.basis,
            at: this.clock.now(tenancy.mode),
            by,
          });
    return withTenant(this.dataSource, tenancy, (manager) => this.finish(manager, claimed, walk));
  }

  private async claim(manager: EntityManager, tenancy: Tenancy, id: string): Promise<Claimed | undefined> {
    const at = this.clock.now(tenancy.mode);
    const linkage = await claimDueLinkage(manager, id, { at, until: at + CLAIM_MS });
    if (!linkage) return undefined;
    const keyed = await readKeyedTenancy(manager, tenancy);
    return { tenancy: keyed, linkage, ask: await this.question(manager, keyed, linkage, at) };
  }

  private async question(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { certificateId, consentId }: SerialLinkage,
    at: number,
  ): Promise<Claimed['ask']> {
    const certificate = await this.certificates.find(manager, certificateId!);
    if (!certificate) return { found: { state: 'severed' } };
    if ((await findRecordedPrevious(manager, certificate.id)) !== undefined) return { found: { state: 'own_record' } };
    if (!(await readContract(manager, tenancy)).identify) return { found: { state: 'not_contracted' } };
    const consent = await findConsent(manager, consentId!);
    if (!consent || consent.withdrawal) return { found: { state: 'consent_required', detail: 'consent_withdrawn' } };
    if (consent.expiresAt <= at) return { found: { state: 'consent_required', detail: 'consent_expired' } };
    const { serialNumber } = await this.certificates.open(manager, tenancy, certificate.id);
    return { serialNumber, basis: { ...consent, consentId: consent.id } };
  }

  private async finish(
    manager: EntityManager,
    { tenancy, linkage, ask }: Claimed,
    { end, named }: Pick<Walk, 'named'> & { end: Found },
  ): Promise<Attempt> {
    await lockPersons(manager, tenancy);
    const now = await findLinkage(manager, linkage.id);
    // Whoever holds a claim that ran out, after a long pause, must not undo what the next one has done.
    if (now?.state !== 'pending' || now.attempts !== linkage.attempts) return 'taken';
    const at = this.clock.now(tenancy.mode);
    const settled = await this.settlement.settle(manager, tenancy, {
      linkageId: linkage.id,
      subject: { certificateId: linkage.certificateId! },
      found: end,
      named,
      ...('basis' in ask ? { basis: ask.basis } : {}),
      at,
      by: { actor: ACTOR },
    });
    const next = progressOf(linkage, settled, at);
    await updatePendingLinkage(manager, linkage.id, next);
    if (next.state !== 'pending')
      await appendEvent(manager, tenancy, {
        type: 'linkage.resolved',
        at,
        data: {
          serial_linkage_id: linkage.id,
          ...(next.personId === undefined ? {} : { person_id: next.personId }),
          ...(next.certificateId === undefined ? {} : { certificate_id: next.certificateId }),
        },
      });
    return next.state;
  }
}

/** How a pending linkage goes on after an attempt; one that has waited too long is not found. */
export function progressOf(
  { createdAt, attempts, personId, certificateId }: SerialLinkage,
  settled: Settled,
  at: number,
): LinkageProgress {
  const { state, detail, previousCertificateId, source, retryAfterMs } = settled;
  const holder = settled.personId ?? personId;
  const common = {
    attempts,
    updatedAt: at,
    ...(holder === undefined ? {} : { personId: holder }),
    ...(certificateId === undefined ? {} : { certificateId }),
  };
  if (state === 'pending') {
    const waitMs = retryAfterMs === undefined ? {} : { retryAfterMs };
    const nextAttemptAt = nextAttempt({ createdAt, attempts, at, ...waitMs });
    if (nextAttemptAt === undefined) return { ...common, state: 'not_found', detail: 'not_linkable' };
    return { ...common, state, nextAttemptAt, ...(detail === undefined ? {} : { detail }) };
  }
  return {
    ...common,
    state,
    ...(detail === undefined ? {} : { detail }),
    ...(previousCertificateId === undefined ? {} : { previousCertificateId }),
    ...(source === undefined ? {} : { source }),
  };
}
