import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { appendUsage } from '#lib/billing';
import { JlisServices, JlisUnavailable, type AttributesAnswer } from '#lib/jlis';
import { interpretAttributes } from '#lib/pki';
import { claimKey, Clock, findMade, InFlight, Logger, newId, Problem, withTenant, type Call } from '#lib/platform';
import { readContract, requireFeature, TenantKeys, type Principal } from '#lib/tenancy';
import {
  findLastDelivery,
  findUpdate,
  insertUpdate,
  type AttributeUpdate,
  type PersonUpdate,
  type UpdateState,
} from './attribute-update.js';
import { birthDateHashOf, certificateHashOf } from './certificate-hash.js';
import { findConsent, findValidConsent, isWithdrawn, type Consent } from './consent.js';
import { jlisCaller } from './jlis-caller.js';
import { appendWithdrawal } from './consents.js';
import { KnownCertificates, type KnownCertificate } from './known-certificates.js';
import { findLivingPerson, sharePersons } from './person.js';

/** Calls of one request under way at once: one tenant's share of the connections (`JLIS_CONNECTIONS`) at their default. */
const AT_ONCE = 4;

export interface UpdateRequest {
  /** Distinct. */
  personIds: readonly string[];
  /**
   * What newer attributes are newer than: those delivered last, or those of the certificate that the person presented,
   * for one to whom an answer did not get through.
   */
  since: 'last_delivery' | 'own_certificate';
}

/** What J-LIS is to be asked about one person. */
interface Question {
  personId: string;
  consent: Consent & { jlisConsentId: string };
  serial: string;
  certificateHash: Buffer;
  /** Of the birth date in the sign certificates that the person presented. */
  holderHashes: readonly Buffer[];
}

/** One person as asked for: a state that needs no question, or the question. */
type Prepared = { state: 'person_unknown' | 'consent_missing' | 'withdrawn' } | { question: Question };
type Answered = AttributesAnswer | { state: 'unavailable'; detail: string };

