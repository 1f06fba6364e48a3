import { describe, expect, it } from '@jest/globals';
import { isConnectionError } from './queue-errors.js';

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

describe('an error of a queue', () => {
  it.each([
    withCode('ECONNREFUSED'),
    withCode('ECONNRESET'),
    withCode('ENOTFOUND'),
    withCode('EPIPE'),
    new Error('Connection is closed.'),
  ])('means that Redis is away: %s', (error) => expect(isConnectionError(error)).toBe(true));

  it.each([new Error('Missing lock for job 1'), new TypeError('x is undefined'), withCode('ERR_ASSERTION')])(
    'means something else: %s',
    (error) => expect(isConnectionError(error)).toBe(false),
  );
});
