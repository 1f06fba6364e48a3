import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SignedConsent } from '#lib/jlis';
import { base64, type Hierarchy, SandboxClient } from '../support/card.js';
import { CALLER, CONSENT, connectClient, failureOf, type TestClient } from '../support/jlis-rig.js';
import { TestSandbox } from '../support/sandbox.js';

/** The client against the other side of the contract, which shares no code with it. */
let sandbox: TestSandbox;
let cards: SandboxClient;
let jlis: TestClient;

beforeAll(async () => {
  sandbox = await TestSandbox.start();
  cards = new SandboxClient(sandbox.url);
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  // A client of its own for each test: a circuit that one has opened is none of the next one's business.
  jlis = connectClient(sandbox.jlisTlsDirectory, sandbox.jlisUrl, { timeoutMs: 3_000 });
  await sandbox.call('DELETE', '/control/jlis/requests');
});
afterEach(async () => {
  jlis.close();
  await sandbox.healthy();
  await sandbox.call('PUT', '/control/clock', { offset_ms: 0 });
  await sandbox.call('PUT', '/control/jlis', { chained_linkage: false });
});

interface CardView {
  certificates: Partial<Record<Hierarchy, { serial: string }>>;
}
async function serialOf(card: string, kind: Hierarchy = 'auth'): Promise<string> {
  const { certificates } = (await sandbox.call('GET', `/cards/${card}`)) as CardView;
  return certificates[kind]!.serial;
}
/** What J-LIS has in its log: outcome and charge of each request. */
async function seen(): Promise<[string, boolean][]> {
  const { requests } = (await sandbox.call('GET', '/control/jlis/requests')) as {
    requests: { outcome: string; metered: boolean }[];
  };
  return requests.map(({ outcome, metered }) => [outcome, metered]);
}
const fault = (service: string, mode: string, more: object = {}) =>
  sandbox.faults({ jlis: { [service]: { mode, ...more } } });

const link = (serial: string) => jlis.services.linkSerial({ ...CALLER, serial, consent: CONSENT });
const counterpart = (kind: Hierarchy, serial: string) =>
  jlis.services.findCounterpart({ ...CALLER, kind, serial, consent: CONSENT });
const age = (serial: string, years: number, on: string) =>
  jlis.services.checkAge({ ...CALLER, serial, age: years, on });
const attributes = (consentId: string, signSerial: string) =>
  jlis.services.latestAttributes({ ...CALLER, consentId, signSerial });

async function consentOf(card: string): Promise<SignedConsent> {
  const document = Buffer.from('I agree that my bank may ask for my newest attributes.');
  const signed = await cards.signRaw(card, {
    content: base64(document),
    padding: 'pkcs1_v15',
    digest_algorithm: 'sha256',
  });
  const now = Date.now();
  return {
    signSerial: await serialOf(card, 'sign'),
    textVersion: '2026-1',
    givenAt: new Date(now - 1_000).toISOString(),
    expiresAt: new Date(now + 86_400_000).toISOString(),
    document,
    signature: Buffer.from(signed.signature, 'base64'),
    certificate: Buffer.from(signed.certificate, 'base64'),
    digestAlgorithm: 'sha256',
    padding: 'pkcs1_v15',
  };
}
const register = (consent: SignedConsent, callId: string = randomUUID()) =>
  jlis.services.registerConsent({ ...CALLER, callId }, consent);
async function registered(card: string): Promise<{ consentId: string; signSerial: string }> {
  const consent = await consentOf(card);
  const answer = await register(consent);
  if (answer.state !== 'registered') throw new Error('the consent was refused');
  return { consentId: answer.consentId, signSerial: consent.signSerial };
}

describe('the certificate of the platform operator', () => {
  it.each(['expired', 'wrong-ca', 'stranger'])('is refused when it is %s', async (which) => {
    const directory = mkdtempSync(join(tmpdir(), 'jlis-tls-'));
    copyFileSync(join(sandbox.jlisTlsDirectory, 'ca.pem'), join(directory, 'ca.pem'));
    for (const [from, to] of [
      [`${which}.pem`, 'client.pem'],
      [`${which}-key.pem`, 'client-key.pem'],
    ] as const)
      copyFileSync(join(sandbox.jlisTlsDirectory, 'refused', from), join(directory, to));
    const refused = connectClient(directory, sandbox.jlisUrl);
    rmSync(directory, { recursive: true });
    const failure = await failureOf(refused.services.capabilities(CALLER));
    refused.close();
    expect(failure).toMatchObject({ detail: 'tls_refused', fact: 'client_certificate_refused' });
    expect(await seen()).toEqual([]);
  });
});

