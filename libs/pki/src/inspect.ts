import { AnchorRefused, createAnchor, isTestAnchor } from './anchor.js';
import { sha256Hex } from './algorithms.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { type Crl, readCrl } from './crl-reader.js';
import { Malformed } from './der.js';
import { checkInspectedSignature, type InspectedSignature } from './inspect-signature.js';
import { InspectedStatus, type PathStatus, type StatusMethod } from './inspect-status.js';
import { nameToString, prepareText } from './name.js';
import { buildAndValidate } from './path-build.js';
import { checkPath, type PolicyInput } from './path-check.js';
import { type Hierarchy, type TrustAnchor, validatePath } from './path.js';
import { PATH_ALGORITHM_POLICY } from './path-algorithms.js';
import { checkProfile, profileFor } from './profile.js';
import { checkValidity } from './validity.js';
import { type CheckName, judgeFindings, type Reason, REASONS, type Verdict } from './verdict.js';

export const INSPECT_PROFILES = ['rfc5280', 'jpki_sign', 'jpki_auth'] as const;
export type InspectProfile = (typeof INSPECT_PROFILES)[number];

/** DER, or why there is none. */
export type Given = Uint8Array | Malformed;

/** Everything a verdict rests on. Nothing is looked up, so the same request gives the same verdict anywhere. */
export interface InspectRequest {
  certificate: Given;
  anchors: readonly Given[];
  intermediates: readonly Given[];
  crls: readonly Given[];
  ocsp: readonly Given[];
  /** Milliseconds. */
  at: number;
  policy: PolicyInput;
  profile: InspectProfile;
  revocation: StatusMethod | 'none';
  signature?: InspectedSignature;
}

/** An input that could not be read; `item` names it, such as `intermediates[2]`. */
export interface UnreadableItem {
  item: string;
  structure: string;
  rule: string;
}

export interface InspectResult {
  /** Absent when the certificate itself is malformed. */
  verdict?: Verdict;
  malformed?: Malformed;
  /** The path found, the certificate first, the anchor last. */
  path: { subject: string; issuer: string; serialNumber: string; fingerprint: string }[];
  /** Of the general profile. */
  validPolicies: string[];
  /** One for each certificate whose status was asked. */
  statuses: PathStatus[];
  unreadable: UnreadableItem[];
}

/** Findings by check, and what else is told of a path that passed. */
interface PathFindings {
  found: { [Name in CheckName]?: Reason[] };
  path?: readonly Certificate[];
  anchor?: Certificate;
  validPolicies?: string[];
}

/** Says all that can be said about one certificate from the data given. Never throws on bad data. */
export function inspectCertificate(request: InspectRequest): InspectResult {
  return new Inspection(request).run();
}

class Inspection {
  readonly #unreadable: UnreadableItem[] = [];

  constructor(private readonly request: InspectRequest) {}

  run(): InspectResult {
    const { request } = this;
    const certificate = this.#read('certificate', request.certificate, parseCertificate);
    const nothing = { path: [], validPolicies: [], statuses: [], unreadable: this.#unreadable };
    if (certificate instanceof Malformed) return { ...nothing, malformed: certificate };
    const intermediates = this.#readAll('intermediates', request.intermediates, parseCertificate);
    const anchors = this.#readAll('anchors', request.anchors, parseCertificate);
    const status = this.#status(intermediates, anchors);

    // Known only when a path asks for it: the status of a certificate is not looked up for a signature that is not its own.
    let signature: Reason[] | undefined;
    const examine = (path: readonly Certificate[], anchor: Certificate): Reason[] => {
      signature ??= request.signature && checkInspectedSignature(certificate, request.signature, request.at);
      return signature !== undefined && signature.length > 0 ? [] : (status?.examine(path, anchor) ?? []);
    };
    const result =
      request.profile === 'rfc5280'
        ? this.#general(certificate, intermediates, anchors, examine)
        : this.#jpki(certificate, request.profile === 'jpki_sign' ? 'sign' : 'auth', examine);

    const { found } = result;
    if (signature !== undefined) found.signature = signature;
    const passed = found.path?.length === 0 && found.profile?.length === 0 && found.validity?.length === 0;
    if (status && passed && !signature?.length) found.revocation ??= [];
    const required: CheckName[] = ['path', 'profile', 'validity'];
    if (request.signature) required.push('signature');
    if (status) required.push('revocation');
    const verdict = judgeFindings(found, required);
    const path = result.path && result.anchor ? [...result.path, result.anchor].map(describe) : [];
    const validPolicies = result.validPolicies ?? [];
    return { verdict, path, validPolicies, statuses: status?.statuses ?? [], unreadable: this.#unreadable };
  }

  #status(intermediates: readonly Certificate[], anchors: readonly Certificate[]): InspectedStatus | undefined {
    const { revocation, at } = this.request;
    if (revocation === 'none') return undefined;
    const crls = this.#readAll('crls', this.request.crls, (der): Crl => readCrl(der));
    const ocsp = this.#readAll('ocsp', this.request.ocsp, (der) => der);
    return new InspectedStatus({ method: revocation, crls, ocsp, intermediates, anchors, at });
  }

  #general(
    certificate: Certificate,
    intermediates: readonly Certificate[],
    anchors: readonly Certificate[],
    examine: (path: readonly Certificate[], anchor: Certificate) => Reason[],
  ): PathFindings {
    const { at, policy, signature } = this.request;
    const usage = signature ? checkSigningUsage(certificate) : [];
    const built = buildAndValidate({
      certificate,
      intermediates,
      anchors: anchors.map((anchor) => ({ certificate: anchor })),
      at,
      policy,
      examine: (path, anchor) => (usage.length > 0 ? usage : examine(path, anchor.certificate)),
    });
    if (built.path && built.anchor) {
      const { path, anchor, validPolicies } = built;
      return { found: { path: [], profile: [], validity: [] }, path, anchor: anchor.certificate, validPolicies };
    }
    const found: PathFindings['found'] = {};
    for (const reason of built.reasons) (found[REASONS[reason.code].check] ??= []).push(reason);
    // Revocation is asked of paths that passed everything before it.
    if (found.revocation) return { found: { path: [], profile: [], validity: [], ...found } };
    return { found: found.path ? found : { path: [], ...found } };
  }

