import { describe, expect, it } from '@jest/globals';
import { usageEventOf } from './usage-event.js';

const check = { id: 'u', certificateKind: 'sign', method: 'crl', purpose: 'signature_verification' } as const;

describe('a usage event', () => {
  it('is never billable when nothing was decided', () => {
    expect(usageEventOf({ ...check, outcome: 'indeterminate' }).billable).toBe(false);
    expect(usageEventOf({ ...check, outcome: 'valid' }).billable).toBe(true);
    expect(usageEventOf({ ...check, outcome: 'invalid' }).billable).toBe(true);
  });
  it('counts sign and auth certificates on meters of their own', () => {
    expect(usageEventOf({ ...check, outcome: 'valid' }).meter).toBe('sign_check');
    expect(usageEventOf({ ...check, certificateKind: 'auth', outcome: 'valid' }).meter).toBe('auth_check');
  });
});
