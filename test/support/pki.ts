import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import * as der from './der-writer.js';

/**
 * Test certificates of any shape, written octet by octet and signed with node:crypto: an encoder that shares nothing with
 * the reader under test and can also be told to write what no library would.
 */
export interface TestKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  spki: Buffer;
  /** SHA-1 of the subjectPublicKey bits (RFC 5280 §4.2.1.2 (1)). */
  keyId: Buffer;
}

const keys = new Map<string, TestKey>();

/** The RSA key of this name; made once per process and size. */
export function rsaKey(label: string, bits = 2048, exponent = 65537): TestKey {
  const name = `${label}/${bits}/${exponent}`;
  let key = keys.get(name);
  if (!key) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent });
    const bitsDer = publicKey.export({ type: 'pkcs1', format: 'der' });
    key = {
      privateKey,
      publicKey,
      spki: publicKey.export({ type: 'spki', format: 'der' }),
      keyId: createHash('sha1').update(bitsDer).digest(),
    };
    keys.set(name, key);
  }
  return key;
}

const TYPES = { C: '2.5.4.6', L: '2.5.4.7', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const;

/** One single-valued RDN for each pair; C as PrintableString, the rest as UTF8String, as the JPKI authorities write them. */
export function nameDer(...pairs: [keyof typeof TYPES, string][]): Buffer {
  return der.sequence(
    ...pairs.map(([type, value]) =>
      der.set(der.sequence(der.oid(TYPES[type]), type === 'C' ? der.printable(value) : der.utf8(value))),
    ),
  );
}

export interface TestExtension {
  oid: string;
  critical?: boolean;
  /** Content of the OCTET STRING. */
  value: Buffer;
}

export const ALGORITHMS = {
  sha256: der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nul()),
  sha384: der.sequence(der.oid('1.2.840.113549.1.1.12'), der.nul()),
  sha512: der.sequence(der.oid('1.2.840.113549.1.1.13'), der.nul()),
  sha1: der.sequence(der.oid('1.2.840.113549.1.1.5'), der.nul()),
} as const;

export interface CertificateSpec {
  /** Absent writes no version field: version 1. */
  version?: 2 | 3;
  /** Number or raw content octets. */
  serial: number | bigint | Uint8Array;
  issuer: Buffer;
  subject: Buffer;
  notBefore: number | string;
  notAfter: number | string;
  /** SubjectPublicKeyInfo. */
  spki: Buffer;
  /** Absent writes no extensions field. */
  extensions?: TestExtension[];
  digest?: keyof typeof ALGORITHMS;
  /** AlgorithmIdentifiers where they shall differ from `digest`. */
  innerAlgorithm?: Buffer;
  outerAlgorithm?: Buffer;
  /** Fields of TBSCertificate to leave out. */
  omit?: ('version' | 'serial' | 'validity' | 'subject' | 'extensions')[];
  /** Signs the TBSCertificate where PKCS#1 v1.5 over `digest` shall not. */
  sign?: (tbs: Buffer) => Buffer;
  /** Changes the signature after it was made. */
  tamper?: (signature: Buffer) => Buffer;
}

/** A certificate signed by `issuerKey`. */
export function buildCertificate(spec: CertificateSpec, issuerKey: TestKey): Buffer {
  const digest = spec.digest ?? 'sha256';
  const omitted = new Set(spec.omit);
  const tbs = der.sequence(
    ...(spec.version === undefined || omitted.has('version') ? [] : [der.explicit(0, der.integer(spec.version - 1))]),
    ...(omitted.has('serial') ? [] : [der.integer(spec.serial)]),
    spec.innerAlgorithm ?? ALGORITHMS[digest],
    spec.issuer,
    ...(omitted.has('validity') ? [] : [der.sequence(der.time(spec.notBefore), der.time(spec.notAfter))]),
    ...(omitted.has('subject') ? [] : [spec.subject]),
    spec.spki,
    ...(spec.extensions && !omitted.has('extensions')
      ? [der.explicit(3, der.sequence(...spec.extensions.map(extensionDer)))]
      : []),
  );
  const signature = spec.sign ? spec.sign(tbs) : sign(digest, tbs, issuerKey.privateKey);
  return der.sequence(
    tbs,
    spec.outerAlgorithm ?? spec.innerAlgorithm ?? ALGORITHMS[digest],
    der.bitString(spec.tamper ? spec.tamper(signature) : signature),
  );
}