  /** The product's own steps in the product's order; JPKI is one-tier, so intermediates are of no use. */
  #jpki(
    certificate: Certificate,
    hierarchy: Hierarchy,
    examine: (path: readonly Certificate[], anchor: Certificate) => Reason[],
  ): PathFindings {
    const { at, policy } = this.request;
    const anchors = this.#readAll('anchors', this.request.anchors, (der) => createJpkiAnchor(der, hierarchy));
    const { anchor, reasons } = validatePath({ certificate, anchors, hierarchy, at });
    if (anchor === undefined) return { found: { path: reasons } };
    const mode = isTestAnchor(anchor.certificate) ? 'test' : 'live';
    const { reasons: general, validPolicies } = checkPath({
      path: [certificate],
      anchor: anchor.certificate,
      at,
      policy,
      algorithmPolicy: PATH_ALGORITHM_POLICY,
    });
    const policies = general.filter(({ code }) => code === 'policy_not_allowed');
    const profile = [...checkProfile(certificate, profileFor(certificate, { hierarchy, mode })), ...policies];
    if (profile.length > 0) return { found: { path: [], profile } };
    const validity = checkValidity(certificate, at);
    if (validity.length > 0) return { found: { path: [], profile, validity } };
    const path = [certificate];
    const revocation = examine(path, anchor.certificate);
    const found = { path: [], profile, validity, ...(revocation.length > 0 ? { revocation } : {}) };
    return { found, path, anchor: anchor.certificate, validPolicies };
  }

  #readAll<T>(name: string, given: readonly Given[], read: (der: Uint8Array) => T): T[] {
    return given.flatMap((item, i) => {
      const value = this.#read(`${name}[${i}]`, item, read);
      return value instanceof Malformed ? [] : [value];
    });
  }

  #read<T>(item: string, given: Given, read: (der: Uint8Array) => T): T | Malformed {
    try {
      if (given instanceof Malformed) throw given;
      return read(given);
    } catch (error) {
      const fault = error instanceof AnchorRefused ? new Malformed('anchor', error.rule, 0) : error;
      if (!(fault instanceof Malformed)) throw fault;
      const known = this.#unreadable.some((each) => each.item === item);
      if (!known) this.#unreadable.push({ item, structure: fault.structure, rule: fault.rule });
      return fault;
    }
  }
}

/** RFC 5280 §4.2.1.3: a key whose usage is stated must be stated to sign something other than certificates and lists. */
function checkSigningUsage({ extensions: { keyUsage } }: Certificate): Reason[] {
  // digitalSignature, nonRepudiation
  if (keyUsage === undefined || (keyUsage.bits & 0b11) !== 0) return [];
  return [{ code: 'key_usage_not_allowed', operands: { found: keyUsage.bits } }];
}

const HIERARCHY_UNITS: ReadonlyMap<string, Hierarchy> = new Map([
  ['jpki for digital signature', 'sign'],
  ['jpki for user authentication', 'auth'],
]);

/** An anchor's hierarchy is read from its name; one that says nothing is taken for the hierarchy asked for. */
function createJpkiAnchor(der: Uint8Array, wanted: Hierarchy): TrustAnchor {
  const anchor = createAnchor(der, wanted);
  const { attributes } = anchor.certificate.subject;
  const stated = attributes.map(({ value }) => HIERARCHY_UNITS.get(prepareText(value))).find((each) => each);
  return stated ? { ...anchor, hierarchy: stated } : anchor;
}

const describe = ({ subject, issuer, serialNumber, raw }: Certificate): InspectResult['path'][number] => ({
  subject: nameToString(subject),
  issuer: nameToString(issuer),
  serialNumber,
  fingerprint: sha256Hex(raw),
});