describe('linkage', () => {
  it('goes one step back, and no further through a superseded serial', async () => {
    const newest = await serialOf('renewed-thrice');
    expect(await jlis.services.capabilities(CALLER)).toEqual({ version: '1', chainedLinkage: false });
    const first = await link(newest);
    if (first.state !== 'linked') throw new Error(first.state);
    expect(first.previousSerial).not.toBe(newest);
    expect(await link(first.previousSerial)).toEqual({ state: 'not_found' });
  });
  it('goes all the way back where the other side can, and ends', async () => {
    await sandbox.call('PUT', '/control/jlis', { chained_linkage: true });
    expect((await jlis.services.capabilities(CALLER)).chainedLinkage).toBe(true);
    const serials = [await serialOf('renewed-thrice')];
    for (;;) {
      const answer = await link(serials.at(-1)!);
      if (answer.state !== 'linked') {
        expect(answer).toEqual({ state: 'not_found' });
        break;
      }
      serials.push(answer.previousSerial);
    }
    expect(new Set(serials).size).toBe(4);
  });
  it('of a fresh certificate is possible when ninety minutes have passed', async () => {
    const card = await cards.issue();
    await sandbox.call('POST', `/control/cards/${card}/renew`);
    const serial = await serialOf(card);
    const answer = await link(serial);
    if (answer.state !== 'not_yet_linkable') throw new Error(answer.state);
    expect(answer.retryAfterSeconds).toBeGreaterThan(5_000);
    await sandbox.call('PUT', '/control/clock', { offset_ms: (answer.retryAfterSeconds + 1) * 1_000 });
    expect((await link(serial)).state).toBe('linked');
  });
  it('knows nothing of a number that was never issued', async () => {
    expect(await link('999999999999')).toEqual({ state: 'not_found' });
  });
});

describe('counterpart', () => {
  it('is found from both sides, and charged', async () => {
    const [sign, auth] = [await serialOf('adult-valid', 'sign'), await serialOf('adult-valid')];
    expect(await counterpart('sign', sign)).toMatchObject({
      state: 'found',
      counterpart: { kind: 'auth', serial: auth },
    });
    expect(await counterpart('auth', auth)).toMatchObject({
      state: 'found',
      counterpart: { kind: 'sign', serial: sign },
    });
    expect(await seen()).toEqual([
      ['found', true],
      ['found', true],
    ]);
  });
  it('is not found where there is none, and not charged', async () => {
    expect(await counterpart('auth', await serialOf('minor'))).toEqual({ state: 'not_found' });
    expect(await seen()).toEqual([['not_found', false]]);
  });
});

describe('age check', () => {
  it('is yes on the birthday and no on the day before', async () => {
    const serial = await serialOf('adult-valid');
    const { holder } = (await sandbox.call('GET', '/cards/adult-valid')) as { holder: { birth_date: string } };
    const [, year, month, day] = /^.(\d{4})(\d\d)(\d\d)$/.exec(holder.birth_date)!;
    const birthday = `${Number(year) + 20}-${month}-${day}`;
    const before = new Date(Date.parse(birthday) - 86_400_000).toISOString().slice(0, 10);
    expect([await age(serial, 20, before), await age(serial, 20, birthday)]).toEqual(['no', 'yes']);
  });
  it('is unknown only where the missing parts matter', async () => {
    const serial = await serialOf('birthdate-year-only');
    expect([await age(serial, 20, '2026-11-23'), await age(serial, 76, '2026-06-01')]).toEqual(['yes', 'unknown']);
  });
  it('tells that a number was never issued', async () => {
    expect(await age('999999999999', 20, '2026-11-23')).toBe('not_found');
  });
});

describe('consent and latest attributes', () => {
  it('is one consent however often the call is repeated', async () => {
    const [consent, callId] = [await consentOf('adult-valid'), randomUUID()];
    const first = await register(consent, callId);
    expect(first.state).toBe('registered');
    expect(await register(consent, callId)).toEqual(first);
  });
  it('is refused with a signature of another document', async () => {
    const consent = await consentOf('adult-valid');
    expect(await register({ ...consent, document: Buffer.from('I agree to everything.') })).toEqual({
      state: 'refused',
    });
  });
  it('gives what changed by a move once, and otherwise that nothing did', async () => {
    const card = await cards.issue();
    const { consentId, signSerial } = await registered(card);
    expect(await attributes(consentId, signSerial)).toEqual({ state: 'unchanged' });
    await sandbox.call('POST', `/control/cards/${card}/move`, { address: '大阪府見本市転入町１番地' });
    expect(await attributes(consentId, signSerial)).toMatchObject({
      state: 'updated',
      serial: await serialOf(card, 'sign'),
      attributes: { address: '大阪府見本市転入町１番地' },
    });
    expect(await attributes(consentId, await serialOf(card, 'sign'))).toEqual({ state: 'unchanged' });
    expect((await seen()).filter(([, metered]) => metered)).toEqual([['updated', true]]);
  });
  it('gives nothing where no newer certificate is, none was agreed to, or another provider was', async () => {
    const card = await cards.issue();
    const { consentId, signSerial } = await registered(card);
    await cards.revoke(card, 'both', 'cessationOfOperation');
    expect(await attributes(consentId, signSerial)).toEqual({ state: 'no_new_certificate' });
    expect(await attributes('none', signSerial)).toEqual({ state: 'consent_missing' });
    const other = { ...CALLER, serviceId: `ten_${'b'.repeat(32)}`, consentId, signSerial };
    expect(await jlis.services.latestAttributes(other)).toEqual({ state: 'consent_missing' });
  });
  it('ends with a withdrawal, which is found by asking for what came after the last one known', async () => {
    const card = await cards.issue();
    const { consentId, signSerial } = await registered(card);
    await sandbox.call('POST', `/control/cards/${card}/withdraw-consents`);
    expect(await attributes(consentId, signSerial)).toEqual({ state: 'withdrawn' });
    const poll = (after?: string) =>
      jlis.services.withdrawals({
        mode: 'test',
        actor: 'system:worker',
        ...(after === undefined ? {} : { after, limit: 1 }),
      });
    const { withdrawals } = await poll();
    const last = withdrawals.at(-1)!;
    expect(last).toMatchObject({ consentId, serviceId: CALLER.serviceId });
    expect(await poll(String(last.sequence))).toEqual({ withdrawals: [] });
    expect(await poll(String(last.sequence - 1))).toEqual({ withdrawals: [last] });
  });
});

