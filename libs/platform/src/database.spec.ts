import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isDatabaseUnavailable } from './database.js';

const coded = (code: string): Error => Object.assign(new Error('x'), { code });

describe('isDatabaseUnavailable', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', '08006', '53300', '57P01', '57P03'])('takes %s for an outage', (code) => {
    expect(isDatabaseUnavailable(coded(code))).toBe(true);
    expect(isDatabaseUnavailable(new QueryFailedError('select 1', [], coded(code)))).toBe(true);
  });

  it.each([
    'Query read timeout',
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('takes "%s" for an outage, which the driver gives no code', (message) => {
    expect(isDatabaseUnavailable(new QueryFailedError('select 1', [], new Error(message)))).toBe(true);
  });

  it.each(['23505', '42501', '22P02', 'EACCES'])('leaves %s to be our mistake', (code) => {
    expect(isDatabaseUnavailable(new QueryFailedError('select 1', [], coded(code)))).toBe(false);
  });

  it('takes nothing else for an outage', () => {
    for (const thrown of [new Error('x'), new TypeError('Connection is not a function'), undefined, null, 'ECONNRESET'])
      expect(isDatabaseUnavailable(thrown)).toBe(false);
  });
});
