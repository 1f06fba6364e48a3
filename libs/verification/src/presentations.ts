import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { appendUsage, usageEventOf, type UsageEvent } from '#lib/billing';
import {
  CertificateQuestion,
  claimOrLose,
  findLivingPerson,
  type KnownCertificate,
  KnownCertificates,
  type OpenedCertificate,
  sharePersons,
  unlessClaimed,
} from '#lib/persons';
import {
  judgeFindings,
  profileFor,
  revocationReason,
  type Certificate,
  type Check,
  type Outcome,
  type Reason,
  type RevocationFinding,
  type Verdict,
} from '#lib/pki';
import { Clock, findMade, InFlight, newId, Problem, withTenant, type Call } from '#lib/platform';
import { AnchorStore } from '#lib/revocation';
import { readContract, requireFeature, requireMethod, type Principal } from '#lib/tenancy';
import type { VerdictFacts } from './evidence.js';
import { examine } from './examine.js';
import { readCertificate } from './signature-input.js';

/** What is kept and told of a presentation; names nobody. */
export interface PresentationFacts {
  outcome: Outcome;
  reasons: Reason[];
  checks: Check[];
  /** Of a certificate whose holder had confirmed it before; nothing is asked about others. */
  revocation?: RevocationFinding;
  certificate: VerdictFacts['certificate'];
}

/** An auth certificate presented without a signature (かざし利用), and what it was found to be. */
export interface Presentation {
  id: string;
  mode: Principal['mode'];
  /** Milliseconds, by the clock of the mode. */
  decidedAt: number;
  facts: PresentationFacts;
  personId?: string;
  usage: Pick<UsageEvent, 'id' | 'meter' | 'method'>[];
}

/** What a certificate says of itself, and the hash by which the tenant knows it if it does. */
interface Presented {
  certificate: VerdictFacts['certificate'];
  certificateHash: Buffer;
  at: number;
}

/** The checks of a presentation; it has no signature. */
const REQUIRED = ['path', 'profile', 'validity', 'revocation'] as const;

/**
 * Certificates presented without a signature. Whoever has a copy of a certificate can send it, so its status is asked
 * only where the tenant has identified its holder by a signature before; of any other certificate the answer is the same
 * whatever its status.
 */
