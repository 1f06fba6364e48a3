import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as asn1js from 'asn1js';
import { Certificate, CertificateRevocationList } from 'pkijs';
import { currentCertificate, type CardRecord } from './card-record.js';
import { crlEntry, syntheticEntries } from './crl-writer.js';
import { withBadSignature } from './faults.js';
import type { Generation, Hierarchy } from './hierarchy.js';
import { Sandbox } from './sandbox.js';
import { DAY_MS } from './validity.js';

const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
const open = (): Promise<Sandbox> => Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
let sandbox: Sandbox;
let now: number;

beforeAll(async () => {
  sandbox = await open();
  now = sandbox.clock.now();
}, 60_000);
afterAll(() => rmSync(stateDirectory, { recursive: true }));

const issue = (municipality = 'shiken'): CardRecord =>
  sandbox.cards.issue({
    holder: sandbox.cards.get('demo').holder,
    municipality,
    generation: '2023',
    hasSign: true,
    notBefore: now,
  });
const serialOf = (card: CardRecord, hierarchy: Hierarchy): bigint =>
  BigInt(currentCertificate(card, hierarchy)!.serial);

const publish = (name: string, at = now, hierarchy: Hierarchy = 'sign'): Buffer =>
  sandbox.crls.publish(sandbox.crls.getPartition(hierarchy, name, at), at);
const ca = (hierarchy: Hierarchy, generation: Generation): Buffer =>
  sandbox.authorities.get(hierarchy, generation).certificate;

interface CrlFacts {
  number: number;
  thisUpdate: number;
  nextUpdate: number;
  critical: string[];
  entries: [serial: bigint, reason: number][];
}

/** Read by pkijs, which shares nothing with the writer. */
function read(der: Buffer): CrlFacts {
  const crl = CertificateRevocationList.fromBER(der);
  const extensions = crl.crlExtensions?.extensions ?? [];
  const number: unknown = extensions.find(({ extnID }) => extnID === '2.5.29.20')?.parsedValue;
  return {
    number: number instanceof asn1js.Integer ? Number(number.toBigInt()) : -1,
    thisUpdate: crl.thisUpdate.value.getTime(),
    nextUpdate: crl.nextUpdate?.value.getTime() ?? -1,
    critical: extensions.filter(({ critical }) => critical).map(({ extnID }) => extnID),
    entries: (crl.revokedCertificates ?? []).map((entry) => {
      const reason: unknown = entry.crlEntryExtensions?.extensions[0]?.parsedValue;
      return [entry.userCertificate.toBigInt(), reason instanceof asn1js.Enumerated ? reason.valueBlock.valueDec : 0];
    }),
  };
}
const verifies = (der: Buffer, hierarchy: Hierarchy, generation: Generation): Promise<boolean> =>
  CertificateRevocationList.fromBER(der).verify({ issuerCertificate: Certificate.fromBER(ca(hierarchy, generation)) });

