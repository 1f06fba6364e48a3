import { isDeepStrictEqual } from 'node:util';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import {
  AnchorRefused,
  createAnchor,
  KNOWN_ROOTS,
  Malformed,
  readCrl,
  readKeptAttributes,
  sha256Hex,
  statusFromCrls,
  type Certificate,
  type RevocationFinding,
  type TrustAnchor,
} from '#lib/pki';
import type { Mode } from '#lib/platform';
import { bundleSchema, type Bundle } from './bundle.js';
import type { SealedEvidence, VerdictFacts } from './evidence.js';
import { commitmentOf, RECEIPT_TYPE, type ReceiptClaims } from './receipt.js';
import { EvidenceIncomplete, rejudge, statusFromKeptOcsp, type Rejudgement, type RejudgedStatus } from './rejudge.js';

/** One thing that is not as it was exported; `part` names it. */
export interface BundleFault {
  part: string;
  fault: string;
}

export interface BundleReport {
  /** Of the text that was checked; the audit event `evidence.export` has that of the original. */
  sha256: string;
  faults: BundleFault[];
  verification?: { id: string; tenant: string; mode: Mode; decided_at: string; outcome: string };
  /** The verdict that follows from the bytes alone; absent when they do not suffice. */
  rederived?: { outcome: string; reasons: string[] };
  /** `attested_by_pf`: the issuer's statement is not there, the platform operator's record of it stands for it. */
  revocation: 'rederived' | 'attested_by_pf' | 'not_run';
  /** By whom the keys of the receipt and the anchors are vouched for. */
  keys: 'trusted' | 'from_bundle' | 'no_receipt';
  anchors: 'trusted' | 'from_bundle';
}

export interface BundleTrust {
  /** Keys of receipts from a source other than the bundle. */
  keys?: JSONWebKeySet;
  /** Fingerprints of roots (hex SHA-256) besides the known ones of JPKI. */
  anchors?: readonly string[];
  /** Lists given apart, as delivered. */
  lists?: readonly Uint8Array[];
}

/** How far signing, deciding and storing may be apart, by real time. */
const RECORDED_WITHIN_MS = 10 * 60_000;

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64');

/**
 * Checks an exported bundle with nothing but its bytes: no database, no network. Never throws for what is in the text.
 * An empty list of faults means that the verdict follows from the evidence and that the receipt is about both.
 */
export async function checkBundle(text: string, trust: BundleTrust = {}): Promise<BundleReport> {
  const sha256 = sha256Hex(Buffer.from(text));
  const bundle = readBundle(text);
  const nothing = { sha256, revocation: 'not_run', keys: 'no_receipt', anchors: 'from_bundle' } as const;
  if (!('format' in bundle)) return { ...nothing, faults: bundle.faults };
  const faults = [...checkHashes(bundle), ...checkKind(bundle)];
  const receipt = await checkReceipt(bundle, trust.keys);
  faults.push(...receipt.faults);
  const { id, tenant, mode, decided_at } = bundle.verification;
  const again = await repeat(bundle, trust.lists ?? []);
  faults.push(...again.faults);
  return {
    sha256,
    faults,
    verification: { id, tenant, mode, decided_at, outcome: bundle.facts.outcome },
    ...(again.verdict
      ? { rederived: { outcome: again.verdict.outcome, reasons: again.verdict.reasons.map(({ code }) => code) } }
      : {}),
    revocation: again.revocation,
    keys: receipt.keys,
    anchors: again.anchor !== undefined && isTrusted(again.anchor, trust.anchors ?? []) ? 'trusted' : 'from_bundle',
  };
}

const isTrusted = (fingerprint: string, given: readonly string[]): boolean =>
  KNOWN_ROOTS.has(fingerprint) || given.some((each) => each.toLowerCase() === fingerprint);

function readBundle(text: string): Bundle | { faults: BundleFault[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { faults: [{ part: 'bundle', fault: 'not_json' }] };
  }
  const parsed = bundleSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const parts = parsed.error.issues.slice(0, 20).map(({ path }) => path.join('.') || 'bundle');
  return { faults: [...new Set(parts)].map((part) => ({ part, fault: 'malformed' })) };
}

/** What names itself by a hash has that hash. */
function checkHashes({ anchors, crls, evidence, facts }: Bundle): BundleFault[] {
  const faults: BundleFault[] = [];
  anchors.forEach(({ fingerprint, certificate }, i) => {
    if (sha256Hex(bytesOf(certificate)) !== fingerprint)
      faults.push({ part: `anchors.${i}`, fault: 'fingerprint_mismatch' });
  });
  crls.forEach(({ sha256, content }, i) => {
    if (sha256Hex(bytesOf(content)) !== sha256) faults.push({ part: `crls.${i}`, fault: 'hash_mismatch' });
  });
  const { ocsp } = evidence;
  if (ocsp) {
    const hash = sha256Hex(bytesOf(ocsp.response));
    if (!facts.revocation.some(({ method, sourceSha256 }) => method === 'ocsp' && sourceSha256 === hash))
      faults.push({ part: 'evidence.ocsp.response', fault: 'hash_mismatch' });
  }
  return faults;
}

