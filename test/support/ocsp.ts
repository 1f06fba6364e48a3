import { createHash, sign } from 'node:crypto';
import * as der from './der-writer.js';
import {
  ALGORITHMS,
  buildCertificate,
  type CertificateSpec,
  extensionDer,
  nameDer,
  rsaKey,
  type TestAuthority,
  type TestExtension,
  type TestKey,
} from './pki.js';

export const OCSP_AT = Date.UTC(2026, 1, 2, 12);
const HASH_OIDS = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
} as const;

export interface SingleSpec {
  hash?: keyof typeof HASH_OIDS;
  /** Content octets of the serial. */
  serial: Uint8Array;
  /** DER of the CertStatus. */
  status?: Buffer;
  thisUpdate?: number;
  /** `null` writes none. */
  nextUpdate?: number | null;
  /** Replace the hashes of the issuer. */
  nameHash?: Buffer;
  keyHash?: Buffer;
  extensions?: TestExtension[];
}

export const GOOD = der.implicit(0, Buffer.alloc(0));
export const UNKNOWN = der.implicit(2, Buffer.alloc(0));
export const revokedStatus = (at: number, code?: number): Buffer =>
  der.explicit(
    1,
    der.generalizedTime(at),
    ...(code === undefined ? [] : [der.explicit(0, der.tlv(0x0a, Buffer.from([code])))]),
  );

export interface OcspSpec {
  answers: SingleSpec[];
  /** The key that signs; default the authority's own. */
  signer?: TestKey;
  /** DER of the ResponderID; default the authority's key. */
  responder?: Buffer;
  certificates?: Buffer[];
  producedAt?: number;
  nonce?: Buffer;
  extensions?: TestExtension[];
  digest?: keyof typeof ALGORITHMS;
  tamper?: (signature: Buffer) => Buffer;
  responseType?: string;
}

export const byKey = (keyId: Uint8Array): Buffer => der.explicit(2, der.octetString(keyId));
export const byName = (name: Uint8Array): Buffer => der.explicit(1, name);

/** A successful OCSPResponse of `authority`. */
export function buildOcspResponse(authority: TestAuthority, spec: OcspSpec): Buffer {
  const signer = spec.signer ?? authority.key;
  const digest = spec.digest ?? 'sha256';
  const extensions = [...(spec.extensions ?? [])];
  if (spec.nonce) extensions.push({ oid: '1.3.6.1.5.5.7.48.1.2', value: der.octetString(spec.nonce) });
  const tbs = der.sequence(
    spec.responder ?? byKey(authority.key.keyId),
    der.generalizedTime(spec.producedAt ?? OCSP_AT),
    der.sequence(...spec.answers.map((answer) => singleDer(authority, answer))),
    ...(extensions.length > 0 ? [der.explicit(1, der.sequence(...extensions.map(extensionDer)))] : []),
  );
  const signature = sign(digest, tbs, signer.privateKey);
  const basic = der.sequence(
    tbs,
    ALGORITHMS[digest],
    der.bitString(spec.tamper ? spec.tamper(signature) : signature),
    ...(spec.certificates ? [der.explicit(0, der.sequence(...spec.certificates))] : []),
  );
  const bytes = der.sequence(der.oid(spec.responseType ?? '1.3.6.1.5.5.7.48.1.1'), der.octetString(basic));
  return der.sequence(der.tlv(0x0a, Buffer.from([0])), der.explicit(0, bytes));
}

function singleDer(authority: TestAuthority, spec: SingleSpec): Buffer {
  const hash = spec.hash ?? 'sha1';
  const digest = (bytes: Uint8Array): Buffer => createHash(hash).update(bytes).digest();
  const keyBits = authority.key.publicKey.export({ type: 'pkcs1', format: 'der' });
  const certId = der.sequence(
    der.sequence(der.oid(HASH_OIDS[hash]), der.nul()),
    der.octetString(spec.nameHash ?? digest(authority.name)),
    der.octetString(spec.keyHash ?? digest(keyBits)),
    der.integer(spec.serial),
  );
  const { nextUpdate = OCSP_AT + 600_000 } = spec;
  return der.sequence(
    certId,
    spec.status ?? GOOD,
    der.generalizedTime(spec.thisUpdate ?? OCSP_AT - 60_000),
    ...(nextUpdate === null ? [] : [der.explicit(0, der.generalizedTime(nextUpdate))]),
    ...(spec.extensions ? [der.explicit(1, der.sequence(...spec.extensions.map(extensionDer)))] : []),
  );
}

export const RESPONDER_NAME = nameDer(['C', 'JP'], ['O', 'JPKI-TEST'], ['CN', 'OCSP responder']);
export const responderKey = (): TestKey => rsaKey('ocsp-responder');

export const RESPONDER_EXTENSIONS = {
  purpose: { oid: '2.5.29.37', critical: true, value: der.sequence(der.oid('1.3.6.1.5.5.7.3.9')) },
  usage: { oid: '2.5.29.15', critical: true, value: der.namedBits(0b1) },
  nocheck: { oid: '1.3.6.1.5.5.7.48.1.5', value: der.nul() },
} as const;

/** A delegated responder's certificate; `change` overrides parts of it. */
export function responderCertificate(
  authority: TestAuthority,
  change: Partial<CertificateSpec> = {},
  issuerKey: TestKey = authority.key,
): Buffer {
  const spec: CertificateSpec = {
    version: 3,
    serial: 0x51,
    issuer: authority.name,
    subject: RESPONDER_NAME,
    notBefore: '2026-01-01T00:00:00Z',
    notAfter: '2026-12-31T00:00:00Z',
    spki: responderKey().spki,
    extensions: Object.values(RESPONDER_EXTENSIONS),
    ...change,
  };
  return buildCertificate(spec, issuerKey);
}
