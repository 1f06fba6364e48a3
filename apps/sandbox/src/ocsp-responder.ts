import { randomBytes } from 'node:crypto';
import type { Authorities, Authority } from './authorities.js';
import { isRevoked } from './card-record.js';
import type { CardRegistry } from './card-registry.js';
import { octetString } from './der-writer.js';
import type { Faults } from './faults.js';
import type { Hierarchy } from './hierarchy.js';
import { parseOcspRequest, type CertId } from './ocsp-request.js';
import { ocspAnswer, ocspFailure, type SingleStatus } from './ocsp-response.js';
import type { Responders } from './responders.js';

/** OCSP data is renewed every quarter of an hour and may be relied on for two. */
const QUARTER_MS = 15 * 60_000;
const STALE_BY_MS = 12 * QUARTER_MS;

type Mode = Faults['ocsp']['mode'];

/** Answers OCSP requests about one hierarchy at a time (RFC 6960). */
export class OcspResponder {
  constructor(
    private readonly authorities: Authorities,
    private readonly responders: Responders,
    private readonly cards: CardRegistry,
  ) {}

  /** DER of the OCSPResponse; `mode` says what is wrong with it. */
  async answer(hierarchy: Hierarchy, body: Buffer, now: number, mode: Mode): Promise<Buffer> {
    if (mode === 'try_later') return ocspFailure('tryLater');
    if (mode === 'garbage') return randomBytes(1024);
    const question = parseOcspRequest(body);
    if (!question) return ocspFailure('malformedRequest');
    const active = this.authorities.active(hierarchy, now);
    const issuers = new Set(question.certIds.map((certId) => this.findIssuer(hierarchy, certId)));
    const [issuer] = issuers;
    // One responder certificate speaks for one CA.
    if (!issuer || issuers.size !== 1 || !active.includes(issuer)) return ocspFailure('unauthorized');
    const statuses = question.certIds.map((certId) => this.status(hierarchy, issuer, certId, now, mode));
    const nonce = question.nonce && mode === 'wrong_nonce' ? octetString(randomBytes(32)) : question.nonce;
    const producedAt = mode === 'stale' ? now - STALE_BY_MS : now;
    const responder = await this.responders.get(issuer, now);
    // Everything is right but the key: it is that of a CA of the other hierarchy.
    const wrong = this.authorities.get(hierarchy === 'sign' ? 'auth' : 'sign', issuer.generation).issuer.privateKey;
    const privateKey = mode === 'bad_signature' ? wrong : responder.privateKey;
    return ocspAnswer({ ...responder, privateKey }, producedAt, statuses, nonce);
  }

  private findIssuer(hierarchy: Hierarchy, certId: CertId): Authority | undefined {
    return this.authorities.findByCertId(hierarchy, certId.digest, certId.issuerNameHash, certId.issuerKeyHash);
  }

  private status(hierarchy: Hierarchy, issuer: Authority, certId: CertId, now: number, mode: Mode): SingleStatus {
    const record = this.cards.findBySerial(hierarchy, certId.serial);
    const known = mode !== 'unknown' && record?.generation === issuer.generation;
    const revoked = known && isRevoked(record, now) ? record.revocation : undefined;
    const at = mode === 'stale' ? now - STALE_BY_MS : now;
    const quarter = Math.floor(at / QUARTER_MS) * QUARTER_MS;
    // A status is never older than the revocation it reports.
    const thisUpdate = mode === 'stale' ? quarter : Math.max(quarter, revoked?.at ?? 0);
    return {
      certId: certId.der,
      status: revoked ?? (known ? 'good' : 'unknown'),
      thisUpdate,
      nextUpdate: quarter + 2 * QUARTER_MS,
    };
  }
}
