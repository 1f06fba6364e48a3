import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { type OcspFault, rawBody } from '../support/card.js';
import { type Metered, usageOf, type Verification, verifySignature } from '../support/verification.js';

let stack: ApiStack;
let key: TestKey;
beforeAll(async () => {
  // Short, so that a slow responder is a quick test.
  stack = await ApiStack.start({ ocspTimeoutMs: 3_000 });
  key = await stack.newKey();
  // The responder's certificate is made on the first request, which may take longer than the deadline.
  await verify({ ...(await rawBody(stack.sandbox)), revocation: 'ocsp' });
}, 120_000);
afterEach(() => stack.sandbox.ocspFault('none'));
afterAll(() => stack.stop());

const verify = (body: Schemas['SignatureVerificationRequest']): Promise<Verification> => verifySignature(key, body);

const metered = (method: string, outcome: string): Metered => ({
  meter: 'sign_check',
  method,
  purpose: 'signature_verification',
  outcome,
  billable: outcome !== 'indeterminate',
});

/** Fault, reason, status and detail of the evidence. */
const FAULTS: [OcspFault, string, string, string][] = [
  ['down', 'revocation_unavailable', 'unavailable', 'ocsp_unreachable'],
  ['slow', 'revocation_unavailable', 'unavailable', 'ocsp_timeout'],
  ['try_later', 'revocation_unavailable', 'unavailable', 'responder_try_later'],
  ['bad_signature', 'revocation_unavailable', 'unavailable', 'signature_invalid'],
  ['garbage', 'revocation_unavailable', 'unavailable', 'ocsp_malformed'],
  ['wrong_nonce', 'revocation_unavailable', 'unavailable', 'nonce_mismatch'],
  ['stale', 'revocation_stale', 'stale', 'next_update_passed'],
  ['unknown', 'status_unknown', 'unknown', 'not_known_to_responder'],
];

describe('201 indeterminate: OCSP', () => {
  it.each(FAULTS)(
    '%s is %s with status %s, detail %s: metered and not billable',
    async (fault, reason, ...evidence) => {
      await stack.sandbox.ocspFault(fault, fault === 'slow' ? 10_000 : 0);
      const verification = await verify({ ...(await rawBody(stack.sandbox)), revocation: 'ocsp' });
      expect([verification.outcome, verification.reason?.code]).toEqual(['indeterminate', reason]);
      expect([verification.revocation?.status, verification.revocation?.detail]).toEqual(evidence);
      expect(verification.checks.at(-1)).toEqual({ name: 'revocation', result: 'failed' });
      // The signature is proved; only the status is in doubt.
      expect(verification.attributes?.name.value).toBe('見本　太郎');
      expect(verification.usage).toHaveLength(1);
      expect(await usageOf(stack, verification)).toEqual([metered('ocsp', 'indeterminate')]);
    },
  );
});

describe('201: ocsp_or_crl', () => {
  it.each(FAULTS.filter(([fault]) => fault !== 'unknown'))(
    'falls back to the list when OCSP is %s, and only the list is billable',
    async (fault, _reason, status, detail) => {
      await stack.sandbox.ocspFault(fault, fault === 'slow' ? 10_000 : 0);
      const verification = await verify({ ...(await rawBody(stack.sandbox)), revocation: 'ocsp_or_crl' });
      expect([verification.outcome, verification.reason]).toEqual(['valid', null]);
      expect(verification.revocation_attempts).toMatchObject([
        { method: 'ocsp', status, detail },
        { method: 'crl', status: 'good', detail: null },
      ]);
      expect(verification.revocation).toEqual(verification.revocation_attempts[1]);
      expect(await usageOf(stack, verification)).toEqual([metered('ocsp', 'indeterminate'), metered('crl', 'valid')]);
    },
  );

  it('finds the revoked card in the list when OCSP is down', async () => {
    await stack.sandbox.ocspFault('down');
    const body = await rawBody(stack.sandbox, { card: 'card-lost' });
    const verification = await verify({ ...body, revocation: 'ocsp_or_crl' });
    expect([verification.outcome, verification.reason?.code]).toEqual(['invalid', 'revoked']);
    expect(await usageOf(stack, verification)).toEqual([metered('ocsp', 'indeterminate'), metered('crl', 'invalid')]);
  });

  it('does not turn "unknown" of an authentic responder into "good" because a list lacks the serial', async () => {
    await stack.sandbox.ocspFault('unknown');
    const verification = await verify({ ...(await rawBody(stack.sandbox)), revocation: 'ocsp_or_crl' });
    expect([verification.outcome, verification.reason?.code]).toEqual(['indeterminate', 'status_unknown']);
    expect(await usageOf(stack, verification)).toEqual([metered('ocsp', 'indeterminate')]);
  });
});

describe('201 indeterminate: the list', () => {
  afterEach(() => stack.moveClock('0'));

  it('past its nextUpdate says nothing, not even of a revoked card', async () => {
    await stack.moveClock('+3d');
    for (const card of ['adult-valid', 'deceased']) {
      const verification = await verify(await rawBody(stack.sandbox, { card }));
      expect([verification.outcome, verification.reason?.code]).toEqual(['indeterminate', 'revocation_stale']);
      expect(verification.reason?.operands).toEqual({ next_update: verification.revocation?.next_update });
      expect(await usageOf(stack, verification)).toEqual([metered('crl', 'indeterminate')]);
    }
  });

  it('from the future says nothing', async () => {
    await stack.moveClock('-2d');
    const verification = await verify(await rawBody(stack.sandbox));
    expect(verification.reason).toMatchObject({
      code: 'revocation_unavailable',
      operands: { detail: 'crl_from_future' },
    });
  });

  it('does not move live time', async () => {
    await stack.moveClock('+3d');
    const live = await stack.newKey({ mode: 'live' });
    const { data } = await live.client.GET('/v1/me');
    expect(Math.abs(Date.parse(data!.now) - Date.now())).toBeLessThan(60_000);
  });
});
