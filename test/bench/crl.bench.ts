import { spawn } from 'node:child_process';
import { createSign } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkCrl, createAnchor, CrlReader } from '#lib/pki';
import { authorityKeyId, CRL_AT, CRL_TIMES, crlNumber } from '../support/crl.js';
import * as der from '../support/der-writer.js';
import { ALGORITHMS, extensionDer, makeAuthority } from '../support/pki.js';

/**
 * One compared quantity of whole processes, start-up included. Times are of the processor, because other work on the
 * machine disturbs them least; each process has one busy thread, so that on a quiet machine the wall shows the same.
 */
export type CrlBenchRow = { name: string; baseline: string; ratio: number; goal: string; met: boolean } & (
  | { baselineCpuMs: number; oursCpuMs: number; baselineWallMs: number; oursWallMs: number }
  | { baselineMb: number; oursMb: number }
);

const REPEATS = 3;
const READ_OCTETS = 262_144;

interface Fixture {
  folder: string;
  crl: string;
  anchorPem: string;
  anchorDer: string;
}

const ENTRY_OCTETS = 37;
const ENTRY = Buffer.from(
  '3023020400000000' + '170d' + '3235303130313030303030305a' + '300c300a0603551d1504030a0104',
  'hex',
);

/** Entries as JPKI writes them: four-octet serial, UTCTime, reason; serials in no order, so that sorting is paid for. */
function entries(from: number, to: number): Buffer {
  const block = Buffer.alloc((to - from) * ENTRY_OCTETS);
  const two = (value: number): string => String(value).padStart(2, '0');
  for (let i = from; i < to; i++) {
    const at = (i - from) * ENTRY_OCTETS;
    ENTRY.copy(block, at);
    // An odd factor permutes the numbers below 2^30; the addition keeps the encoding at four octets.
    block.writeUInt32BE((Math.imul(i, 0x9e3779b1) & 0x3fffffff) + 0x01000000, at + 4);
    block.write(`${two(15 + (i % 11))}${two(1 + (i % 12))}${two(1 + (i % 28))}${two(i % 24)}${two(i % 60)}`, at + 10);
    block[at + 36] = 1 + (i % 6);
  }
  return block;
}

/** Writes a signed CRL of `count` entries without holding it in memory. */
function writeFixture(count: number): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'shomei-crl-bench-'));
  const [crl, anchorPem, anchorDer] = ['list.crl', 'ca.pem', 'ca.der'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const authority = makeAuthority('sign', 2023);
  writeFileSync(anchorDer, authority.der);
  const base64 = authority.der.toString('base64').replace(/(.{64})/g, '$1\n');
  writeFileSync(anchorPem, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);

  const times = [der.time(CRL_TIMES.thisUpdate), der.time(CRL_TIMES.nextUpdate)];
  const fields = Buffer.concat([der.integer(1), ALGORITHMS.sha256, authority.name, ...times]);
  const extensions = der.explicit(
    0,
    der.sequence(...[authorityKeyId(authority.key.keyId), crlNumber(7)].map(extensionDer)),
  );
  const listHeader = headerOf(count * ENTRY_OCTETS);
  const tbsOctets = fields.length + listHeader.length + count * ENTRY_OCTETS + extensions.length;
  const tbsHeader = headerOf(tbsOctets);
  const signatureOctets = der.bitString(Buffer.alloc(256)).length;

  const signer = createSign('sha256');
  const file = openSync(crl, 'w');
  const signed = (bytes: Uint8Array): void => {
    signer.update(bytes);
    writeSync(file, bytes);
  };
  writeSync(file, headerOf(tbsHeader.length + tbsOctets + ALGORITHMS.sha256.length + signatureOctets));
  for (const part of [tbsHeader, fields, listHeader]) signed(part);
  for (let from = 0; from < count; from += 100_000) signed(entries(from, Math.min(count, from + 100_000)));
  signed(extensions);
  writeSync(file, ALGORITHMS.sha256);
  writeSync(file, der.bitString(signer.sign(authority.key.privateKey)));
  closeSync(file);
  return { folder, crl, anchorPem, anchorDer };
}

