import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JlisUnavailable, OcspTransport } from '#lib/jlis';
import {
  buildOcspRequest,
  type Certificate,
  judgeOcsp,
  Malformed,
  parseOcspResponse,
  type RevocationFinding,
  type TrustAnchor,
} from '#lib/pki';
import type { Mode } from '#lib/platform';
import { firstAnswer } from './crl-status.js';
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

/** RFC 8954 §2.1: 32 octets are what every responder has to take. */
const NONCE_OCTETS = 32;

/**
 * Statements that leave room for another source. `unknown` is none of them: the responder was reached, is authentic and
 * does not know the certificate, which a list that merely lacks it must not turn into "good".
 */
const MAY_FALL_BACK: ReadonlySet<RevocationFinding['status']> = new Set(['unavailable', 'stale', 'unsupported']);

/** Answers whether a certificate is revoked. Ask only for certificates whose path and signature have passed. */
@Injectable()
export class RevocationService {
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
  ): RevocationFinding[] | Promise<RevocationFinding[]> {
    return question.method === 'crl' ? [this.crlStatus(question)] : this.askFirst(question, question.method);
  }

  /** From the lists in memory; no wait, no network. */
  crlStatus({ mode, certificate, anchor, at }: StatusQuestion): RevocationFinding {
    const lists = this.data.set(mode).covering(certificate, anchor.fingerprint);
    return firstAnswer(certificate.serial, lists, at);
  }

  private async askFirst(
    question: StatusQuestion,
    method: Exclude<RevocationMethod, 'crl'>,
  ): Promise<RevocationFinding[]> {
    const finding = await this.ocspStatus(question);
    if (method === 'ocsp' || !MAY_FALL_BACK.has(finding.status)) return [finding];
    return [finding, this.crlStatus(question)];
  }

  /** One request to the responder of the mode, never to an address a certificate names. */
  private async ocspStatus({ mode, certificate, anchor, at }: StatusQuestion): Promise<RevocationFinding> {
    const url = this.data.ocspUrl(mode, anchor.hierarchy);
    if (url === undefined) return unavailable('no_ocsp_source');
    const nonce = randomBytes(NONCE_OCTETS);
    // CertID by SHA-1 identifies and protects nothing; RFC 5019 §2.1.1 makes it the one form every responder knows.
    const request = buildOcspRequest({ certificate, issuer: anchor.certificate, hash: 'sha1', nonce });
    try {
      const response = parseOcspResponse(await this.ocsp.ask(url, request));
      return judgeOcsp(response, { certificate, anchor, at, nonce });
    } catch (error) {
      if (error instanceof JlisUnavailable) return unavailable(`ocsp_${error.detail}`);
      if (error instanceof Malformed) return unavailable('ocsp_malformed');
      throw error;
    }
  }
}

const unavailable = (detail: string): RevocationFinding => ({ method: 'ocsp', status: 'unavailable', detail });