describe('a fault of the other side', () => {
  const FAULTS = [
    ['down', 'unreachable', true],
    ['hang_up', 'unreachable', true],
    ['slow', 'timeout', true],
    ['garbage', 'answer_malformed', false],
    ['too_many_requests', 'too_many_requests', true],
    ['unavailable', 'http_status', true],
    ['internal_error', 'http_status', true],
  ] as const;
  type Service =
    | 'capabilities'
    | 'serial_linkages'
    | 'counterparts'
    | 'age_checks'
    | 'consents'
    | 'consent_withdrawals'
    | 'latest_attributes';
  const METERED: readonly Service[] = ['counterparts', 'latest_attributes'];
  const asking: Record<Service, () => Promise<unknown>> = {
    capabilities: () => jlis.services.capabilities(CALLER),
    serial_linkages: async () => link(await serialOf('renewed-new')),
    counterparts: async () => counterpart('sign', await serialOf('adult-valid', 'sign')),
    age_checks: async () => age(await serialOf('adult-valid'), 20, '2026-11-23'),
    consents: async () => register(await consentOf('adult-valid')),
    consent_withdrawals: () => jlis.services.withdrawals({ mode: 'test', actor: 'system:worker' }),
    latest_attributes: async () => attributes('none', await serialOf('adult-valid', 'sign')),
  };
  const services = Object.keys(asking) as Service[];

  it.each(services.flatMap((service) => FAULTS.map(([mode, detail, passing]) => ({ service, mode, detail, passing }))))(
    'of $service, $mode, is $detail and leaves no answer',
    async ({ service, mode, detail, passing }) => {
      await fault(service, mode, mode === 'slow' ? { delay_ms: 1_700 } : { retry_after_seconds: 0 });
      if (mode === 'slow') {
        jlis.close();
        jlis = connectClient(sandbox.jlisTlsDirectory, sandbox.jlisUrl, { timeoutMs: 1_600 });
      }
      expect(await failureOf(asking[service]())).toMatchObject({ detail, mayHaveBeenSent: true });
      const { attempts } = jlis.records.at(-1)!.end!;
      expect(attempts > 1).toBe(passing && !METERED.includes(service));
      // What nobody waits for any more is logged all the same when it is done.
      if (mode === 'slow') await sleep(1_700);
      expect(await seen()).toHaveLength(attempts);
    },
  );

  it.each(services.filter((service) => !METERED.includes(service)))(
    'of %s that lasts for one request is not noticed',
    async (service) => {
      await fault(service, 'unavailable', { times: 1, retry_after_seconds: 0 });
      await asking[service]();
      expect(await seen()).toHaveLength(2);
    },
  );

  it('that hangs up after a charge is not charged twice', async () => {
    await fault('counterparts', 'hang_up');
    expect(await failureOf(asking.counterparts())).toMatchObject({ detail: 'unreachable', mayHaveBeenSent: true });
    expect(await seen()).toEqual([['found', true]]);
  });

  it('that names the serial asked about is garbage', async () => {
    await fault('serial_linkages', 'same_serial');
    expect(await failureOf(asking.serial_linkages())).toMatchObject({
      detail: 'answer_malformed',
      fact: 'same_serial',
    });
    await fault('counterparts', 'same_serial');
    expect(await failureOf(asking.counterparts())).toMatchObject({ detail: 'answer_malformed', fact: 'same_kind' });
    const { consentId, signSerial } = await registered('adult-valid');
    await fault('latest_attributes', 'same_serial');
    expect(await failureOf(attributes(consentId, signSerial))).toMatchObject({ fact: 'same_serial' });
  });

  it('that names another person looks well-formed here: who asks has to judge it', async () => {
    await fault('serial_linkages', 'wrong_person', { card: 'adult-valid' });
    expect(await asking.serial_linkages()).toEqual({ state: 'linked', previousSerial: await serialOf('adult-valid') });
    await fault('serial_linkages', 'cycle');
    expect((await link(await serialOf('renewed-thrice'))).state).toBe('linked');
  });
});