@Injectable()
export class Presentations {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(CertificateQuestion) private readonly question: CertificateQuestion,
  ) {}

  /**
   * @param der of the certificate
   * @throws Problem `feature_not_contracted`, `certificate_malformed`
   */
  async create(
    principal: Principal,
    der: Buffer,
    call: Call,
  ): Promise<{ presentation: Presentation; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const replay = await this.findReplay(principal, call);
      if (replay) return { presentation: replay, replayed: true };
      const contract = await withTenant(this.dataSource, principal, (manager) => readContract(manager, principal));
      requireFeature(contract, 'pinless_status');
      requireMethod(contract, 'crl');
      const made = await unlessClaimed(this.decide(principal, readCertificate(der), call));
      if (made) return { presentation: made, replayed: false };
      const winner = await this.findReplay(principal, call);
      if (!winner) throw new Problem('idempotency_in_flight');
      return { presentation: winner, replayed: true };
    });
  }

  private async decide(principal: Principal, certificate: Certificate, call: Call): Promise<Presentation> {
    const { mode } = principal;
    const at = this.clock.now(mode);
    const { anchor, ...found } = examine({
      certificate,
      hierarchy: 'auth',
      profile: profileFor(certificate, { hierarchy: 'auth', mode }),
      anchors: this.anchors.of(mode),
      anchorsOfOtherMode: this.anchors.of(mode === 'live' ? 'test' : 'live'),
      at,
    });
    const { serialNumber, notBefore, notAfter } = certificate;
    const { certificateHash, confirmed } = await withTenant(this.dataSource, principal, async (manager) => {
      const hash = await this.certificates.hashOf(manager, principal, { kind: 'auth', serialNumber });
      const known = anchor ? await this.findConfirmed(manager, principal, hash, certificate) : undefined;
      return { certificateHash: hash, confirmed: known };
    });
    const itself = { kind: 'auth' as const, notBefore, notAfter, ...(anchor ? { anchor: anchor.fingerprint } : {}) };
    const presented = { certificate: itself, certificateHash, at };
    const finding = confirmed && (await this.question.ask(principal, confirmed, at)).finding;
    if (finding) {
      const reason = revocationReason(finding);
      const verdict = judgeFindings({ ...found, revocation: reason ? [reason] : [] }, REQUIRED);
      const stored = await this.store(principal, presented, { ...verdict, revocation: finding }, confirmed, call);
      // Undefined: the person was deleted meanwhile, and the certificate is like any other.
      if (stored) return stored;
    }
    const verdict = judgeFindings(found, []);
    const told: Verdict = anchor
      ? { ...verdict, outcome: 'indeterminate', reasons: [{ code: 'confirmed_use_missing' }] }
      : verdict;
    return (await this.store(principal, presented, told, undefined, call))!;
  }

  /** Known by a signature of its holder, to the byte, and of a living person. */
  private async findConfirmed(
    manager: EntityManager,
    principal: Principal,
    hash: Buffer,
    { raw }: Certificate,
  ): Promise<OpenedCertificate | undefined> {
    const certificate = await this.certificates.findByHash(manager, hash);
    if (certificate?.provenance !== 'presented') return undefined;
    if (!(await findLivingPerson(manager, certificate.personId))) return undefined;
    const secret = await this.certificates.open(manager, principal, certificate.id);
    return secret.certificate && Buffer.from(raw).equals(secret.certificate) ? { certificate, secret } : undefined;
  }

  /** Undefined, and nothing is written, when the certificate is not known any more. */
  private async store(
    principal: Principal,
    { certificate, certificateHash, at }: Presented,
    { outcome, reasons, checks, revocation }: Verdict & { revocation?: RevocationFinding },
    confirmed: OpenedCertificate | undefined,
    call: Call,
  ): Promise<Presentation | undefined> {
    const id = newId(Date.now());
    const { mode } = principal;
    const facts = { outcome, reasons, checks, certificate, ...(revocation ? { revocation } : {}) };
    return withTenant(this.dataSource, principal, async (manager) => {
      await sharePersons(manager, principal);
      const known = confirmed && (await this.certificates.find(manager, confirmed.certificate.id));
      if (confirmed && !known) return undefined;
      await manager.query(
        `insert into presentation (tenant_id, mode, id, api_key_id, decided_at, outcome, facts, certificate_hash, person_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          principal.tenantId,
          mode,
          id,
          principal.apiKeyId,
          new Date(at),
          outcome,
          JSON.stringify(facts),
          certificateHash,
          known?.personId ?? null,
        ],
      );
      // What is undecided leaves the key free for another try.
      if (outcome !== 'indeterminate') await claimOrLose(manager, principal, call, { resource: 'presentation', id });
      const usage = known ? [await this.meter(manager, principal, known, { id, outcome, at })] : [];
      await appendAudit(manager, {
        actor: `api_key:${principal.apiKeyId}`,
        action: 'presentation.create',
        target: `presentation:${id}`,
        requestId: call.requestId,
        detail: { outcome, reason: reasons[0]?.code ?? null },
        tenancy: principal,
      });
      return { id, mode, decidedAt: at, facts, usage, ...(known ? { personId: known.personId } : {}) };
    });
  }

  /** Showing a card is a use of it and no check of the status on record (現況確認): those count once a year. */
  private async meter(
    manager: EntityManager,
    principal: Principal,
    { personId, certificateHash }: KnownCertificate,
    { id, outcome, at }: { id: string; outcome: Outcome; at: number },
  ): Promise<UsageEvent> {
    const event = usageEventOf({
      id: newId(Date.now()),
      certificateKind: 'auth',
      method: 'crl',
      purpose: 'authentication',
      outcome,
    });
    await appendUsage(manager, principal, {
      ...event,
      source: 'presentation',
      sourceId: id,
      personId,
      certificateKind: 'auth',
      certificateHash,
      occurredAt: at,
    });
    return event;
  }

  /** @throws Problem `not_found` when its person was deleted since */
  private async findReplay(principal: Principal, { idempotency }: Call): Promise<Presentation | undefined> {
    if (!idempotency) return undefined;
    return withTenant(this.dataSource, principal, async (manager) => {
      const id = await findMade(manager, idempotency, 'presentation');
      if (id === undefined) return undefined;
      const rows: { decided_at: Date; facts: PresentationFacts; person_id: string | null }[] = await manager.query(
        `select p.decided_at, p.facts, p.person_id from presentation p
         where p.id = $1 and not exists (
           select 1 from certificate_tombstone t where t.tenant_id = p.tenant_id and t.mode = p.mode
             and t.certificate_hash = p.certificate_hash and t.severed_at > p.recorded_at)`,
        [id],
      );
      const row = rows[0];
      if (!row) throw new Problem('not_found');
      const usage: Presentation['usage'] = await manager.query(
        `select id, meter, method from usage_event where source = 'presentation' and source_id = $1`,
        [id],
      );
      const { mode } = principal;
      const { decided_at: decidedAt, facts, person_id: personId } = row;
      return { id, mode, decidedAt: decidedAt.getTime(), facts, usage, ...(personId === null ? {} : { personId }) };
    });
  }
}
