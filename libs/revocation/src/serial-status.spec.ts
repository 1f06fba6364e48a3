import { describe, expect, it } from '@jest/globals';
import type { RevocationColumns } from '#lib/pki';
import type { ResidentCrl } from './resident-set.js';
import { serialOctets, statusInAll } from './serial-status.js';

const AT = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;
const SERIAL = serialOctets('305419896');

/** A list that holds the given serials as superseded. */
function list(change: { thisUpdate?: number; nextUpdate?: number; revoked?: readonly string[] } = {}): ResidentCrl {
  const revoked = new Set((change.revoked ?? []).map((serial) => Buffer.from(serialOctets(serial)).toString('hex')));
  const find: RevocationColumns['find'] = (serial) =>
    revoked.has(Buffer.from(serial).toString('hex')) ? { revokedAt: AT - 2 * HOUR, reason: 'superseded' } : undefined;
  return {
    crlId: '1',
    anchorFingerprint: 'a',
    columns: { find } as RevocationColumns,
    thisUpdate: change.thisUpdate ?? AT - HOUR,
    nextUpdate: change.nextUpdate ?? AT + HOUR,
    sha256: 'ff',
  };
}
const good = { serial: SERIAL, notAfter: AT + 1000 * HOUR };

describe('the content octets of a serial number', () => {
  it.each([
    ['1', '01'],
    ['127', '7f'],
    ['128', '0080'],
    ['255', '00ff'],
    ['256', '0100'],
    ['305419896', '12345678'],
    ['2147483648', '0080000000'],
  ])('%s is %s', (decimal, hex) => {
    expect(Buffer.from(serialOctets(decimal)).toString('hex')).toBe(hex);
  });
});

describe('a serial number among all lists', () => {
  it('is good when every list is fresh and silent, as of the list made first', () => {
    const lists = [list({ thisUpdate: AT - HOUR }), list({ thisUpdate: AT - 5 * HOUR, nextUpdate: AT + 2 * HOUR })];
    expect(statusInAll(good, lists, AT)).toEqual({
      method: 'crl',
      status: 'good',
      thisUpdate: AT - 5 * HOUR,
      nextUpdate: AT + HOUR,
    });
  });
  it('is revoked wherever a fresh list says so, though others are stale', () => {
    const lists = [list({ nextUpdate: AT }), list({ revoked: ['305419896'] })];
    expect(statusInAll(good, lists, AT)).toMatchObject({ status: 'revoked', reason: 'superseded' });
    expect(statusInAll({ serial: SERIAL }, lists, AT)).toMatchObject({ status: 'revoked' });
  });
  it('is stale when one list is, for that one may hold it', () => {
    expect(statusInAll(good, [list(), list({ nextUpdate: AT })], AT)).toMatchObject({ status: 'stale' });
    expect(statusInAll(good, [list({ nextUpdate: AT, revoked: ['305419896'] })], AT)).toMatchObject({
      status: 'stale',
    });
  });
  it('is unknown when nobody knows whether it has expired, or it has', () => {
    expect(statusInAll({ serial: SERIAL }, [list()], AT)).toMatchObject({
      status: 'unknown',
      detail: 'expiry_unknown',
    });
    expect(statusInAll({ ...good, notAfter: AT - 1 }, [list()], AT)).toMatchObject({
      status: 'unknown',
      detail: 'certificate_expired',
    });
  });
  it('is unavailable without lists', () => {
    expect(statusInAll(good, [], AT)).toMatchObject({ status: 'unavailable', detail: 'no_partition' });
  });
});
