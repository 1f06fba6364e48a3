import { spawn } from 'node:child_process';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { certify, certifyLeaf, CHAIN_AT, type TestIssuer } from '../support/chain.js';
import { buildCrl, type CrlSpec, crlEntry } from '../support/crl.js';
import { buildOcspResponse } from '../support/ocsp.js';
import { rsaKey, type TestAuthority } from '../support/pki.js';

const SERIAL = 4711;
const root = certify(undefined, 'root', { key: rsaKey('root') });
const middle = certify(root, 'middle', { key: rsaKey('middle') });
const leaf = certifyLeaf(middle, 'leaf', { key: rsaKey('leaf'), serial: SERIAL });
const listOf = ({ name, key }: TestIssuer, spec: CrlSpec = {}): Buffer =>
  buildCrl({ name, key } as TestAuthority, {
    thisUpdate: '2026-01-14T00:00:00Z',
    nextUpdate: '2026-01-20T00:00:00Z',
    entries: null,
    ...spec,
  });
const revoked = listOf(middle, { entries: [crlEntry({ serial: SERIAL, reason: 4 })] });
const response = buildOcspResponse({ name: middle.name, key: middle.key } as TestAuthority, {
  answers: [{ serial: Buffer.from([0x12, 0x67]), thisUpdate: CHAIN_AT - 60_000, nextUpdate: CHAIN_AT + 60_000 }],
  producedAt: CHAIN_AT - 60_000,
});
const content = Buffer.from('agreed');
const base64 = (octets: Buffer): string => octets.toString('base64');
const pem = (label: string, octets: Buffer): string =>
  `-----BEGIN ${label}-----\n${base64(octets).replace(/.{64}/gu, '$&\n')}\n-----END ${label}-----\n`;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** A run of the compiled tool, or of the command that an operator types; with no setting of any kind. */
async function run(command: string, args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(command, [...args], { env: { PATH: process.env['PATH'], HOME: process.env['HOME'] } });
  const read = [text(child.stdout), text(child.stderr)] as const;
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: await read[0], err: await read[1] };
}
const TOOL = join(process.cwd(), 'dist', 'apps', 'admin', 'src', 'inspect.js');
const inspect = (args: readonly string[], input?: string): Promise<Ended> =>
  run(process.execPath, [TOOL, ...args], input);

interface Verdict {
  id?: unknown;
  outcome: string;
  reason: { code: string; operands: Record<string, unknown> } | null;
  checks: { name: string; result: string }[];
  revocation?: { depth: number; method: string; status: string; crl_number: string | null }[];
}
const verdicts = (out: string): Verdict[] =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Verdict);

describe('npm run inspect, on files', () => {
  let directory: string;
  const file = (name: string, octets: Buffer | string): string => {
    const path = join(directory, name);
    writeFileSync(path, octets);
    return path;
  };
  let card: string;
  let anchor: string;
  let options: string[];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'shomei-inspect-'));
    // What other tools write: the chain in one file, with words around it.
    card = file(
      'card.pem',
      `the card\n${pem('CERTIFICATE', leaf.der)}and its issuer\n${pem('CERTIFICATE', middle.der)}`,
    );
    anchor = file('root.cer', root.der);
    options = ['--certificate', card, '--anchor', anchor, '--at', new Date(CHAIN_AT).toISOString()];
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const lists = (...each: Buffer[]): string[] =>
    each.flatMap((der, i) => ['--crl', file(`${i}.crl`, i === 0 ? der : pem('X509 CRL', der))]);

  it('prints one verdict, and ends with 0 for a valid certificate', async () => {
    const { code, out, err } = await inspect([...options, ...lists(listOf(middle), listOf(root))]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const verdict = JSON.parse(out) as Verdict;
    expect(verdict).toMatchObject({ outcome: 'valid', reason: null });
    expect(verdict.revocation?.map(({ depth, method, status }) => [depth, method, status])).toEqual([
      [0, 'crl', 'good'],
      [1, 'crl', 'good'],
    ]);
  });

  it('ends with 1 for a revoked one, and names reason and time', async () => {
    const { code, out } = await inspect([...options, ...lists(revoked, listOf(root))]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'invalid',
      reason: { code: 'revoked', operands: { depth: 0, reason: 'superseded', revoked_at: '2026-01-02T03:04:05.000Z' } },
    });
  });

  it('ends with 2 when the data do not decide', async () => {
    const { code, out } = await inspect([...options, ...lists(listOf(root))]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'indeterminate', reason: { code: 'revocation_unavailable' } });
  });

  it('explains octets that are no certificate, and passes over a list that is none', async () => {
    const garbage = file('garbage.cer', Buffer.alloc(3_000, 0x30));
    const malformed = await inspect(['--certificate', garbage, '--anchor', anchor]);
    expect(malformed.code).toBe(1);
    expect(JSON.parse(malformed.out)).toMatchObject({
      reason: { code: 'malformed', operands: { structure: 'certificate' } },
    });
    const passedOver = await inspect([...options, ...lists(Buffer.alloc(100, 0xff), listOf(root))]);
    expect(passedOver.code).toBe(2);
    expect(JSON.parse(passedOver.out)).toMatchObject({
      reason: { code: 'revocation_unavailable' },
      unreadable: [{ item: 'crls[0]' }],
    });
  });

  it.each<[string, () => string[]]>([
    ['an unknown option', () => [...options, '--revocatoin', 'none']],
    ['no certificate', () => ['--anchor', anchor]],
    ['a file that is not there', () => ['--certificate', join(directory, 'none.cer'), '--anchor', anchor]],
    ['a folder for a file', () => ['--certificate', directory, '--anchor', anchor]],
    ['a time that is none', () => [...options, '--at', 'yesterday']],
    ['a profile that is none', () => [...options, '--profile', 'jpki']],
  ])('ends with 64 and how it is used for %s, and prints no verdict', async (_why, args) => {
    const { code, out, err } = await inspect(args());
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toMatch(/^usage: inspect /mu);
    expect(err).not.toMatch(/^\s+at /mu);
  });
});

