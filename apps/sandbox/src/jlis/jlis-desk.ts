import type { Authorities } from '../authorities.js';
import { certificateStatus, type CertificateRecord } from '../card-record.js';
import type { CardRegistry, Issued } from '../card-registry.js';
import { certificateHistory, personOf, positionIn } from '../certificate-history.js';
import type { Hierarchy } from '../hierarchy.js';
import { answerAge } from './age-answer.js';
import type { Consent, ConsentRegister, Registration } from './consent-register.js';
import { verifiesConsent } from './consent-signature.js';
import { findCounterpart, type Counterpart } from './counterpart.js';
import { JlisProblem } from './jlis-problem.js';
import type {
  AgeCheckRequest,
  AttributesRequest,
  ConsentRequest,
  CounterpartRequest,
  LinkageRequest,
  WithdrawalsQuery,
} from './jlis-request.js';
import { unmetered, type ServiceAnswer } from './jlis-service.js';
import type { JlisSwitches } from './jlis-switches.js';
import { latestAttributes } from './latest-attributes.js';
import { linkSerial } from './serial-linkage.js';

/** The holder of this card changes their mind so long after each registration. */
const FICKLE_CARD = 'consent-withdrawn';
const FICKLE_AFTER_MS = 10 * 60_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** Who asks. */
export interface Caller {
  serviceId: string;
  requestId: string;
}

/** The services as they answer when nothing is wrong with them; times are those of the sandbox clock. */
export class JlisDesk {
  constructor(
    private readonly cards: CardRegistry,
    private readonly authorities: Authorities,
    private readonly consents: ConsentRegister,
    private readonly switches: JlisSwitches,
  ) {}

  capabilities(): ServiceAnswer {
    const { chained_linkage } = this.switches.all;
    return unmetered('answered', { version: '1', chained_linkage });
  }

  linkSerial({ serial }: LinkageRequest, now: number): ServiceAnswer {
    const answer = linkSerial(this.cards, serial, this.switches.all.chained_linkage, now);
    return unmetered(answer.state, answer);
  }

  /** Charged when a number is delivered. */
  findCounterpart(asked: CounterpartRequest, now: number): ServiceAnswer {
    const answer = findCounterpart(this.cards, asked, now, (kind, record) => this.describe(kind, record));
    return { body: answer, outcome: answer.state, metered: answer.state === 'found' };
  }

  /** A counterpart as this sandbox tells it. */
  describe(kind: Hierarchy, record: CertificateRecord): Counterpart {
    const number = { kind, serial: record.serial };
    if (!this.switches.all.counterpart_details) return number;
    const { keyId } = this.authorities.get(kind, record.generation).issuer;
    return { ...number, issuer_key_id: keyId.toString('hex'), not_after: iso(record.notAfter) };
  }

  /** The caller checks the certificate's validity itself; an age does not depend on it. */
  checkAge({ serial, age, on }: AgeCheckRequest): ServiceAnswer {
    const asked = this.cards.findIssued('auth', serial);
    if (!asked) throw new JlisProblem('not_found', 'there is no auth certificate of this number');
    // Which of yes and no it was is the holder's business, not the log's.
    return unmetered('answered', { answer: answerAge(asked.card.holder.birthDate, age, on) });
  }

  registerConsent(request: ConsentRequest, { serviceId, requestId }: Caller, now: number): ServiceAnswer {
    const { certificate, document, signature, ...said } = request;
    const contents = JSON.stringify({
      ...said,
      certificate: certificate.toString('base64'),
      document: document.toString('base64'),
      signature: signature.toString('base64'),
    });
    const registration = {
      serviceId,
      requestId,
      contents,
      textVersion: said.text_version,
      givenAt: said.given_at,
      expiresAt: said.expires_at,
    };
    const consent = this.consents.findByRequest(registration) ?? this.admit(request, registration, now);
    return unmetered('registered', {
      consent_id: consent.id,
      registered_at: iso(consent.registeredAt),
      expires_at: iso(consent.expiresAt),
    });
  }

  private admit(request: ConsentRequest, registration: Omit<Registration, 'person'>, now: number): Consent {
    const refuse = (detail: string): never => {
      throw new JlisProblem('consent_refused', detail);
    };
    const signer = this.cards.findIssued('sign', request.sign_serial) ?? refuse('no sign certificate of this number');
    if (signer.record.material?.certificate !== request.certificate.toString('base64'))
      refuse('the certificate is not the one of this number');
    if (certificateStatus(signer.record, now) !== 'good') refuse('the certificate is not good');
    const { certificate, document, signature, digest_algorithm: digest, padding } = request;
    if (!verifiesConsent({ certificate, document, signature, digest, padding }))
      refuse('the signature is not one of the document by this certificate');
    if (request.expires_at <= now) refuse('the consent has expired');
    const withdrawsAt = signer.card.id === FICKLE_CARD ? { withdrawsAt: now + FICKLE_AFTER_MS } : {};
    return this.consents.register({ ...registration, person: personOf(signer.card), ...withdrawsAt }, now);
  }

  withdrawals({ after, limit }: WithdrawalsQuery, now: number): ServiceAnswer {
    const { withdrawals, more } = this.consents.withdrawals(after, limit, now);
    return unmetered('answered', {
      withdrawals: withdrawals.map(({ sequence, serviceId, consentId, at }) => ({
        sequence,
        service_id: serviceId,
        consent_id: consentId,
        withdrawn_at: iso(at),
      })),
      next: more ? String(withdrawals.at(-1)?.sequence) : null,
    });
  }

  /** Charged when attributes are delivered. */
  latestAttributes({ consent_id, sign_serial }: AttributesRequest, caller: Caller, now: number): ServiceAnswer {
    const missing = unmetered('consent_missing', { state: 'consent_missing' });
    const consent = this.consents.find(caller.serviceId, consent_id, now);
    if (!consent || consent.expiresAt <= now) return missing;
    const known = this.cards.findIssued('sign', sign_serial);
    if (!known || personOf(known.card) !== consent.person) return missing;
    if (consent.withdrawal) return unmetered('withdrawn', { state: 'withdrawn' });
    const answer = latestAttributes(this.cards, known, now);
    return { body: answer, outcome: answer.state, metered: answer.state === 'updated' };
  }

  /** The certificate before `serial`, and before the first one the last: renewals that go round in a ring. */
  ring(serial: string): Issued | undefined {
    const asked = this.cards.findIssued('auth', serial);
    if (!asked) return undefined;
    const history = certificateHistory(this.cards, asked.card, 'auth');
    return history.at(positionIn(history, serial) - 1);
  }
}
