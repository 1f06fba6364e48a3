import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { KeyedTenancy } from '#lib/tenancy';
import { type ConsentBasis, isStillGiven } from './consent-basis.js';
import type { ConsentFault } from './consent-check.js';
import { FirstSights } from './first-sights.js';
import { KnownCertificates } from './known-certificates.js';
import { type By, lockPersons } from './person.js';
import { type Linking, PersonLinks } from './person-links.js';
import { type Identification, PersonRegister } from './person-register.js';
import type { Proof } from './proof.js';
import {
  findRecordedPrevious,
  type LinkageDetail,
  type LinkageState,
  type SerialLinkage,
} from './serial-linkage-record.js';
import type { Walk } from './serial-walker.js';

type Reached = Extract<Walk['end'], { state: 'reached' }>;

/** What is known when a linkage is settled: what J-LIS gave, or why it was not asked. */
export type Found =
  | Walk['end']
  /** The tenant's own records are to answer. */
  | { state: 'own_record' }
  | { state: 'consent_required'; detail: ConsentFault | 'consent_withdrawn' }
  | { state: 'not_contracted' };

export interface Settled extends Pick<
  SerialLinkage,
  'state' | 'personId' | 'certificateId' | 'previousCertificateId' | 'source'
> {
  state: LinkageState;
  detail?: LinkageDetail;
  /** The holder was seen for the first time. */
  isNew: boolean;
  retryAfterMs?: number;
}

export interface Settling {
  linkageId: string;
  /** The certificate that was just presented, or the id of the known one that a pending linkage is about. */
  subject: { proof: Proof } | { certificateId: string };
  found: Found;
  /** Serials that J-LIS named on the way. */
  named: readonly string[];
  /** The consent on which J-LIS was asked. */
  basis?: ConsentBasis;
  at: number;
  by: By;
}

/**
 * Turns what was found about a certificate into persons and links, in one transaction. Whatever happened since J-LIS was
 * asked is seen here: the exclusive lock on the tenant's persons is held to the end.
 */
@Injectable()
export class SerialLinkageSettlement {
  constructor(
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(PersonRegister) private readonly register: PersonRegister,
    @Inject(PersonLinks) private readonly links: PersonLinks,
    @Inject(FirstSights) private readonly firstSights: FirstSights,
  ) {}

  async settle(manager: EntityManager, tenancy: KeyedTenancy, asked: Settling): Promise<Settled> {
    await lockPersons(manager, tenancy);
    const isGiven = !asked.basis || (await isStillGiven(manager, asked.basis));
    const settling: Settling = isGiven
      ? asked
      : { ...asked, found: { state: 'consent_required', detail: 'consent_withdrawn' } };
    const settled = await this.decide(manager, tenancy, settling);
    await this.audit(manager, tenancy, settling, settled);
    return settled;
  }

  private async decide(manager: EntityManager, tenancy: KeyedTenancy, settling: Settling): Promise<Settled> {
    const { subject, found, at, by } = settling;
    const link = (within: EntityManager, newerId: string, to: Reached): Promise<Linking> =>
      this.links.linkRenewal(within, tenancy, {
        newerId,
        olderId: to.certificateId,
        hops: to.hops,
        source: { kind: 'serial_linkage', id: settling.linkageId },
        at,
        by,
      });
    const early =
      found.state === 'reached' && 'proof' in subject
        ? await this.firstSights.link(
            manager,
            tenancy,
            { proof: subject.proof, otherId: found.certificateId, at, by },
            (nested, newerId) => link(nested, newerId, found),
          )
        : undefined;
    const holder = await this.identify(manager, tenancy, settling);
    if (holder.state === 'severed') return { state: 'severed', isNew: false };
    if (holder.state === 'ambiguous') return { state: 'ambiguous', detail: holder.detail, isNew: false };
    const { personId, certificateId, isNew } = holder;
    const of = { personId, certificateId, isNew };
    if (found.state === 'reached') {
      const linking = early ?? (await link(manager, certificateId, found));
      return { ...of, ...(await this.afterLinking(manager, certificateId, linking)) };
    }
    const recorded = await findRecordedPrevious(manager, certificateId);
    if (recorded !== undefined)
      return { ...of, state: 'linked', source: 'own_record', previousCertificateId: recorded };
    return { ...of, ...withoutLink(found) };
  }

  private async identify(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { subject, at, by }: Settling,
  ): Promise<Identification> {
    if ('proof' in subject) return this.register.identify(manager, tenancy, { proof: subject.proof, at, by });
    const known = await this.certificates.find(manager, subject.certificateId);
    if (!known) return { state: 'severed' };
    return { state: 'identified', personId: known.personId, certificateId: known.id, isNew: false };
  }

  private async afterLinking(
    manager: EntityManager,
    certificateId: string,
    linking: Linking,
  ): Promise<Omit<Settled, 'isNew'>> {
    if (linking.state === 'severed') return { state: 'severed' };
    if (linking.state === 'ambiguous') return { state: 'ambiguous', detail: linking.detail };
    const previous = await findRecordedPrevious(manager, certificateId);
    return {
      state: 'linked',
      source: 'jlis',
      personId: linking.personId,
      ...(previous === undefined ? {} : { previousCertificateId: previous }),
    };
  }

  /** Serials of strangers are kept as keyed hashes only. */
  private async audit(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { linkageId, found, named, by }: Settling,
    { state, detail, personId }: Settled,
  ): Promise<void> {
    const discarded = state === 'linked' && found.state === 'reached' ? [] : named;
    const hashes = await Promise.all(
      discarded.map((serialNumber) => this.certificates.hashOf(manager, tenancy, { kind: 'auth', serialNumber })),
    );
    await appendAudit(manager, {
      ...by,
      action: 'serial_linkage.settle',
      target: `serial_linkage:${linkageId}`,
      detail: {
        state,
        ...(detail === undefined ? {} : { detail }),
        ...(personId === undefined ? {} : { person: personId }),
        ...(hashes.length === 0 ? {} : { discarded: hashes.map((hash) => hash.toString('hex')) }),
      },
      tenancy,
    });
  }
}

/** What becomes of a question that no link answers. */
export function withoutLink(
  found: Exclude<Found, { state: 'reached' }>,
): Pick<Settled, 'state' | 'detail' | 'retryAfterMs'> {
  switch (found.state) {
    case 'not_found':
      return { state: 'not_found', detail: 'no_known_previous' };
    case 'not_contracted':
      return { state: 'not_found', detail: 'feature_not_contracted' };
    // Its record is gone since it was looked for.
    case 'own_record':
    case 'severed':
      return { state: 'severed' };
    case 'ambiguous':
      return { state: 'ambiguous', detail: found.detail };
    case 'consent_required':
      return { state: 'consent_required', detail: found.detail };
    case 'not_yet_linkable':
      return { state: 'pending', detail: 'not_yet_linkable', retryAfterMs: found.retryAfterMs };
    case 'unavailable':
      return {
        state: 'pending',
        detail: 'jlis_unavailable',
        ...(found.retryAfterMs === undefined ? {} : { retryAfterMs: found.retryAfterMs }),
      };
  }
}
