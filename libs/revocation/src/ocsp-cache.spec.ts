import { describe, expect, it } from '@jest/globals';
import type { RevocationFinding } from '#lib/pki';
import { OCSP_CACHE_LIMITS, OCSP_CACHE_MAX_AGE_MS, OcspCache, type OcspQuestionKey } from './ocsp-cache.js';

const AT = Date.UTC(2026, 1, 2);
const MINUTE = 60_000;
const question: OcspQuestionKey = { mode: 'live', issuer: 'aa', serial: Uint8Array.of(1, 2), at: AT };
const good = (nextUpdate = AT + 30 * MINUTE): RevocationFinding => ({
  method: 'ocsp',
  status: 'good',
  thisUpdate: AT,
  nextUpdate,
});
const endless: RevocationFinding = { method: 'ocsp', status: 'good', thisUpdate: AT };
const limits = { ...OCSP_CACHE_LIMITS, maxAgeMs: { live: 30_000, test: 30_000 } };

/** A responder that counts and answers when told. */
class Responder {
  asked = 0;
  private pending: ((finding: RevocationFinding) => void)[] = [];
  private failing: ((error: Error) => void)[] = [];

  ask = (): Promise<RevocationFinding> => {
    this.asked++;
    return new Promise((resolve, reject) => {
      this.pending.push(resolve);
      this.failing.push(reject);
    });
  };

  reply(finding: RevocationFinding): void {
    for (const resolve of this.pending.splice(0)) resolve(finding);
    this.failing = [];
  }

  fail(error: Error): void {
    for (const reject of this.failing.splice(0)) reject(error);
    this.pending = [];
  }
}

/** Asks at each time in turn, every exchange answered at once with `finding`; how many exchanges there were. */
async function exchanges(
  finding: RevocationFinding,
  times: readonly number[],
  cache = new OcspCache(limits),
): Promise<number> {
  let asked = 0;
  for (const at of times)
    await cache.answer({ ...question, at }, () => {
      asked++;
      return Promise.resolve(finding);
    });
  return asked;
}

describe('OcspCache', () => {
  it('lets a hundred equal questions in flight share one exchange', async () => {
    const cache = new OcspCache(limits);
    const responder = new Responder();
    const answers = Array.from({ length: 100 }, (_, i) => cache.answer({ ...question, at: AT + i }, responder.ask));
    responder.reply(good());
    expect(new Set(await Promise.all(answers)).size).toBe(1);
    expect(responder.asked).toBe(1);
  });

  it.each<[string, Partial<OcspQuestionKey>]>([
    ['mode', { mode: 'test' }],
    ['issuing key', { issuer: 'ab' }],
    ['serial', { serial: Uint8Array.of(1, 3) }],
  ])('never gives the answer for one %s to a question about another', async (_what, other) => {
    const cache = new OcspCache(limits);
    const responder = new Responder();
    const first = cache.answer(question, responder.ask);
    const second = cache.answer({ ...question, ...other }, responder.ask);
    expect(responder.asked).toBe(2);
    responder.reply(good());
    await Promise.all([first, second]);
    await cache.answer(question, responder.ask);
    expect(responder.asked).toBe(2);
  });

  it('uses an answer again until its age is reached', async () => {
    expect(await exchanges(good(), [AT, AT + 29_999])).toBe(1);
    expect(await exchanges(good(), [AT, AT + 30_000])).toBe(2);
  });

  it('counts the age from the exchange, not from the last use', async () => {
    expect(await exchanges(good(), [AT, AT + 20_000, AT + 29_000, AT + 31_000])).toBe(2);
  });

  it('never uses an answer at or past its nextUpdate', async () => {
    expect(await exchanges(good(AT + 5_000), [AT, AT + 4_999])).toBe(1);
    expect(await exchanges(good(AT + 5_000), [AT, AT + 5_000])).toBe(2);
  });

  it('does not hand an answer in flight to a question that comes after its nextUpdate', async () => {
    const cache = new OcspCache(limits);
    const responder = new Responder();
    const early = cache.answer(question, responder.ask);
    const late = cache.answer({ ...question, at: AT + 6_000 }, responder.ask);
    responder.reply(good(AT + 5_000));
    await early;
    // The late question has now begun an exchange of its own.
    await Promise.resolve();
    expect(responder.asked).toBe(2);
    responder.reply(good(AT + 60_000));
    expect((await late).nextUpdate).toBe(AT + 60_000);
  });

  it('never keeps an answer without nextUpdate', async () => {
    expect(await exchanges(endless, [AT, AT + 1])).toBe(2);
  });

  it('follows a clock that is moved forward, back, or far', async () => {
    expect(await exchanges(good(), [AT, AT - 1])).toBe(2);
    expect(await exchanges(good(AT + 1e12), [AT, AT + 86_400_000])).toBe(2);
    const cache = new OcspCache(limits);
    const responder = new Responder();
    const before = cache.answer(question, responder.ask);
    const moved = cache.answer({ ...question, at: AT + 86_400_000 }, responder.ask);
    expect(responder.asked).toBe(2);
    responder.reply(good(AT + 1e12));
    await Promise.all([before, moved]);
  });

  it.each<RevocationFinding['status']>(['unknown', 'stale', 'unavailable', 'unsupported'])(
    'never keeps %s, which the next question may find otherwise',
    async (status) => expect(await exchanges({ ...good(), status }, [AT, AT])).toBe(2),
  );

  it('keeps revoked like good', async () => {
    expect(await exchanges({ ...good(), status: 'revoked' }, [AT, AT])).toBe(1);
  });

  it('passes a fault on to all who waited and asks anew afterwards', async () => {
    const cache = new OcspCache(limits);
    const responder = new Responder();
    const answers = [cache.answer(question, responder.ask), cache.answer(question, responder.ask)];
    const settled = Promise.allSettled(answers);
    responder.fail(new Error('a bug'));
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const after = cache.answer(question, responder.ask);
    expect(responder.asked).toBe(2);
    responder.reply(good());
    expect((await after).status).toBe('good');
  });

  it('keeps nothing in test mode, where whoever revokes a card looks at once', async () => {
    const cache = new OcspCache();
    const responder = new Responder();
    for (const asked of [1, 2]) {
      const answer = cache.answer({ ...question, mode: 'test' }, responder.ask);
      responder.reply(good());
      await answer;
      expect([responder.asked, cache.size]).toEqual([asked, 0]);
    }
  });

  it('holds no more answers than it may, and drops the one unused for longest', async () => {
    const cache = new OcspCache({ ...limits, maxEntries: 3 });
    const asked: number[] = [];
    const ask = (serial: number): Promise<RevocationFinding> =>
      cache.answer({ ...question, serial: Uint8Array.of(serial) }, () => {
        asked.push(serial);
        return Promise.resolve(good());
      });
    for (const serial of [1, 2, 3, 1, 4, 1, 2]) await ask(serial);
    expect(asked).toEqual([1, 2, 3, 4, 2]);
    expect(cache.size).toBe(3);
  });

  it('uses no answer for longer than a minute, whatever is configured', async () => {
    const cache = new OcspCache({ maxAgeMs: { live: 1e9, test: 1e9 }, maxEntries: 10 });
    expect(await exchanges(good(), [AT, AT + OCSP_CACHE_MAX_AGE_MS], cache)).toBe(2);
  });
});
