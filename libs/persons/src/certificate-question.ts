import { Inject, Injectable } from '@nestjs/common';
import { appendUsage, usageEventOf, type UsageEvent } from '#lib/billing';
import { parseCertificate, type RevocationFinding } from '#lib/pki';
import { newId, type Tenancy } from '#lib/platform';
import { AnchorStore, RevocationService, SerialStatuses } from '#lib/revocation';
import type { EntityManager } from 'typeorm';
import type { CertificateState } from './conclusion.js';
import type { KnownCertificate } from './known-certificates.js';
import type { CertificateSecret } from './sealed-certificate.js';

/** What is needed of a certificate to ask about it and to tell what came of it. */
export type AskedCertificate = Pick<KnownCertificate, 'kind' | 'provenance' | 'anchor' | 'notAfter'>;

/** A known certificate with what is needed to ask about it. */
export interface OpenedCertificate<C extends AskedCertificate = KnownCertificate> {
  certificate: C;
  secret: CertificateSecret;
}

/** What asking about a certificate gave. Without a finding it had expired and was not asked about. */
export interface CertificateStatus<C extends AskedCertificate = KnownCertificate> {
  certificate: C;
  state: CertificateState;
  finding?: RevocationFinding;
}

/** Asks the lists in memory about certificates that a tenant knows, and meters each question. */
@Injectable()
export class CertificateQuestion {
  constructor(
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(RevocationService) private readonly revocation: RevocationService,
    @Inject(SerialStatuses) private readonly serials: SerialStatuses,
  ) {}

  /** Not to be called while a connection is held. @param at milliseconds, by the clock of the mode */
  async ask({ mode }: Tenancy, opened: OpenedCertificate, at: number): Promise<CertificateStatus> {
    const { certificate, secret } = opened;
    const { notAfter, kind } = certificate;
    if (notAfter !== undefined && notAfter < at) return { certificate, state: { state: 'expired' } };
    const anchor = this.anchors.of(mode).find(({ fingerprint }) => fingerprint === certificate.anchor);
    const finding =
      secret.certificate && anchor
        ? this.revocation.crlStatus({ mode, certificate: parseCertificate(secret.certificate), anchor, at })
        : await this.serials.statusOf({
            mode,
            hierarchy: kind,
            serialNumber: secret.serialNumber,
            at,
            ...(certificate.anchor === undefined ? {} : { anchor: certificate.anchor }),
            ...(notAfter === undefined ? {} : { notAfter }),
          });
    return { certificate, finding, state: stateOf(finding) };
  }

  /**
   * Leaves one usage event for each question that was asked. What nobody asked for is counted and never charged.
   * @param checkId what the questions belong to
   */
  async meter(
    manager: EntityManager,
    tenancy: Tenancy,
    checked: readonly CertificateStatus[],
    { checkId, personId, at, askedFor }: { checkId: string; personId: string; at: number; askedFor: boolean },
  ): Promise<UsageEvent[]> {
    const metered: UsageEvent[] = [];
    for (const { certificate, finding, state } of checked) {
      if (!finding) continue;
      const event = usageEventOf({
        id: newId(Date.now()),
        certificateKind: certificate.kind,
        method: 'crl',
        purpose: 'status_check',
        outcome: state.state === 'good' ? 'valid' : state.state === 'revoked' ? 'invalid' : 'indeterminate',
      });
      await appendUsage(manager, tenancy, {
        ...event,
        billable: event.billable && askedFor,
        source: 'status_check',
        sourceId: checkId,
        personId,
        certificateKind: certificate.kind,
        certificateHash: certificate.certificateHash,
        occurredAt: at,
      });
      metered.push(event);
    }
    return metered;
  }
}

/** Every doubt is `unknown`: nothing is concluded from lists that are missing, stale or silent. */
export function stateOf(finding: RevocationFinding): CertificateState {
  if (finding.status === 'good' && finding.thisUpdate !== undefined)
    return { state: 'good', thisUpdate: finding.thisUpdate };
  if (finding.status === 'revoked') return { state: 'revoked', reason: finding.reason ?? 'unspecified' };
  return { state: 'unknown' };
}
