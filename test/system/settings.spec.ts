import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { runToEnd } from '../support/story.js';

const DATABASE_URL = 'postgres://shomei_api:nobody@127.0.0.1:1/shomei';
const KEY_RING = JSON.stringify({ active: 'k1', keys: { k1: Buffer.alloc(32, 1).toString('base64') } });
const privateKeyOf = (curve: string): string =>
  generateKeyPairSync('ec', { namedCurve: curve })
    .privateKey.export({ format: 'der', type: 'pkcs8' })
    .toString('base64');
const signingKey = (curve: string): string => JSON.stringify({ id: 'a1', private_key: privateKeyOf(curve) });
const modeKeys = (id: string, key = privateKeyOf('P-256')) => ({ active: id, keys: { [id]: key } });
const SIGNING_KEYS = JSON.stringify({ live: modeKeys('l1'), test: modeKeys('t1') });
const ONE_KEY = privateKeyOf('P-256');
const api = { DATABASE_URL, KEY_RING, SIGNING_KEYS, PUBLIC_URL: 'http://127.0.0.1:1', PORT: '1' };
const AUDIT_SIGNING_KEY = signingKey('P-256');
const worker = { DATABASE_URL, KEY_RING, AUDIT_SIGNING_KEY, REDIS_URL: 'redis://127.0.0.1:1' };
const without = (settings: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).filter(([each]) => each !== name));

const API = 'dist/apps/api/src/main.js';
const ADMIN = 'dist/apps/admin/src/main.js';
const OPERATOR = 'dist/apps/admin/src/operator.js';
const WORKER = 'dist/apps/worker/src/main.js';

describe('a wrong or missing setting', () => {
  it.each([
    ['an API without a database', API, without(api, 'DATABASE_URL'), 'DATABASE_URL'],
    ['an API with a database of another kind', API, { ...api, DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
    ['an API without keys', API, without(api, 'KEY_RING'), 'KEY_RING'],
    ['an API whose active key is not in the ring', API, { ...api, KEY_RING: '{"active":"k2","keys":{}}' }, 'KEY_RING'],
    [
      'an API whose key ring is in no file',
      API,
      { ...without(api, 'KEY_RING'), KEY_RING_FILE: '/none' },
      'KEY_RING_FILE',
    ],
    ['an API that could sign no receipt', API, without(api, 'SIGNING_KEYS'), 'SIGNING_KEYS'],
    [
      'an API with one signing key for both modes',
      API,
      { ...api, SIGNING_KEYS: JSON.stringify({ live: modeKeys('l1', ONE_KEY), test: modeKeys('t1', ONE_KEY) }) },
      'SIGNING_KEYS',
    ],
    ['an API on no port', API, { ...api, PORT: 'abc' }, 'PORT'],
    ['an API that would trust everybody by name', API, { ...api, TRUST_PROXY: '10.0.0.0/8, loopback' }, 'TRUST_PROXY'],
    ['an API that is no process', API, { ...api, API_PROCESSES: '0' }, 'API_PROCESSES'],
    ['an API with an address that is not of Redis', API, { ...api, REDIS_URL: 'http://x' }, 'REDIS_URL'],
    ['an API that would wait for ever', API, { ...api, HEADERS_TIMEOUT_MS: '0' }, 'HEADERS_TIMEOUT_MS'],
    ['an API without a public address', API, without(api, 'PUBLIC_URL'), 'PUBLIC_URL'],
    [
      'an API without its certificate for J-LIS',
      API,
      { ...api, JLIS_TEST_URL: 'https://127.0.0.1:1', JLIS_TEST_TLS_DIR: '/none' },
      'JLIS_TEST_TLS_DIR',
    ],
    [
      'a worker that would ask J-LIS without TLS',
      WORKER,
      { ...worker, JLIS_LIVE_URL: 'http://127.0.0.1:1' },
      'JLIS_LIVE_URL',
    ],
    ['a worker without Redis', WORKER, without(worker, 'REDIS_URL'), 'REDIS_URL'],
    ['a worker with an address that is not of Redis', WORKER, { ...worker, REDIS_URL: 'http://x' }, 'REDIS_URL'],
    ['a worker that could not sign', WORKER, without(worker, 'AUDIT_SIGNING_KEY'), 'AUDIT_SIGNING_KEY'],
    [
      'a worker with a signing key of another curve',
      WORKER,
      { ...worker, AUDIT_SIGNING_KEY: signingKey('P-384') },
      'AUDIT_SIGNING_KEY',
    ],
    [
      'a worker whose signing key is in no file',
      WORKER,
      { ...without(worker, 'AUDIT_SIGNING_KEY'), AUDIT_SIGNING_KEY_FILE: '/none' },
      'AUDIT_SIGNING_KEY_FILE',
    ],
    ['an operators’ REST without a public address', ADMIN, without(api, 'PUBLIC_URL'), 'PUBLIC_URL'],
    ['an operators’ REST on no port', ADMIN, { ...api, ADMIN_PORT: '0' }, 'ADMIN_PORT'],
    ['an operators’ REST with a wrong queue', ADMIN, { ...api, REDIS_URL: 'http://x' }, 'REDIS_URL'],
    ['a migration without the passwords', 'dist/migrations/migrate.js', { DATABASE_URL }, 'API_DB_PASSWORD'],
    ['an operator without a database', OPERATOR, {}, 'DATABASE_URL'],
    ['a sandbox on no port', 'dist/apps/sandbox/src/main.js', { SANDBOX_PORT: '99999999' }, 'SANDBOX_PORT'],
  ])(
    'ends %s with one line that names it',
    async (_, program, settings, name) => {
      const { code, out, err } = await runToEnd(program, settings, ['clock', 'show']);
      const said = [...out, ...err];
      expect(code).toBe(1);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(new RegExp(`\\b${name}\\b`));
      expect(said[0]).not.toMatch(/mysql:|nobody|"active"|MIG/);
    },
    120_000,
  );

  it.each([
    ['an API', API, api],
    ['a worker', WORKER, worker],
    ['an operators’ REST', ADMIN, api],
    ['an operator', OPERATOR, { DATABASE_URL }],
  ])(
    'ends %s whose database is not there with one line that names the setting',
    async (_, program, settings) => {
      const { code, err } = await runToEnd(program, settings, ['clock', 'show']);
      expect({ code, err }).toEqual({ code: 1, err: ['DATABASE_URL: connect ECONNREFUSED 127.0.0.1:1'] });
    },
    120_000,
  );
});