export function extensionDer({ oid, critical, value }: TestExtension): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

export type TestHierarchy = 'sign' | 'auth';
export const HIERARCHY_OU = { sign: 'JPKI for digital signature', auth: 'JPKI for user authentication' } as const;

/** The distinguished name that all generations of a test hierarchy share. */
export function authorityName(hierarchy: TestHierarchy, organization = 'JPKI-TEST'): Buffer {
  return nameDer(
    ['C', 'JP'],
    ['O', organization],
    ['OU', HIERARCHY_OU[hierarchy]],
    ['OU', 'Japan Agency for Local Authority Information Systems'],
  );
}

export interface TestAuthority {
  hierarchy: TestHierarchy;
  der: Buffer;
  name: Buffer;
  key: TestKey;
  /** Content octets of the serial. */
  serial: Buffer;
}

export const USAGE = { sign: 0b11, auth: 0b1, authority: 0b110_0000 } as const;

export function authorityExtensions(key: TestKey): Record<'keyUsage' | 'basicConstraints' | 'ski', TestExtension> {
  return {
    keyUsage: { oid: '2.5.29.15', critical: true, value: der.namedBits(USAGE.authority) },
    basicConstraints: { oid: '2.5.29.19', critical: true, value: der.sequence(der.boolean(true)) },
    ski: { oid: '2.5.29.14', value: der.octetString(key.keyId) },
  };
}

/** A self-signed root in the shape of a JPKI authority; `change` overrides parts of it. */
export function makeAuthority(
  hierarchy: TestHierarchy,
  generation: number,
  change: Partial<CertificateSpec> & { key?: TestKey; organization?: string } = {},
): TestAuthority {
  const key = change.key ?? rsaKey(`${hierarchy}-${generation}`);
  const name = change.subject ?? authorityName(hierarchy, change.organization);
  const spec: CertificateSpec = {
    version: 3,
    serial: 0x67c0000 + generation,
    issuer: name,
    subject: name,
    notBefore: Date.UTC(generation, 6, 16),
    notAfter: Date.UTC(generation + 10, 6, 15, 14, 59, 59),
    spki: key.spki,
    extensions: Object.values(authorityExtensions(key)),
    ...change,
  };
  const serial = typeof spec.serial === 'object' ? spec.serial : der.integer(spec.serial).subarray(2);
  return { hierarchy, der: buildCertificate(spec, key), name, key, serial: Buffer.from(serial) };
}

export const CARD_HOLDER = {
  name: '架空　花子',
  nameSubstitution: '00000',
  sex: '2',
  dateOfBirth: '420081031',
  address: '東京都港区架空町一丁目２番地３',
  addressSubstitution: '000000000000000',
};
const ATTRIBUTE_ARC = '1.2.392.200149.8.5.5';

/** An otherName of the attribute arc, or of a whole OID, with a UTF8String in it. */
export function otherNameDer(type: number | string, text: string): Buffer {
  return der.explicit(
    0,
    der.oid(typeof type === 'number' ? `${ATTRIBUTE_ARC}.${type}` : type),
    der.explicit(0, der.utf8(text)),
  );
}

export function attributesDer(holder: typeof CARD_HOLDER = CARD_HOLDER): Buffer {
  return der.sequence(
    otherNameDer(1, holder.name),
    otherNameDer(4, holder.dateOfBirth),
    otherNameDer(3, holder.sex),
    otherNameDer(5, holder.address),
    otherNameDer(2, holder.nameSubstitution),
    otherNameDer(6, holder.addressSubstitution),
  );
}

