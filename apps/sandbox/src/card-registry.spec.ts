import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateStatus, currentCertificate, type CardRecord } from './card-record.js';
import { CATALOGUE } from './catalogue.js';
import { certificateHistory } from './certificate-history.js';
import { GENERATION_FACTS, type Hierarchy } from './hierarchy.js';
import { SandboxError } from './sandbox-error.js';
import { Sandbox } from './sandbox.js';

const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
const open = (): Promise<Sandbox> => Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await open();
}, 60_000);
afterAll(() => rmSync(stateDirectory, { recursive: true }));

async function der(id: string, hierarchy: Hierarchy): Promise<Buffer> {
  const card = sandbox.cards.get(id);
  return (await sandbox.cards.material(card, hierarchy, sandbox.cards.getRecord(card, hierarchy))).certificate;
}

const issue = (): CardRecord =>
  sandbox.cards.issue({
    holder: sandbox.cards.get('demo').holder,
    municipality: 'mihon',
    generation: '2023',
    hasSign: true,
    notBefore: sandbox.clock.now(),
  });

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof SandboxError) return error.code;
    throw error;
  }
  return 'none';
};

describe('the catalogue', () => {
  test('plays what it says, on the day it is installed', () => {
    const now = sandbox.clock.now();
    const status = (id: string): string =>
      (['sign', 'auth'] as const)
        .map((hierarchy) => {
          const record = currentCertificate(sandbox.cards.get(id), hierarchy);
          return record ? `${certificateStatus(record, now)} ${record.revocation?.reason ?? ''}`.trim() : 'absent';
        })
        .join(' / ');
    expect(Object.fromEntries(CATALOGUE.map(({ id }) => [id, status(id)]))).toEqual({
      'adult-expired-2015': 'expired / expired',
      expired: 'expired / expired',
      'adult-valid-2019': 'good / good',
      'adult-valid': 'good / good',
      demo: 'good / good',
      moved: 'revoked affiliationChanged / good',
      'renewed-old': 'revoked superseded / revoked superseded',
      'renewed-new': 'good / good',
      deceased: 'revoked affiliationChanged / revoked affiliationChanged',
      'card-lost': 'revoked cessationOfOperation / revoked cessationOfOperation',
      'on-hold': 'revoked certificateHold / revoked certificateHold',
      minor: 'absent / good',
      'rare-kanji': 'good / good',
      'birthdate-incomplete': 'good / good',
      'birthdate-year-only': 'good / good',
      'renewed-thrice': 'good / good',
      fresh: 'good / good',
      'seed-story': 'good / good',
      'moved-abroad': 'good / good',
      'phone-owner': 'good / good',
      phone: 'good / good',
      'consent-withdrawn': 'good / good',
    });
  });

  test('every certificate lies within the life of its CA, and sign never outlives auth', () => {
    for (const card of sandbox.cards.list()) {
      const sign = currentCertificate(card, 'sign');
      const auth = currentCertificate(card, 'auth')!;
      for (const record of [auth, ...(sign ? [sign] : [])]) {
        const ca = GENERATION_FACTS[record.generation];
        expect(record.notBefore).toBeGreaterThanOrEqual(ca.notBefore);
        expect(record.notAfter).toBeLessThanOrEqual(ca.notAfter);
      }
      if (sign) expect(sign.notAfter).toBeLessThanOrEqual(auth.notAfter);
    }
  });

  test('earlier pairs were good from their issue until the renewal that superseded them', () => {
    const renewed = sandbox.cards.list().filter(({ certificates }) => certificates.auth.length > 1);
    expect(renewed.map(({ id }) => id).sort()).toEqual(['fresh', 'renewed-thrice', 'seed-story']);
    for (const { certificates } of renewed)
      for (const all of [certificates.sign, certificates.auth])
        all.slice(0, -1).forEach((record, index) => {
          const renewal = all[index + 1]!.notBefore;
          expect(record.revocation).toEqual({ at: renewal, reason: 'superseded' });
          expect(certificateStatus(record, record.notBefore)).toBe('good');
          expect(certificateStatus(record, renewal - 1)).toBe('good');
          expect(record.notBefore).toBeGreaterThanOrEqual(GENERATION_FACTS[record.generation].notBefore);
        });
  });

  test('every substitution map has one digit per character', () => {
    for (const { holder } of sandbox.cards.list()) {
      expect(holder.nameSubstitution).toMatch(new RegExp(`^[01]{${[...holder.name].length}}$`));
      expect(holder.addressSubstitution).toMatch(new RegExp(`^[01]{${[...holder.address].length}}$`));
    }
  });
});

