import { constants, createHash, privateEncrypt, sign } from 'node:crypto';
import * as der from './der-writer.js';
import { ALGORITHMS, type TestKey } from './pki.js';

export const CMS_AT = Date.UTC(2026, 1, 2);
export const ID_DATA = '1.2.840.113549.1.7.1';
export type CmsDigest = 'sha1' | 'sha256' | 'sha384' | 'sha512';
export const DIGEST_OIDS: Readonly<Record<CmsDigest, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
export const RSA_ENCRYPTION = der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nul());

/** RSASSA-PSS with MGF1 over the same digest and a salt of its length. */
export function pssAlgorithm(digest: CmsDigest, mask: CmsDigest = digest): Buffer {
  const algorithm = (name: CmsDigest): Buffer => der.sequence(der.oid(DIGEST_OIDS[name]), der.nul());
  return der.sequence(
    der.oid('1.2.840.113549.1.1.10'),
    der.sequence(
      der.explicit(0, algorithm(digest)),
      der.explicit(1, der.sequence(der.oid('1.2.840.113549.1.1.8'), algorithm(mask))),
      der.explicit(2, der.integer(createHash(digest).digest().length)),
    ),
  );
}

export const attribute = (oid: string, ...values: Buffer[]): Buffer => der.sequence(der.oid(oid), der.set(...values));
export const contentTypeAttribute = (oid = ID_DATA): Buffer => attribute('1.2.840.113549.1.9.3', der.oid(oid));
export const digestAttribute = (digest: Buffer): Buffer => attribute('1.2.840.113549.1.9.4', der.octetString(digest));
export const signingTimeAttribute = (at: number): Buffer => attribute('1.2.840.113549.1.9.5', der.time(at));

export interface CmsSpec {
  content: Buffer;
  key: TestKey;
  /** DER of the SignerIdentifier. */
  signerId: Buffer;
  certificates?: Buffer[];
  /** Default true. */
  attached?: boolean;
  contentType?: string;
  digest?: CmsDigest;
  /** DER of each attribute in the order written (DER order unless `unsorted`); `null` writes none. */
  attributes?: Buffer[] | null;
  unsorted?: boolean;
  signatureAlgorithm?: Buffer;
  padding?: 'pkcs1' | 'pss' | 'bare';
  signerVersion?: number;
  /** Replaces what is signed. */
  signedBytes?: Buffer;
  tamper?: (signature: Buffer) => Buffer;
  signerCount?: number;
}

export const issuerAndSerial = (issuer: Buffer, serial: Uint8Array): Buffer =>
  der.sequence(issuer, der.integer(serial));
export const subjectKeyId = (keyId: Uint8Array): Buffer => der.implicit(0, keyId);

/** A ContentInfo with SignedData: content type, message digest and signing time signed, unless the spec says otherwise. */
export function buildCms(spec: CmsSpec): Buffer {
  const { digest = 'sha256', attached = true, contentType = ID_DATA } = spec;
  const hashed = createHash(digest).update(spec.content).digest();
  const attributes =
    spec.attributes === undefined
      ? [contentTypeAttribute(contentType), digestAttribute(hashed), signingTimeAttribute(CMS_AT - 60_000)]
      : spec.attributes;
  const ordered = attributes && (spec.unsorted ? attributes : [...attributes].sort((a, b) => Buffer.compare(a, b)));
  const signedBytes = spec.signedBytes ?? (ordered ? der.set(...ordered) : spec.content);
  const algorithm = der.sequence(der.oid(DIGEST_OIDS[digest]), der.nul());
  const signature = signWith(spec, digest, signedBytes);
  const defaultAlgorithm = spec.padding === 'pss' ? pssAlgorithm(digest) : ALGORITHMS[digest];
  const signer = der.sequence(
    der.integer(spec.signerVersion ?? (spec.signerId[0] === 0x80 ? 3 : 1)),
    spec.signerId,
    algorithm,
    ...(ordered ? [der.explicit(0, ...ordered)] : []),
    spec.signatureAlgorithm ?? defaultAlgorithm,
    der.octetString(spec.tamper ? spec.tamper(signature) : signature),
  );
  const data = der.sequence(
    der.integer(spec.signerId[0] === 0x80 ? 3 : 1),
    der.set(algorithm),
    der.sequence(der.oid(contentType), ...(attached ? [der.explicit(0, der.octetString(spec.content))] : [])),
    ...(spec.certificates ? [der.explicit(0, ...spec.certificates)] : []),
    der.set(...Array<Buffer>(spec.signerCount ?? 1).fill(signer)),
  );
  return der.sequence(der.oid('1.2.840.113549.1.7.2'), der.explicit(0, data));
}

function signWith({ key: { privateKey }, padding }: CmsSpec, digest: CmsDigest, bytes: Buffer): Buffer {
  if (padding === 'bare')
    return privateEncrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_PADDING },
      createHash(digest).update(bytes).digest(),
    );
  if (padding === 'pss')
    return sign(digest, bytes, {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    });
  return sign(digest, bytes, privateKey);
}
