import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CALLER,
  type ClientOptions,
  CONSENT,
  failureOf,
  makeClient,
  makeTlsWorld,
  startServer,
  TENANT_ID,
  type TestClient,
  type TlsWorld,
} from '../../../test/support/jlis-rig.js';
import { type JlisServer, respond } from '../../../test/support/jlis-server.js';

let world: TlsWorld;
let server: JlisServer;
let jlis: TestClient;

beforeAll(async () => {
  world = await makeTlsWorld();
});
beforeEach(async () => {
  server = await startServer(world);
});
afterEach(async () => {
  jlis.close();
  await server.stop();
});

const connect = (options: ClientOptions = {}): TestClient => (jlis = makeClient(world, server.url, options));
const ask = (caller = {}) => jlis.services.checkAge({ ...CALLER, serial: '7', age: 20, on: '2026-11-23', ...caller });
const askCapabilities = () => jlis.services.capabilities(CALLER);
const tenant = (digit: string) => ({ serviceId: `ten_${digit.repeat(32)}` });
const answerWith = (status: number, body: unknown) =>
  (server.answer = (_, response) => respond(response, status, body));
async function metric(name: string): Promise<unknown[]> {
  const found = await jlis.registry.getSingleMetric(name)!.get();
  return found.values.filter(({ value }) => value !== 0).map(({ labels, value }) => ({ ...labels, value }));
}

describe('a service that keeps failing', () => {
  it('is left alone, asked once after ten seconds, and used again when it answers', async () => {
    let now = 0;
    connect({ steadyNow: () => now, timeoutMs: 60_000 });
    answerWith(503, {});
    // Two calls of three attempts are one more failure than it takes.
    expect(await failureOf(ask())).toMatchObject({ detail: 'http_status', fact: 503 });
    expect(await failureOf(ask())).toMatchObject({ detail: 'http_status', fact: 503 });
    expect(server.calls).toHaveLength(5);
    expect(await failureOf(ask())).toMatchObject({ detail: 'circuit_open', mayHaveBeenSent: false });
    expect(server.calls).toHaveLength(5);
    expect(await metric('shomei_jlis_circuit_state')).toEqual([{ mode: 'test', service: 'ageCheck', value: 2 }]);

    now = 9_999;
    expect((await failureOf(ask())).detail).toBe('circuit_open');
    now = 10_000;
    expect(await metric('shomei_jlis_circuit_state')).toEqual([{ mode: 'test', service: 'ageCheck', value: 1 }]);
    expect(await failureOf(ask())).toMatchObject({ detail: 'http_status' });
    expect(server.calls).toHaveLength(6);
    expect((await failureOf(ask())).detail).toBe('circuit_open');

    now = 20_000;
    answerWith(200, { answer: 'no' });
    expect([await ask(), await ask()]).toEqual(['no', 'no']);
    expect(await metric('shomei_jlis_circuit_state')).toEqual([]);
  });

  it('does not close the other services', async () => {
    connect();
    server.answer = ({ path }, response) => {
      if (path === '/v1/age-checks') respond(response, 503, {});
      else respond(response, 200, { version: '1', chained_linkage: true });
    };
    for (let i = 0; i < 2; i++) await failureOf(ask());
    expect((await failureOf(ask())).detail).toBe('circuit_open');
    expect(await askCapabilities()).toEqual({ version: '1', chainedLinkage: true });
  });

  it.each([
    ['refuses requests', 400, {}],
    ['makes a mistake with what is asked', 500, {}],
    ['answers garbage', 200, 'garbage'],
    ['limits a caller', 429, {}],
  ])('because it %s stays open to the other tenants', async (_, status, body) => {
    connect({ timeoutMs: 2_000 });
    answerWith(status, body);
    for (let i = 0; i < 7; i++) await failureOf(ask());
    answerWith(200, { answer: 'yes' });
    expect(await ask(tenant('b'))).toBe('yes');
  });
});

