import { setEngine, CryptoEngine, Certificate as PkijsCertificate, ContentInfo, SignedData } from 'pkijs';
import {
  checkProfile,
  checkValidity,
  createAnchor,
  findSigner,
  parseCms,
  profileFor,
  type TrustAnchor,
  validatePath,
  verifyCmsSignature,
} from '#lib/pki';
import { buildCms, issuerAndSerial } from '../support/cms.js';
import { issueEndEntity, makeAuthority } from '../support/pki.js';
import * as der from '../support/der-writer.js';
import type { BenchRow } from './pki-core.bench.js';

const GOAL = 1 / 15;
const ROUNDS = 7;
const OURS_PER_ROUND = 2000;
const PKIJS_PER_ROUND = 60;
const AT = Date.UTC(2026, 1, 2);
/** As long as a small contract; both sides hash it. */
const CONTENT = Buffer.alloc(1024, 'contract ');

function ours(message: Uint8Array, anchors: readonly TrustAnchor[]): void {
  const cms = parseCms(message);
  const { signer, certificate, reasons } = findSigner(cms);
  if (!signer) throw new Error(`no signer: ${reasons[0].code}`);
  const path = validatePath({ certificate, anchors, hierarchy: 'sign', at: AT });
  const profile = checkProfile(certificate, profileFor(certificate, { hierarchy: 'sign', mode: 'test' }));
  const validity = checkValidity(certificate, AT);
  const signature = verifyCmsSignature({ cms, signer, certificate, at: AT });
  const found = [...path.reasons, ...profile, ...validity, ...signature.reasons];
  if (!path.anchor || signature.contentMissing || found.length > 0)
    throw new Error(`not verified: ${found.map(({ code }) => code).join()}`);
}

/** pkijs: message digest, signature and chain to the root; no JPKI profile. */
async function pkijs(message: Uint8Array, root: PkijsCertificate): Promise<void> {
  const info = ContentInfo.fromBER(message);
  const signed = new SignedData({ schema: info.content });
  const verified = await signed.verify({
    signer: 0,
    trustedCerts: [root],
    checkChain: true,
    checkDate: new Date(AT),
  });
  if (!verified) throw new Error('not verified by pkijs');
}

/** Processor time of one call in microseconds; other work on the machine disturbs it least. */
async function microseconds(count: number, work: () => void | Promise<void>): Promise<number> {
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/**
 * A CMS message with attached content and the signer's certificate, verified whole. OpenSSL cannot be called for CMS
 * within this process, so the goal against it is not measured here.
 */
export async function bench(): Promise<BenchRow[]> {
  setEngine('node', new CryptoEngine({ name: 'node', crypto: globalThis.crypto }));
  const authority = makeAuthority('sign', 2023);
  const anchors = [createAnchor(authority.der, 'sign')];
  const messages = Array.from({ length: 8 }, (_, i) => {
    const serial = 0x0abc1234 + i;
    const holder = issueEndEntity(authority, { serial });
    const signerId = issuerAndSerial(authority.name, der.integer(serial).subarray(2));
    return buildCms({ content: CONTENT, key: holder.key, signerId, certificates: [holder.der] });
  });
  const root = PkijsCertificate.fromBER(authority.der);
  let turn = 0;
  const next = (): Uint8Array => messages[turn++ % messages.length]!;
  const times = { ours: [] as number[], pkijs: [] as number[] };
  for (let round = -2; round < ROUNDS; round++) {
    const oursUs = await microseconds(OURS_PER_ROUND, () => ours(next(), anchors));
    const pkijsUs = await microseconds(PKIJS_PER_ROUND, () => pkijs(next(), root));
    // The first two compile.
    if (round < 0) continue;
    times.ours.push(oursUs);
    times.pkijs.push(pkijsUs);
  }
  const oursUs = median(times.ours);
  const baselineUs = median(times.pkijs);
  const ratio = oursUs / baselineUs;
  return [
    {
      name: 'CMS message: parse, path, profile, validity, digest and signature',
      baseline: 'pkijs SignedData.verify with checkChain',
      baselineUs,
      oursUs,
      ratio,
      goal: '≤ 1/15',
      met: ratio <= GOAL,
    },
  ];
}