/** The newest attributes of persons who consented. They pass through: into the answer, and nowhere else. */
@Injectable()
export class AttributeUpdates {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(JlisServices) private readonly jlis: JlisServices,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /**
   * Asks about each person who consented. What was delivered is on record and metered before it is answered.
   * @throws Problem `feature_not_contracted`; `jlis_unavailable` when nothing at all was decided.
   */
  async create(
    principal: Principal,
    request: UpdateRequest,
    call: Call,
  ): Promise<{ update: AttributeUpdate; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const at = this.clock.now(principal.mode);
      const { replay, prepared } = await withTenant(this.dataSource, principal, async (manager) => {
        const made = await findReplay(manager, call, request);
        if (made) return { replay: made, prepared: new Map<string, Prepared>() };
        requireFeature(await readContract(manager, principal), 'latest_attributes');
        const found = new Map<string, Prepared>();
        for (const id of request.personIds) found.set(id, await this.prepare(manager, principal, id, request, at));
        return { replay: undefined, prepared: found };
      });
      if (replay) return { update: replay, replayed: true };
      const answers = await this.ask(principal, prepared, call);
      return withTenant(this.dataSource, principal, (manager) =>
        this.store(manager, principal, { request, prepared, answers, at }, call),
      );
    });
  }

  private async prepare(
    manager: EntityManager,
    principal: Principal,
    id: string,
    { since }: UpdateRequest,
    at: number,
  ): Promise<Prepared> {
    const person = await findLivingPerson(manager, id);
    if (!person) return { state: 'person_unknown' };
    const purpose = 'latest_attributes';
    const consent = await findValidConsent(manager, { personId: person.id, purpose, at });
    if (consent?.jlisConsentId === undefined) {
      const withdrawn = await isWithdrawn(manager, { personId: person.id, purpose });
      return { state: withdrawn ? 'withdrawn' : 'consent_missing' };
    }
    const known = await this.certificates.ofPersons(manager, [person.id]);
    const serial = await this.serialOf(manager, principal, { personId: person.id, known, since });
    if (serial === undefined) return { state: 'consent_missing' };
    const certificateHash = await this.certificates.hashOf(manager, principal, { kind: 'sign', serialNumber: serial });
    const { jlisConsentId } = consent;
    const holderHashes = known.flatMap(({ holderHash }) => holderHash ?? []);
    return {
      question: { personId: person.id, consent: { ...consent, jlisConsentId }, serial, certificateHash, holderHashes },
    };
  }

  /** The sign certificate that the tenant's knowledge of a person's attributes is from. */
  private async serialOf(
    manager: EntityManager,
    principal: Principal,
    { personId, known, since }: { personId: string; known: readonly KnownCertificate[]; since: UpdateRequest['since'] },
  ): Promise<string | undefined> {
    const own = known.filter(({ kind, provenance }) => kind === 'sign' && provenance === 'presented').at(-1);
    const delivered =
      since === 'own_certificate'
        ? undefined
        : await findLastDelivery(manager, principal, personId, (id) => this.tenantKeys.get(principal, id, manager));
    if (delivered && (!own || delivered.at >= own.firstSeenAt)) return delivered.serial;
    return own && (await this.certificates.open(manager, principal, own.id)).serialNumber;
  }

  /** Each person once, however many of the ids asked for now stand for them. */
  private async ask(
    principal: Principal,
    prepared: ReadonlyMap<string, Prepared>,
    call: Call,
  ): Promise<Map<string, Answered>> {
    const questions = new Map<string, Question>();
    for (const one of prepared.values()) if ('question' in one) questions.set(one.question.personId, one.question);
    const answers = new Map<string, Answered>();
    const waiting = [...questions.values()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        answers.set(next.personId, await this.askAbout(principal, next, call));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const all = [...answers.values()];
    const failed = all.find((answer) => answer.state === 'unavailable');
    // Undecided outcomes are not stored: with the same key the request can be sent again.
    if (failed?.state === 'unavailable' && all.every(({ state }) => state === 'unavailable'))
      throw new Problem('jlis_unavailable', { detail: failed.detail });
    return answers;
  }

  private async askAbout(principal: Principal, question: Question, { requestId }: Call): Promise<Answered> {
    const { consent, serial: signSerial, certificateHash: subjectHash } = question;
    try {
      const caller = jlisCaller(principal, { requestId, subjectHash });
      const answer = await this.jlis.latestAttributes({ ...caller, consentId: consent.jlisConsentId, signSerial });
      if (answer.state !== 'updated' || (await this.isOfPerson(principal, question, answer))) return answer;
      this.logger.error('jlis_attributes_of_another_person', { consent_id: consent.id, request_id: requestId });
      return { state: 'unavailable', detail: 'answer_contradicted' };
    } catch (error) {
      if (error instanceof JlisUnavailable) return { state: 'unavailable', detail: error.detail };
      throw error;
    }
  }

  /**
   * Whether attributes can be the person's: a birth date never changes, and a certificate has one holder. What J-LIS
   * tells of somebody else reaches nobody.
   */
  private isOfPerson(
    principal: Principal,
    { personId, holderHashes }: Question,
    { attributes, serial }: Extract<AttributesAnswer, { state: 'updated' }>,
  ): Promise<boolean> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const lookupKey = await this.certificates.lookupKey(manager, principal);
      const holderHash = birthDateHashOf(lookupKey, attributes.dateOfBirth);
      if (holderHashes.some((known) => !known.equals(holderHash))) return false;
      const hash = certificateHashOf(lookupKey, 'sign', serial);
      const holder = await this.certificates.findByHash(manager, hash);
      return holder === undefined || holder.personId === personId;
    });
  }

  private async store(
    manager: EntityManager,
    principal: Principal,
    asked: {
      request: UpdateRequest;
      prepared: ReadonlyMap<string, Prepared>;
      answers: ReadonlyMap<string, Answered>;
      at: number;
    },
    call: Call,
  ): Promise<{ update: AttributeUpdate; replayed: boolean }> {
    const { request, prepared, answers, at } = asked;
    const id = newId(Date.now());
    const made = { resource: 'attribute_update', id } as const;
    if (call.idempotency && !(await claimKey(manager, principal, call.idempotency, made))) {
      const winner = await findReplay(manager, call, request);
      if (!winner) throw new Problem('idempotency_in_flight');
      return { update: winner, replayed: true };
    }
    await sharePersons(manager, principal);
    const outcomes: (Outcome & { personId: string })[] = [];
    for (const personId of request.personIds)
      outcomes.push({ personId, ...(await outcomeOf(manager, prepared.get(personId)!, answers)) });
    const key = await this.tenantKeys.get(principal, principal.tenantKeyId, manager);
    await insertUpdate(
      manager,
      principal,
      {
        id,
        createdAt: at,
        results: outcomes.map(({ personId, state, question, answer }) => ({
          personId,
          state,
          ...(question === undefined ? {} : { consentId: question.consent.id }),
          ...(state === 'updated' && answer?.state === 'updated' ? { serial: answer.serial } : {}),
        })),
      },
      key,
    );
    const by = { actor: `api_key:${principal.apiKeyId}`, requestId: call.requestId };
    for (const { question, answer } of outcomes) {
      // J-LIS charges for what it delivered, whatever comes of it here.
      if (question && answer?.state === 'updated') await meter(manager, principal, id, question, at);
      // The list of withdrawals would say so later.
      if (question && answer?.state === 'withdrawn')
        await appendWithdrawal(manager, principal, { ...question, source: 'jlis', withdrawnAt: at, at, by });
    }
    const delivered = outcomes.filter(({ state }) => state === 'updated');
    await appendAudit(manager, {
      ...by,
      action: 'attribute_update.create',
      target: `attribute_update:${id}`,
      detail: { asked: outcomes.length, delivered_of: delivered.map(({ personId }) => personId) },
      tenancy: principal,
    });
    const results = outcomes.map(({ personId, state, answer }): PersonUpdate => ({
      personId,
      state,
      ...(state === 'updated' && answer?.state === 'updated'
        ? { attributes: interpretAttributes(answer.attributes) }
        : {}),
    }));
    return { update: { id, createdAt: at, results }, replayed: false };
  }
}

