import { fromBER } from 'asn1js';
import { OCSPRequest } from 'pkijs';
import { OID } from './oids.js';

/** More than any client of one certificate asks for. */
const MAX_CERTIFICATES = 20;
/** RFC 9654 §2.1: nonces have 1 to 128 octets. */
const MAX_NONCE_OCTETS = 128;

export interface CertId {
  digest: 'sha1' | 'sha256';
  issuerNameHash: Buffer;
  issuerKeyHash: Buffer;
  serial: bigint;
  /** DER of the CertID as it came. */
  der: Buffer;
}

export interface OcspQuestion {
  certIds: CertId[];
  /** extnValue octets of the nonce extension, to be sent back unchanged. */
  nonce?: Buffer | undefined;
}

const DIGESTS = new Map<string, CertId['digest']>([
  [OID.sha1, 'sha1'],
  [OID.sha256, 'sha256'],
]);

/** An OCSPRequest (RFC 6960 §4.1); undefined when it is malformed, unanswerable or too large. */
export function parseOcspRequest(body: Buffer): OcspQuestion | undefined {
  const request = readRequest(body);
  if (!request) return undefined;
  const { requestList, requestExtensions } = request.tbsRequest;
  if (requestList.length === 0 || requestList.length > MAX_CERTIFICATES) return undefined;
  const certIds: CertId[] = [];
  for (const { reqCert } of requestList) {
    const digest = DIGESTS.get(reqCert.hashAlgorithm.algorithmId);
    if (!digest) return undefined;
    certIds.push({
      digest,
      issuerNameHash: Buffer.from(reqCert.issuerNameHash.valueBlock.valueHexView),
      issuerKeyHash: Buffer.from(reqCert.issuerKeyHash.valueBlock.valueHexView),
      serial: reqCert.serialNumber.toBigInt(),
      der: Buffer.from(reqCert.toSchema().toBER()),
    });
  }
  const nonceExtension = requestExtensions?.find(({ extnID }) => extnID === OID.ocspNonce);
  if (!nonceExtension) return { certIds };
  const nonce = Buffer.from(nonceExtension.extnValue.valueBlock.valueHexView);
  // The value is an OCTET STRING of its own inside extnValue, hence two octets more.
  return nonce.length === 0 || nonce.length > MAX_NONCE_OCTETS + 3 ? undefined : { certIds, nonce };
}

function readRequest(body: Buffer): OCSPRequest | undefined {
  try {
    const { offset, result } = fromBER(body);
    // asn1js stops after the first element; whatever follows makes the request not DER.
    return offset === body.length ? new OCSPRequest({ schema: result }) : undefined;
  } catch {
    // pkijs reports structures it does not know by throwing; to an OCSP client that is malformedRequest.
    return undefined;
  }
}
