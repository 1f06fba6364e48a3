import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { JlisCaller, PlatformCaller } from './jlis-call.js';
import { JlisCalls } from './jlis-calls.js';
import { ServiceRefusal } from './read-answer.js';
import type { ServiceAnswer, ServiceRequest } from './service-contract.js';

type Question = JlisCaller & { serial: string };
export interface ConsentStatement {
  /** Which text the person agreed to. */
  textVersion: string;
  /** RFC 3339, UTC. */
  givenAt: string;
}
const consentOf = ({ textVersion, givenAt }: ConsentStatement) => ({ text_version: textVersion, given_at: givenAt });

/** The certificate is so fresh that J-LIS cannot connect it yet; ask again after that time. */
interface NotYetLinkable {
  state: 'not_yet_linkable';
  retryAfterSeconds: number;
}

export interface Capabilities {
  version: string;
  /** A superseded serial may itself be asked about. */
  chainedLinkage: boolean;
}
export type SerialLinkage = { state: 'linked'; previousSerial: string } | { state: 'not_found' } | NotYetLinkable;

export interface Counterpart {
  kind: 'sign' | 'auth';
  serial: string;
  /** Hex subject key identifier of its CA, where known. */
  issuerKeyId?: string;
  /** RFC 3339, where known. */
  notAfter?: string;
}
export type CounterpartAnswer = { state: 'found'; counterpart: Counterpart } | { state: 'not_found' } | NotYetLinkable;

/** `not_found`: J-LIS knows no such auth certificate. */
export type AgeAnswer = 'yes' | 'no' | 'unknown' | 'not_found';

export interface SignedConsent {
  signSerial: string;
  textVersion: string;
  /** RFC 3339, UTC. */
  givenAt: string;
  expiresAt: string;
  /** The signed content. */
  document: Buffer;
  signature: Buffer;
  /** DER. */
  certificate: Buffer;
  digestAlgorithm: ServiceRequest<'consent'>['digest_algorithm'];
  padding: ServiceRequest<'consent'>['padding'];
}
export type ConsentRegistration =
  | { state: 'registered'; consentId: string; registeredAt: string; expiresAt: string }
  /** J-LIS does not accept certificate or signature. */
  | { state: 'refused' };

export interface Withdrawal {
  sequence: number;
  serviceId: string;
  consentId: string;
  withdrawnAt: string;
}
export interface Withdrawals {
  withdrawals: Withdrawal[];
  /** `after` of the following page; absent: there is none now. */
  next?: string;
}

/** As the certificate has them. Personal: pass on, never store or log. */
export interface LatestAttributes {
  name: string;
  nameSubstitution: string;
  sex: '1' | '2' | '3';
  /** EYYYYMMDD. */
  dateOfBirth: string;
  address: string;
  addressSubstitution: string;
}
export type AttributesAnswer =
  | { state: 'updated'; attributes: LatestAttributes; serial: string }
  | { state: 'unchanged' | 'no_new_certificate' | 'consent_missing' | 'withdrawn' };

/**
 * The services of J-LIS by the contract in docs/openapi/jlis.json; live and sandbox differ by address and certificates
 * only. Every method may throw JlisUnavailable, from which nothing may be concluded, and database errors, because an
 * answer is given only when the call is in the audit trail.
 */
@Injectable()
export class JlisServices implements OnApplicationShutdown {
  constructor(@Inject(JlisCalls) private readonly calls: JlisCalls) {}

  onApplicationShutdown(): void {
    this.calls.close();
  }

  async capabilities(caller: JlisCaller): Promise<Capabilities> {
    const { version, chained_linkage } = await this.calls.call('capabilities', caller, {});
    return { version, chainedLinkage: chained_linkage };
  }

  /** The serial of the auth certificate before `serial`, one step back. */
  async linkSerial(question: Question & { consent: ConsentStatement }): Promise<SerialLinkage> {
    const { serial, consent } = question;
    const request = { serial, consent: consentOf(consent) };
    const answer = await this.calls.call('serialLinkage', question, request, (given) =>
      given.state === 'linked' && given.previous_serial === serial ? 'same_serial' : undefined,
    );
    switch (answer.state) {
      case 'linked':
        return { state: 'linked', previousSerial: answer.previous_serial };
      case 'not_found':
        return { state: 'not_found' };
      case 'not_yet_linkable':
        return { state: 'not_yet_linkable', retryAfterSeconds: answer.retry_after_seconds };
    }
  }

