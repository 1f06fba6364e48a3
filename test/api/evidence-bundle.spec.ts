import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Role } from '#lib/operators';
import { fromPublicId, Problem } from '#lib/platform';
import { checkBundle, exportEvidence, type Bundle, type BundleReport, type BundleTrust } from '#lib/verification';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, rawBody } from '../support/card.js';
import { runToEnd } from '../support/story.js';
import { keyRing } from '../support/tenants.js';
import { verifySignature, type Verification } from '../support/verification.js';

const PROGRAM = 'dist/apps/admin/src/check-evidence.js';
const REASON = 'Request 12 of the prosecutor';

let stack: ApiStack;
let key: TestKey;
let liveKey: TestKey;
let directory: string;
let trust: Required<Pick<BundleTrust, 'keys' | 'anchors'>>;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
  // Before any operator is made here: going live is the work of the installation's first two.
  liveKey = await stack.newKey({ mode: 'live' });
  directory = mkdtempSync(join(tmpdir(), 'shomei-evidence-'));
  const keys = (await stack.send('GET', '/jwks/test.json')).body as unknown as NonNullable<BundleTrust['keys']>;
  trust = { keys, anchors: (await stack.sandbox.anchors()).map(({ fingerprint }) => fingerprint) };
}, 300_000);
afterAll(async () => {
  await stack.stop();
  rmSync(directory, { recursive: true, force: true });
});

const uuidOf = ({ id }: Pick<Verification, 'id'>): string => fromPublicId('ver', id)!;

/** As an operator with these roles, through the process of the console or the command. */
const exportAs = (
  roles: readonly Role[],
  verificationId: string,
  { reason = REASON, as = 'admin', token }: { reason?: string; as?: 'admin' | 'operator'; token?: Buffer } = {},
) =>
  stack.withPeople(async (people, database) => {
    const session = await people.session(await people.withoutApproval(roles, database));
    const { text, sha256 } = await exportEvidence(people[as], keyRing(), {
      verificationId,
      reason,
      tokenSha256: token ?? session.tokenSha256,
      operatorId: session.operatorId,
      origin: { requestId: 'req_test', ip: '127.0.0.1' },
    });
    return { text, sha256, bundle: JSON.parse(text) as Bundle, operatorId: session.operatorId };
  });

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );

const audited = async (verification: Verification): Promise<{ actor: string; action: string; detail: object }[]> => {
  const { rows } = await stack.owner.query<{ actor: string; action: string; detail: object }>(
    `select actor, action, detail from audit_event where target = $1 and action like 'evidence.%' order by id`,
    [`verification:${uuidOf(verification)}`],
  );
  return rows;
};

const check = (bundle: Bundle, given: BundleTrust = trust): Promise<BundleReport> =>
  checkBundle(JSON.stringify(bundle), given);
const faultsOf = ({ faults }: BundleReport): string[] => faults.map(({ part, fault }) => `${part}:${fault}`);

