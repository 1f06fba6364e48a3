import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { appendUsage } from '#lib/billing';
import { newId } from '#lib/platform';
import type { KeyedTenancy } from '#lib/tenancy';
import { type ConsentBasis, isStillGiven } from './consent-basis.js';
import type { ConsentFault } from './consent-check.js';
import {
  type CounterpartDetail,
  type CounterpartState,
  type CounterpartLookup,
  findRecordedCounterpart,
} from './counterpart-lookup-record.js';
import { FirstSights } from './first-sights.js';
import { KnownCertificates } from './known-certificates.js';
import { type By, lockPersons } from './person.js';
import { type Linking, PersonLinks } from './person-links.js';
import { PersonRegister } from './person-register.js';
import type { Proof } from './proof.js';

/** The other certificate, as J-LIS named it. */
export interface NamedCounterpart {
  kind: 'sign' | 'auth';
  /** Decimal. */
  serialNumber: string;
  /** Fingerprint of the anchor that issued it, where known. */
  anchor?: string;
  /** Milliseconds, where known. */
  notAfter?: number;
}

/** What J-LIS gave, or why it was not asked. */
export type CounterpartFound =
  | { state: 'named'; counterpart: NamedCounterpart }
  | { state: 'not_found' }
  | { state: 'not_yet_linkable'; retryAfterMs: number }
  /** The tenant's own records are to answer. */
  | { state: 'own_record' }
  | { state: 'consent_required'; detail: ConsentFault | 'consent_withdrawn' }
  | { state: 'severed' };

export interface SettledCounterpart extends Pick<
  CounterpartLookup,
  'personId' | 'certificateId' | 'counterpartCertificateId' | 'source' | 'retryAt' | 'usage'
> {
  state: CounterpartState;
  detail?: CounterpartDetail;
  /** The holder was seen for the first time. */
  isNew: boolean;
}

export interface SettlingCounterpart {
  lookupId: string;
  proof: Proof;
  found: CounterpartFound;
  /** The consent on which J-LIS was asked. */
  basis?: ConsentBasis;
  at: number;
  by: By;
}

/** What was named on a consent that is withdrawn by now is discarded. */
const WITHDRAWN: CounterpartFound = { state: 'consent_required', detail: 'consent_withdrawn' };

type Outcome = Pick<
  SettledCounterpart,
  'state' | 'detail' | 'personId' | 'counterpartCertificateId' | 'source' | 'retryAt'
>;

/** Turns what was found about a certificate's counterpart into persons and links, in one transaction. */
@Injectable()
export class CounterpartSettlement {
  constructor(
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(PersonRegister) private readonly register: PersonRegister,
    @Inject(PersonLinks) private readonly links: PersonLinks,
    @Inject(FirstSights) private readonly firstSights: FirstSights,
  ) {}

  async settle(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    settling: SettlingCounterpart,
  ): Promise<SettledCounterpart> {
    await lockPersons(manager, tenancy);
    const { proof, found, at, by } = settling;
    const usable = !settling.basis || (await isStillGiven(manager, settling.basis)) ? found : WITHDRAWN;
    const early =
      usable.state === 'named' ? await this.early(manager, tenancy, settling, usable.counterpart) : undefined;
    const holder = await this.register.identify(manager, tenancy, { proof, at, by });
    const settled: Omit<SettledCounterpart, 'usage'> =
      holder.state === 'identified'
        ? {
            personId: holder.personId,
            certificateId: holder.certificateId,
            isNew: holder.isNew,
            ...(await this.outcome(manager, tenancy, { ...settling, found: usable }, { ...holder, early })),
          }
        : { ...holder, isNew: false };
    const usage = found.state === 'named' ? [await this.meter(manager, tenancy, settling, settled.personId)] : [];
    await this.audit(manager, tenancy, settling, settled);
    return { ...settled, usage };
  }

  /** Somebody unseen goes to the holder of the counterpart at once. */
  private async early(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    settling: SettlingCounterpart,
    counterpart: NamedCounterpart,
  ): Promise<Linking | undefined> {
    const other = await this.certificates.findByHash(
      manager,
      await this.certificates.hashOf(manager, tenancy, counterpart),
    );
    const { proof, at, by } = settling;
    return this.firstSights.link(manager, tenancy, { proof, otherId: other?.id, at, by }, (nested, certificateId) =>
      this.link(nested, tenancy, settling, { certificateId, counterpart }),
    );
  }

  private link(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { lookupId, at, by }: SettlingCounterpart,
    pair: { certificateId: string; counterpart: NamedCounterpart },
  ): Promise<Linking> {
    const source = { kind: 'counterpart_lookup', id: lookupId } as const;
    return this.links.linkCounterpart(manager, tenancy, { ...pair, source, at, by });
  }

  private async outcome(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    settling: SettlingCounterpart,
    { certificateId, early }: { certificateId: string; early: Linking | undefined },
  ): Promise<Outcome> {
    const { found, at } = settling;
    if (found.state === 'named') {
      const { counterpart } = found;
      const linking = early ?? (await this.link(manager, tenancy, settling, { certificateId, counterpart }));
      if (linking.state !== 'linked') return linking;
      const { personId, certificateId: counterpartCertificateId } = linking;
      return { state: 'found', source: 'jlis', personId, counterpartCertificateId };
    }
    const recorded = await findRecordedCounterpart(manager, certificateId);
    if (recorded !== undefined) return { state: 'found', source: 'own_record', counterpartCertificateId: recorded };
    switch (found.state) {
      case 'not_found':
        return { state: 'not_found' };
      case 'not_yet_linkable':
        return { state: 'not_yet_linkable', retryAt: at + found.retryAfterMs };
      case 'consent_required':
        return { state: 'consent_required', detail: found.detail };
      // Its record is gone since it was looked for.
      case 'own_record':
      case 'severed':
        return { state: 'severed' };
    }
  }

  /** J-LIS charges for what it delivered, whatever comes of it here. */
  private async meter(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { lookupId, proof, at }: SettlingCounterpart,
    personId: string | undefined,
  ): Promise<CounterpartLookup['usage'][number]> {
    const usage = { id: newId(Date.now()), meter: 'counterpart_delivered', method: 'service' } as const;
    await appendUsage(manager, tenancy, {
      ...usage,
      purpose: 'identification',
      outcome: 'valid',
      billable: true,
      source: 'counterpart_lookup',
      sourceId: lookupId,
      ...(personId === undefined ? {} : { personId }),
      certificateKind: proof.kind,
      certificateHash: proof.certificateHash,
      occurredAt: at,
    });
    return usage;
  }

  private async audit(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { lookupId, found, by }: SettlingCounterpart,
    { state, detail, personId }: Omit<SettledCounterpart, 'usage'>,
  ): Promise<void> {
    const discarded =
      found.state === 'named' && state !== 'found'
        ? (await this.certificates.hashOf(manager, tenancy, found.counterpart)).toString('hex')
        : undefined;
    await appendAudit(manager, {
      ...by,
      action: 'counterpart_lookup.settle',
      target: `counterpart_lookup:${lookupId}`,
      detail: {
        state,
        ...(detail === undefined ? {} : { detail }),
        ...(personId === undefined ? {} : { person: personId }),
        ...(discarded === undefined ? {} : { discarded }),
      },
      tenancy,
    });
  }
}
