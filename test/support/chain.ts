import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import * as der from './der-writer.js';
import { buildCertificate, type CertificateSpec, nameDer, type TestExtension, type TestKey } from './pki.js';

/** Test hierarchies of any shape: authorities over authorities, with P-256 keys because those cost nothing to make. */
export interface TestIssuer {
  name: Buffer;
  key: TestKey;
  der: Buffer;
}

const keys = new Map<string, TestKey>();

/** The P-256 key of this name; made once per process. */
export function ecKey(label: string, curve = 'P-256'): TestKey {
  const name = `${label}/${curve}`;
  let key = keys.get(name);
  if (!key) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    key = { privateKey, publicKey, spki, keyId: createHash('sha1').update(spki).digest() };
    keys.set(name, key);
  }
  return key;
}

export const ECDSA_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
export const CHAIN_AT = Date.UTC(2026, 0, 15);
const TIMES = { notBefore: '2025-01-01T00:00:00Z', notAfter: '2029-12-31T23:59:59Z' };

export interface ChainSpec extends Partial<CertificateSpec> {
  key?: TestKey;
  /** `null` writes no extension; default CA without path length, critical. */
  basicConstraints?: { ca?: boolean; pathLength?: number; critical?: boolean } | null;
  /** Named bits; `null` writes no extension; default keyCertSign and cRLSign. */
  keyUsage?: number | null;
  policies?: string[];
  /** Pairs of issuerDomainPolicy and subjectDomainPolicy. */
  mappings?: [string, string][];
  requireExplicitPolicy?: number;
  inhibitPolicyMapping?: number;
  inhibitAnyPolicy?: number;
  more?: TestExtension[];
}

const skipCerts = (n: number, value: number): Buffer => der.implicit(n, der.integer(value).subarray(2));

function chainExtensions(spec: ChainSpec, key: TestKey, issuer: TestKey): TestExtension[] {
  const { basicConstraints = {}, keyUsage = 0b110_0000, policies, mappings, inhibitAnyPolicy } = spec;
  const { requireExplicitPolicy: explicit, inhibitPolicyMapping: inhibit } = spec;
  const list: TestExtension[] = [
    { oid: '2.5.29.14', value: der.octetString(key.keyId) },
    { oid: '2.5.29.35', value: der.sequence(der.implicit(0, issuer.keyId)) },
  ];
  if (basicConstraints) {
    const { ca = true, pathLength, critical = true } = basicConstraints;
    const fields = [...(ca ? [der.boolean(true)] : []), ...(pathLength === undefined ? [] : [der.integer(pathLength)])];
    list.push({ oid: '2.5.29.19', critical, value: der.sequence(...fields) });
  }
  if (keyUsage !== null) list.push({ oid: '2.5.29.15', critical: true, value: der.namedBits(keyUsage) });
  if (policies)
    list.push({ oid: '2.5.29.32', value: der.sequence(...policies.map((oid) => der.sequence(der.oid(oid)))) });
  if (mappings)
    list.push({
      oid: '2.5.29.33',
      critical: true,
      value: der.sequence(...mappings.map(([from, to]) => der.sequence(der.oid(from), der.oid(to)))),
    });
  if (explicit !== undefined || inhibit !== undefined)
    list.push({
      oid: '2.5.29.36',
      critical: true,
      value: der.sequence(
        ...(explicit === undefined ? [] : [skipCerts(0, explicit)]),
        ...(inhibit === undefined ? [] : [skipCerts(1, inhibit)]),
      ),
    });
  if (inhibitAnyPolicy !== undefined)
    list.push({ oid: '2.5.29.54', critical: true, value: der.integer(inhibitAnyPolicy) });
  return [...list, ...(spec.more ?? [])];
}

let serials = 1000;

/** A certificate for `subject`; without an issuer self-signed. P-256 and RSA issuers sign with SHA-256. */
export function certify(issuer: TestIssuer | undefined, subject: string | Buffer, spec: ChainSpec = {}): TestIssuer {
  const name = typeof subject === 'string' ? nameDer(['CN', subject]) : subject;
  const key = spec.key ?? ecKey(typeof subject === 'string' ? subject : subject.toString('hex'));
  const signer = issuer?.key ?? key;
  const isEc = signer.privateKey.asymmetricKeyType === 'ec';
  const certificate = buildCertificate(
    {
      version: 3,
      serial: serials++,
      issuer: issuer?.name ?? name,
      subject: name,
      ...TIMES,
      spki: key.spki,
      extensions: chainExtensions(spec, key, signer),
      ...(isEc ? { innerAlgorithm: ECDSA_SHA256, sign: (tbs) => sign('sha256', tbs, signer.privateKey) } : {}),
      ...spec,
    },
    signer,
  );
  return { name, key, der: certificate };
}

/** An end-entity certificate: no CA, digitalSignature. */
export const certifyLeaf = (issuer: TestIssuer, subject = 'leaf', spec: ChainSpec = {}): TestIssuer =>
  certify(issuer, subject, { basicConstraints: null, keyUsage: 0b1, ...spec });
