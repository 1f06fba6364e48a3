import type { AlgorithmPolicy } from './algorithms.js';
import type { Certificate } from './certificate.js';
import { CRL_SKEW_MS } from './crl-check.js';
import { appliesTo, type AuthenticCrl, lookUp } from './crl-delta.js';
import type { Crl } from './crl-reader.js';
import { findScopeFault, namesOtherLists } from './crl-scope.js';
import { type CrlIssuer, CrlSigners } from './crl-signer.js';
import { Malformed } from './der.js';
import { sameName } from './name.js';
import { judgeOcsp, type OcspExpectation, parseOcspResponse } from './ocsp.js';
import { PATH_ALGORITHM_POLICY, type PathAlgorithmPolicy } from './path-algorithms.js';
import type { RevocationFinding } from './verdict.js';
import { wholeSecond } from './validity.js';

export interface CrlQuestion {
  certificate: Certificate;
  /** The issuer that the certificate's path proved. */
  issuer: CrlIssuer;
  /** Complete and delta lists in any order, of any origin. */
  crls: readonly Crl[];
  /** Certificates among which a separate signer of lists may be; see {@link CrlSigners}. */
  candidates?: readonly Certificate[];
  anchors?: readonly { certificate: Certificate }[];
  /** Milliseconds. */
  at: number;
  /** Default: that of the general profile. One without curves takes RSA only, as the profiles of JPKI do. */
  policy?: AlgorithmPolicy | PathAlgorithmPolicy;
}

/** Why no list answers. */
type Doubt = Pick<RevocationFinding, 'detail' | 'thisUpdate' | 'nextUpdate' | 'crlNumber' | 'sourceSha256'> & {
  status: 'stale' | 'unavailable' | 'unsupported';
};

/** A complete list with the newest delta that applies to it, and the times of the two together. */
interface Combined {
  complete: Crl;
  delta?: Crl;
  thisUpdate: number;
  nextUpdate?: number;
  crlNumber?: string;
}

/**
 * The status of one certificate by the lists given (RFC 5280 §6.3.3). Lists that are not authentic or not about the
 * certificate are passed over; the newest of the others decides. Never throws; doubt names the list that came nearest.
 */
export function statusFromCrls(question: CrlQuestion): RevocationFinding {
  const { certificate, issuer, crls, at, candidates = [], anchors = [] } = question;
  const policy = { curves: [], ...(question.policy ?? PATH_ALGORITHM_POLICY) };
  const signers = new CrlSigners(issuer, candidates, anchors, at, policy);
  const doubts: Doubt[] = [];
  const authentic: AuthenticCrl[] = [];
  // Newest first, so that a bundle of old lists cannot use up the signatures that are tried.
  for (const crl of [...crls].sort(byAge)) {
    const fault = sameName(issuer.name, certificate.issuer)
      ? findScopeFault(crl, certificate)
      : ({ status: 'unavailable', detail: 'issuer_mismatch' } as const);
    if (fault?.status === 'unavailable') {
      doubts.push(fault);
      continue;
    }
    const key = signers.find(crl);
    if (typeof key === 'string') doubts.push({ status: 'unavailable', detail: key });
    else if (fault === undefined) authentic.push({ crl, key });
    else doubts.push({ ...fault, ...sourceOf(crl) });
  }
  for (const list of combine(authentic, at)) {
    const doubt = findTimeDoubt(list, at);
    if (doubt === undefined) return answer(certificate, list);
    doubts.push({ ...doubt, ...describe(list) });
  }
  const other = namesOtherLists(certificate);
  if (other !== undefined) doubts.push(other);
  if (doubts.length === 0) {
    // A delta alone says what changed, not what holds.
    const detail = authentic.length > 0 ? 'delta_without_base' : 'no_list';
    return { method: 'crl', status: 'unavailable', detail };
  }
  return { method: 'crl', ...doubts.reduce((best, doubt) => (rank(doubt) > rank(best) ? doubt : best)) };
}

