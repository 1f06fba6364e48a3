import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { type Counterpart, JlisServices, JlisUnavailable } from '#lib/jlis';
import { Clock, findMade, InFlight, newId, Problem, toPublicId, withTenant, type Call } from '#lib/platform';
import { AnchorStore } from '#lib/revocation';
import { readContract, requireFeature, type Principal } from '#lib/tenancy';
import { CertificateTurns } from './certificate-turns.js';
import { claimOrLose, unlessClaimed } from './claim-or-lose.js';
import { type BasisCheck, type ConsentBasis, findConsentBasis, keepConsent } from './consent-basis.js';
import type { GivenConsent } from './consent-check.js';
import {
  type CounterpartLookup,
  findCounterpartLookup,
  findRecordedCounterpart,
  insertCounterpartLookup,
} from './counterpart-lookup-record.js';
import {
  type CounterpartFound,
  CounterpartSettlement,
  type NamedCounterpart,
  type SettledCounterpart,
} from './counterpart-settlement.js';
import { KnownCertificates } from './known-certificates.js';
import { type By, findPerson } from './person.js';
import type { Proof } from './proof.js';

/** A question for the other certificate of a holder who is here. */
export interface CounterpartQuestion {
  proof: Proof;
  consent: GivenConsent | undefined;
  /** Milliseconds, by the clock of the mode. */
  at: number;
  by: By;
}

/** What is found before anything is written. */
export interface CounterpartFinding {
  found: CounterpartFound;
  /** On which J-LIS was asked. */
  basis?: ConsentBasis;
}

