import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { codeOf, CONSENT, JlisTrial, problem, type Answer } from './jlis-trial.js';

let trial: JlisTrial;

beforeAll(async () => {
  trial = await JlisTrial.start();
}, 60_000);
afterAll(() => trial.stop());
afterEach(() => trial.reset());

/** One request written by hand, to see the session it made or resumed. */
function askRaw(options: ConnectionOptions): Promise<{ status: string; resumed: boolean; session: Buffer }> {
  return new Promise((resolve, reject) => {
    const sessions: Buffer[] = [];
    let text = '';
    const socket = connect(options, () => {
      const headers = Object.entries(trial.identified()).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET /v1/capabilities HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${headers.join('')}\r\n`);
    });
    socket.on('session', (session) => sessions.push(session));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    socket.on('error', reject);
    socket.on('end', () =>
      resolve({
        status: text.slice(9, 12),
        resumed: socket.isSessionReused(),
        session: sessions.at(-1) ?? Buffer.alloc(0),
      }),
    );
  });
}

describe('the platform operator gets in by its certificate', () => {
  const capabilities = (tls?: ConnectionOptions): Promise<Answer> =>
    trial.exchange('GET', '/v1/capabilities', { headers: trial.identified(), ...(tls ? { tls } : {}) });

  test('over TLS 1.2 and 1.3, and the machine’s clock decides, not that of the sandbox', async () => {
    trial.sandbox.clock.move(20 * 365 * 86_400_000);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { ...trial.files('client'), minVersion: version, maxVersion: version };
      const answer = await capabilities(tls);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { version: '1', chained_linkage: false }]);
    }
  });

  test('also on a resumed session, where the certificate is not sent again; a refused one stays refused', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      for (const [name, status] of [
        ['client', '200'],
        ['refused/expired', '403'],
      ] as const) {
        const options = { host: '127.0.0.1', port: trial.port, ca: trial.pem('ca.pem'), ...trial.files(name) };
        const first = await askRaw({ ...options, maxVersion });
        const second = await askRaw({ ...options, maxVersion, session: first.session });
        expect([first.resumed, first.status, second.resumed, second.status]).toEqual([false, status, true, status]);
      }
  });

  test.each(['refused/expired', 'refused/wrong-ca', 'refused/stranger'])('not with %s: 403', async (name) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      expect(codeOf(await capabilities({ ...trial.files(name), maxVersion }))).toEqual(
        problem(403, 'client_certificate_refused'),
      );
    const body = JSON.stringify({ serial: trial.serial('renewed-thrice'), consent: CONSENT });
    const refused = await trial.exchange('POST', '/v1/serial-linkages', {
      body,
      headers: trial.identified(),
      tls: trial.files(name),
    });
    expect(codeOf(refused)).toEqual(problem(403, 'client_certificate_refused'));
    expect(trial.logged()).toEqual([]);
  });

  test('not without one: the connection ends before a request', async () => {
    await expect(capabilities({})).rejects.toThrow();
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const opened = connect({ host: '127.0.0.1', port: trial.port, ca: trial.pem('ca.pem') }, () => resolve(opened));
      opened.on('error', reject);
    });
    const bytes: Buffer[] = [];
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => bytes.push(chunk)).on('close', () => resolve());
      socket.on('error', () => resolve());
    });
    expect(bytes).toEqual([]);
  });

  test('not over TLS 1.1', async () => {
    const old = { ...trial.files('client'), minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;
    await expect(capabilities({ ...old, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(/protocol version/);
  });

  test('and the sandbox proves who it is', async () => {
    const tls = { ...trial.files('client'), ca: trial.pem('refused/wrong-ca.pem') };
    await expect(capabilities(tls)).rejects.toThrow();
  });
});

describe('a request', () => {
  test('is answered with 200, and is in the log without serials', async () => {
    const headers = trial.identified();
    const answer = await trial.post(
      'counterparts',
      { kind: 'sign', serial: trial.serial('demo', 'sign'), consent: CONSENT },
      headers,
    );
    expect([answer.status, answer.headers['content-type']?.split(';')[0]]).toEqual([200, 'application/json']);
    expect(trial.sandbox.jlisLog.entries(10)).toEqual([
      {
        service: 'counterparts',
        service_id: 'ten_a',
        request_id: headers['x-request-id'],
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        outcome: 'found',
        metered: true,
      },
    ]);
    expect(JSON.parse((await trial.link()).text)).toEqual({
      state: 'linked',
      previous_serial: trial.serial('renewed-thrice', 'auth', 1),
    });
    const age = { serial: trial.serial('demo'), age: 20, on: '2013-09-03' };
    expect(JSON.parse((await trial.post('age-checks', age)).text)).toEqual({ answer: 'yes' });
    expect(trial.logged().slice(1)).toEqual([
      ['serial_linkages', 'linked', false],
      ['age_checks', 'answered', false],
    ]);
  });

  test.each([
    ['no consent', 'serial-linkages', { serial: '1' }],
    ['a serial of 49 digits', 'serial-linkages', { serial: '1'.repeat(49), consent: CONSENT }],
    ['a serial with a leading zero', 'serial-linkages', { serial: '01', consent: CONSENT }],
    ['a numeric serial', 'serial-linkages', { serial: 1, consent: CONSENT }],
    ['an unknown kind', 'counterparts', { kind: 'both', serial: '1', consent: CONSENT }],
    ['an age of −1', 'age-checks', { serial: '1', age: -1, on: '2026-01-01' }],
    ['an age of 131', 'age-checks', { serial: '1', age: 131, on: '2026-01-01' }],
    ['a day that does not exist', 'age-checks', { serial: '1', age: 20, on: '2026-02-30' }],
    [
      'a consent time without zone',
      'serial-linkages',
      { serial: '1', consent: { ...CONSENT, given_at: '2026-01-01T00:00:00' } },
    ],
    ['no object', 'latest-attributes', []],
  ])('with %s is refused', async (_name, path, body) => {
    expect(codeOf(await trial.post(path, body))).toEqual(problem(400, 'request_invalid'));
    expect(trial.logged().map(([, outcome]) => outcome)).toEqual(['request_invalid']);
  });

  test('without its identifiers is refused; what they hold is not copied into the log unless it has their form', async () => {
    const body = { serial: trial.serial('demo'), consent: CONSENT };
    const { 'x-request-id': requestId = '', 'x-service-id': serviceId = '' } = trial.identified();
    const incomplete: Record<string, string>[] = [
      { 'x-request-id': requestId },
      { 'x-service-id': serviceId },
      { 'x-request-id': 'no uuid', 'x-service-id': serviceId },
      { 'x-request-id': requestId, 'x-service-id': 'ten_a b' },
    ];
    for (const headers of incomplete)
      expect(codeOf(await trial.post('serial-linkages', body, headers))).toEqual(problem(400, 'request_invalid'));
    expect(trial.sandbox.jlisLog.entries(10).map(({ request_id, service_id }) => [request_id, service_id])).toEqual([
      [requestId, null],
      [null, serviceId],
      [null, serviceId],
      [requestId, null],
    ]);
  });

  test('that is no JSON, too large, of another type or to nowhere is refused', async () => {
    const send = (body: string, headers = {}): Promise<Answer> =>
      trial.exchange('POST', '/v1/age-checks', { body, headers: { ...trial.identified(), ...headers } });
    expect(codeOf(await send('{"serial":'))).toEqual(problem(400, 'request_invalid'));
    expect(codeOf(await send(`"${'x'.repeat(64 * 1024)}"`))).toEqual(problem(400, 'request_invalid'));
    expect(codeOf(await send('a', { 'content-type': 'text/csv' }))).toEqual(problem(400, 'request_invalid'));
    expect(codeOf(await send('['.repeat(60_000)))).toEqual(problem(400, 'request_invalid'));
    expect(codeOf(await trial.exchange('GET', '/v1/nowhere', { headers: trial.identified() }))).toEqual(
      problem(404, 'not_found'),
    );
    expect(codeOf(await trial.exchange('GET', '/control/jlis', { headers: trial.identified() }))).toEqual(
      problem(404, 'not_found'),
    );
  });

  test('for withdrawals names no service; bad cursors are refused', async () => {
    const headers = { 'x-request-id': randomUUID() };
    const poll = (query: string): Promise<Answer> =>
      trial.exchange('GET', `/v1/consent-withdrawals${query}`, { headers });
    expect(JSON.parse((await poll('?limit=5')).text)).toEqual({ withdrawals: [], next: null });
    for (const query of ['?after=x', '?limit=0', '?limit=201', '?after=-1'])
      expect(codeOf(await poll(query))).toEqual(problem(400, 'request_invalid'));
  });
});