const checkKind = ({ verification, facts }: Bundle): BundleFault[] =>
  (verification.kind === 'signature') === (facts.certificate.kind === 'sign')
    ? []
    : [{ part: 'verification.kind', fault: 'mismatch' }];

async function checkReceipt(
  bundle: Bundle,
  trusted: JSONWebKeySet | undefined,
): Promise<{ faults: BundleFault[]; keys: BundleReport['keys'] }> {
  const { receipt, verification, facts, evidence } = bundle;
  if (receipt === undefined) return { faults: [], keys: 'no_receipt' };
  const keys = trusted ? 'trusted' : 'from_bundle';
  let claims: Partial<ReceiptClaims>;
  try {
    const keySet = createLocalJWKSet(trusted ?? bundle.jwks);
    const { payload, protectedHeader } = await compactVerify(receipt, keySet, { algorithms: ['ES256'] });
    if (protectedHeader.typ !== RECEIPT_TYPE) return { faults: [{ part: 'receipt', fault: 'wrong_type' }], keys };
    claims = JSON.parse(Buffer.from(payload).toString()) as Partial<ReceiptClaims>;
  } catch {
    return { faults: [{ part: 'receipt', fault: 'signature_invalid' }], keys };
  }
  const faults: BundleFault[] = [];
  const expect = (part: string, claim: unknown, value: unknown): void => {
    if (!isDeepStrictEqual(claim, value)) faults.push({ part, fault: 'receipt_says_otherwise' });
  };
  expect('verification.id', claims.jti, verification.id);
  expect('verification.tenant', claims.aud, verification.tenant);
  expect('verification.mode', claims.mode, verification.mode);
  expect('verification.decided_at', claims.decided_at, verification.decided_at);
  expect('facts.outcome', claims.outcome, facts.outcome);
  const { digestAlgorithm: alg } = facts.signature;
  const digest = bytesOf(evidence.digest).toString('base64url');
  expect('evidence.digest', claims.content_digest, alg === undefined ? null : { alg, value: digest });
  const commitment = commitmentOf(bytesOf(evidence.salt ?? ''), bytesOf(evidence.certificate));
  expect('evidence.certificate', claims.certificate_commitment, { alg: 'sha256', value: commitment });
  const apart = Math.abs(Date.parse(verification.recorded_at) - Number(claims.iat) * 1_000);
  if (!(apart <= RECORDED_WITHIN_MS))
    faults.push({ part: 'verification.recorded_at', fault: 'receipt_says_otherwise' });
  return { faults, keys };
}

interface Repeated {
  faults: BundleFault[];
  verdict?: Rejudgement['verdict'];
  revocation: BundleReport['revocation'];
  anchor?: string;
}

/** All checks again, and whether they give what the record says. */
async function repeat(bundle: Bundle, lists: readonly Uint8Array[]): Promise<Repeated> {
  const facts = bundle.facts as unknown as VerdictFacts;
  const { mode, decided_at } = bundle.verification;
  const at = Date.parse(decided_at);
  const { anchors, faults } = readAnchors(bundle);
  const evidence = readEvidence(bundle);
  const files = [...bundle.crls.map(({ content }) => bytesOf(content)), ...lists];
  let result: Rejudgement;
  try {
    result = await rejudge({
      mode,
      facts,
      evidence,
      anchors: anchors[mode],
      anchorsOfOtherMode: anchors[mode === 'live' ? 'test' : 'live'],
      at,
      statusesOf: (certificate, anchor) =>
        facts.revocation.map((finding) => statusAgain(finding, { certificate, anchor, at }, evidence, files)),
    });
  } catch (error) {
    if (error instanceof EvidenceIncomplete)
      return { faults: [...faults, { part: 'evidence', fault: 'incomplete' }], revocation: 'not_run' };
    if (error instanceof Malformed)
      return {
        faults: [...faults, { part: 'evidence', fault: `malformed:${error.structure}` }],
        revocation: 'not_run',
      };
    throw error;
  }
  const { verdict, statuses, anchor } = result;
  faults.push(...compare(bundle, result, evidence));
  return {
    faults,
    verdict,
    revocation:
      statuses.length === 0
        ? 'not_run'
        : statuses.every(({ basis }) => basis === 'rederived')
          ? 'rederived'
          : 'attested_by_pf',
    ...(anchor ? { anchor: anchor.fingerprint } : {}),
  };
}

