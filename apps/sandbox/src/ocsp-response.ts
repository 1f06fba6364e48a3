import { reasonCode, type RevocationReason } from './card-record.js';
import { signed } from './certificate-profile.js';
import {
  context,
  contextPrimitive,
  element,
  enumerated,
  generalizedTime,
  octetString,
  oid,
  sequence,
} from './der-writer.js';
import type { Responder } from './responders.js';
import { OID } from './oids.js';

/** OCSPResponseStatus (RFC 6960 §4.2.1) of answers without a body. */
export const OCSP_FAILURE = { malformedRequest: 1, internalError: 2, tryLater: 3, unauthorized: 6 } as const;
export const ocspFailure = (status: keyof typeof OCSP_FAILURE): Buffer => sequence(enumerated(OCSP_FAILURE[status]));

export interface SingleStatus {
  /** DER of the CertID asked about. */
  certId: Buffer;
  status: 'good' | 'unknown' | { at: number; reason: RevocationReason };
  /** Milliseconds. */
  thisUpdate: number;
  nextUpdate: number;
}

function certStatus(status: SingleStatus['status']): Buffer {
  if (status === 'good') return contextPrimitive(0);
  if (status === 'unknown') return contextPrimitive(2);
  const code = reasonCode(status.reason);
  return context(1, generalizedTime(status.at), ...(code === 0 ? [] : [context(0, enumerated(code))]));
}

/** A successful BasicOCSPResponse signed by `responder`, its certificate inside. */
export function ocspAnswer(
  responder: Responder,
  producedAt: number,
  statuses: readonly SingleStatus[],
  nonce?: Buffer,
): Buffer {
  const responses = statuses.map(({ certId, status, thisUpdate, nextUpdate }) =>
    sequence(certId, certStatus(status), generalizedTime(thisUpdate), context(0, generalizedTime(nextUpdate))),
  );
  const tbs = sequence(
    context(2, octetString(responder.keyId)),
    generalizedTime(producedAt),
    sequence(...responses),
    ...(nonce ? [context(1, sequence(sequence(oid(OID.ocspNonce), octetString(nonce))))] : []),
  );
  const basic = signed(tbs, responder.privateKey, context(0, sequence(responder.certificate)));
  return sequence(element(0x0a, Buffer.from([0])), context(0, sequence(oid(OID.ocspBasic), octetString(basic))));
}
