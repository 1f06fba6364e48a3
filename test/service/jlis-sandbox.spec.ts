import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CALLER } from '../support/jlis-rig.js';
import { JlisTrial } from '../support/jlis-trial.js';

let trial: JlisTrial;
beforeAll(async () => {
  trial = await JlisTrial.start();
});
beforeEach(() => trial.reset());
afterAll(() => trial.stop());

describe('linkage', () => {
  it('goes one step back, and no further through a superseded serial', async () => {
    const newest = await trial.serialOf('renewed-thrice');
    expect(await trial.jlis.services.capabilities(CALLER)).toEqual({ version: '1', chainedLinkage: false });
    const first = await trial.link(newest);
    if (first.state !== 'linked') throw new Error(first.state);
    expect(first.previousSerial).not.toBe(newest);
    expect(await trial.link(first.previousSerial)).toEqual({ state: 'not_found' });
  });
  it('goes all the way back where the other side can, and ends', async () => {
    await trial.sandbox.call('PUT', '/control/jlis', { chained_linkage: true });
    expect((await trial.jlis.services.capabilities(CALLER)).chainedLinkage).toBe(true);
    const serials = [await trial.serialOf('renewed-thrice')];
    for (;;) {
      const answer = await trial.link(serials.at(-1)!);
      if (answer.state !== 'linked') {
        expect(answer).toEqual({ state: 'not_found' });
        break;
      }
      serials.push(answer.previousSerial);
    }
    expect(new Set(serials).size).toBe(4);
  });
  it('of a fresh certificate is possible when ninety minutes have passed', async () => {
    const card = await trial.cards.issue();
    await trial.sandbox.call('POST', `/control/cards/${card}/renew`);
    const serial = await trial.serialOf(card);
    const answer = await trial.link(serial);
    if (answer.state !== 'not_yet_linkable') throw new Error(answer.state);
    expect(answer.retryAfterSeconds).toBeGreaterThan(5_000);
    await trial.sandbox.call('PUT', '/control/clock', { offset_ms: (answer.retryAfterSeconds + 1) * 1_000 });
    expect((await trial.link(serial)).state).toBe('linked');
  });
  it('knows nothing of a number that was never issued', async () => {
    expect(await trial.link('999999999999')).toEqual({ state: 'not_found' });
  });
});

describe('counterpart', () => {
  it('is found from both sides, and charged', async () => {
    const [sign, auth] = [await trial.serialOf('adult-valid', 'sign'), await trial.serialOf('adult-valid')];
    expect(await trial.counterpart('sign', sign)).toMatchObject({
      state: 'found',
      counterpart: { kind: 'auth', serial: auth },
    });
    expect(await trial.counterpart('auth', auth)).toMatchObject({
      state: 'found',
      counterpart: { kind: 'sign', serial: sign },
    });
    expect(await trial.seen()).toEqual([
      ['found', true],
      ['found', true],
    ]);
  });
  it('is not found where there is none, and not charged', async () => {
    expect(await trial.counterpart('auth', await trial.serialOf('minor'))).toEqual({ state: 'not_found' });
    expect(await trial.seen()).toEqual([['not_found', false]]);
  });
});

describe('age check', () => {
  it('is yes on the birthday and no on the day before', async () => {
    const serial = await trial.serialOf('adult-valid');
    const { holder } = (await trial.sandbox.call('GET', '/cards/adult-valid')) as { holder: { birth_date: string } };
    const [, year, month, day] = /^.(\d{4})(\d\d)(\d\d)$/.exec(holder.birth_date)!;
    const birthday = `${Number(year) + 20}-${month}-${day}`;
    const before = new Date(Date.parse(birthday) - 86_400_000).toISOString().slice(0, 10);
    expect([await trial.age(serial, 20, before), await trial.age(serial, 20, birthday)]).toEqual(['no', 'yes']);
  });
  it('is unknown only where the missing parts matter', async () => {
    const serial = await trial.serialOf('birthdate-year-only');
    expect([await trial.age(serial, 20, '2026-11-23'), await trial.age(serial, 76, '2026-06-01')]).toEqual([
      'yes',
      'unknown',
    ]);
  });
  it('tells that a number was never issued', async () => {
    expect(await trial.age('999999999999', 20, '2026-11-23')).toBe('not_found');
  });
});

describe('consent and latest attributes', () => {
  it('is one consent however often the call is repeated', async () => {
    const [consent, callId] = [await trial.consentOf('adult-valid'), randomUUID()];
    const first = await trial.register(consent, callId);
    expect(first.state).toBe('registered');
    expect(await trial.register(consent, callId)).toEqual(first);
  });
  it('is refused with a signature of another document', async () => {
    const consent = await trial.consentOf('adult-valid');
    expect(await trial.register({ ...consent, document: Buffer.from('I agree to everything.') })).toEqual({
      state: 'refused',
    });
  });
  it('gives what changed by a move once, and otherwise that nothing did', async () => {
    const card = await trial.cards.issue();
    const { consentId, signSerial } = await trial.registered(card);
    expect(await trial.attributes(consentId, signSerial)).toEqual({ state: 'unchanged' });
    await trial.sandbox.call('POST', `/control/cards/${card}/move`, { address: '大阪府見本市転入町１番地' });
    expect(await trial.attributes(consentId, signSerial)).toMatchObject({
      state: 'updated',
      serial: await trial.serialOf(card, 'sign'),
      attributes: { address: '大阪府見本市転入町１番地' },
    });
    expect(await trial.attributes(consentId, await trial.serialOf(card, 'sign'))).toEqual({ state: 'unchanged' });
    expect((await trial.seen()).filter(([, metered]) => metered)).toEqual([['updated', true]]);
  });
  it('gives nothing where no newer certificate is, none was agreed to, or another provider was', async () => {
    const card = await trial.cards.issue();
    const { consentId, signSerial } = await trial.registered(card);
    await trial.cards.revoke(card, 'both', 'cessationOfOperation');
    expect(await trial.attributes(consentId, signSerial)).toEqual({ state: 'no_new_certificate' });
    expect(await trial.attributes('none', signSerial)).toEqual({ state: 'consent_missing' });
    const other = { ...CALLER, serviceId: `ten_${'b'.repeat(32)}`, consentId, signSerial };
    expect(await trial.jlis.services.latestAttributes(other)).toEqual({ state: 'consent_missing' });
  });
  it('ends with a withdrawal, which is found by asking for what came after the last one known', async () => {
    const card = await trial.cards.issue();
    const { consentId, signSerial } = await trial.registered(card);
    await trial.sandbox.call('POST', `/control/cards/${card}/withdraw-consents`);
    expect(await trial.attributes(consentId, signSerial)).toEqual({ state: 'withdrawn' });
    const poll = (after?: string) =>
      trial.jlis.services.withdrawals({
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
