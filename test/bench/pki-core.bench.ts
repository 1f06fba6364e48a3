import { type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  checkProfile,
  checkValidity,
  createAnchor,
  digestOf,
  parseCertificate,
  profileFor,
  type TrustAnchor,
  validatePath,
  verifyRawSignature,
} from '#lib/pki';
import { issueEndEntity, makeAuthority } from '../support/pki.js';

export interface BenchRow {
  name: string;
  baseline: string;
  baselineUs: number;
  oursUs: number;
  ratio: number;
  goal: string;
  met: boolean;
}

const GOAL = 0.35;
const ROUNDS = 11;
/** Long enough that each side collects its own garbage rather than the other's. */
const PER_ROUND = 1000;
/** As long as a small contract; both sides hash it. */
const CONTENT = Buffer.alloc(1024, 'contract ');
const AT = Date.UTC(2025, 5, 1);

function ours(der: Uint8Array, anchors: readonly TrustAnchor[], signature: Buffer): void {
  const certificate = parseCertificate(der);
  const path = validatePath({ certificate, anchors, hierarchy: 'sign', at: AT });
  const profile = checkProfile(certificate, profileFor(certificate, { hierarchy: 'sign', mode: 'test' }));
  const validity = checkValidity(certificate, AT);
  const data = verifyRawSignature({
    publicKey: certificate.publicKey,
    padding: 'pkcs1_v15',
    digestAlgorithm: 'sha256',
    digest: digestOf('sha256', CONTENT),
    signature,
  });
  const reasons = [...path.reasons, ...profile, ...validity, ...data];
  if (!path.anchor || reasons.length > 0) throw new Error(`not verified: ${reasons.map(({ code }) => code).join()}`);
}

/** The same certificate by node alone: parse, signature of the issuer, signature of the data; no profile, no path. */
function baseline(der: Uint8Array, issuer: KeyObject, signature: Buffer): void {
  const certificate = new X509Certificate(der);
  if (!certificate.verify(issuer) || !verify('sha256', CONTENT, certificate.publicKey, signature))
    throw new Error('not verified');
}

/** CPU time of one call; everything here is synchronous, and other work on the machine disturbs CPU time least. */
function microseconds(work: () => void): number {
  const start = process.cpuUsage();
  for (let i = 0; i < PER_ROUND; i++) work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / PER_ROUND;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/**
 * A collection of young garbage, so that nobody pays for what the other side left: node's certificate and key objects are
 * freed by the collector, which took a tenth of the next round's time. Full collections would instead drop optimised code.
 */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  return () => collect({ type: 'minor' });
}

/** Certificate and data signature, ours with every check against node's certificate class; rounds alternate. */
export function bench(): Promise<BenchRow[]> {
  const authorities = [2015, 2019, 2023].flatMap((generation) => [
    makeAuthority('sign', generation),
    makeAuthority('auth', generation),
  ]);
  const anchors = authorities.map(({ der, hierarchy }) => createAnchor(der, hierarchy));
  const authority = authorities.at(-2)!;
  // Distinct certificates, so that nothing can be remembered between two of them.
  const certificates = Array.from({ length: 8 }, (_, i) => issueEndEntity(authority, { serial: 0x0abc1234 + i }));
  const signature = sign('sha256', CONTENT, certificates[0]!.key.privateKey);
  const issuer = authority.key.publicKey;
  let turn = 0;
  const next = (): Uint8Array => certificates[turn++ % certificates.length]!.der;
  const runOurs = (): void => ours(next(), anchors, signature);
  const runBaseline = (): void => baseline(next(), issuer, signature);

  for (let i = 0; i < 4; i++) {
    microseconds(runOurs);
    microseconds(runBaseline);
  }
  const collect = garbageCollector();
  const times = { ours: [] as number[], baseline: [] as number[] };
  for (let i = 0; i < ROUNDS; i++) {
    collect();
    times.ours.push(microseconds(runOurs));
    collect();
    times.baseline.push(microseconds(runBaseline));
  }
  const oursUs = median(times.ours);
  const baselineUs = median(times.baseline);
  const ratio = oursUs / baselineUs;
  return Promise.resolve([
    {
      name: 'certificate, path, profile, validity and data signature',
      baseline: 'node X509Certificate: parse, verify(issuer), crypto.verify',
      baselineUs,
      oursUs,
      ratio,
      goal: `≤ ${GOAL}`,
      met: ratio <= GOAL,
    },
  ]);
}