/** Tag and length octets of a SEQUENCE whose content is written separately. */
function headerOf(octets: number): Uint8Array {
  if (octets < 0x80) return Uint8Array.of(0x30, octets);
  const digits: number[] = [];
  for (let rest = octets; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Uint8Array.of(0x30, 0x80 | digits.length, ...digits);
}

interface Measured {
  cpuMs: number;
  wallMs: number;
  mb: number;
}

/** A tick of /proc/<pid>/stat (proc(5); USER_HZ is 100 on Linux). */
const TICK_MS = 10;

/** Runs a process to its end: processor and wall milliseconds, peak resident megabytes; by the kernel's own marks. */
async function measure(command: string, args: readonly string[]): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let peakKb = 0;
  let cpuMs = 0;
  const poll = setInterval(() => {
    try {
      const mark = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'));
      if (mark) peakKb = Math.max(peakKb, Number(mark[1]));
      // utime and stime are the 14th and 15th field, the 12th and 13th after the name in parentheses.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
        .replace(/^.*\) /su, '')
        .split(' ');
      cpuMs = Math.max(cpuMs, (Number(fields[11]) + Number(fields[12])) * TICK_MS);
    } catch (error) {
      // The process is gone: its last mark stands. Anything else is a fault of the measurement.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }, 2);
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString('utf8')));
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const wallMs = performance.now() - started;
  clearInterval(poll);
  if (status !== 0) throw new Error(`${command} failed: ${errors}`);
  return { cpuMs, wallMs, mb: peakKb / 1024 };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/**
 * A CRL of `count` entries (default 1 M or SHOMEI_BENCH_CRL_ENTRIES) through reading, sorting and every acceptance
 * check in a process of its own, against `openssl crl -CAfile` and `openssl dgst -sha256` of the same file. Linux.
 */
export async function bench(
  count = Number(process.env['SHOMEI_BENCH_CRL_ENTRIES'] ?? 1_000_000),
): Promise<CrlBenchRow[]> {
  const fixture = writeFixture(count);
  try {
    const self = fileURLToPath(import.meta.url);
    const ours = [self, 'accept', fixture.crl, fixture.anchorDer, String(count)];
    const openssl = ['crl', '-inform', 'DER', '-in', fixture.crl, '-CAfile', fixture.anchorPem, '-noout'];
    const digest = ['dgst', '-sha256', fixture.crl];
    const seen = { ours: [] as Measured[], openssl: [] as Measured[], digest: [] as Measured[] };
    for (let i = 0; i < REPEATS; i++) {
      seen.ours.push(await measure(process.execPath, ours));
      seen.openssl.push(await measure('openssl', openssl));
      seen.digest.push(await measure('openssl', digest));
    }
    const mb = (runs: Measured[]): number => median(runs.map((each) => each.mb));
    // Ten million entries are held to more: start-up no longer hides the scan.
    const large = count >= 10_000_000;
    const speed = large ? 1 / 10 : 1 / 4;
    const memory = large ? 1 / 16 : 1 / 4;
    return [
      timeRow(`CRL of ${count} entries`, 'openssl crl -CAfile', seen.openssl, seen.ours, speed),
      timeRow(`CRL of ${count} entries`, 'openssl dgst -sha256', seen.digest, seen.ours, large ? 2.6 : Infinity),
      memoryRow(`CRL of ${count} entries, peak memory`, 'openssl crl -CAfile', mb(seen.openssl), mb(seen.ours), memory),
    ];
  } finally {
    rmSync(fixture.folder, { recursive: true });
  }
}

const goalText = (limit: number): string => (limit === Infinity ? 'none at this size' : `≤ ${limit.toPrecision(2)}`);

function timeRow(name: string, baseline: string, theirs: Measured[], ours: Measured[], limit: number): CrlBenchRow {
  const cpuMs = (runs: Measured[]): number => median(runs.map((each) => each.cpuMs));
  const wallMs = (runs: Measured[]): number => median(runs.map((each) => each.wallMs));
  const [baselineCpuMs, oursCpuMs] = [cpuMs(theirs), cpuMs(ours)];
  const ratio = oursCpuMs / baselineCpuMs;
  const times = { baselineCpuMs, oursCpuMs, baselineWallMs: wallMs(theirs), oursWallMs: wallMs(ours) };
  return { name, baseline, ...times, ratio, goal: goalText(limit), met: ratio <= limit };
}

function memoryRow(name: string, baseline: string, baselineMb: number, oursMb: number, limit: number): CrlBenchRow {
  const ratio = oursMb / baselineMb;
  return { name, baseline, baselineMb, oursMb, ratio, goal: goalText(limit), met: ratio <= limit };
}

/** What the measured process does: the whole acceptance of one file. */
function accept(crlFile: string, anchorFile: string, count: number): void {
  const anchor = createAnchor(readFileSync(anchorFile), 'sign');
  const reader = new CrlReader();
  const file = openSync(crlFile, 'r');
  const buffer = Buffer.alloc(READ_OCTETS);
  for (let got = readSync(file, buffer); got > 0; got = readSync(file, buffer)) reader.push(buffer.subarray(0, got));
  closeSync(file);
  const crl = reader.end();
  const refusals = checkCrl(crl, { anchor, scope: { kind: 'full' }, at: CRL_AT });
  if (refusals.length > 0) throw new Error(`refused: ${refusals.map(({ code }) => code).join(', ')}`);
  if (crl.entries.size !== count) throw new Error(`${crl.entries.size} entries instead of ${count}`);
}

const [, script, verb, crlFile, anchorFile, count] = process.argv;
if (verb === 'accept' && crlFile && anchorFile && script === fileURLToPath(import.meta.url))
  accept(crlFile, anchorFile, Number(count));
