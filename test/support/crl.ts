import { sign } from 'node:crypto';
import * as der from './der-writer.js';
import { ALGORITHMS, extensionDer, type TestAuthority, type TestExtension } from './pki.js';

export interface CrlEntrySpec {
  /** Number, or raw content octets. */
  serial: number | bigint | Uint8Array;
  revokedAt?: number | string;
  /** CRLReason code point. */
  reason?: number;
  extensions?: TestExtension[];
}

export const reasonExtension = (code: number): TestExtension => ({
  oid: '2.5.29.21',
  value: Buffer.from([0x0a, 1, code]),
});

export function crlEntry({ serial, revokedAt = '2026-01-02T03:04:05Z', reason, extensions }: CrlEntrySpec): Buffer {
  const all = [...(reason === undefined ? [] : [reasonExtension(reason)]), ...(extensions ?? [])];
  return der.sequence(
    der.integer(serial),
    der.time(revokedAt),
    ...(all.length > 0 || extensions ? [der.sequence(...all.map(extensionDer))] : []),
  );
}

export const CRL_TIMES = { thisUpdate: '2026-02-01T00:00:00Z', nextUpdate: '2026-02-03T00:00:00Z' };
export const CRL_AT = Date.UTC(2026, 1, 2);

export interface CrlSpec {
  /** `null` writes no version field. */
  version?: number | null;
  innerAlgorithm?: Buffer;
  outerAlgorithm?: Buffer;
  issuer?: Buffer;
  thisUpdate?: number | string;
  /** `null` writes none. */
  nextUpdate?: number | string | null;
  /** DER of the entries; `null` writes no list. */
  entries?: Buffer[] | null;
  /** `null` writes no extensions field. */
  extensions?: TestExtension[] | null;
  digest?: keyof typeof ALGORITHMS;
  /** Changes the signature after it was made. */
  tamper?: (signature: Buffer) => Buffer;
  /** Replaces the list of entries, header included. */
  rawList?: Buffer;
}

export const crlNumber = (value: number | bigint | Uint8Array): TestExtension => ({
  oid: '2.5.29.20',
  value: der.integer(value),
});

export const authorityKeyId = (keyId: Uint8Array): TestExtension => ({
  oid: '2.5.29.35',
  value: der.sequence(der.implicit(0, keyId)),
});

/** A critical IssuingDistributionPoint of the given fields. */
export const issuingDistributionPoint = (...fields: Buffer[]): TestExtension => ({
  oid: '2.5.29.28',
  critical: true,
  value: der.sequence(...fields),
});

/** distributionPoint with one directory name. */
export const pointName = (name: Buffer): Buffer => der.explicit(0, der.explicit(0, der.explicit(4, name)));

/** A CRL signed by `authority`: number 7, AKI, one entry, unless the spec says otherwise. */
export function buildCrl(authority: TestAuthority, spec: CrlSpec = {}): Buffer {
  const digest = spec.digest ?? 'sha256';
  const algorithm = spec.innerAlgorithm ?? ALGORITHMS[digest];
  const {
    version = 1,
    nextUpdate = CRL_TIMES.nextUpdate,
    entries = [crlEntry({ serial: 0x1234567, reason: 4 })],
  } = spec;
  const { extensions = [authorityKeyId(authority.key.keyId), crlNumber(7)] } = spec;
  const tbs = der.sequence(
    ...(version === null ? [] : [der.integer(version)]),
    algorithm,
    spec.issuer ?? authority.name,
    der.time(spec.thisUpdate ?? CRL_TIMES.thisUpdate),
    ...(nextUpdate === null ? [] : [der.time(nextUpdate)]),
    ...(spec.rawList ? [spec.rawList] : entries === null ? [] : [der.sequence(...entries)]),
    ...(extensions === null ? [] : [der.explicit(0, der.sequence(...extensions.map(extensionDer)))]),
  );
  const signature = sign(digest, tbs, authority.key.privateKey);
  return der.sequence(
    tbs,
    spec.outerAlgorithm ?? algorithm,
    der.bitString(spec.tamper ? spec.tamper(signature) : signature),
  );
}