interface Outcome {
  state: UpdateState;
  question?: Question;
  answer?: Answered;
}

/** What is told of one person. Whoever was deleted or withdrew the consent while J-LIS was asked is told nothing of. */
async function outcomeOf(
  manager: EntityManager,
  prepared: Prepared,
  answers: ReadonlyMap<string, Answered>,
): Promise<Outcome> {
  if (!('question' in prepared)) return prepared;
  const { question } = prepared;
  const answer = answers.get(question.personId)!;
  const consent = await findConsent(manager, question.consent.id);
  if (!consent) return { state: 'person_unknown', question, answer };
  return { state: consent.withdrawal ? 'withdrawn' : answer.state, question, answer };
}

/** Once for a person and request, however many ids the person was asked for by. */
async function meter(
  manager: EntityManager,
  principal: Principal,
  updateId: string,
  { personId, certificateHash }: Question,
  at: number,
): Promise<void> {
  await appendUsage(manager, principal, {
    id: newId(Date.now()),
    source: 'attribute_update',
    sourceId: updateId,
    personId,
    meter: 'attributes_delivered',
    method: 'service',
    purpose: 'attribute_update',
    outcome: 'valid',
    billable: true,
    certificateKind: 'sign',
    certificateHash,
    occurredAt: at,
  });
}

async function findReplay(
  manager: EntityManager,
  call: Call,
  { personIds }: UpdateRequest,
): Promise<AttributeUpdate | undefined> {
  const id = call.idempotency && (await findMade(manager, call.idempotency, 'attribute_update'));
  return id === undefined ? undefined : findUpdate(manager, id, personIds);
}
