import { describe, expect, it } from '@jest/globals';
import { buildCrl, CRL_AT, CRL_TIMES, crlEntry, crlNumber, type CrlSpec } from '../../../test/support/crl.js';
import {
  ask,
  authority,
  certificate,
  flag,
  outcome,
  question,
  revokedEntry,
  revoking,
  scoped,
} from '../../../test/support/crl-question.js';
import { authorityName, makeAuthority } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { CRL_SKEW_MS } from './crl-check.js';
import { readCrl } from './crl-reader.js';
import { statusFromCrls } from './status.js';

describe('statusFromCrls says', () => {
  it('good, and on which list it rests', () => {
    const crl = readCrl(buildCrl(authority));
    expect(statusFromCrls({ ...question, crls: [crl] })).toEqual({
      method: 'crl',
      status: 'good',
      thisUpdate: Date.parse(CRL_TIMES.thisUpdate),
      nextUpdate: Date.parse(CRL_TIMES.nextUpdate),
      crlNumber: '7',
      sourceSha256: crl.fileSha256,
    });
  });

  it('revoked with time and reason, of a list of version 1 too', () => {
    expect(ask([revoking])).toMatchObject({
      status: 'revoked',
      reason: 'superseded',
      revokedAt: Date.parse('2026-01-02T03:04:05Z'),
    });
    const first: CrlSpec = { version: null, extensions: null, entries: [crlEntry({ serial: certificate.serial })] };
    expect(ask([first])).toMatchObject({ status: 'revoked', reason: 'unspecified' });
    expect(ask([first])).not.toHaveProperty('crlNumber');
  });

  it('what the newest list in force says, in whatever order they come', () => {
    const older: CrlSpec = { thisUpdate: '2026-01-31', extensions: [crlNumber(6)] };
    expect(outcome([older, revoking])).toEqual(['revoked']);
    expect(outcome([revoking, older])).toEqual(['revoked']);
    const held = { ...older, entries: [revokedEntry(6)] };
    expect(outcome([held, {}])).toEqual(['good']);
  });

  it('what the larger number says of two lists of one second', () => {
    const later: CrlSpec = { ...revoking, extensions: [crlNumber(8)] };
    expect(outcome([{}, later])).toEqual(['revoked']);
    expect(outcome([later, {}])).toEqual(['revoked']);
  });

  it('what a list in force says, beside one that has ended, comes from the future or is forged', () => {
    const beside: CrlSpec[] = [
      { nextUpdate: CRL_AT - 1000, thisUpdate: CRL_AT - 2000, entries: [revokedEntry()] },
      { thisUpdate: CRL_AT + CRL_SKEW_MS + 1000, entries: [revokedEntry()] },
      { tamper: (signature) => Buffer.from(signature).fill(1), thisUpdate: CRL_AT - 1000, entries: [revokedEntry()] },
    ];
    for (const spec of beside) expect(outcome([spec, {}])).toEqual(['good']);
  });

  it('unknown of a certificate that had expired before the list, and revoked when the list still names it', () => {
    const at = Date.UTC(2031, 0, 2);
    const late = { thisUpdate: '2031-01-01', nextUpdate: '2031-01-03' };
    expect(outcome([late], { at })).toEqual(['unknown', 'expired_before_list']);
    expect(outcome([{ ...late, ...revoking }], { at })).toEqual(['revoked']);
    const lastDay = { thisUpdate: '2029-03-31T14:59:59Z', nextUpdate: '2031-01-03' };
    expect(outcome([lastDay], { at })).toEqual(['good']);
  });
});

describe('Without a list that answers, the doubt is named:', () => {
  it.each<[string, CrlSpec[], string[]]>([
    ['none given', [], ['unavailable', 'no_list']],
    ['ended at this instant', [{ nextUpdate: CRL_AT }], ['stale', 'next_update_passed']],
    ['without an end', [{ nextUpdate: null }], ['unavailable', 'next_update_missing']],
    ['from the future', [{ thisUpdate: CRL_AT + CRL_SKEW_MS + 1000 }], ['unavailable', 'this_update_in_future']],
    [
      'a forged signature',
      [{ tamper: (signature) => Buffer.from(signature).fill(1) }],
      ['unavailable', 'signature_invalid'],
    ],
    ['signed with SHA-1', [{ digest: 'sha1' }], ['unavailable', 'algorithm_refused']],
    [
      'ended, beside one of another issuer',
      [{ nextUpdate: CRL_AT }, { issuer: authorityName('auth') }],
      ['stale', 'next_update_passed'],
    ],
    [
      'not understood, beside one that ended',
      [{ nextUpdate: CRL_AT }, scoped(flag(4))],
      ['unsupported', 'indirect_crl'],
    ],
  ])('%s', (_what, specs, expected) => expect(outcome(specs)).toEqual(expected));

  it('a list that revokes and has ended is stale: who withholds newer ones chooses what we see', () => {
    expect(ask([{ ...revoking, nextUpdate: CRL_AT }])).toMatchObject({ status: 'stale', nextUpdate: CRL_AT });
  });

  it('a list about certificates of another issuer', () => {
    const other = { ...question.issuer, name: parseCertificate(makeAuthority('auth', 2023).der).subject };
    expect(outcome([{}], { issuer: other })).toEqual(['unavailable', 'issuer_mismatch']);
  });
});