describe('a bundle', () => {
  const made: [string, () => Promise<Verification>, BundleReport['revocation']][] = [
    ['a valid signature', async () => verifySignature(key, await rawBody(stack.sandbox)), 'rederived'],
    [
      'a revoked certificate',
      async () => verifySignature(key, await rawBody(stack.sandbox, { card: 'moved' })),
      'rederived',
    ],
    [
      'a status by OCSP',
      async () => verifySignature(key, { ...(await rawBody(stack.sandbox)), revocation: 'ocsp' }),
      'rederived',
    ],
    [
      'a signature over something else',
      async () => verifySignature(key, { ...(await rawBody(stack.sandbox)), content: base64('other') }),
      'not_run',
    ],
    [
      'a signed message',
      async () =>
        verifySignature(key, {
          format: 'cms',
          cms: await stack.sandbox.signCms('adult-valid', { content: base64('contract'), detached: false }),
          revocation: 'crl',
          identify: false,
        }),
      'rederived',
    ],
    ['an issuer that nobody knows here', async () => verifySignature(liveKey, await rawBody(stack.sandbox)), 'not_run'],
  ];
  it.each(made)('of %s gives the verdict again with nothing but its bytes', async (_what, make, revocation) => {
    const verification = await make();
    const { text, sha256 } = await exportAs(['auditor'], uuidOf(verification));
    const live = (await stack.send('GET', '/jwks/live.json')).body as unknown as NonNullable<BundleTrust['keys']>;
    const report = await checkBundle(text, { ...trust, keys: verification.mode === 'live' ? live : trust.keys });
    expect(report).toMatchObject({
      sha256,
      faults: [],
      verification: { id: verification.id, outcome: verification.outcome },
      rederived: { outcome: verification.outcome, reasons: verification.reasons.map(({ code }) => code) },
      revocation,
      keys: 'trusted',
    });
  });

  it('leaves for an auditor with a reason, from the console’s process and the command’s, and each time is on record', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox));
    for (const as of ['admin', 'operator'] as const) await exportAs(['auditor'], uuidOf(verification), { as });
    const events = await audited(verification);
    expect(events.map(({ action }) => action)).toEqual([
      'evidence.open',
      'evidence.export',
      'evidence.open',
      'evidence.export',
    ]);
    expect(events[0]?.detail).toEqual({ reason: REASON, purpose: 'bundle' });
    expect(events[1]?.detail).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('leaves for nobody else', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox));
    const id = uuidOf(verification);
    expect(await codeOf(exportAs(['admin', 'onboarding', 'billing', 'support'], id))).toBe('permission_missing');
    expect(await codeOf(exportAs(['auditor'], id, { token: randomBytes(32) }))).toBe('session_missing');
    expect(await codeOf(exportAs(['auditor'], id, { reason: '  ' }))).toBe('request_invalid');
    expect(await codeOf(exportAs(['auditor'], randomUUID()))).toBe('not_found');
    expect(await audited(verification)).toEqual([]);
  });

  it('is the only way: no process of operators reads evidence or wrapped keys past the door', async () => {
    await stack.withPeople(async ({ admin, operator }) => {
      for (const role of [admin, operator])
        for (const statement of ['select evidence from verification', 'select wrapped from tenant_key'])
          await expect(role.query(statement)).rejects.toThrow(/permission denied/);
    });
  });
});

