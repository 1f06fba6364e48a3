import { rmSync } from 'node:fs';
import { Registry } from 'prom-client';
import { JLIS_SETTINGS, JlisServices, JlisUnavailable, loadJlisOptions } from '#lib/jlis';
import { loadConfig } from '#lib/platform';
import type { JlisCallRecord } from '../../libs/jlis/src/jlis-call-record.js';
import { JlisCalls } from '../../libs/jlis/src/jlis-calls.js';
import { JlisMetrics } from '../../libs/jlis/src/jlis-metrics.js';
import { TlsAuthority, type TlsIdentity, writeTlsDirectory } from './jlis-certificates.js';
import { JlisServer } from './jlis-server.js';

export const TENANT_ID = '0193f000-0000-7000-8000-00000000000a';
export const CALLER = {
  mode: 'test',
  serviceId: `ten_${TENANT_ID.replaceAll('-', '')}`,
  actor: 'api_key:1',
  requestId: 'req_1',
  subjectHash: Buffer.from('ab01', 'hex'),
} as const;
export const CONSENT = { textVersion: 'v1', givenAt: '2026-11-23T00:00:00Z' };

/** The authorities of both sides and what they issue. */
export async function makeTlsWorld() {
  const authority = await TlsAuthority.create('J-LIS test authority');
  const stranger = await TlsAuthority.create('another authority');
  const server = await authority.server([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
  ]);
  return { authority, stranger, server, client: await authority.client() };
}
export type TlsWorld = Awaited<ReturnType<typeof makeTlsWorld>>;

export interface ClientOptions {
  timeoutMs?: number;
  connections?: number;
  client?: TlsIdentity;
  /** PEM of the authority of servers. */
  authorities?: string;
  record?: (record: JlisCallRecord) => Promise<void>;
  steadyNow?: () => number;
}

/** The client as an application has it, with the settings it reads; its audit trail is a list. */
export function connectClient(
  tlsDirectory: string,
  url: string,
  options: Omit<ClientOptions, 'client' | 'authorities'> = {},
) {
  const config = loadConfig(JLIS_SETTINGS, { JLIS_TEST_URL: url, JLIS_TEST_TLS_DIR: tlsDirectory });
  const registry = new Registry();
  const records: JlisCallRecord[] = [];
  const calls = new JlisCalls({
    ...loadJlisOptions(config),
    timeoutMs: options.timeoutMs ?? 5_000,
    ...(options.connections === undefined ? {} : { connections: options.connections }),
    metrics: new JlisMetrics(registry),
    record:
      options.record ??
      (async (record) => {
        records.push(record);
      }),
    ...(options.steadyNow === undefined ? {} : { steadyNow: options.steadyNow }),
  });
  const services = new JlisServices(calls);
  return { services, records, registry, close: () => services.onApplicationShutdown() };
}
export type TestClient = ReturnType<typeof connectClient>;

/** A client for a server of this world. */
export function makeClient(world: TlsWorld, url: string, options: ClientOptions = {}): TestClient {
  const directory = writeTlsDirectory(
    options.client ?? world.client,
    options.authorities ?? world.authority.certificate,
  );
  const client = connectClient(directory, url, options);
  rmSync(directory, { recursive: true });
  return client;
}

export const startServer = (world: TlsWorld): Promise<JlisServer> =>
  JlisServer.start(world.server, world.authority.certificate);

/** The failure of `work`. */
export async function failureOf(work: Promise<unknown>): Promise<JlisUnavailable> {
  try {
    await work;
  } catch (error) {
    if (error instanceof JlisUnavailable) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