describe('a published CRL', () => {
  test('verifies under the CA of its generation and under no other of the same name', async () => {
    const der = publish('2023-mihon');
    expect(await verifies(der, 'sign', '2023')).toBe(true);
    expect(await verifies(der, 'sign', '2019')).toBe(false);
  });

  test('lists the revoked cards of its municipality with their reasons; the full one lists all', () => {
    const listed = (id: string, reason: number): [bigint, number] => [serialOf(sandbox.cards.get(id), 'sign'), reason];
    // Which CA issued the earlier pairs depends on the day of installation.
    const superseded = (generation: Generation, ...ids: string[]): [bigint, number][] =>
      ids
        .flatMap((id) => sandbox.cards.get(id).certificates.sign.slice(0, -1))
        .filter((record) => record.generation === generation)
        .map(({ serial }) => [BigInt(serial), 4]);
    expect(read(publish('2023-mihon')).entries).toEqual([
      listed('moved', 3),
      listed('renewed-old', 4),
      ...superseded('2023', 'renewed-thrice'),
    ]);
    expect(read(publish('2023-full')).entries).toEqual([
      listed('moved', 3),
      listed('renewed-old', 4),
      listed('deceased', 3),
      listed('card-lost', 5),
      listed('on-hold', 6),
      ...superseded('2023', 'renewed-thrice', 'fresh', 'seed-story'),
    ]);
    expect(read(publish('2019-full')).entries).toEqual(superseded('2019', 'renewed-thrice', 'fresh', 'seed-story'));
  });

  test('is a partition by a critical issuingDistributionPoint, the full one has no critical extension', () => {
    expect(read(publish('2023-kakuu')).critical).toEqual(['2.5.29.28']);
    expect(read(publish('2023-full')).critical).toEqual([]);
  });

  test('names the distribution point that the certificates it covers name', async () => {
    const card = sandbox.cards.get('moved');
    const { certificate } = await sandbox.cards.material(card, 'sign', currentCertificate(card, 'sign')!);
    const { distributionPoint } = sandbox.crls.getPartition('sign', '2023-mihon', now);
    expect(certificate.includes(distributionPoint!)).toBe(true);
    expect(publish('2023-mihon').includes(distributionPoint!)).toBe(true);
    expect(publish('2023-kakuu').includes(distributionPoint!)).toBe(false);
  });

  test('stays the same until its content changes or a day passes, and its number only grows', () => {
    const first = publish('2023-shiken');
    expect(publish('2023-shiken', now + DAY_MS - 60_000)).toEqual(first);
    const card = issue();
    sandbox.cards.revoke(card, ['sign'], 'unspecified', now);
    const second = read(publish('2023-shiken', now + 1000));
    expect(second.number).toBe(read(first).number + 1);
    expect(second.entries).toContainEqual([serialOf(card, 'sign'), 0]);
    const third = read(publish('2023-shiken', now + 2 * DAY_MS));
    expect(third.number).toBe(second.number + 1);
    expect(third.nextUpdate - third.thisUpdate).toBe(2 * DAY_MS);
    const back = read(publish('2023-shiken', now + 1000));
    expect(back.number).toBe(third.number + 1);
  });

  test('drops a certificate after its own expiry', () => {
    const record = currentCertificate(sandbox.cards.get('on-hold'), 'sign')!;
    const serials = (at: number): bigint[] => read(publish('2023-full', at)).entries.map(([serial]) => serial);
    expect(serials(record.notAfter)).toContain(BigInt(record.serial));
    expect(serials(record.notAfter + 1000)).not.toContain(BigInt(record.serial));
  });

  test('keeps bytes and number over a restart', async () => {
    const before = publish('2023-reidai');
    sandbox = await open();
    expect(publish('2023-reidai')).toEqual(before);
  });

  test('exists only for CAs that are alive: the 2015 generation has none today', () => {
    const names = (at: number): string[] => sandbox.crls.partitions('sign', 'full', at).map(({ name }) => name);
    expect(names(Date.UTC(2026, 0, 1))).toEqual(['2019-full', '2023-full']);
    expect(names(Date.UTC(2024, 0, 1))).toEqual(['2015-full', '2019-full', '2023-full']);
  });
});

describe('a forged CRL is wrong in one thing only', () => {
  const forge = (forgery: 'next' | 'stale' | 'rollback' | 'wrong_scope'): Buffer =>
    sandbox.crls.forge(sandbox.crls.getPartition('sign', '2019-kakuu', now), now, forgery);

  test('stale: signed and in scope, but past nextUpdate', async () => {
    expect(await verifies(forge('stale'), 'sign', '2019')).toBe(true);
    expect(read(forge('stale')).nextUpdate).toBeLessThan(now);
  });

  test('rollback: signed and fresh, but its number and time go back', async () => {
    const current = read(publish('2019-kakuu'));
    const older = read(forge('rollback'));
    expect(await verifies(forge('rollback'), 'sign', '2019')).toBe(true);
    expect(older.number).toBe(current.number - 1);
    expect(older.thisUpdate).toBeLessThan(current.thisUpdate);
    expect(older.nextUpdate).toBeGreaterThan(now);
  });

  test('wrong scope: signed, newer and fresh, but for another municipality', async () => {
    const { distributionPoint } = sandbox.crls.getPartition('sign', '2019-kakuu', now);
    expect(await verifies(forge('wrong_scope'), 'sign', '2019')).toBe(true);
    expect(forge('wrong_scope').includes(distributionPoint!)).toBe(false);
    expect(read(forge('wrong_scope')).number).toBeGreaterThan(read(publish('2019-kakuu')).number);
  });

  test('bad signature: everything reads the same, the signature does not verify', async () => {
    expect(await verifies(forge('next'), 'sign', '2019')).toBe(true);
    expect(await verifies(withBadSignature(forge('next')), 'sign', '2019')).toBe(false);
  });
});

test('synthetic entries are distinct, well-formed, and outside the serials of cards', () => {
  const count = 3000;
  const one = crlEntry(0x40000000n, now, 'superseded').length;
  const all = syntheticEntries(count, 7, now);
  expect(all.length).toBe(count * one);
  const serials = new Set<bigint>();
  for (let i = 0; i < count; i++) {
    const entry = asn1js.fromBER(all.subarray(i * one, (i + 1) * one)).result;
    const serial = entry instanceof asn1js.Sequence ? entry.valueBlock.value[0] : undefined;
    if (serial instanceof asn1js.Integer) serials.add(serial.toBigInt());
  }
  expect(serials.size).toBe(count);
  expect([...serials].every((serial) => serial >= 0x40000000n && serial < 0x80000000n)).toBe(true);
});