/** Sign ↔ auth: finds the other certificate of the same person, only to identify the person. */
@Injectable()
export class CounterpartLookups {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(JlisServices) private readonly jlis: JlisServices,
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(CertificateTurns) private readonly turns: CertificateTurns,
    @Inject(CounterpartSettlement) private readonly settlement: CounterpartSettlement,
  ) {}

  /**
   * The other certificate of the holder of a fresh proof, from the tenant's own records or, with a consent, from J-LIS.
   * @param prove gives the proof at a time; not called when the same request was answered before
   * @throws Problem `feature_not_contracted`, `jlis_unavailable`; what `prove` throws
   */
  async create(
    principal: Principal,
    { consent }: { consent?: GivenConsent },
    call: Call,
    prove: (at: number) => Promise<Proof>,
  ): Promise<{ lookup: CounterpartLookup; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const replay = await this.findReplay(principal, call);
      if (replay) return { lookup: replay, replayed: true };
      const at = this.clock.now(principal.mode);
      await withTenant(this.dataSource, principal, async (manager) =>
        requireFeature(await readContract(manager, principal), 'counterpart'),
      );
      const by = { actor: `api_key:${principal.apiKeyId}`, requestId: call.requestId };
      const question = { proof: await prove(at), consent, at, by };
      const made = await this.turns.take(principal, question.proof, async () => {
        const finding = await this.find(principal, question);
        return unlessClaimed(
          withTenant(this.dataSource, principal, async (manager) => {
            const { lookup } = await this.record(manager, principal, question, finding);
            await claimOrLose(manager, principal, call, { resource: 'counterpart_lookup', id: lookup.id });
            return lookup;
          }),
        );
      });
      if (made) return { lookup: made, replayed: false };
      const winner = await this.findReplay(principal, call);
      if (!winner) throw new Problem('idempotency_in_flight');
      return { lookup: winner, replayed: true };
    });
  }

  /** @throws Problem `not_found`, also for another tenant's and for a deleted person's. */
  async get(principal: Principal, id: string, requestId: string): Promise<CounterpartLookup> {
    const found = await withTenant(this.dataSource, principal, async (manager) => {
      const lookup = await findCounterpartLookup(manager, id);
      if (lookup)
        await appendAudit(manager, {
          actor: `api_key:${principal.apiKeyId}`,
          action: 'counterpart_lookup.read',
          target: `counterpart_lookup:${id}`,
          requestId,
          tenancy: principal,
        });
      return lookup;
    });
    if (!found) throw new Problem('not_found');
    return found;
  }

  /**
   * Asks own records first, and J-LIS only with a consent. Writes nothing.
   * @throws Problem `jlis_unavailable`: what may have been charged for is not asked again by itself
   */
  async find(principal: Principal, question: CounterpartQuestion): Promise<CounterpartFinding> {
    const own = await withTenant(this.dataSource, principal, (manager) => this.look(manager, principal, question));
    if (!('consent' in own)) return own;
    if (!own.consent.usable) return { found: { state: 'consent_required', detail: own.consent.fault } };
    const { basis } = own.consent;
    return { found: await this.ask(principal, question, basis), basis };
  }

  /** Writes what was found, in the caller's transaction. */
  async record(
    manager: EntityManager,
    principal: Principal,
    { proof, at, by }: CounterpartQuestion,
    { found, basis }: CounterpartFinding,
  ): Promise<{ lookup: CounterpartLookup; settled: SettledCounterpart }> {
    const lookupId = newId(Date.now());
    const settled = await this.settlement.settle(manager, principal, {
      lookupId,
      proof,
      found,
      at,
      by,
      ...(basis ? { basis } : {}),
    });
    const { personId } = settled;
    const consentId =
      basis && personId !== undefined
        ? await keepConsent(manager, principal, { basis, purpose: 'counterpart', personId, at })
        : undefined;
    const { isNew: _, ...facts } = settled;
    const lookup: CounterpartLookup = {
      ...facts,
      id: lookupId,
      verificationId: proof.verificationId,
      createdAt: at,
      ...(consentId === undefined ? {} : { consentId }),
    };
    await insertCounterpartLookup(manager, principal, lookup);
    return { lookup, settled };
  }

  private async look(
    manager: EntityManager,
    principal: Principal,
    { proof, consent, at }: CounterpartQuestion,
  ): Promise<CounterpartFinding | { consent: BasisCheck }> {
    const { certificateHash } = proof;
    if (await this.certificates.isSevered(manager, [certificateHash], at)) return { found: { state: 'severed' } };
    const known = await this.certificates.findByHash(manager, certificateHash);
    if (known && (await findRecordedCounterpart(manager, known.id)) !== undefined)
      return { found: { state: 'own_record' } };
    const contract = await readContract(manager, principal);
    const person = known && (await findPerson(manager, known.personId));
    const question = { purpose: 'counterpart', given: consent, contract, person, at } as const;
    return { consent: await findConsentBasis(manager, question) };
  }

  private async ask(
    { mode, tenantId }: Principal,
    { proof, by }: CounterpartQuestion,
    consent: ConsentBasis,
  ): Promise<CounterpartFound> {
    try {
      const answer = await this.jlis.findCounterpart({
        ...by,
        mode,
        serviceId: toPublicId('ten', tenantId),
        subjectHash: proof.certificateHash,
        kind: proof.kind,
        serial: proof.certificate.serialNumber,
        consent: { textVersion: consent.textVersion, givenAt: new Date(consent.givenAt).toISOString() },
      });
      switch (answer.state) {
        case 'found':
          return { state: 'named', counterpart: this.named(mode, answer.counterpart) };
        case 'not_found':
          return { state: 'not_found' };
        case 'not_yet_linkable':
          return { state: 'not_yet_linkable', retryAfterMs: answer.retryAfterSeconds * 1000 };
      }
    } catch (error) {
      if (error instanceof JlisUnavailable) throw new Problem('jlis_unavailable', { detail: error.detail });
      throw error;
    }
  }

  private named(mode: Principal['mode'], { kind, serial, issuerKeyId, notAfter }: Counterpart): NamedCounterpart {
    const issuer = this.anchors
      .of(mode)
      .find(
        ({ hierarchy, certificate }) =>
          hierarchy === kind && toHex(certificate.extensions.subjectKeyIdentifier) === issuerKeyId,
      );
    return {
      kind,
      serialNumber: serial,
      ...(issuerKeyId === undefined || !issuer ? {} : { anchor: issuer.fingerprint }),
      ...(notAfter === undefined ? {} : { notAfter: Date.parse(notAfter) }),
    };
  }

  private async findReplay(principal: Principal, { idempotency }: Call): Promise<CounterpartLookup | undefined> {
    if (!idempotency) return undefined;
    return withTenant(this.dataSource, principal, async (manager) => {
      const id = await findMade(manager, idempotency, 'counterpart_lookup');
      if (id === undefined) return undefined;
      const lookup = await findCounterpartLookup(manager, id);
      // Its person was deleted since.
      if (!lookup) throw new Problem('not_found');
      return lookup;
    });
  }
}

const toHex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