/** Where the record says other than the bytes. */
function compare({ facts }: Bundle, result: Rejudgement, { signedAttributes, cms }: SealedEvidence): BundleFault[] {
  const { verdict, statuses, certificate, anchor } = result;
  const wrong: string[] = [];
  if (statuses.length !== facts.revocation.length) wrong.push('facts.revocation');
  statuses.forEach(({ finding }, i) => {
    const recorded = facts.revocation[i] as RevocationFinding;
    if (!isDeepStrictEqual(withoutDetail(finding), withoutDetail(recorded))) wrong.push(`facts.revocation.${i}`);
  });
  if (verdict.outcome !== facts.outcome) wrong.push('facts.outcome');
  if (!isDeepStrictEqual(verdict.checks, facts.checks)) wrong.push('facts.checks');
  if (!isDeepStrictEqual(plainReasons(verdict.reasons), plainReasons(facts.reasons as VerdictFacts['reasons'])))
    wrong.push('facts.reasons');
  const { notBefore, notAfter } = certificate;
  const { kind } = facts.certificate;
  const stated = { kind, notBefore, notAfter, ...(anchor ? { anchor: anchor.fingerprint } : {}) };
  if (!isDeepStrictEqual(stated, facts.certificate)) wrong.push('facts.certificate');
  if (cms) {
    const { signingTime } = signedAttributes ? readKeptAttributes(signedAttributes) : {};
    const { padding } = cms.signatureAlgorithm;
    const { digest: digestAlgorithm } = cms.digestAlgorithm;
    const said = { padding: undefined, digestAlgorithm: undefined, signingTime: undefined, ...facts.signature };
    if (!isDeepStrictEqual({ format: 'cms', padding, digestAlgorithm, signingTime }, { ...said }))
      wrong.push('facts.signature');
  }
  return wrong.map((part) => ({ part, fault: 'does_not_follow' }));
}

function statusAgain(
  finding: RevocationFinding,
  question: { certificate: Certificate; anchor: TrustAnchor; at: number },
  { ocsp }: SealedEvidence,
  lists: readonly Uint8Array[],
): RejudgedStatus {
  const recorded: RejudgedStatus = { finding, basis: 'as_recorded' };
  const { method, sourceSha256 } = finding;
  if (sourceSha256 === undefined) return recorded;
  if (method === 'ocsp') return ocsp ? { finding: statusFromKeptOcsp(ocsp, question), basis: 'rederived' } : recorded;
  const file = lists.find((list) => sha256Hex(list) === sourceSha256);
  if (file === undefined) return recorded;
  const { certificate: issuer } = question.anchor;
  return {
    finding: statusFromCrls({
      certificate: question.certificate,
      issuer: { name: issuer.subject, publicKey: issuer.publicKey, certificate: issuer },
      crls: [readCrl(file)],
      at: question.at,
    }),
    basis: 'rederived',
  };
}

function readAnchors({ anchors }: Bundle): { anchors: Record<Mode, TrustAnchor[]>; faults: BundleFault[] } {
  const read: Record<Mode, TrustAnchor[]> = { live: [], test: [] };
  const faults: BundleFault[] = [];
  anchors.forEach(({ mode, hierarchy, certificate }, i) => {
    try {
      read[mode].push(createAnchor(bytesOf(certificate), hierarchy));
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof AnchorRefused)) throw error;
      faults.push({ part: `anchors.${i}`, fault: `refused:${error.rule}` });
    }
  });
  return { anchors: read, faults };
}

function readEvidence({ evidence }: Bundle): SealedEvidence {
  const { signed_attributes, cms, ocsp } = evidence;
  return {
    certificate: bytesOf(evidence.certificate),
    signature: bytesOf(evidence.signature),
    digest: bytesOf(evidence.digest),
    ...(signed_attributes === undefined ? {} : { signedAttributes: bytesOf(signed_attributes) }),
    ...(cms ? { cms: cms as NonNullable<SealedEvidence['cms']> } : {}),
    ...(ocsp ? { ocsp: { response: bytesOf(ocsp.response), nonce: bytesOf(ocsp.nonce) } } : {}),
  };
}

/** The words for why a list says nothing differ between reading it from the file and from the entries held. */
const withoutDetail = ({ detail: _detail, ...finding }: RevocationFinding): object => finding;

const plainReasons = (reasons: VerdictFacts['reasons']): unknown =>
  reasons.map(({ code, operands: { detail: _detail, ...operands } = {} }) => ({ code, operands }));
