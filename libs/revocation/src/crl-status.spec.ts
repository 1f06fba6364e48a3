import { describe, expect, it } from '@jest/globals';
import { CRL_SKEW_MS, parseCertificate, parseName, RevocationColumnsBuilder, serialOctets } from '#lib/pki';
import { issueEndEntity, makeAuthority, partitionName, profileExtensions } from '../../../test/support/pki.js';
import * as der from '../../../test/support/der-writer.js';
import { crlStatus, statusAmong } from './crl-status.js';
import { pointKey, type ResidentCrl, ResidentSet } from './resident-set.js';

const AT = Date.UTC(2026, 1, 2);
const DAY = 86_400_000;
const REVOKED = 0x0abc1234;
const REVOKED_AT = AT - 10 * DAY;

function list(change: Partial<ResidentCrl> = {}): ResidentCrl {
  const builder = new RevocationColumnsBuilder();
  builder.append(REVOKED, REVOKED_AT / 1000, 4);
  return {
    crlId: '1',
    anchorFingerprint: 'aa',
    columns: builder.build('test'),
    crlNumber: '7',
    thisUpdate: AT - DAY,
    nextUpdate: AT + DAY,
    sha256: 'cc',
    ...change,
  };
}
const empty = () => new RevocationColumnsBuilder().build('test');
const serial = { serial: serialOctets(REVOKED), notAfter: AT + 2 * DAY };
const other = { serial: serialOctets(REVOKED + 1), notAfter: AT + 2 * DAY };

describe('the status a list gives', () => {
  it('is good for a serial it does not hold, and names the list', () => {
    expect(crlStatus(other, list(), AT)).toEqual({
      method: 'crl',
      status: 'good',
      crlNumber: '7',
      thisUpdate: AT - DAY,
      nextUpdate: AT + DAY,
      sourceSha256: 'cc',
    });
  });

  it('is revoked with time and reason for a serial it holds', () => {
    expect(crlStatus(serial, list(), AT)).toMatchObject({
      status: 'revoked',
      reason: 'superseded',
      revokedAt: REVOKED_AT,
    });
  });

  it('is stale from the very millisecond of nextUpdate on, for revoked serials too', () => {
    const ending = list({ nextUpdate: AT });
    expect(crlStatus(other, ending, AT - 1).status).toBe('good');
    expect(crlStatus(other, ending, AT).status).toBe('stale');
    expect(crlStatus(serial, ending, AT)).toMatchObject({ status: 'stale', crlNumber: '7', nextUpdate: AT });
  });

  it('is unavailable when the list comes from the future by more than the skew allowed', () => {
    const early = list({ thisUpdate: AT + CRL_SKEW_MS });
    expect(crlStatus(other, early, AT).status).toBe('good');
    expect(crlStatus(other, early, AT - 1)).toMatchObject({ status: 'unavailable', detail: 'crl_from_future' });
  });

  it('is unknown, not good, when a list is silent about a certificate that had expired', () => {
    const ended = { ...other, notAfter: AT - 1 };
    expect(crlStatus(ended, list(), AT)).toMatchObject({ status: 'unknown', detail: 'certificate_expired' });
    expect(crlStatus({ ...other, notAfter: AT }, list(), AT).status).toBe('good');
    // Dropped from a list that was made after its end, although asked about a moment when it was valid.
    const later = list({ thisUpdate: AT + 2 });
    expect(crlStatus({ ...other, notAfter: AT + 1 }, later, AT + 1).status).toBe('unknown');
    expect(crlStatus({ ...serial, notAfter: AT - 1 }, list(), AT).status).toBe('revoked');
  });

  it('comes from the fresh list made last, so that an older one cannot hide a revocation', () => {
    const older = list({ thisUpdate: AT - 2 * DAY, columns: empty(), sha256: 'older' });
    const newer = list({ thisUpdate: AT - DAY, sha256: 'newer' });
    for (const lists of [
      [older, newer],
      [newer, older],
    ]) {
      expect(statusAmong(serial, lists, AT).status).toBe('revoked');
      expect(statusAmong(other, lists, AT)).toMatchObject({ status: 'good', sourceSha256: 'newer' });
    }
  });

  it('is revoked wherever a fresh list says so, for a revocation is final', () => {
    const older = list({ thisUpdate: AT - 2 * DAY });
    const newer = list({ thisUpdate: AT - DAY, columns: empty() });
    expect(statusAmong(serial, [newer, older], AT).status).toBe('revoked');
  });

  it('is taken from a fresh list beside a stale one, and is the doubt about the newest when none is fresh', () => {
    const stale = list({ nextUpdate: AT });
    expect(statusAmong(other, [stale, list()], AT).status).toBe('good');
    const future = list({ thisUpdate: AT + DAY, nextUpdate: AT + 2 * DAY });
    expect(statusAmong(other, [stale, future], AT)).toMatchObject({ status: 'unavailable', detail: 'crl_from_future' });
    expect(statusAmong(other, [], AT)).toEqual({ method: 'crl', status: 'unavailable', detail: 'no_partition' });
  });
});

