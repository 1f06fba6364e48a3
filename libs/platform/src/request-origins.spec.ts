import { expect, it } from '@jest/globals';
import { forgetOrigin, originOf, rememberOrigin } from './request-origins.js';

it('the address of a request is known until it is answered, and that of one nobody answers for a while', () => {
  const start = Date.now();
  rememberOrigin('answered', '192.0.2.1', start);
  rememberOrigin('hung-up', '2001:db8::1', start);
  expect([originOf('answered'), originOf('hung-up'), originOf('other')]).toEqual([
    '192.0.2.1',
    '2001:db8::1',
    undefined,
  ]);
  forgetOrigin('answered');
  rememberOrigin('next', '192.0.2.2', start + 61_000);
  expect([originOf('answered'), originOf('hung-up')]).toEqual([undefined, '2001:db8::1']);
  forgetOrigin('hung-up');
  expect(originOf('hung-up')).toBeUndefined();
  rememberOrigin('late', '192.0.2.3', start + 130_000);
  expect(originOf('next')).toBe('192.0.2.2');
  rememberOrigin('later', '192.0.2.3', start + 200_000);
  expect([originOf('next'), originOf('late')]).toEqual([undefined, '192.0.2.3']);
});
