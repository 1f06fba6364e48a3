import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from '#lib/platform';
import { expiredLife, writeTlsDirectory } from '../../../test/support/jlis-certificates.js';
import { makeTlsWorld, type TlsWorld } from '../../../test/support/jlis-rig.js';
import { JLIS_SETTINGS, type JlisEndpoints, loadJlisEndpoints } from './jlis-options.js';

let world: TlsWorld;
let directory: string;
beforeAll(async () => {
  world = await makeTlsWorld();
  directory = writeTlsDirectory(world.client, world.authority.certificate);
});

const load = (env: Record<string, string>): JlisEndpoints => loadJlisEndpoints(loadConfig(JLIS_SETTINGS, env));
function refusal(env: Record<string, string>): string {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}
const URL_OF_TEST = 'https://jlis.example:4011';

describe('the settings of the J-LIS services', () => {
  it('may be absent: then no mode has any', () => {
    expect(load({})).toEqual({});
  });
  it('give a mode its address, its certificate and the end of that', () => {
    const { test, live } = load({ JLIS_TEST_URL: `${URL_OF_TEST}/`, JLIS_TEST_TLS_DIR: directory });
    expect(live).toBeUndefined();
    expect(test).toMatchObject({ url: URL_OF_TEST, authorities: world.authority.certificate });
    expect(Math.abs(test!.notAfter - Date.now() - 43_200_000)).toBeLessThan(60_000);
  });
  it.each([
    ['an address without certificates', { JLIS_TEST_URL: URL_OF_TEST }, 'JLIS_TEST_TLS_DIR is missing'],
    ['certificates without an address', { JLIS_LIVE_TLS_DIR: '/x' }, 'JLIS_LIVE_URL is missing'],
    ['an address without TLS', { JLIS_LIVE_URL: 'http://jlis.example' }, 'JLIS_LIVE_URL must be an https:// URL'],
    [
      'an address with a login',
      { JLIS_LIVE_URL: 'https://u:hunter2@jlis.example' },
      'JLIS_LIVE_URL must have no login, query or fragment',
    ],
    [
      'a directory that is not there',
      { JLIS_TEST_URL: URL_OF_TEST, JLIS_TEST_TLS_DIR: '/nonexistent' },
      'JLIS_TEST_TLS_DIR: client.pem cannot be read (ENOENT)',
    ],
    [
      'one address for both modes',
      { JLIS_TEST_URL: URL_OF_TEST, JLIS_LIVE_URL: `${URL_OF_TEST}/` },
      'JLIS_LIVE_URL is the same as JLIS_TEST_URL',
    ],
    [
      'one directory for both modes',
      {
        JLIS_TEST_URL: URL_OF_TEST,
        JLIS_LIVE_URL: 'https://live.example',
        JLIS_TEST_TLS_DIR: '/tls/a',
        JLIS_LIVE_TLS_DIR: '/tls/../tls/a/',
      },
      'JLIS_LIVE_TLS_DIR is the same as JLIS_TEST_TLS_DIR',
    ],
  ])('are refused in one line when they have %s', (_, env, line) => {
    expect(refusal(env)).toBe(`configuration: ${line}`);
  });
  it.each([
    ['client.pem', 'client.pem holds no certificate'],
    ['client-key.pem', 'client-key.pem holds no usable private key'],
    ['ca.pem', 'ca.pem holds no certificate'],
  ])('are refused when %s is garbage, without showing what it holds', (file, line) => {
    const broken = mkdtempSync(join(tmpdir(), 'jlis-tls-'));
    const files = { 'client.pem': world.client.certificate, 'client-key.pem': world.client.key };
    for (const [name, text] of Object.entries({ ...files, 'ca.pem': world.authority.certificate }))
      writeFileSync(join(broken, name), name === file ? 'hunter2' : text);
    expect(refusal({ JLIS_TEST_URL: URL_OF_TEST, JLIS_TEST_TLS_DIR: broken })).toBe(
      `configuration: JLIS_TEST_TLS_DIR: ${line}`,
    );
    rmSync(broken, { recursive: true });
  });
  it('are refused when the key is of another certificate', async () => {
    const mixed = { certificate: world.client.certificate, key: (await world.authority.client()).key };
    const tls = writeTlsDirectory(mixed, world.authority.certificate);
    expect(refusal({ JLIS_TEST_URL: URL_OF_TEST, JLIS_TEST_TLS_DIR: tls })).toBe(
      'configuration: JLIS_TEST_TLS_DIR: client-key.pem is not the key of client.pem',
    );
  });
  it('are accepted with an expired certificate: the rest of the system has to start', async () => {
    const tls = writeTlsDirectory(await world.authority.client(expiredLife()), world.authority.certificate);
    expect(refusal({ JLIS_TEST_URL: URL_OF_TEST, JLIS_TEST_TLS_DIR: tls })).toBe('accepted');
  });
});