describe('a bundle of which something was changed', () => {
  let original: Bundle;
  beforeAll(async () => {
    const card = await stack.sandbox.issue();
    const verification = await verifySignature(key, await rawBody(stack.sandbox, { card }));
    original = (await exportAs(['auditor'], uuidOf(verification))).bundle;
  });

  /** Another byte in the middle. */
  const flip = (text: string): string => {
    const bytes = Buffer.from(text, 'base64');
    bytes[bytes.length >> 1]! ^= 1;
    return bytes.toString('base64');
  };
  const changes: [string, (bundle: Bundle) => void, string][] = [
    ['the certificate', (b) => (b.evidence.certificate = flip(b.evidence.certificate)), 'evidence.certificate'],
    ['the signature', (b) => (b.evidence.signature = flip(b.evidence.signature)), 'facts.outcome'],
    ['the digest', (b) => (b.evidence.digest = flip(b.evidence.digest)), 'evidence.digest'],
    ['the salt', (b) => (b.evidence.salt = flip(b.evidence.salt!)), 'evidence.certificate'],
    ['the receipt', (b) => (b.receipt = `${b.receipt!.slice(0, -8)}AAAAAAAA`), 'receipt'],
    ['the outcome', (b) => (b.facts.outcome = 'invalid'), 'facts.outcome'],
    ['a reason', (b) => b.facts.reasons.push({ code: 'revoked' }), 'facts.reasons'],
    ['a check', (b) => (b.facts.checks[0]!.result = 'not_run'), 'facts.checks'],
    ['the status', (b) => (b.facts.revocation[0]!.status = 'unknown'), 'facts.revocation.0'],
    ['the number of the list', (b) => (b.facts.revocation[0]!.crlNumber = '1'), 'facts.revocation.0'],
    ['the number of statuses', (b) => (b.facts.revocation = []), 'facts.outcome'],
    ['the validity', (b) => (b.facts.certificate.notAfter += 1_000), 'facts.certificate'],
    ['the kind of the certificate', (b) => (b.facts.certificate.kind = 'auth'), 'verification.kind'],
    ['the padding', (b) => (b.facts.signature.padding = 'pss'), 'facts.outcome'],
    ['the time', (b) => (b.verification.decided_at = '2020-01-01T00:00:00.000Z'), 'verification.decided_at'],
    [
      'the time of record',
      (b) => (b.verification.recorded_at = '2020-01-01T00:00:00.000Z'),
      'verification.recorded_at',
    ],
    ['the tenant', (b) => (b.verification.tenant = `ten_${'0'.repeat(32)}`), 'verification.tenant'],
    ['the id', (b) => (b.verification.id = `ver_${'0'.repeat(32)}`), 'verification.id'],
    ['the mode', (b) => (b.verification.mode = 'live'), 'verification.mode'],
    ['the list', (b) => (b.crls[0]!.content = flip(b.crls[0]!.content)), 'crls.0'],
    ['a root', (b) => (b.anchors[0]!.certificate = flip(b.anchors[0]!.certificate)), 'anchors.0'],
    ['the roots: there are none', (b) => (b.anchors = []), 'facts.outcome'],
    ['the form', (b) => ((b as { format: string }).format = 'other'), 'format'],
    ['a member that means nothing', (b) => Object.assign(b, { more: 1 }), 'bundle'],
  ];
  it.each(changes)('is found out: %s', async (_what, change, part) => {
    const bundle = structuredClone(original);
    change(bundle);
    const report = await check(bundle);
    expect(report.faults.map((fault) => fault.part)).toContain(part);
  });

  it('is found out when receipt and keys were replaced together, by who knows the keys', async () => {
    const other = await verifySignature(await stack.newKey(), await rawBody(stack.sandbox));
    const { bundle } = await exportAs(['auditor'], uuidOf(other));
    const keys = bundle.jwks;
    const forged = structuredClone(original);
    forged.jwks = { keys: [{ ...keys.keys[0]!, x: Buffer.alloc(32, 1).toString('base64url') }] };
    expect(faultsOf(await check(forged, { anchors: trust.anchors }))).toEqual(['receipt:signature_invalid']);
    expect(await check(original, {})).toMatchObject({ faults: [], keys: 'from_bundle', anchors: 'from_bundle' });
  });

  it('says that the operator’s record stands for a list that is missing, and takes the list given apart', async () => {
    const without = { ...structuredClone(original), crls: [] };
    expect(await check(without)).toMatchObject({ faults: [], revocation: 'attested_by_pf' });
    const lists = [Buffer.from(original.crls[0]!.content, 'base64')];
    expect(await check(without, { ...trust, lists })).toMatchObject({ faults: [], revocation: 'rederived' });
  });

  describe('npm run check-evidence', () => {
    const run = async (content: string | Buffer, ...args: string[]) => {
      const file = join(directory, `${randomUUID()}.json`);
      writeFileSync(file, content);
      return runToEnd(PROGRAM, {}, [file, ...args]);
    };
    const vouched = (): string[] => {
      const keys = join(directory, 'jwks.json');
      writeFileSync(keys, JSON.stringify(trust.keys));
      return ['--keys', keys, ...trust.anchors.flatMap((each) => ['--anchor', each])];
    };

    it('ends with 0, 1, 3, 2 or 64 and needs neither database nor network', async () => {
      const tampered = structuredClone(original);
      tampered.facts.outcome = 'invalid';
      const text = JSON.stringify(original);
      const [whole, wrong, unconfirmed] = [
        await run(text, ...vouched()),
        await run(JSON.stringify(tampered), ...vouched()),
        await run(text),
      ];
      expect([whole.code, wrong.code, unconfirmed.code]).toEqual([0, 1, 3]);
      expect(JSON.parse(wrong.out.join(''))).toMatchObject({
        faults: expect.arrayContaining([{ part: 'facts.outcome', fault: 'receipt_says_otherwise' }]),
      });
      expect((await runToEnd(PROGRAM, {}, [join(directory, 'none.json')])).code).toBe(2);
      expect((await runToEnd(PROGRAM, {}, [])).code).toBe(64);
      expect((await run(text, '--anchor', 'x')).code).toBe(64);
    }, 60_000);

    it('reports garbage and never crashes', async () => {
      const cut = JSON.stringify(original).slice(0, 500);
      const hollow = { ...original, evidence: { certificate: '', signature: '', digest: '' } };
      for (const content of ['', '{}', 'null', '[]', cut, randomBytes(1_000), JSON.stringify(hollow)]) {
        const { code, out, err } = await run(content);
        expect([code, err]).toEqual([1, []]);
        expect((JSON.parse(out.join('')) as BundleReport).faults.length).toBeGreaterThan(0);
      }
    }, 60_000);
  });
});
