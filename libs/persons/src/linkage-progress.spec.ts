import { describe, expect, it } from '@jest/globals';
import { progressOf } from './pending-linkages.js';
import type { SerialLinkage } from './serial-linkage-record.js';
import { GIVE_UP_AFTER_MS } from './serial-linkage-schedule.js';
import { withoutLink } from './serial-linkage-settlement.js';

const createdAt = Date.UTC(2026, 10, 23);
const linkage: SerialLinkage = {
  id: 'l',
  verificationId: 'v',
  state: 'pending',
  detail: 'not_yet_linkable',
  personId: 'young',
  certificateId: 'new',
  consentId: 'c',
  attempts: 3,
  nextAttemptAt: createdAt + 1,
  createdAt,
  updatedAt: createdAt,
};
const at = createdAt + 60 * 60_000;

describe('what no link answers', () => {
  it.each([
    [{ state: 'not_found' }, { state: 'not_found', detail: 'no_known_previous' }],
    [{ state: 'own_record' }, { state: 'severed' }],
    [{ state: 'severed' }, { state: 'severed' }],
    [
      { state: 'ambiguous', detail: 'cycle' },
      { state: 'ambiguous', detail: 'cycle' },
    ],
    [
      { state: 'consent_required', detail: 'consent_missing' },
      { state: 'consent_required', detail: 'consent_missing' },
    ],
    [
      { state: 'not_yet_linkable', retryAfterMs: 7 },
      { state: 'pending', detail: 'not_yet_linkable', retryAfterMs: 7 },
    ],
    [{ state: 'unavailable' }, { state: 'pending', detail: 'jlis_unavailable' }],
    [
      { state: 'unavailable', retryAfterMs: 7 },
      { state: 'pending', detail: 'jlis_unavailable', retryAfterMs: 7 },
    ],
  ] as const)('%j is %j', (found, outcome) => expect(withoutLink(found)).toEqual(outcome));
});

describe('a pending linkage after an attempt', () => {
  it('keeps waiting, longer each time', () =>
    expect(progressOf(linkage, { state: 'pending', detail: 'jlis_unavailable', isNew: false }, at)).toEqual({
      state: 'pending',
      detail: 'jlis_unavailable',
      attempts: 3,
      personId: 'young',
      certificateId: 'new',
      nextAttemptAt: at + 20 * 60_000,
      updatedAt: at,
    }));

  it("is the survivor's when it is linked, and waits no more", () =>
    expect(
      progressOf(
        linkage,
        { state: 'linked', personId: 'old', previousCertificateId: 'before', source: 'jlis', isNew: false },
        at,
      ),
    ).toEqual({
      state: 'linked',
      attempts: 3,
      personId: 'old',
      certificateId: 'new',
      previousCertificateId: 'before',
      source: 'jlis',
      updatedAt: at,
    }));

  it('is not found when the time is up, whatever kept it waiting', () => {
    for (const detail of ['not_yet_linkable', 'jlis_unavailable'] as const)
      expect(
        progressOf(linkage, { state: 'pending', detail, isNew: false }, createdAt + GIVE_UP_AFTER_MS),
      ).toMatchObject({ state: 'not_found', detail: 'not_linkable' });
  });

  it('keeps its person when the certificate is gone', () =>
    expect(progressOf(linkage, { state: 'severed', isNew: false }, at)).toMatchObject({
      state: 'severed',
      personId: 'young',
    }));
});
