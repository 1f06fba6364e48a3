import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardRecord } from '../card-record.js';
import { movedTo } from '../moved-to.js';
import type { Hierarchy } from '../hierarchy.js';
import { Sandbox } from '../sandbox.js';

const MINUTE_MS = 60_000;
const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
}, 60_000);
afterAll(() => rmSync(stateDirectory, { recursive: true }));
afterEach(() => {
  sandbox.clock.move(0);
  sandbox.jlisSwitches.set({ chained_linkage: false, counterpart_details: true });
});

const consent = { text_version: '1', given_at: 0 };
const serial = (id: string, kind: Hierarchy, earlier = 0): string =>
  sandbox.cards.getRecord(sandbox.cards.get(id), kind, undefined, earlier).serial;
const previous = (asked: string): object =>
  sandbox.desk.linkSerial({ serial: asked, consent }, sandbox.clock.now()).body;
const counterpart = (kind: Hierarchy, asked: string): object =>
  sandbox.desk.findCounterpart({ kind, serial: asked, consent }, sandbox.clock.now()).body;
const issue = (change: { hasSign?: boolean } = {}): CardRecord =>
  sandbox.cards.issue({
    holder: sandbox.cards.get('demo').holder,
    municipality: 'mihon',
    generation: '2023',
    hasSign: true,
    notBefore: sandbox.clock.now(),
    ...change,
  });
const passMinutes = (minutes: number): void => sandbox.clock.move(sandbox.clock.offsetMs + minutes * MINUTE_MS);
const notFound = { state: 'not_found' };

describe('the serial before', () => {
  test('is the one before a renewal, one step back and no further', () => {
    expect(previous(serial('renewed-thrice', 'auth'))).toEqual({
      state: 'linked',
      previous_serial: serial('renewed-thrice', 'auth', 1),
    });
    expect(previous(serial('renewed-thrice', 'auth', 1))).toEqual(notFound);
  });

  test('is found from one card to the next of the same person', () => {
    expect(previous(serial('renewed-new', 'auth'))).toEqual({
      state: 'linked',
      previous_serial: serial('renewed-old', 'auth'),
    });
  });

  test('is found of superseded serials too where that capability is switched on, until there is none', () => {
    sandbox.jlisSwitches.set({ chained_linkage: true });
    for (const back of [0, 1, 2])
      expect(previous(serial('renewed-thrice', 'auth', back))).toEqual({
        state: 'linked',
        previous_serial: serial('renewed-thrice', 'auth', back + 1),
      });
    expect(previous(serial('renewed-thrice', 'auth', 3))).toEqual(notFound);
    expect(sandbox.desk.capabilities().body).toMatchObject({ chained_linkage: true });
  });

  test('is not found for a first certificate, a revoked one and a serial nobody has', () => {
    expect(previous(serial('adult-valid', 'auth'))).toEqual(notFound);
    expect(previous(serial('card-lost', 'auth'))).toEqual(notFound);
    expect(previous('999999999999999999999999')).toEqual(notFound);
  });

  test('of a telephone is not that of the card', () => {
    expect(previous(serial('phone', 'auth'))).toEqual(notFound);
  });

  test('can be asked for ninety minutes after issue, and not a second before', () => {
    const card = issue();
    passMinutes(200);
    sandbox.cards.renew(card, sandbox.clock.now());
    const fresh = serial(card.id, 'auth');
    expect(previous(fresh)).toMatchObject({ state: 'not_yet_linkable' });
    passMinutes(89);
    expect(previous(fresh)).toEqual({ state: 'not_yet_linkable', retry_after_seconds: expect.any(Number) });
    passMinutes(1);
    expect(previous(fresh)).toEqual({ state: 'linked', previous_serial: serial(card.id, 'auth', 1) });
  });

  test('catalogue card fresh cannot be linked when installed', () => {
    expect(previous(serial('fresh', 'auth'))).toMatchObject({ state: 'not_yet_linkable' });
    passMinutes(90);
    expect(previous(serial('fresh', 'auth'))).toEqual({
      state: 'linked',
      previous_serial: serial('fresh', 'auth', 1),
    });
  });

  test('follows each renewal of a card', () => {
    const card = issue();
    const serials = [serial(card.id, 'auth')];
    for (let i = 0; i < 3; i++) {
      passMinutes(100);
      sandbox.cards.renew(card, sandbox.clock.now());
      serials.push(serial(card.id, 'auth'));
      passMinutes(100);
      expect(previous(serials.at(-1)!)).toEqual({ state: 'linked', previous_serial: serials.at(-2) });
    }
  });
});