describe('PINs', () => {
  test('lock after three wrong entries for auth and five for sign, and then refuse even the right one', () => {
    for (const [hierarchy, tries, right] of [
      ['auth', 3, '1234'],
      ['sign', 5, 'TEST1234'],
    ] as const) {
      const card = sandbox.cards.get('on-hold');
      for (let i = 0; i < tries; i++)
        expect(codeOf(() => sandbox.cards.enterPin(card, hierarchy, 'WRONG99'))).toBe('pin_wrong');
      expect(codeOf(() => sandbox.cards.enterPin(card, hierarchy, right))).toBe('pin_locked');
    }
    sandbox.cards.unlock(sandbox.cards.get('on-hold'));
    expect(codeOf(() => sandbox.cards.enterPin(sandbox.cards.get('on-hold'), 'auth', '1234'))).toBe('none');
  });

  test('the right PIN gives all tries back', () => {
    const card = sandbox.cards.get('minor');
    for (let i = 0; i < 5; i++) {
      expect(codeOf(() => sandbox.cards.enterPin(card, 'auth', '0000'))).toBe('pin_wrong');
      expect(codeOf(() => sandbox.cards.enterPin(card, 'auth', '0000'))).toBe('pin_wrong');
      expect(codeOf(() => sandbox.cards.enterPin(card, 'auth', '1234'))).toBe('none');
    }
  });
});

describe('a card', () => {
  test('is revoked once; a second reason is refused and changes nothing', () => {
    const card = issue();
    sandbox.cards.revoke(card, ['sign'], 'keyCompromise', sandbox.clock.now());
    expect(codeOf(() => sandbox.cards.revoke(card, ['sign'], 'superseded', sandbox.clock.now()))).toBe(
      'already_revoked',
    );
    expect(currentCertificate(card, 'sign')?.revocation?.reason).toBe('keyCompromise');
    expect(currentCertificate(card, 'auth')?.revocation).toBeUndefined();
  });

  test('renewal puts a new pair on it, supersedes the old one and keeps that available by serial', async () => {
    const card = issue();
    const before = currentCertificate(card, 'auth')!;
    sandbox.cards.renew(card, sandbox.clock.now());
    const after = currentCertificate(card, 'auth')!;
    expect(BigInt(after.serial)).toBeGreaterThan(BigInt(before.serial));
    expect(before.revocation?.reason).toBe('superseded');
    expect(after.revocation).toBeUndefined();
    const old = await sandbox.cards.material(card, 'auth', sandbox.cards.getRecord(card, 'auth', before.serial));
    expect(BigInt(`0x${new NodeCertificate(old.certificate).serialNumber}`)).toBe(BigInt(before.serial));
  });

  test('asked for its certificate twice at once makes one key', async () => {
    const card = issue();
    const record = currentCertificate(card, 'sign')!;
    const [one, two] = await Promise.all([
      sandbox.cards.material(card, 'sign', record),
      sandbox.cards.material(card, 'sign', record),
    ]);
    expect(one.certificate).toEqual(two.certificate);
  });
});

test('anchors, certificates, PIN tries, revocations, serials and clock survive a restart', async () => {
  const certificate = await der('adult-valid', 'sign');
  const card = issue();
  sandbox.cards.revoke(card, ['auth'], 'certificateHold', sandbox.clock.now());
  expect(codeOf(() => sandbox.cards.enterPin(card, 'auth', '0000'))).toBe('pin_wrong');
  sandbox.clock.move(3_600_000);
  const anchors = sandbox.authorities.all('sign').map((authority) => authority.certificate);

  sandbox = await open();

  expect(sandbox.clock.offsetMs).toBe(3_600_000);
  expect(sandbox.authorities.all('sign').map((authority) => authority.certificate)).toEqual(anchors);
  expect(await der('adult-valid', 'sign')).toEqual(certificate);
  const reread = sandbox.cards.get(card.id);
  expect(reread).toEqual(card);
  expect(reread.triesLeft.auth).toBe(2);
  expect(BigInt(currentCertificate(issue(), 'auth')!.serial)).toBe(
    BigInt(currentCertificate(card, 'auth')!.serial) + 1n,
  );
});

test('cards of the first catalogue keep their certificates, get company, and are known as one person’s where they are', async () => {
  const file = (name: string): string => join(stateDirectory, name);
  const serial = currentCertificate(sandbox.cards.get('renewed-new'), 'auth')?.serial;
  for (const { id, since } of CATALOGUE) {
    const card = JSON.parse(readFileSync(file(`cards/${id}.json`), 'utf8')) as Record<string, unknown>;
    delete card['person'];
    delete card['device'];
    if (since === 1) writeFileSync(file(`cards/${id}.json`), JSON.stringify(card));
    else rmSync(file(`cards/${id}.json`));
  }
  writeFileSync(file('catalogue.json'), '{"version":1}');

  const upgraded = await open();

  expect(upgraded.cards.list().filter(({ origin }) => origin === 'catalogue')).toHaveLength(CATALOGUE.length);
  const history = certificateHistory(upgraded.cards, upgraded.cards.get('renewed-old'), 'auth');
  expect(history.map(({ card }) => card.id)).toEqual(['renewed-old', 'renewed-new']);
  expect(history.at(-1)?.record.serial).toBe(serial);
});