describe('npm run inspect -- --batch', () => {
  const REQUEST = {
    anchors: [base64(root.der)],
    intermediates: [base64(middle.der)],
    certificate: base64(leaf.der),
    crls: [] as string[],
    at: new Date(CHAIN_AT).toISOString(),
    policy: {},
    revocation: 'none',
  };
  const line = (id: unknown, change: object = {}): string => JSON.stringify({ id, ...REQUEST, ...change });
  const crl = (...each: Buffer[]): object => ({ revocation: 'crl', crls: each.map(base64) });
  const signed = (over: Buffer): object => ({
    signature: {
      format: 'raw',
      padding: 'pkcs1_v15',
      digest_algorithm: 'sha256',
      content: base64(content),
      signature: base64(sign('sha256', over, rsaKey('leaf').privateKey)),
    },
  });

  /** What is fed, and what has to come out under its id. */
  const CASES: [string, unknown, string, string | null][] = [
    [line('path'), 'path', 'valid', null],
    [line('good', crl(listOf(middle), listOf(root))), 'good', 'valid', null],
    [line('revoked', crl(revoked, listOf(root))), 'revoked', 'invalid', 'revoked'],
    [line('no list', crl()), 'no list', 'indeterminate', 'revocation_unavailable'],
    [line('ocsp', { revocation: 'ocsp', ocsp: base64(response), crls: [base64(listOf(root))] }), 'ocsp', 'valid', null],
    [line('signed', signed(content)), 'signed', 'valid', null],
    [line('forged', signed(Buffer.from('denied'))), 'forged', 'invalid', 'signature_mismatch'],
    [line('explicit', { policy: { requireExplicitPolicy: true } }), 'explicit', 'invalid', 'policy_not_allowed'],
    [line('anchorless', { anchors: [] }), 'anchorless', 'invalid', 'issuer_unknown'],
    [line(7), 7, 'valid', null],
    [line('cut', { certificate: base64(leaf.der.subarray(0, 100)) }), 'cut', 'invalid', 'malformed'],
    [line('no field', { certificate: undefined }), 'no field', 'indeterminate', 'request_malformed'],
    [line('no method', { revocation: 'maybe' }), 'no method', 'indeterminate', 'request_malformed'],
    [line({ deep: 1 }), null, 'valid', null],
    ['{"id":"open', null, 'indeterminate', 'request_malformed'],
    ['[1,2,3]', null, 'indeterminate', 'request_malformed'],
    ['\u0000\u0001\u{10ffff}', null, 'indeterminate', 'request_malformed'],
    ['['.repeat(200_000), null, 'indeterminate', 'request_malformed'],
  ];
  const expected = CASES.map(([, id, outcome, code]) => JSON.stringify([id, outcome, code])).sort();
  const found = (out: string): string[] =>
    verdicts(out)
      .map(({ id, outcome, reason }) => JSON.stringify([id, outcome, reason?.code ?? null]))
      .sort();
  const input = (lines: readonly string[]): string => lines.join('\n');

  it('answers every line under its id, broken ones too, and nothing else', async () => {
    const { code, out, err } = await run(
      'npm',
      ['run', '--silent', 'inspect', '--', '--batch'],
      `\n${input(CASES.map(([each]) => each))}`,
    );
    expect(found(out)).toEqual(expected);
    expect(code).toBe(0);
    // npm may have words of its own.
    expect(err).not.toMatch(/Error|^\s+at /mu);
  }, 60_000);

  it('answers the same whatever the order of the lines', async () => {
    const { code, out } = await inspect(['--batch'], input(CASES.map(([each]) => each).reverse()));
    expect(code).toBe(0);
    expect(found(out)).toEqual(expected);
  });

  it('answers each of several lines with one id', async () => {
    const { out } = await inspect(
      ['--batch'],
      input([line('same'), line('same', { anchors: [] }), '{', line('same', signed(content))]),
    );
    const same = verdicts(out).filter(({ id }) => id === 'same');
    expect(same.map(({ outcome }) => outcome).sort()).toEqual(['invalid', 'valid', 'valid']);
  });

  it('answers nothing to nothing', async () => {
    expect(await inspect(['--batch'])).toEqual({ code: 0, out: '', err: '' });
  });

  it('answers thousands of lines while they come, to whoever reads slowly, and ends when nobody reads any more', async () => {
    const child = spawn(process.execPath, [TOOL, '--batch'], { env: { PATH: process.env['PATH'] } });
    const closed = once(child, 'close') as Promise<[number | null]>;
    child.stdin.on('error', () => undefined);
    const all = Array.from({ length: 5_000 }, (_, i) => line(i)).join('\n');
    child.stdin.end(`${all}\n`);
    let seen = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      seen += String(chunk);
      if (seen.includes('\n')) break;
    }
    expect(verdicts(seen.slice(0, seen.indexOf('\n')))[0]).toMatchObject({ id: 0, outcome: 'valid' });
    const [code] = await closed;
    expect(code).toBe(64);
  });
});