describe('the counterpart', () => {
  test('is the other certificate of the card, either way, with its CA and end of life', () => {
    const record = sandbox.cards.getRecord(sandbox.cards.get('adult-valid-2019'), 'auth');
    const { keyId } = sandbox.authorities.get('auth', '2019').issuer;
    expect(counterpart('sign', serial('adult-valid-2019', 'sign'))).toEqual({
      state: 'found',
      counterpart: {
        kind: 'auth',
        serial: record.serial,
        issuer_key_id: keyId.toString('hex'),
        not_after: new Date(record.notAfter).toISOString(),
      },
    });
    sandbox.jlisSwitches.set({ counterpart_details: false });
    expect(counterpart('auth', record.serial)).toEqual({
      state: 'found',
      counterpart: { kind: 'sign', serial: serial('adult-valid-2019', 'sign') },
    });
  });

  test('is not found for a holder without a sign certificate, or for a serial nobody has', () => {
    expect(counterpart('auth', serial('minor', 'auth'))).toEqual(notFound);
    expect(counterpart('sign', '1')).toEqual(notFound);
  });

  test('of a telephone is on the telephone', () => {
    expect(counterpart('sign', serial('phone', 'sign'))).toMatchObject({
      counterpart: { serial: serial('phone', 'auth') },
    });
  });

  test('of a superseded certificate is the one it was on the card with', () => {
    for (const back of [0, 1, 2, 3])
      expect(counterpart('sign', serial('renewed-thrice', 'sign', back))).toMatchObject({
        counterpart: { serial: serial('renewed-thrice', 'auth', back) },
      });
  });

  test('after a move is the new sign certificate once that can be linked; both sign certificates lead to one auth', () => {
    const card = issue();
    passMinutes(100);
    sandbox.cards.changeHolder(card, { holder: card.holder, municipality: 'kakuu' }, true, sandbox.clock.now());
    const auth = serial(card.id, 'auth');
    expect(counterpart('auth', auth)).toMatchObject({ state: 'not_yet_linkable' });
    passMinutes(90);
    expect(counterpart('auth', auth)).toMatchObject({ counterpart: { serial: serial(card.id, 'sign') } });
    for (const back of [0, 1])
      expect(counterpart('sign', serial(card.id, 'sign', back))).toMatchObject({ counterpart: { serial: auth } });
  });

  test('is charged when delivered and only then', () => {
    const ask = (kind: Hierarchy, asked: string): boolean =>
      sandbox.desk.findCounterpart({ kind, serial: asked, consent }, sandbox.clock.now()).metered;
    expect(ask('sign', serial('adult-valid', 'sign'))).toBe(true);
    expect(ask('auth', serial('minor', 'auth'))).toBe(false);
  });
});

describe('a move', () => {
  const move = (card: CardRecord, sign: boolean): void =>
    sandbox.cards.changeHolder(
      card,
      movedTo(card, { address: '沖縄県試験村字転入１番地', municipality: 'shiken', sign }),
      sign,
      sandbox.clock.now(),
    );

  test('puts a new sign certificate on the card, revokes the old one and leaves auth alone', () => {
    const card = issue();
    passMinutes(10);
    move(card, true);
    const [old, fresh] = card.certificates.sign;
    expect(old?.revocation?.reason).toBe('affiliationChanged');
    expect(fresh?.notAfter).toBe(card.certificates.auth[0]?.notAfter);
    expect(card.certificates.auth).toHaveLength(1);
    expect(card.holder.addressSubstitution).toMatch(/^0{12}$/);
  });

  test('does not change what earlier certificates say, even those made later, nor where they are listed', async () => {
    const card = issue();
    passMinutes(10);
    move(card, true);
    const text = async (earlier: number): Promise<string> => {
      const record = sandbox.cards.getRecord(card, 'sign', undefined, earlier);
      return (await sandbox.cards.material(card, 'sign', record)).certificate.toString('utf8');
    };
    const [now, before] = [await text(0), await text(1)];
    expect([now.includes('沖縄県試験村字転入'), now.includes('Shiken-son CRLDP')]).toEqual([true, true]);
    expect([before.includes('沖縄県試験村字転入'), before.includes('Mihon-shi CRLDP')]).toEqual([false, true]);
    const listed = [...sandbox.cards.certificatesOf('sign', '2023')]
      .filter(([record]) => card.certificates.sign.includes(record))
      .map(([, municipality]) => municipality);
    expect(listed).toEqual(['mihon', 'shiken']);
  });

  test('without a new certificate leaves none good; the next renewal brings one that says the new address', () => {
    const card = issue();
    passMinutes(10);
    move(card, false);
    expect(card.certificates.sign.map(({ revocation }) => revocation?.reason)).toEqual(['affiliationChanged']);
    passMinutes(10);
    sandbox.cards.renew(card, sandbox.clock.now());
    expect(card.certificates.sign.map(({ contents }) => contents?.municipality)).toEqual(['mihon', undefined]);
    expect(card.municipality).toBe('shiken');
  });
});

test('an age is answered for the holder of an auth certificate; a serial nobody has is refused', () => {
  const asked = { serial: serial('adult-valid', 'auth'), age: 40 };
  expect(sandbox.desk.checkAge({ ...asked, on: '2025-04-11' }).body).toEqual({ answer: 'no' });
  expect(sandbox.desk.checkAge({ ...asked, on: '2025-04-12' })).toMatchObject({
    body: { answer: 'yes' },
    outcome: 'answered',
    metered: false,
  });
  expect(() => sandbox.desk.checkAge({ serial: '1', age: 20, on: '2026-01-01' })).toThrow('not_found');
});