/** DistributionPoint name of a municipality's partition. */
export function partitionName(hierarchy: TestHierarchy, municipality = 'Minato-ku'): Buffer {
  return nameDer(
    ['C', 'JP'],
    ['O', 'JPKI-TEST'],
    ['OU', HIERARCHY_OU[hierarchy]],
    ['OU', 'CRL Distribution Points'],
    ['OU', 'Tokyo-to'],
    ['CN', `${municipality} CRLDP`],
  );
}

export type ProfileExtensions = Record<
  'keyUsage' | 'policies' | 'issuerAltName' | 'crlDistributionPoints' | 'aki',
  TestExtension
> &
  Partial<Record<'san' | 'eku' | 'aia', TestExtension>>;

const POLICY = { sign: '1.2.392.200149.8.5.1.0.20', auth: '1.2.392.200149.8.5.1.0.30' } as const;
/** Of the sign certificates of real cards. */
export const LIVE_SIGN_POLICY = '1.2.392.200149.8.5.1.1.20';

/** The extensions of a JPKI end-entity certificate, by name so that a test can change one and leave the rest. */
export function profileExtensions(authority: TestAuthority, policy?: string): ProfileExtensions {
  const { hierarchy } = authority;
  const qualifier = der.sequence(der.oid('1.3.6.1.5.5.7.2.1'), der.ia5('http://www.jpki.example/cps.html'));
  const agency = nameDer(['C', 'JP'], ['O', '公的個人認証サービス']);
  const common = {
    keyUsage: { oid: '2.5.29.15', critical: true, value: der.namedBits(USAGE[hierarchy]) },
    policies: {
      oid: '2.5.29.32',
      critical: true,
      value: der.sequence(der.sequence(der.oid(policy ?? POLICY[hierarchy]), der.sequence(qualifier))),
    },
    issuerAltName: { oid: '2.5.29.18', value: der.sequence(der.explicit(4, agency)) },
    crlDistributionPoints: {
      oid: '2.5.29.31',
      value: der.sequence(der.sequence(der.explicit(0, der.explicit(0, der.explicit(4, partitionName(hierarchy)))))),
    },
    aki: {
      oid: '2.5.29.35',
      value: der.sequence(
        der.implicit(0, authority.key.keyId),
        der.explicit(1, der.explicit(4, authority.name)),
        der.implicit(2, authority.serial),
      ),
    },
  };
  if (hierarchy === 'sign') return { ...common, san: { oid: '2.5.29.17', value: attributesDer() } };
  return {
    ...common,
    eku: { oid: '2.5.29.37', value: der.sequence(der.oid('1.3.6.1.5.5.7.3.2')) },
    aia: {
      oid: '1.3.6.1.5.5.7.1.1',
      value: der.sequence(
        der.sequence(der.oid('1.3.6.1.5.5.7.48.1'), der.implicit(6, Buffer.from('http://ocsp.jpki.example'))),
      ),
    },
  };
}

export interface TestEndEntity {
  der: Buffer;
  key: TestKey;
}

/** An end-entity certificate of the JPKI profile, issued by `authority`; `change` overrides parts of it. */
export function issueEndEntity(
  authority: TestAuthority,
  change: Partial<CertificateSpec> & { key?: TestKey } = {},
): TestEndEntity {
  const key = change.key ?? rsaKey('holder');
  const subject =
    authority.hierarchy === 'sign'
      ? nameDer(['C', 'JP'], ['L', 'Tokyo-to'], ['L', 'Minato-ku'], ['CN', '2024040110101012345123456789'])
      : nameDer(['C', 'JP'], ['CN', '20240401101010123456789']);
  const certificate = buildCertificate(
    {
      version: 3,
      serial: 0x0abc1234,
      issuer: authority.name,
      subject,
      notBefore: '2024-04-01T01:02:03Z',
      notAfter: '2029-03-31T14:59:59Z',
      spki: key.spki,
      extensions: Object.values(profileExtensions(authority)),
      ...change,
    },
    authority.key,
  );
  return { der: certificate, key };
}
