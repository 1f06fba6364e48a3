import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, ConfigError, type Mode, MODES } from '#lib/platform';

export const JLIS_SETTINGS = [
  'JLIS_TEST_URL',
  'JLIS_TEST_TLS_DIR',
  'JLIS_LIVE_URL',
  'JLIS_LIVE_TLS_DIR',
  'JLIS_TIMEOUT_MS',
  'JLIS_CONNECTIONS',
] as const;
export type JlisConfig = Config<(typeof JLIS_SETTINGS)[number]>;

/** Where the services of one mode are and how the two sides know each other. PEM. */
export interface JlisEndpoint {
  /** Without a trailing slash. */
  url: string;
  certificate: string;
  key: string;
  authorities: string;
  /** End of our certificate, milliseconds. */
  notAfter: number;
}
export type JlisEndpoints = Readonly<Partial<Record<Mode, JlisEndpoint>>>;

/** What a process needs to call the services. */
export interface JlisOptions {
  endpoints: JlisEndpoints;
  /** Of one call with all its attempts, milliseconds. */
  timeoutMs: number;
  /** Of each mode. */
  connections: number;
}

/** @throws ConfigError, see `loadJlisEndpoints`. */
export const loadJlisOptions = (config: JlisConfig): JlisOptions => ({
  endpoints: loadJlisEndpoints(config),
  timeoutMs: config.JLIS_TIMEOUT_MS,
  connections: config.JLIS_CONNECTIONS,
});

/**
 * The endpoints of the modes that have one.
 * @throws ConfigError when a mode is half configured, the two modes share anything, or a file is unusable. An expired
 *   certificate is not refused: everything but these services has to start all the same.
 */
export function loadJlisEndpoints(config: JlisConfig): JlisEndpoints {
  const settings = {
    live: { url: config.JLIS_LIVE_URL, directory: config.JLIS_LIVE_TLS_DIR },
    test: { url: config.JLIS_TEST_URL, directory: config.JLIS_TEST_TLS_DIR },
  };
  const { live, test } = settings;
  if (live.url !== undefined && live.url === test.url) throw refuse('JLIS_LIVE_URL is the same as JLIS_TEST_URL');
  if (live.directory && test.directory && resolve(live.directory) === resolve(test.directory))
    throw refuse('JLIS_LIVE_TLS_DIR is the same as JLIS_TEST_TLS_DIR');
  const endpoints: Partial<Record<Mode, JlisEndpoint>> = {};
  for (const mode of MODES) {
    const { url, directory } = settings[mode];
    const name = `JLIS_${mode.toUpperCase()}`;
    if (url === undefined && directory === undefined) continue;
    if (url === undefined) throw refuse(`${name}_URL is missing`);
    if (directory === undefined) throw refuse(`${name}_TLS_DIR is missing`);
    endpoints[mode] = { url, ...readTlsFiles(directory, `${name}_TLS_DIR`) };
  }
  return endpoints;
}

function readTlsFiles(directory: string, setting: string): Omit<JlisEndpoint, 'url'> {
  const read = (file: string): string => {
    try {
      return readFileSync(join(directory, file), 'utf8');
    } catch (error) {
      throw refuse(`${setting}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
    }
  };
  /** What OpenSSL says of a file that it cannot use may quote it. */
  const use = <T>(what: string, make: () => T): T => {
    try {
      return make();
    } catch {
      throw refuse(`${setting}: ${what}`);
    }
  };
  const [certificate, key, authorities] = [read('client.pem'), read('client-key.pem'), read('ca.pem')];
  const parsed = use('client.pem holds no certificate', () => new X509Certificate(certificate));
  const privateKey = use('client-key.pem holds no usable private key', () => createPrivateKey(key));
  use('ca.pem holds no certificate', () => new X509Certificate(authorities));
  if (!parsed.checkPrivateKey(privateKey)) throw refuse(`${setting}: client-key.pem is not the key of client.pem`);
  return { certificate, key, authorities, notAfter: Date.parse(parsed.validTo) };
}

const refuse = (message: string): ConfigError => new ConfigError(`configuration: ${message}`);
