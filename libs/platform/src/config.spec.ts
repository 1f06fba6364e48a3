import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig, showSettings } from './config.js';

const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};
const KEY = Buffer.alloc(32, 7).toString('base64');

describe('configuration', () => {
  it('names every missing setting in one line', () => {
    const line = message(() => loadConfig(['DATABASE_URL', 'PUBLIC_URL'], {}));
    expect(line).toBe('configuration: DATABASE_URL is missing; PUBLIC_URL is missing');
  });
  it('never shows the value of a wrong one', () => {
    const line = message(() => loadConfig(['DATABASE_URL'], { DATABASE_URL: 'mysql://user:hunter2@host/db' }));
    expect(line).toContain('DATABASE_URL');
    expect(line).not.toContain('hunter2');
  });
  it.each([
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['LOG_LEVEL', 'loud'],
    ['PUBLIC_URL', 'shomei'],
    ['OCSP_TIMEOUT_MS', '1'],
    ['KEY_RING', 'not json'],
    ['KEY_RING', '{"active":"k1"}'],
    ['KEY_RING', `{"active":"k2","keys":{"k1":"${KEY}"}}`],
    ['KEY_RING', `{"active":"k1","keys":{"k1":"${KEY.slice(4)}"}}`],
  ] as const)('refuses %s=%s', (name, value) => {
    expect(message(() => loadConfig([name], { [name]: value }))).toMatch(`configuration: ${name} `);
  });
  it('takes defaults, trims the public URL and reads the key ring from a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'ring.json');
    writeFileSync(file, `{"active":"k1","keys":{"k1":"${KEY}"}}`);
    const config = loadConfig(['PORT', 'PUBLIC_URL', 'KEY_RING'], {
      PUBLIC_URL: 'https://api.example/',
      KEY_RING_FILE: file,
    });
    expect(config.PORT).toBe(3000);
    expect(config.PUBLIC_URL).toBe('https://api.example');
    expect(config.KEY_RING.keys.get('k1')?.symmetricKeySize).toBe(32);
  });
  it('says which key ring file cannot be read', () => {
    expect(message(() => loadConfig(['KEY_RING'], { KEY_RING_FILE: '/nonexistent' }))).toBe(
      'configuration: KEY_RING_FILE cannot be read (ENOENT)',
    );
  });
});

describe('settings as they are shown', () => {
  it('say where a value comes from, and of a secret only that', () => {
    const env = {
      DATABASE_URL: 'postgres://shomei_admin:hunter2@db/shomei',
      REDIS_URL: 'redis://:hunter2@redis:6379/0',
      KEY_RING_FILE: '/run/secrets/ring',
      LOG_LEVEL: 'debug',
      METRICS_PORT: '',
    };
    const names = ['DATABASE_URL', 'REDIS_URL', 'KEY_RING', 'LOG_LEVEL', 'PORT', 'METRICS_PORT'] as const;
    const shown = showSettings(names, env);
    expect(shown).toEqual([
      { name: 'DATABASE_URL', secret: true, value: null, source: 'environment' },
      { name: 'REDIS_URL', secret: true, value: null, source: 'environment' },
      { name: 'KEY_RING', secret: true, value: null, source: 'file' },
      { name: 'LOG_LEVEL', secret: false, value: 'debug', source: 'environment' },
      { name: 'PORT', secret: false, value: '3000', source: 'default' },
      { name: 'METRICS_PORT', secret: false, value: null, source: 'none' },
    ]);
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  });

  it('take a setting for a secret that nobody has called open', () => {
    const [shown] = showSettings(['SIGNING_KEYS_OF_TOMORROW' as 'SIGNING_KEYS'], { SIGNING_KEYS_OF_TOMORROW: 'x' });
    expect(shown).toMatchObject({ secret: true, value: null });
  });

  it.each(['DATABASE_URL', 'REDIS_URL', 'KEY_RING', 'AUDIT_SIGNING_KEY', 'SIGNING_KEYS', 'API_DB_PASSWORD'] as const)(
    'hide %s',
    (name) => expect(showSettings([name], { [name]: 'hunter2' })[0]!.value).toBeNull(),
  );
});
