import {
  type Certificate,
  type Cms,
  EXTENSION,
  type Extension,
  findSigner,
  inspectCertificate,
  type InspectProfile,
  KEY_USAGE,
  nameToString,
  parseCertificate,
  parseCms,
  type Profile,
  PROFILES,
  readAttributes,
  sha256Hex,
  type SignatureAlgorithm,
} from '#lib/pki';
import type { Mode } from '#lib/platform';
import { readGivenFile } from './given-file.js';
import { explainSteps } from './rest/explain.js';
import type { InspectionAnswer } from './rest/inspection-schemas.js';

export interface Root {
  mode: Mode;
  /** Hex SHA-256 of the certificate. */
  fingerprint: string;
  certificate: Uint8Array;
}

type InspectedCertificate = InspectionAnswer['certificates'][number];

/**
 * Everything that a certificate or a CMS message says, and whether it leads to one of these roots. The same input gives the
 * same answer anywhere; nothing is asked or kept.
 * @param at milliseconds
 * @throws Malformed when it cannot be read, with what was read and where
 */
export function explainGiven(octets: Buffer, roots: readonly Root[], at: number): InspectionAnswer {
  const { form, structure, ders } = readGivenFile(octets);
  const found = { form, structure, at: new Date(at).toISOString() };
  if (structure === 'certificate') {
    const [certificate, ...others] = ders.map(parseCertificate) as [Certificate, ...Certificate[]];
    return {
      ...found,
      certificates: [certificate, ...others].map(explainCertificate),
      cms: null,
      verdict: judge({ certificate, others, roots, at }),
    };
  }
  const der = ders[0]!;
  const cms = parseCms(der);
  const signer = findSigner(cms).certificate;
  const others = cms.certificates.filter((each) => each !== signer);
  return {
    ...found,
    certificates: (signer ? [signer, ...others] : others).map(explainCertificate),
    cms: explainCms(cms),
    verdict: signer ? judge({ certificate: signer, others, roots, at, cms: der }) : null,
  };
}

/** By path, profile and validity, and the signature of a message; the status is not asked. */
function judge(given: {
  certificate: Certificate;
  others: readonly Certificate[];
  roots: readonly Root[];
  at: number;
  cms?: Uint8Array;
}): InspectionAnswer['verdict'] {
  const { certificate, others, roots, at, cms } = given;
  const { verdict, path } = inspectCertificate({
    certificate: certificate.raw,
    anchors: roots.map((root) => root.certificate),
    intermediates: others.map(({ raw }) => raw),
    crls: [],
    ocsp: [],
    at,
    policy: {},
    profile: profileOf(certificate),
    revocation: 'none',
    ...(cms ? { signature: { format: 'cms', cms } as const } : {}),
  });
  // It was parsed before.
  if (!verdict) throw new Error('a certificate that was read cannot be read');
  const end = path.at(-1)?.fingerprint;
  return {
    outcome: verdict.outcome,
    steps: explainSteps(verdict),
    path: path.map(({ subject, fingerprint }) => ({ subject, sha256: fingerprint })),
    trusted_in: roots.find(({ fingerprint }) => fingerprint === end)?.mode ?? null,
  };
}

const statedProfile = ({ extensions }: Certificate): Profile | undefined =>
  PROFILES.find(({ policyOids }) => policyOids.some((oid) => extensions.certificatePolicies?.oids.includes(oid)));
const profileOf = (certificate: Certificate): InspectProfile => statedProfile(certificate)?.kind ?? 'rfc5280';

function explainCertificate(certificate: Certificate): InspectedCertificate {
  const profile = statedProfile(certificate);
  const attributes = readAttributes(certificate);
  const { extensions, publicKey, signatureAlgorithm } = certificate;
  return {
    sha256: sha256Hex(certificate.raw),
    kind: profile?.kind ?? (extensions.basicConstraints?.ca ? 'authority' : 'other'),
    kind_mode: profile?.mode ?? null,
    version: certificate.version,
    serial_number: certificate.serialNumber,
    serial_hex: hex(certificate.serial),
    subject: nameToString(certificate.subject),
    issuer: nameToString(certificate.issuer),
    not_before: new Date(certificate.notBefore).toISOString(),
    not_after: new Date(certificate.notAfter).toISOString(),
    key: publicKey.rsa ? `RSA ${publicKey.rsa.modulusBits}` : publicKey.algorithmOid,
    signature_algorithm: algorithmName(signatureAlgorithm),
    extensions: extensions.list.map((each) => ({
      oid: each.oid,
      name: EXTENSION_NAMES.get(each.oid) ?? null,
      critical: each.critical,
      values: valuesOf(each, certificate),
    })),
    attributes: attributes.present ? attributes.attributes : null,
  };
}

const EXTENSION_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(EXTENSION).map(([name, oid]) => [oid, name]),
);
const PURPOSES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};

/** What an extension says; of names only which kinds there are. */
function valuesOf({ oid }: Extension, { extensions }: Certificate): string[] {
  const { basicConstraints: basic, keyUsage, authorityKeyIdentifier: authority } = extensions;
  switch (oid) {
    case EXTENSION.keyUsage:
      return Object.entries(KEY_USAGE)
        .filter(([, bit]) => ((keyUsage?.bits ?? 0) & bit) !== 0)
        .map(([name]) => name);
    case EXTENSION.extendedKeyUsage:
      return (extensions.extendedKeyUsage?.oids ?? []).map((purpose) => PURPOSES[purpose] ?? purpose);
    case EXTENSION.basicConstraints:
      return [`CA=${basic?.ca ?? false}`, ...(basic?.pathLength === undefined ? [] : [`pathLen=${basic.pathLength}`])];
    case EXTENSION.subjectKeyIdentifier:
      return extensions.subjectKeyIdentifier ? [hex(extensions.subjectKeyIdentifier)] : [];
    case EXTENSION.authorityKeyIdentifier:
      return [
        ...(authority?.keyId ? [hex(authority.keyId)] : []),
        ...(authority?.issuer ?? []).map((name) => nameToString(name)),
      ];
    case EXTENSION.certificatePolicies:
      return extensions.certificatePolicies?.oids ?? [];
    case EXTENSION.authorityInformationAccess:
      return extensions.ocspUrls.map((url) => `OCSP ${url}`);
    case EXTENSION.subjectAltName:
      return (extensions.subjectAltName?.otherNames ?? []).map((name) => `otherName ${name.oid}`);
    case EXTENSION.crlDistributionPoints:
      return (extensions.crlDistributionPoints ?? []).flatMap(({ fullName }) =>
        fullName ? [...fullName.uris, ...fullName.directoryNames.map(nameToString)] : [],
      );
    default:
      return [];
  }
}

const algorithmName = ({ oid, digest, padding }: SignatureAlgorithm): string =>
  digest && padding ? `${digest} ${padding}` : oid;

const explainCms = ({ contentType, content, certificates, signers }: Cms): NonNullable<InspectionAnswer['cms']> => ({
  content_type: contentType,
  content_octets: content?.length ?? null,
  certificates: certificates.length,
  signers: signers.map(({ digestAlgorithm, signatureAlgorithm, signedAttributes }) => ({
    digest_algorithm: digestAlgorithm.digest ?? digestAlgorithm.oid,
    signature_algorithm: algorithmName(signatureAlgorithm),
    signing_time:
      signedAttributes?.signingTime === undefined ? null : new Date(signedAttributes.signingTime).toISOString(),
    signed_attributes: signedAttributes !== undefined,
  })),
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