const byAge = (a: Crl, b: Crl): number => b.thisUpdate - a.thisUpdate;

/** A list that could not be processed tells more than an old one, an old one more than one that is none of ours. */
const RANK = { unsupported: 2, stale: 1, unavailable: 0 } as const;
const rank = ({ status, thisUpdate }: Doubt): number => RANK[status] * 2 + (thisUpdate === undefined ? 0 : 1);

/** Each complete list with its newest delta that is in force at `at`; newest first. */
function combine(lists: readonly AuthenticCrl[], at: number): Combined[] {
  const deltas = lists.filter(({ crl }) => crl.deltaBase !== undefined && findTimeDoubt(crl, at) === undefined);
  return lists
    .filter(({ crl }) => crl.deltaBase === undefined)
    .map((complete): Combined => {
      // RFC 5280 §5.2.4: complete list and delta together are a list of the delta's number and times.
      const delta = deltas.find((each) => appliesTo(each, complete))?.crl;
      const { thisUpdate, nextUpdate, crlNumber } = delta ?? complete.crl;
      return {
        complete: complete.crl,
        ...(delta === undefined ? {} : { delta }),
        thisUpdate,
        ...(nextUpdate === undefined ? {} : { nextUpdate }),
        ...(crlNumber === undefined ? {} : { crlNumber }),
      };
    })
    .sort((a, b) => b.thisUpdate - a.thisUpdate || compareNumbers(b.crlNumber, a.crlNumber));
}

const compareNumbers = (a = '0', b = '0'): number => Number(BigInt(a) - BigInt(b));

/** Whether the list is in force at `at`. One without nextUpdate never ends, so nobody can know that it is the last. */
function findTimeDoubt({ thisUpdate, nextUpdate }: Pick<Crl, 'thisUpdate' | 'nextUpdate'>, at: number) {
  if (thisUpdate > at + CRL_SKEW_MS) return { status: 'unavailable', detail: 'this_update_in_future' } as const;
  if (nextUpdate === undefined) return { status: 'unavailable', detail: 'next_update_missing' } as const;
  if (nextUpdate <= at) return { status: 'stale', detail: 'next_update_passed' } as const;
  return undefined;
}

function answer(certificate: Certificate, list: Combined): RevocationFinding {
  const found = lookUp(certificate.serial, list.complete, list.delta);
  if (found !== undefined) {
    const { revokedAt, reason, from } = found;
    return { method: 'crl', status: 'revoked', revokedAt, reason, ...describe(list), sourceSha256: from.fileSha256 };
  }
  // §3.3: an entry may be dropped once the certificate has expired, so that silence proves nothing about it any more.
  if (wholeSecond(list.thisUpdate) > certificate.notAfter)
    return { method: 'crl', status: 'unknown', detail: 'expired_before_list', ...describe(list) };
  return { method: 'crl', status: 'good', ...describe(list) };
}

/** The newest file the statement rests on, and the times of the whole. */
function describe({ complete, delta, thisUpdate, nextUpdate, crlNumber }: Combined) {
  return {
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    ...(crlNumber === undefined ? {} : { crlNumber }),
    sourceSha256: (delta ?? complete).fileSha256,
  };
}

const sourceOf = (crl: Crl) => describe({ complete: crl, ...crl });

export interface OcspQuestionedResponse extends OcspExpectation {
  /** DER of the OCSPResponse. */
  response: Uint8Array;
}

/** The status of one certificate by one OCSP response (RFC 6960 §3.2), by default in the general profile. Never throws. */
export function statusFromOcsp({ response, ...expected }: OcspQuestionedResponse): RevocationFinding {
  try {
    return judgeOcsp(parseOcspResponse(response), { policy: PATH_ALGORITHM_POLICY, ...expected });
  } catch (error) {
    if (error instanceof Malformed) return { method: 'ocsp', status: 'unavailable', detail: 'ocsp_malformed' };
    throw error;
  }
}
