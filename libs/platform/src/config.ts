import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseCidr } from './cidr.js';
import { OperatorMustAct } from './operator-must-act.js';
import { parseSigningKey, parseSigningKeys } from './signing-keys.js';

const port = z.coerce.number().int().min(1).max(65535);
const databaseUrl = z.string().regex(/^postgres(ql)?:\/\/[^\s]+$/, 'must be a postgres:// URL');
const httpsUrl = z
  .url({ protocol: /^https$/, error: 'must be an https:// URL' })
  .refine((url) => !/[?#@]/.test(url), 'must have no login, query or fragment')
  .transform((url) => url.replace(/\/+$/, ''));
const redisUrl = z.string().regex(/^rediss?:\/\/[^\s]+$/, 'must be a redis:// URL');

/** Every setting of every process. A process reads the part it needs with `loadConfig`. */
const settings = {
  /** URL of this process's own database role. */
  DATABASE_URL: databaseUrl,
  /** Connections of this process; one request holds at most one. */
  DATABASE_POOL: z.coerce.number().int().min(1).max(200).default(10),
  REDIS_URL: redisUrl,
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(3000),
  /** Where the operators' REST listens; beside the API on one machine it needs another port. */
  ADMIN_PORT: port.default(3001),
  /** Base of the links in answers, without a trailing slash. */
  PUBLIC_URL: z.url().transform((url) => url.replace(/\/+$/, '')),
  /** The API's own PUBLIC_URL, for operators who pass it on; absent: they have to know it. */
  API_PUBLIC_URL: z
    .url()
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  /**
   * Proxies whose X-Forwarded-For tells where a request came from: addresses and ranges, separated by commas. Absent: the
   * peer of the socket is the caller.
   */
  TRUST_PROXY: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine((proxies) => proxies.every((proxy) => parseCidr(proxy)), 'must be addresses or ranges like 10.0.0.0/8'),
  /** How many processes of the API there are: each enforces its share of the rate limits while they cannot count together in Redis. */
  API_PROCESSES: z.coerce.number().int().min(1).max(1_000).default(1),
  /** For the head of a request, and for head and body, milliseconds; what takes longer is refused and its connection ended. */
  HEADERS_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(10_000),
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(100).max(300_000).default(30_000),
  /** Connections of one peer that is no trusted proxy. */
  PEER_CONNECTIONS: z.coerce.number().int().min(1).max(100_000).default(1_000),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Master keys that wrap the tenants' keys: `{"active":"k1","keys":{"k1":"<32 bytes, base64>"}}`. */
  KEY_RING: z.string().transform((text, context) => parseKeyRing(text, (message) => context.addIssue(message))),
  /** Signs the audit chain: `{"id":"a1","private_key":"<PKCS #8 of an EC P-256 key, DER in base64>"}`. */
  AUDIT_SIGNING_KEY: z.string().transform((text, context) => parseSigningKey(text, context)),
  /**
   * Sign receipts, for each mode: `{"live":{"active":"l1","keys":{"l1":"<PKCS #8 of an EC P-256 key, DER in base64>"},
   * "retired":{"l0":"<its public half, SPKI>"}},"test":{…}}`.
   */
  SIGNING_KEYS: z.string().transform((text, context) => parseSigningKeys(text, context)),
  /** Deadline of one OCSP exchange, milliseconds. */
  OCSP_TIMEOUT_MS: z.coerce.number().int().min(50).max(30_000).default(5_000),
  /** Deadline between two chunks of a CRL download, milliseconds. */
  CRL_IDLE_TIMEOUT_MS: z.coerce.number().int().min(100).max(600_000).default(30_000),
  /** Threads that fetch and check revocation lists; each works on four lists at a time, with a connection for each. */
  CRL_THREADS: z.coerce.number().int().min(1).max(16).default(2),
  /** A list this close to its nextUpdate without a successor is late, minutes. */
  CRL_LATE_MINUTES: z.coerce.number().int().min(1).max(10_080).default(720),
  /** Base of the J-LIS services of a mode; absent: that mode has none. */
  JLIS_TEST_URL: httpsUrl.optional(),
  JLIS_LIVE_URL: httpsUrl.optional(),
  /** Directory with `client.pem`, `client-key.pem` and `ca.pem` of that mode's services. */
  JLIS_TEST_TLS_DIR: z.string().min(1).optional(),
  JLIS_LIVE_TLS_DIR: z.string().min(1).optional(),
  /** Deadline of one call of a J-LIS service with all its attempts, milliseconds. */
  JLIS_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(8_000),
  /** Connections of this process to the J-LIS services of each mode. */
  JLIS_CONNECTIONS: z.coerce.number().int().min(1).max(200).default(16),
  /** How often the worker asks J-LIS which consents were withdrawn, seconds. */
  JLIS_WITHDRAWALS_SECONDS: z.coerce.number().int().min(1).max(86_400).default(300),
  /** Whether webhooks of test mode may go to this machine itself, also without TLS. For demos and development. */
  WEBHOOK_TEST_LOOPBACK: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  /** Where Prometheus reads this process's metrics; absent: nowhere. */
  METRICS_PORT: port.optional(),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  /** Where the J-LIS sandbox of test mode is. */
  SANDBOX_URL: z.url().transform((url) => url.replace(/\/+$/, '')),
  API_DB_PASSWORD: z.string().min(16),
  WORKER_DB_PASSWORD: z.string().min(16),
  ADMIN_DB_PASSWORD: z.string().min(16),
  OPERATOR_DB_PASSWORD: z.string().min(16),
};
type Settings = typeof settings;
export type SettingName = keyof Settings;
export type Config<K extends SettingName> = { readonly [N in K]: z.output<Settings[N]> };

/** 256-bit keys by id; `active` seals, all open. */
export interface KeyRing {
  active: string;
  keys: ReadonlyMap<string, KeyObject>;
}

function parseKeyRing(text: string, refuse: (message: string) => void): KeyRing {
  const shape = z.object({ active: z.string(), keys: z.record(z.string().regex(/^[\w-]{1,32}$/), z.base64()) });
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    refuse('is not JSON');
    return { active: '', keys: new Map() };
  }
  const parsed = shape.safeParse(raw);
  const keys = new Map(
    Object.entries(parsed.data?.keys ?? {}).map(([id, key]) => [id, createSecretKey(Buffer.from(key, 'base64'))]),
  );
  if (!parsed.success) refuse('must be {"active":"<id>","keys":{"<id>":"<base64>"}}');
  else if (!keys.has(parsed.data.active)) refuse('names an active key that is not in it');
  else if ([...keys.values()].some((key) => key.symmetricKeySize !== 32))
    refuse('holds a key that is not 32 bytes long');
  return { active: parsed.data?.active ?? '', keys };
}

/** Settings that may come from a file, named by the setting with `_FILE` behind it. */
const FROM_FILE: ReadonlySet<SettingName> = new Set(['KEY_RING', 'AUDIT_SIGNING_KEY', 'SIGNING_KEYS']);

/** Settings that are no secrets and hold none. Of every other one nobody is shown more than whether it is set. */
const SHOWN: ReadonlySet<SettingName> = new Set([
  'DATABASE_POOL',
  'HOST',
  'PORT',
  'ADMIN_PORT',
  'PUBLIC_URL',
  'API_PUBLIC_URL',
  'TRUST_PROXY',
  'API_PROCESSES',
  'HEADERS_TIMEOUT_MS',
  'REQUEST_TIMEOUT_MS',
  'PEER_CONNECTIONS',
  'LOG_LEVEL',
  'OCSP_TIMEOUT_MS',
  'CRL_IDLE_TIMEOUT_MS',
  'CRL_THREADS',
  'CRL_LATE_MINUTES',
  'JLIS_TEST_URL',
  'JLIS_LIVE_URL',
  'JLIS_TIMEOUT_MS',
  'JLIS_CONNECTIONS',
  'JLIS_WITHDRAWALS_SECONDS',
  'WEBHOOK_TEST_LOOPBACK',
  'METRICS_PORT',
  'METRICS_HOST',
]);

/** A setting as operators may see it. */
export interface ShownSetting {
  name: SettingName;
  secret: boolean;
  /** As it is used; null: a secret, or not set. */
  value: string | null;
  /** `none`: it is not set, and the program does without it. */
  source: 'environment' | 'file' | 'default' | 'none';
}

/** What a process that reads these settings runs with, without secrets. */
export const showSettings = (names: readonly SettingName[], env: NodeJS.ProcessEnv): ShownSetting[] =>
  names.map((name) => {
    const given = env[name] === '' ? undefined : env[name];
    const secret = !SHOWN.has(name);
    if (given !== undefined) return { name, secret, value: secret ? null : given, source: 'environment' };
    if (FROM_FILE.has(name) && env[`${name}_FILE`]) return { name, secret, value: null, source: 'file' };
    const used: unknown = settings[name].safeParse(undefined).data;
    if (used === undefined) return { name, secret, value: null, source: 'none' };
    return { name, secret, value: secret ? null : z.coerce.string().parse(used), source: 'default' };
  });

/** A setting is missing or wrong; `message` is one line that names it and never shows its value. */
export class ConfigError extends OperatorMustAct {
  override readonly name = 'ConfigError';
}

/**
 * Validates the named settings.
 * @throws ConfigError naming every wrong or missing one. Keys may come from a file: `KEY_RING_FILE`,
 * `AUDIT_SIGNING_KEY_FILE`, `SIGNING_KEYS_FILE`.
 */
export function loadConfig<K extends SettingName>(names: readonly K[], env: NodeJS.ProcessEnv): Config<K> {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const name of names) {
    let given = env[name];
    const file = FROM_FILE.has(name) ? env[`${name}_FILE`] : undefined;
    if (given === undefined && file !== undefined) {
      try {
        given = readFileSync(file, 'utf8');
      } catch (error) {
        faults.push(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
        continue;
      }
    }
    const parsed = settings[name].safeParse(given === '' ? undefined : given);
    if (parsed.success) values[name] = parsed.data;
    else
      faults.push(
        given === undefined || given === '' ? `${name} is missing` : `${name} ${parsed.error.issues[0]!.message}`,
      );
  }
  if (faults.length > 0) throw new ConfigError(`configuration: ${faults.join('; ')}`);
  return values as Config<K>;
}
