import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { judgedLookup, refusalOfTarget, TargetRefused } from './resolve-target.js';
import { isAllowedAddress, mayLoopBack, refusedBy } from './target.js';

const PRIVATE = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.8.8.8',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.250',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  'no address',
  '',
];
const PUBLIC = ['8.8.8.8', '172.15.0.1', '172.32.0.1', '192.0.3.1', '2001:4860:4860::8888', '2606:4700::1111'];

describe('an address', () => {
  it.each(PRIVATE)('%s gets nothing', (address) => {
    expect(isAllowedAddress(address, { loopback: false })).toBe(false);
  });
  it.each(PUBLIC)('%s may get events', (address) => {
    expect(isAllowedAddress(address, { loopback: false })).toBe(true);
  });
  it('of this machine gets events of test mode where that is set, and no other private one does', () => {
    expect(PRIVATE.filter((address) => isAllowedAddress(address, { loopback: true }))).toEqual([
      '127.0.0.1',
      '127.8.8.8',
      '::1',
      '::ffff:127.0.0.1',
    ]);
    expect([mayLoopBack('test', true), mayLoopBack('test', false), mayLoopBack('live', true)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('a URL', () => {
  it.each([
    ['http://example.com/', 'not_https'],
    ['ftp://example.com/', 'not_https'],
    ['file:///etc/passwd', 'not_https'],
    ['http://127.0.0.1/', 'not_https'],
    ['https://user@example.com/', 'login'],
    ['https://user:secret@example.com/', 'login'],
    ['https://example.com/#part', 'fragment'],
    ['https://127.0.0.1/', 'private_address'],
    ['https://127.1/', 'private_address'],
    ['https://2130706433/', 'private_address'],
    ['https://0x7f.0.0.1/', 'private_address'],
    ['https://0177.0.0.1/', 'private_address'],
    ['https://１２７.0.0.1/', 'private_address'],
    ['https://169.254.169.254/latest/meta-data/', 'private_address'],
    ['https://[::1]/', 'private_address'],
    ['https://[::ffff:127.0.0.1]/', 'private_address'],
    ['https://[::ffff:7f00:1]/', 'private_address'],
    ['https://[fd00::1]:8443/', 'private_address'],
  ])('%s is refused: %s', (text, rule) => {
    expect(refusedBy(new URL(text), { loopback: false })).toBe(rule);
  });
  it.each(['https://example.com/hook?a=b', 'https://example.com:8443/', 'https://8.8.8.8/'])('%s is not', (text) => {
    expect(refusedBy(new URL(text), { loopback: false })).toBeUndefined();
  });
  it('of this machine may do without TLS where it is allowed at all, and no other may', () => {
    const allowed = { loopback: true };
    for (const text of ['http://127.0.0.1:8080/', 'http://[::1]:8080/', 'http://localhost:8080/'])
      expect(refusedBy(new URL(text), allowed)).toBeUndefined();
    for (const text of ['http://example.com/', 'http://10.0.0.1/', 'http://localhost.example.com/'])
      expect(refusedBy(new URL(text), allowed)).toBe('not_https');
  });
});

const answering =
  (...addresses: string[]) =>
  (): Promise<LookupAddress[]> =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

describe('the addresses behind a name', () => {
  const judge = (...addresses: string[]) =>
    refusalOfTarget(new URL('https://hook.example/'), { loopback: false, resolve: answering(...addresses) });

  it('are judged when the URL is registered: one bad one spoils the name', async () => {
    expect(await judge('8.8.8.8')).toBeUndefined();
    expect(await judge('8.8.8.8', '10.0.0.1')).toBe('private_address');
    expect(await judge('::1')).toBe('private_address');
    expect(await judge()).toBe('unresolved');
    const resolve = (): Promise<never> => Promise.reject(new Error('no such name'));
    expect(await refusalOfTarget(new URL('https://hook.example/'), { loopback: false, resolve })).toBe('unresolved');
  });

  it('are judged again at each connection, and only what was judged is connected to', async () => {
    const look = (...addresses: string[]): Promise<unknown> =>
      new Promise((resolve) => {
        judgedLookup(answering(...addresses), { loopback: false })('hook.example', { all: true }, (error, found) =>
          resolve(error ?? found),
        );
      });
    expect(await look('8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }]);
    for (const addresses of [['127.0.0.1'], ['8.8.8.8', '192.168.0.1'], []])
      expect(await look(...addresses)).toBeInstanceOf(TargetRefused);
  });
});
