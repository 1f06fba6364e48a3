import { describe, expect, it } from '@jest/globals';
import { buildCrl, CRL_AT, crlNumber, type CrlSpec, issuingDistributionPoint } from '../../../test/support/crl.js';
import { ask, authority, flag, outcome, question, revokedEntry, revoking } from '../../../test/support/crl-question.js';
import * as der from '../../../test/support/der-writer.js';
import type { TestExtension } from '../../../test/support/pki.js';
import { CRL_SKEW_MS } from './crl-check.js';
import { readCrl } from './crl-reader.js';
import { statusFromCrls } from './status.js';

describe('A delta list', () => {
  const delta = (change: CrlSpec & { number?: number; base?: number; more?: TestExtension[] } = {}): CrlSpec => ({
    thisUpdate: '2026-02-01T12:00:00Z',
    entries: [],
    extensions: [
      crlNumber(change.number ?? 9),
      { oid: '2.5.29.27', critical: true, value: der.integer(change.base ?? 7) },
      ...(change.more ?? []),
    ],
    ...change,
  });
  const held: CrlSpec = { entries: [revokedEntry(6)] };
  const lifting = delta({ entries: [revokedEntry(8)] });

  it('adds to, overrides and leaves standing what the complete list says', () => {
    expect(outcome([{}, delta({ entries: [revokedEntry()] })])).toEqual(['revoked']);
    expect(ask([held, delta({ entries: [revokedEntry(1)] })])).toMatchObject({ reason: 'keyCompromise' });
    expect(ask([held, delta()])).toMatchObject({ status: 'revoked', reason: 'certificateHold' });
    expect(outcome([{}, delta()])).toEqual(['good']);
  });

  it('lifts a hold with removeFromCRL, and nothing else', () => {
    expect(outcome([held, lifting])).toEqual(['good']);
    expect(ask([{ entries: [revokedEntry(1)] }, lifting])).toMatchObject({
      status: 'revoked',
      reason: 'keyCompromise',
    });
    expect(outcome([{}, lifting])).toEqual(['good']);
  });

  it('gives the pair its number and times, and its own hash', () => {
    const crls = [readCrl(buildCrl(authority, {})), readCrl(buildCrl(authority, delta()))];
    expect(statusFromCrls({ ...question, crls })).toMatchObject({
      crlNumber: '9',
      thisUpdate: Date.parse('2026-02-01T12:00:00Z'),
      sourceSha256: crls[1]!.fileSha256,
    });
  });

  it('names the list that has the entry as the source of a revocation', () => {
    const crls = [readCrl(buildCrl(authority, revoking)), readCrl(buildCrl(authority, delta()))];
    expect(statusFromCrls({ ...question, crls })).toMatchObject({ sourceSha256: crls[0]!.fileSha256 });
  });

  it('keeps a complete list in force that has ended itself', () => {
    expect(outcome([{ nextUpdate: CRL_AT }, delta()])).toEqual(['good']);
    expect(outcome([{ nextUpdate: CRL_AT }, delta({ nextUpdate: CRL_AT })])).toEqual(['stale', 'next_update_passed']);
  });

  it('of the largest number applies when there are several', () => {
    const first = delta({ number: 8, thisUpdate: '2026-02-01T06:00:00Z', entries: [revokedEntry()] });
    const second = delta({ number: 9, entries: [revokedEntry(1)] });
    for (const pair of [
      [first, second],
      [second, first],
    ])
      expect(ask([{}, ...pair])).toMatchObject({ reason: 'keyCompromise', crlNumber: '9' });
  });

  it('alone says what changed, not what holds', () => {
    expect(outcome([delta({ entries: [revokedEntry()] })])).toEqual(['unavailable', 'delta_without_base']);
  });

  const revokes = { entries: [revokedEntry()] };
  it.each<[string, CrlSpec]>([
    ['whose base is later than the complete list', delta({ base: 8, ...revokes })],
    ['no newer than the complete list', delta({ number: 7, ...revokes })],
    ['of another scope', delta({ ...revokes, more: [issuingDistributionPoint(flag(1))] })],
    ['without a number', { ...delta(revokes), extensions: delta().extensions!.slice(1) }],
    ['that has ended', delta({ ...revokes, nextUpdate: CRL_AT })],
    ['from the future', delta({ ...revokes, thisUpdate: CRL_AT + CRL_SKEW_MS + 1000 })],
    ['that is forged', delta({ ...revokes, tamper: (signature) => Buffer.from(signature).fill(1) })],
  ])('is not applied %s', (_why, spec) => expect(outcome([{}, spec])).toEqual(['good']));

  it('is not applied to a complete list without a number', () => {
    expect(outcome([{ extensions: null }, delta(revokes)])).toEqual(['good']);
  });
});