describe('the lists that cover a certificate', () => {
  const authority = makeAuthority('sign', 2023);
  const certificate = parseCertificate(issueEndEntity(authority).der);
  const point = parseName(partitionName('sign'));
  const withPoints = (points: Buffer) =>
    parseCertificate(
      issueEndEntity(authority, {
        extensions: Object.values({
          ...profileExtensions(authority),
          crlDistributionPoints: { oid: '2.5.29.31', value: points },
        }),
      }).der,
    );

  it('are those of its issuing key only, although the generations share a name', () => {
    const set = new ResidentSet();
    set.put(list({ anchorFingerprint: '2019', point: pointKey(point) }));
    expect(set.covering(certificate, '2023')).toEqual([]);
    const own = list({ anchorFingerprint: '2023', point: pointKey(point) });
    set.put(own);
    expect(set.covering(certificate, '2023')).toEqual([own]);
  });

  it('are found by the name however it is encoded', () => {
    const set = new ResidentSet();
    const printable = Buffer.from(partitionName('sign'));
    const at = printable.indexOf(Buffer.from('Minato-ku'));
    printable.write('MINATO-KU', at);
    set.put(list({ anchorFingerprint: 'aa', point: pointKey(parseName(printable)) }));
    expect(set.covering(certificate, 'aa')).toHaveLength(1);
  });

  it('are not those of another municipality', () => {
    const set = new ResidentSet();
    set.put(list({ point: pointKey(parseName(partitionName('sign', 'Chuo-ku'))) }));
    expect(set.covering(certificate, 'aa')).toEqual([]);
  });

  it('begin with its partition and end with the whole list of the key', () => {
    const set = new ResidentSet();
    const full = list({ crlId: 'full' });
    const partition = list({ crlId: 'part', point: pointKey(point) });
    set.put(full);
    set.put(partition);
    expect(set.covering(certificate, 'aa').map(({ crlId }) => crlId)).toEqual(['part', 'full']);
  });

  it('are replaced as a whole by the next one', () => {
    const set = new ResidentSet();
    set.put(list({ point: pointKey(point) }));
    set.put(list({ crlId: '2', point: pointKey(point) }));
    expect(set.covering(certificate, 'aa').map(({ crlId }) => crlId)).toEqual(['2']);
    expect(set.stats).toEqual({ partitions: 1, entries: 1 });
  });

  const name = der.explicit(0, der.explicit(0, der.explicit(4, partitionName('sign'))));
  it.each([
    ['only some reasons', der.sequence(der.sequence(name, der.implicit(1, Buffer.from([6, 0x40]))))],
    ['another issuer', der.sequence(der.sequence(name, der.explicit(2, der.explicit(4, authority.name))))],
  ])('do not include one for %s', (_, points) => {
    const set = new ResidentSet();
    set.put(list({ point: pointKey(point) }));
    expect(set.covering(withPoints(points), 'aa')).toEqual([]);
  });
});