describe('a tenant whose calls take long', () => {
  it('does not keep the others waiting, and is turned away itself instead of queueing without end', async () => {
    connect({ connections: 8, timeoutMs: 3_000 });
    server.answer = ({ headers }, response) => {
      if (headers['x-service-id'] !== tenant('b').serviceId) return;
      respond(response, 200, { answer: 'yes' });
    };
    const slow = Array.from({ length: 20 }, () => failureOf(ask(tenant('a'))));
    const quick = await Promise.all(Array.from({ length: 6 }, () => ask(tenant('b'))));
    expect(quick).toEqual(Array.from({ length: 6 }, () => 'yes'));
    const ends = (await Promise.all(slow)).map(({ detail }) => detail);
    // Two at a time, four waiting; fourteen hear at once that it is too busy.
    expect(ends.filter((detail) => detail === 'too_busy').length).toBeGreaterThanOrEqual(14);
    expect(ends).toContain('timeout');
    expect(await metric('shomei_jlis_calls_under_way')).toEqual([]);
  });
});

describe('each call', () => {
  it('is recorded before it answers, with the hash of what it asks about and without serial or answer', async () => {
    connect();
    answerWith(200, { answer: 'yes' });
    await ask();
    expect(jlis.records).toEqual([
      {
        service: 'ageCheck',
        mode: 'test',
        tenantId: TENANT_ID,
        actor: 'api_key:1',
        requestId: 'req_1',
        callId: server.calls[0]!.headers['x-request-id'],
        subjectHash: CALLER.subjectHash,
        end: { outcome: 'answered', attempts: 1, durationMs: expect.any(Number) },
      },
    ]);
  });

  it('that is metered is recorded before it is sent as well', async () => {
    connect();
    server.answer = (_, response) => {
      expect(jlis.records.map(({ end }) => end)).toEqual([undefined]);
      respond(response, 200, { state: 'not_found' });
    };
    await jlis.services.findCounterpart({ ...CALLER, kind: 'auth', serial: '7', consent: CONSENT });
    expect(jlis.records.map(({ end }) => end?.outcome)).toEqual([undefined, 'not_found']);
    expect(new Set(jlis.records.map(({ callId }) => callId)).size).toBe(1);
  });

  it('that is metered is not sent when it cannot be recorded', async () => {
    connect({ record: () => Promise.reject(new Error('no storage')) });
    const asked = jlis.services.latestAttributes({ ...CALLER, consentId: 'c1', signSerial: '7' });
    await expect(asked).rejects.toThrow('no storage');
    expect(server.connections).toBe(0);
  });

  it('that spent its time on our own storage is not sent, and not held against the service', async () => {
    connect({ record: async ({ end }) => (end ? undefined : sleep(120)), timeoutMs: 100 });
    const asked = () => jlis.services.latestAttributes({ ...CALLER, consentId: 'c1', signSerial: '7' });
    for (let i = 0; i < 6; i++)
      expect(await failureOf(asked())).toMatchObject({ detail: 'timeout', fact: 'not_sent', mayHaveBeenSent: false });
    expect([server.connections, await metric('shomei_jlis_circuit_state')]).toEqual([0, []]);
  });

  it('gives no answer that is not recorded', async () => {
    connect({ record: () => Promise.reject(new Error('no storage')) });
    answerWith(200, { answer: 'yes' });
    await expect(ask()).rejects.toThrow('no storage');
  });

  it('is counted by its end', async () => {
    connect({ timeoutMs: 2_000 });
    answerWith(200, { answer: 'unknown' });
    await ask();
    server.answer = (_, response) => respond(response, server.calls.length < 3 ? 503 : 200, { answer: 'no' });
    await ask();
    await failureOf(ask({ mode: 'live' }));
    expect(await metric('shomei_jlis_calls_total')).toEqual([
      { mode: 'test', service: 'ageCheck', outcome: 'answered', value: 2 },
      { mode: 'live', service: 'ageCheck', outcome: 'not_configured', value: 1 },
    ]);
    expect(await metric('shomei_jlis_retries_total')).toEqual([{ mode: 'test', service: 'ageCheck', value: 1 }]);
    const [end] = await metric('shomei_jlis_client_certificate_not_after_timestamp_seconds');
    expect(end).toMatchObject({ mode: 'test', value: expect.any(Number) });
  });
});