  /** The same person's certificate of the other kind. Charged when found; sent at most once. */
  async findCounterpart(
    question: Question & { kind: 'sign' | 'auth'; consent: ConsentStatement },
  ): Promise<CounterpartAnswer> {
    const { kind, serial, consent } = question;
    const request = { kind, serial, consent: consentOf(consent) };
    const answer = await this.calls.call('counterpart', question, request, (given) =>
      given.state === 'found' && given.counterpart.kind === kind ? 'same_kind' : undefined,
    );
    switch (answer.state) {
      case 'found':
        return { state: 'found', counterpart: counterpartOf(answer.counterpart) };
      case 'not_found':
        return { state: 'not_found' };
      case 'not_yet_linkable':
        return { state: 'not_yet_linkable', retryAfterSeconds: answer.retry_after_seconds };
    }
  }

  /** Whether the holder of the auth certificate has reached `age` when the day `on` (YYYY-MM-DD, JST) begins. */
  async checkAge(question: Question & { age: number; on: string }): Promise<AgeAnswer> {
    const { serial, age, on } = question;
    try {
      return (await this.calls.call('ageCheck', question, { serial, age, on })).answer;
    } catch (error) {
      if (error instanceof ServiceRefusal) return 'not_found';
      throw error;
    }
  }

  /** Registers a consent to latest attributes. With the same `callId` it may be repeated and is one consent. */
  async registerConsent(caller: JlisCaller & { callId: string }, consent: SignedConsent): Promise<ConsentRegistration> {
    const request = {
      sign_serial: consent.signSerial,
      text_version: consent.textVersion,
      given_at: consent.givenAt,
      expires_at: consent.expiresAt,
      document: consent.document.toString('base64'),
      signature: consent.signature.toString('base64'),
      certificate: consent.certificate.toString('base64'),
      digest_algorithm: consent.digestAlgorithm,
      padding: consent.padding,
    };
    try {
      const { consent_id, registered_at, expires_at } = await this.calls.call('consent', caller, request);
      return { state: 'registered', consentId: consent_id, registeredAt: registered_at, expiresAt: expires_at };
    } catch (error) {
      if (error instanceof ServiceRefusal) return { state: 'refused' };
      throw error;
    }
  }

  /** Withdrawals of all service providers after the sequence number `after`, oldest first. */
  async withdrawals(caller: PlatformCaller & { after?: string; limit?: number }): Promise<Withdrawals> {
    const { after, limit } = caller;
    const request = { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) };
    const answer = await this.calls.call('withdrawals', caller, request, (given) => disorder(given, after));
    return {
      withdrawals: answer.withdrawals.map(({ sequence, service_id, consent_id, withdrawn_at }) => ({
        sequence,
        serviceId: service_id,
        consentId: consent_id,
        withdrawnAt: withdrawn_at,
      })),
      ...(answer.next === null ? {} : { next: answer.next }),
    };
  }

  /** The newest attributes of a consenting person. Charged when updated; sent at most once. */
  async latestAttributes(question: JlisCaller & { consentId: string; signSerial: string }): Promise<AttributesAnswer> {
    const request = { consent_id: question.consentId, sign_serial: question.signSerial };
    const answer = await this.calls.call('latestAttributes', question, request, (given) =>
      given.state === 'updated' && given.serial === question.signSerial ? 'same_serial' : undefined,
    );
    if (answer.state !== 'updated') return { state: answer.state };
    const { attributes: of, serial } = answer;
    const attributes = {
      name: of.name,
      nameSubstitution: of.name_substitution,
      sex: of.sex,
      dateOfBirth: of.date_of_birth,
      address: of.address,
      addressSubstitution: of.address_substitution,
    };
    return { state: 'updated', attributes, serial };
  }
}

function counterpartOf(of: Extract<ServiceAnswer<'counterpart'>, { state: 'found' }>['counterpart']): Counterpart {
  return {
    kind: of.kind,
    serial: of.serial,
    ...(of.issuer_key_id === undefined ? {} : { issuerKeyId: of.issuer_key_id }),
    ...(of.not_after === undefined ? {} : { notAfter: of.not_after }),
  };
}

/** A list that goes back or names no next step would make its reader miss withdrawals, or read for ever. */
function disorder({ withdrawals, next }: ServiceAnswer<'withdrawals'>, after = '0'): string | undefined {
  let last = Number(after);
  for (const { sequence } of withdrawals) {
    if (sequence <= last) return 'sequence';
    last = sequence;
  }
  return next !== null && (withdrawals.length === 0 || Number(next) !== last) ? 'next' : undefined;
}
