import { cardSignature, type Padding } from './card-signature.js';
import {
  context,
  contextPrimitive,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
  time,
} from './der-writer.js';
import { DIGEST_OCTETS, digestAlgorithm, hash, type Digest } from './emsa.js';
import { caName, type Hierarchy } from './hierarchy.js';
import type { IssuedCertificate } from './card-registry.js';
import { OID } from './oids.js';

export interface CmsRequest {
  digest: Digest;
  padding: Exclude<Padding, 'pkcs1_v15_bare'>;
  /** Hash of the content. */
  contentDigest: Uint8Array;
  /** Present: the content travels inside. */
  attached?: Uint8Array | undefined;
  signerId: 'issuer_serial' | 'ski';
  signedAttributes: boolean;
  /** Milliseconds; for the signingTime attribute. */
  signingTime: number;
}

export interface CmsSigner extends IssuedCertificate {
  hierarchy: Hierarchy;
  serial: bigint;
  keyId: Buffer;
}

/** RSASSA-PSS-params with nothing left to its default (RFC 4055 §3.1). */
const pssAlgorithm = (digest: Digest): Buffer =>
  sequence(
    oid(OID.rsassaPss),
    sequence(
      context(0, digestAlgorithm(digest)),
      context(1, sequence(oid(OID.mgf1), digestAlgorithm(digest))),
      context(2, integer(DIGEST_OCTETS[digest])),
    ),
  );

const attribute = (type: string, value: Buffer): Buffer => sequence(oid(type), setOf(value));

/** ContentInfo with a SignedData (RFC 5652 §5) of one signer, its certificate inside. */
export function cmsSignedData(request: CmsRequest, signer: CmsSigner): Buffer {
  const { digest, contentDigest } = request;
  // Version 3 where the signer is named by key identifier (RFC 5652 §5.1, §5.3).
  const version = integer(request.signerId === 'ski' ? 3 : 1);
  const attributes = [
    attribute(OID.contentType, oid(OID.cmsData)),
    attribute(OID.messageDigest, octetString(contentDigest)),
    attribute(OID.signingTime, time(request.signingTime)),
  ];
  const asSet = setOf(...attributes);
  // RFC 5652 §5.4: signed as SET OF, carried with the implicit tag [0].
  const carried = Buffer.from(asSet);
  carried[0] = 0xa0;
  const signedDigest = request.signedAttributes ? hash(digest, asSet) : contentDigest;
  const signerInfo = sequence(
    version,
    request.signerId === 'ski'
      ? contextPrimitive(0, signer.keyId)
      : sequence(caName(signer.hierarchy), integer(signer.serial)),
    digestAlgorithm(digest),
    ...(request.signedAttributes ? [carried] : []),
    request.padding === 'pss' ? pssAlgorithm(digest) : sequence(oid(OID.rsaEncryption), nullValue()),
    octetString(cardSignature(signer.privateKey, request.padding, digest, signedDigest)),
  );
  const signedData = sequence(
    version,
    setOf(digestAlgorithm(digest)),
    sequence(oid(OID.cmsData), ...(request.attached ? [context(0, octetString(request.attached))] : [])),
    context(0, signer.certificate),
    setOf(signerInfo),
  );
  return sequence(oid(OID.cmsSignedData), context(0, signedData));
}
