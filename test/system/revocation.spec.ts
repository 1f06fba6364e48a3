import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromPublicId } from '#lib/platform';
import { bringLive } from '../support/onboarding.js';
import { type Answer, type Body, type Card, eventually, Story } from '../support/story.js';

const HOUR_MS = 3_600_000;
const THREE_DAYS_MS = 72 * HOUR_MS;

const hasReason =
  (code: string) =>
  ({ body }: Answer): boolean =>
    body.reason?.code === code;
const isValid = ({ body }: Answer): boolean => body.outcome === 'valid';
const crlNumber = ({ body }: Answer): bigint => BigInt(body.revocation?.crl_number ?? -1);

describe('revocation, from the card to the verdict', () => {
  let story: Story;
  let card: Card;
  let signed: Body;

  beforeAll(async () => {
    story = await Story.begin();
    card = await story.card();
    signed = await card.sign();
    await eventually(() => story.verify(signed), isValid);
  }, 120_000);
  afterAll(() => story?.end());

  it.each([
    ['raw', 'crl'],
    ['raw', 'ocsp'],
    ['cms', 'crl'],
    ['cms', 'ocsp'],
  ] as const)('finds a good card valid: %s signature, status from %s', async (format, revocation) => {
    const { status, body } = await story.verify({ ...(await card.sign(format)), revocation });
    expect({ status, outcome: body.outcome, reason: body.reason }).toEqual({
      status: 201,
      outcome: 'valid',
      reason: null,
    });
    expect(body.checks.map(({ result }) => result)).toEqual(['passed', 'passed', 'passed', 'passed', 'passed']);
    expect(body.attributes?.name.value).toBe('物語　花子');
    expect(body.revocation).toMatchObject({ method: revocation, status: 'good' });
    expect(body.usage).toMatchObject([{ meter: 'sign_check', method: revocation }]);
  });

  it('says revoked with reason, time and list number once the new list is loaded, by OCSP at once', async () => {
    const stranger = await story.card();
    const theirs = await stranger.sign();
    const before = await story.verify(theirs);
    expect(before.body.outcome).toBe('valid');

    await story.sandbox('POST', `cards/${stranger.id}/revoke`, { certificate: 'sign', reason: 'affiliationChanged' });
    const byOcsp = await story.verify({ ...theirs, revocation: 'ocsp' });
    expect(byOcsp.body).toMatchObject({ outcome: 'invalid', reason: { code: 'revoked' } });
    const byOldList = await story.verify(theirs);
    expect(byOldList.body).toMatchObject({ outcome: 'valid', revocation: before.body.revocation });

    await story.refresh();
    const { body } = await eventually(() => story.verify(theirs), hasReason('revoked'));
    expect(body).toMatchObject({
      outcome: 'invalid',
      reason: {
        code: 'revoked',
        operands: { reason: 'affiliationChanged', revoked_at: byOcsp.body.revocation?.revoked_at },
      },
      revocation: {
        method: 'crl',
        status: 'revoked',
        reason: 'affiliationChanged',
        revoked_at: byOcsp.body.revocation?.revoked_at,
      },
    });
    const { this_update, next_update, crl_number } = body.revocation!;
    expect(BigInt(crl_number!)).toBeGreaterThan(crlNumber(before));
    expect(Date.parse(this_update!)).toBeGreaterThanOrEqual(Date.parse(body.revocation!.revoked_at!));
    expect(Date.parse(next_update!)).toBe(Date.parse(this_update!) + 48 * HOUR_MS);
    // Its neighbour in the same list stays good, by the new list.
    const neighbour = await story.verify(signed);
    expect(neighbour.body.outcome).toBe('valid');
    expect(neighbour.body.revocation?.crl_number).toBe(crl_number);
  });

  it.each([
    ['down', 'jlis_'],
    ['truncated', 'crl_malformed:'],
    ['bad_signature', 'crl_refused:signature_invalid'],
    ['rollback', 'crl_refused:this_update_went_back,crl_number_went_back'],
    ['wrong_scope', 'crl_refused:scope_mismatch'],
    ['stale', 'crl_refused:next_update_passed'],
  ])(
    'keeps answering from the last good list when the delivery is %s, and names the refusal',
    async (mode, refusal) => {
      const before = await story.verify(signed);
      await story.sandbox('PUT', 'faults', { crl: { mode } });
      await expect(story.refresh()).rejects.toThrow(`: ${refusal}`);
      const status = await story.operator('revocation status --mode test');
      expect(status).toContain(`last_failure=${refusal}`);
      const after = await story.verify(signed);
      expect(after.body).toMatchObject({ outcome: 'valid', revocation: before.body.revocation });
    },
    30_000,
  );

  it('is undecided once the lists are past their time, bills nothing, and recovers with fresh lists', async () => {
    await story.sandbox('PUT', 'faults', { crl: { mode: 'none' } });
    await bringLive({ urls: story.stack.urls.database }, fromPublicId('ten', story.tenantId)!);
    const made = await story.operator(`api-key create --tenant ${story.tenantId} --mode live --name live`);
    const liveKey = (JSON.parse(made) as { api_key: string }).api_key;
    await story.stack.sandbox.stop();
    await story.operator('clock set --offset +3d');

    const stale = await eventually(() => story.verify(signed), hasReason('revocation_stale'));
    expect(stale.status).toBe(201);
    expect(stale.body).toMatchObject({
      outcome: 'indeterminate',
      reason: { code: 'revocation_stale', operands: { next_update: stale.body.revocation?.next_update } },
      revocation: { method: 'crl', status: 'stale' },
    });
    expect(Date.parse(stale.body.revocation!.next_update!)).toBeLessThan(Date.parse(stale.body.decided_at));
    const usage = await story.rows(
      `select outcome, billable from usage_event where 'use_' || replace(id::text, '-', '') = $1`,
      [stale.body.usage[0]?.id],
    );
    expect(usage).toEqual([{ outcome: 'indeterminate', billable: false }]);
    await expect(story.refresh()).rejects.toThrow(': jlis_');

    const [live, test] = await Promise.all([story.me({ apiKey: liveKey }), story.me()]);
    expect(live.mode).toBe('live');
    expect(Math.abs(Date.parse(live.now) - Date.now())).toBeLessThan(HOUR_MS);
    expect(Math.abs(Date.parse(test.now) - Date.now() - THREE_DAYS_MS)).toBeLessThan(HOUR_MS);

    await story.stack.sandbox.start();
    await story.sandbox('PUT', 'clock', { offset_ms: THREE_DAYS_MS });
    await story.refresh();
    const fresh = await eventually(() => story.verify(signed), isValid);
    expect(fresh.body.outcome).toBe('valid');
    expect(crlNumber(fresh)).toBeGreaterThan(crlNumber(stale));
  }, 60_000);
});
