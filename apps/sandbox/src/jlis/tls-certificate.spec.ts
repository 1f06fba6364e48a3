import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateStore } from '../state-store.js';
import { DAY_MS } from '../validity.js';
import { openJlisTls, type JlisTls } from './jlis-tls.js';

const NOW = Date.UTC(2026, 10, 23);
let directory: string;
const open = (host?: string, now = NOW): JlisTls => openJlisTls(new StateStore(directory), host, now);
const file = (name: string): string => join(directory, 'jlis-tls', name);
const read = (name: string): X509Certificate => new X509Certificate(readFileSync(file(name)));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the server is known by every name it is reached under, and by no other', () => {
  const server = new X509Certificate(open('jlis.sandbox.example').cert);
  expect(server.subjectAltName).toBe(
    'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:localhost, DNS:sandbox, DNS:jlis.sandbox.example',
  );
  expect(server.checkHost('elsewhere.example')).toBeUndefined();
  expect(new X509Certificate(open('2001:db8::a:1').cert).subjectAltName).toContain('IP Address:2001:DB8:0:0:0:0:A:1');
});

test('what a platform operator is given survives a restart and is closed to others', () => {
  const first = open();
  const before = readFileSync(file('client.pem'), 'utf8');
  const second = open();
  expect([second.ca, second.clientFingerprint]).toEqual([first.ca, first.clientFingerprint]);
  expect(readFileSync(file('client.pem'), 'utf8')).toBe(before);
  for (const name of ['ca.pem', 'client.pem', 'client-key.pem']) expect(statSync(file(name)).mode & 0o777).toBe(0o600);
});

test('a certificate near its end is replaced at start, by the same CA', () => {
  const { ca, clientFingerprint } = open();
  const later = open(undefined, NOW + 1_050 * DAY_MS);
  expect(later.ca).toBe(ca);
  expect(later.clientFingerprint).not.toBe(clientFingerprint);
  expect(Date.parse(read('client.pem').validTo)).toBeGreaterThan(NOW + 2_000 * DAY_MS);
});

test('a key that does not belong to its certificate is not used', () => {
  const { clientFingerprint } = open();
  writeFileSync(file('client-key.pem'), readFileSync(file('refused/stranger-key.pem')));
  expect(open().clientFingerprint).not.toBe(clientFingerprint);
});

test('the certificates to be refused are each wrong in one way', () => {
  open();
  const ca = read('ca.pem');
  const good = read('client.pem');
  expect([good.verify(ca.publicKey), Date.parse(good.validTo) > NOW]).toEqual([true, true]);
  const expired = read('refused/expired.pem');
  expect([expired.verify(ca.publicKey), Date.parse(expired.validTo) < NOW]).toEqual([true, true]);
  expect(expired.subject).toBe(good.subject);
  const wrong = read('refused/wrong-ca.pem');
  expect([wrong.verify(ca.publicKey), wrong.issuer, wrong.subject]).toEqual([false, good.issuer, good.subject]);
  const stranger = read('refused/stranger.pem');
  expect([stranger.verify(ca.publicKey), stranger.subject === good.subject]).toEqual([true, false]);
});
