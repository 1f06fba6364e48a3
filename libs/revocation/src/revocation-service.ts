import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JlisUnavailable, OcspTransport } from '#lib/jlis';
import {
  buildOcspRequest,
  DEFAULT_ALGORITHM_POLICY,
  type Certificate,
  type OcspSubject,
  type RevocationFinding,
  statusFromOcsp,
  type TrustAnchor,
} from '#lib/pki';
import type { Mode } from '#lib/platform';
import { statusAmong } from './crl-status.js';
import { OcspCache } from './ocsp-cache.js';
import { RevocationData } from './revocation-data.js';

/** `ocsp_or_crl`: OCSP, and the lists held when OCSP gives no usable answer. */
export const REVOCATION_METHODS = ['crl', 'ocsp', 'ocsp_or_crl'] as const;
export type RevocationMethod = (typeof REVOCATION_METHODS)[number];

export interface StatusQuestion {
  mode: Mode;
  certificate: Certificate;
  /** The anchor that `validatePath` proved to be the issuer. */
  anchor: TrustAnchor;
  /** Milliseconds, by the clock of the mode. */
  at: number;
}

/** An OCSP answer as it came, and the nonce it had to bear. */
export interface OcspExchange {
  response: Uint8Array;
  nonce: Uint8Array;
}

/** A finding, and the answer it was read from when that came by OCSP. */
export interface RevocationAttempt extends RevocationFinding {
  exchange?: OcspExchange;
}

/** RFC 8954 §2.1: 32 octets are what every responder has to take. */
const NONCE_OCTETS = 32;

/**
 * Statements that leave room for another source. `unknown` is none of them: the responder was reached, is authentic and
 * does not know the certificate, which a list that merely lacks it must not turn into "good".
 */
const MAY_FALL_BACK: ReadonlySet<RevocationFinding['status']> = new Set(['unavailable', 'stale', 'unsupported']);

/** Asks a responder once. Never rejects for what it does: every failure is a finding. */
export async function askOcsp(
  ocsp: OcspTransport,
  url: string,
  { certificate, anchor, at }: { certificate: OcspSubject; anchor: TrustAnchor; at: number },
): Promise<RevocationAttempt> {
  const nonce = randomBytes(NONCE_OCTETS);
  const issuer = anchor.certificate;
  // CertID by SHA-1 identifies and protects nothing; RFC 5019 §2.1.1 makes it the one form every responder knows.
  const request = buildOcspRequest({ certificate, issuer, hash: 'sha1', nonce });
  try {
    const response = await ocsp.ask(url, request);
    const finding = statusFromOcsp({ response, certificate, issuer, at, nonce, policy: DEFAULT_ALGORITHM_POLICY });
    return { ...finding, exchange: { response, nonce } };
  } catch (error) {
    if (error instanceof JlisUnavailable) return unavailable(`ocsp_${error.detail}`);
    throw error;
  }
}

/** Answers whether a certificate is revoked. Ask only for certificates whose path and signature have passed. */
@Injectable()
export class RevocationService {
  private readonly ocspAnswers = new OcspCache<RevocationAttempt>();

  constructor(
    @Inject(RevocationData) private readonly data: RevocationData,
    @Inject(OcspTransport) private readonly ocsp: OcspTransport,
  ) {}

  /**
   * The attempts made, in order; the last is the one to use. Never rejects for what a source does: every failure is a
   * finding. Synchronous for `crl`, so that the usual request has no wait in it.
   */
  statusOf(
    question: StatusQuestion & { method: RevocationMethod },
  ): RevocationAttempt[] | Promise<RevocationAttempt[]> {
    return question.method === 'crl' ? [this.crlStatus(question)] : this.askFirst(question, question.method);
  }

  /** From the lists in memory; no wait, no network. */
  crlStatus({ mode, certificate, anchor, at }: StatusQuestion): RevocationFinding {
    const lists = this.data.set(mode).covering(certificate, anchor.fingerprint);
    return statusAmong(certificate, lists, at);
  }

  private async askFirst(
    question: StatusQuestion,
    method: Exclude<RevocationMethod, 'crl'>,
  ): Promise<RevocationAttempt[]> {
    const finding = await this.ocspStatus(question);
    if (method === 'ocsp' || !MAY_FALL_BACK.has(finding.status)) return [finding];
    return [finding, this.crlStatus(question)];
  }

  /** From the responder of the mode, never from an address a certificate names; equal questions share an answer. */
  private async ocspStatus(question: StatusQuestion): Promise<RevocationAttempt> {
    const { mode, certificate, anchor, at } = question;
    const url = this.data.ocspUrl(mode, anchor.hierarchy);
    if (url === undefined) return unavailable('no_ocsp_source');
    const key = { mode, issuer: anchor.fingerprint, serial: certificate.serial, at };
    return this.ocspAnswers.answer(key, () => askOcsp(this.ocsp, url, question));
  }
}

const unavailable = (detail: string): RevocationFinding => ({ method: 'ocsp', status: 'unavailable', detail });
