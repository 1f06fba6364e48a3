import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { KnownCertificates } from './known-certificates.js';
import { findNewestLinkage, type SerialLinkage } from './serial-linkage-record.js';
import { type LinkageFinding, type LinkageQuestion, SerialLinkages } from './serial-linkages.js';

/** What a login finds out about the certificate before the one it was made with; `standing`: an answer given before. */
export type Healing = LinkageFinding | { standing: SerialLinkage };

/** Logins with a renewed certificate that find the person of the one before it by themselves. */
@Injectable()
export class Healings {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(SerialLinkages) private readonly linkages: SerialLinkages,
  ) {}

  /**
   * Writes nothing, and asks J-LIS only about a certificate of which nothing has been found out: logins are many.
   * @returns undefined when there is nothing to heal
   */
  async find(principal: Principal, question: LinkageQuestion): Promise<Healing | undefined> {
    const before = await withTenant(this.dataSource, principal, (manager) => this.before(manager, question));
    if (before.is === 'done') return undefined;
    if (before.is === 'pending') return { standing: before.linkage };
    const finding = await this.linkages.find(principal, question);
    if ('waiting' in finding) return { standing: finding.waiting };
    // Asked in vain for a consent before, and there is still none.
    if (before.is === 'without_consent' && finding.found.state === 'consent_required')
      return { standing: before.linkage };
    return finding;
  }

  private async before(
    manager: EntityManager,
    { proof, at }: LinkageQuestion,
  ): Promise<{ is: 'done' | 'unseen' } | { is: 'pending' | 'without_consent'; linkage: SerialLinkage }> {
    if (await this.certificates.isSevered(manager, [proof.certificateHash], at)) return { is: 'done' };
    const known = await this.certificates.findByHash(manager, proof.certificateHash);
    if (!known) return { is: 'unseen' };
    const linkage = await findNewestLinkage(manager, known.id);
    if (linkage?.state === 'pending') return { is: 'pending', linkage };
    return linkage?.state === 'consent_required' ? { is: 'without_consent', linkage } : { is: 'done' };
  }
}
