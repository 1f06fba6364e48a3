import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { faultsSchema } from '../faults.js';
import { codeOf, CONSENT, JlisTrial, problem, type Answer } from './jlis-trial.js';

let trial: JlisTrial;

beforeAll(async () => {
  trial = await JlisTrial.start();
}, 60_000);
afterAll(() => trial.stop());
afterEach(() => trial.reset());

const fault = (jlis: object): void => trial.sandbox.faults.set(faultsSchema.parse({ jlis }));

describe('a fault', () => {
  test('down and hang_up close the connection; after hang_up the request was served and charged', async () => {
    const ask = (): Promise<Answer> =>
      trial.post('counterparts', { kind: 'sign', serial: trial.serial('demo', 'sign'), consent: CONSENT });
    fault({ counterparts: { mode: 'down' } });
    await expect(ask()).rejects.toThrow();
    fault({ counterparts: { mode: 'hang_up' } });
    await expect(ask()).rejects.toThrow();
    expect(trial.logged()).toEqual([
      ['counterparts', 'fault:down', false],
      ['counterparts', 'found', true],
    ]);
  });

  test('is of one service and ends by itself after so many requests', async () => {
    fault({ serial_linkages: { mode: 'unavailable', times: 2, retry_after_seconds: 7 } });
    const first = await trial.link();
    expect([codeOf(first), first.headers['retry-after']]).toEqual([problem(503, 'unavailable'), '7']);
    expect((await trial.post('age-checks', { serial: trial.serial('demo'), age: 1, on: '2026-01-01' })).status).toBe(
      200,
    );
    expect(codeOf(await trial.link())).toEqual(problem(503, 'unavailable'));
    expect((await trial.link()).status).toBe(200);
  });

  test('too_many_requests and internal_error are problems', async () => {
    fault({ serial_linkages: { mode: 'too_many_requests' } });
    const limited = await trial.link();
    expect([codeOf(limited), limited.headers['retry-after']]).toEqual([problem(429, 'too_many_requests'), '1']);
    fault({ serial_linkages: { mode: 'internal_error' } });
    expect(codeOf(await trial.link())).toEqual(problem(500, 'internal_error'));
  });

  test('slow answers rightly after its time; garbage is no JSON', async () => {
    fault({ serial_linkages: { mode: 'slow', delay_ms: 200 } });
    const started = performance.now();
    expect(JSON.parse((await trial.link()).text)).toMatchObject({ state: 'linked' });
    expect(performance.now() - started).toBeGreaterThan(190);
    fault({ serial_linkages: { mode: 'garbage' } });
    const { status, text } = await trial.link();
    expect(status).toBe(200);
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  test('wrong_person answers with what belongs to another card', async () => {
    fault({
      serial_linkages: { mode: 'wrong_person', card: 'adult-valid' },
      counterparts: { mode: 'wrong_person' },
      latest_attributes: { mode: 'wrong_person', card: 'moved-abroad' },
    });
    expect(JSON.parse((await trial.link()).text)).toEqual({
      state: 'linked',
      previous_serial: trial.serial('adult-valid'),
    });
    const counterpart = await trial.post('counterparts', {
      kind: 'auth',
      serial: trial.serial('fresh'),
      consent: CONSENT,
    });
    expect(JSON.parse(counterpart.text)).toMatchObject({
      state: 'found',
      counterpart: { kind: 'sign', serial: trial.serial('demo', 'sign') },
    });
    const asked = { consent_id: 'cns-1', sign_serial: trial.serial('demo', 'sign') };
    expect(JSON.parse((await trial.post('latest-attributes', asked)).text)).toMatchObject({
      state: 'updated',
      attributes: { address: '国外転出（架空国）' },
      serial: trial.serial('moved-abroad', 'sign'),
    });
    fault({ serial_linkages: { mode: 'wrong_person', card: 'nobody' } });
    expect(codeOf(await trial.link())).toEqual(problem(500, 'internal_error'));
  });

  test('same_serial answers with the serial asked about', async () => {
    fault({
      serial_linkages: { mode: 'same_serial' },
      counterparts: { mode: 'same_serial' },
      latest_attributes: { mode: 'same_serial' },
    });
    expect(JSON.parse((await trial.link()).text)).toEqual({
      state: 'linked',
      previous_serial: trial.serial('renewed-thrice'),
    });
    const counterpart = await trial.post('counterparts', {
      kind: 'auth',
      serial: trial.serial('demo'),
      consent: CONSENT,
    });
    expect(JSON.parse(counterpart.text)).toMatchObject({ counterpart: { kind: 'auth', serial: trial.serial('demo') } });
    const asked = { consent_id: 'cns-1', sign_serial: trial.serial('demo', 'sign') };
    expect(JSON.parse((await trial.post('latest-attributes', asked)).text)).toMatchObject({
      state: 'updated',
      serial: trial.serial('demo', 'sign'),
    });
  });

  test('cycle goes from the first certificate back to the last', async () => {
    fault({ serial_linkages: { mode: 'cycle' } });
    for (const back of [0, 1, 2, 3])
      expect(JSON.parse((await trial.link('renewed-thrice', back)).text)).toEqual({
        state: 'linked',
        previous_serial: trial.serial('renewed-thrice', 'auth', (back + 1) % 4),
      });
    expect(JSON.parse((await trial.link('adult-valid')).text)).toEqual({
      state: 'linked',
      previous_serial: trial.serial('adult-valid'),
    });
  });

  test('of a kind that a service cannot have is refused', () => {
    for (const jlis of [
      { age_checks: { mode: 'cycle' } },
      { counterparts: { mode: 'cycle' } },
      { other: { mode: 'down' } },
    ])
      expect(faultsSchema.safeParse({ jlis }).success).toBe(false);
  });
});
