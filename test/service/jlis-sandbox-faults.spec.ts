import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TlsAuthority } from '../support/jlis-certificates.js';
import { CALLER, connectClient, failureOf } from '../support/jlis-rig.js';
import { JlisTrial } from '../support/jlis-trial.js';

let trial: JlisTrial;
beforeAll(async () => {
  trial = await JlisTrial.start();
});
beforeEach(() => trial.reset());
afterAll(() => trial.stop());

describe('the certificate of the platform operator', () => {
  it.each(['expired', 'wrong-ca', 'stranger'])('is refused when it is %s', async (which) => {
    const directory = mkdtempSync(join(tmpdir(), 'jlis-tls-'));
    copyFileSync(join(trial.sandbox.jlisTlsDirectory, 'ca.pem'), join(directory, 'ca.pem'));
    for (const [from, to] of [
      [`${which}.pem`, 'client.pem'],
      [`${which}-key.pem`, 'client-key.pem'],
    ] as const)
      copyFileSync(join(trial.sandbox.jlisTlsDirectory, 'refused', from), join(directory, to));
    const refused = connectClient(directory, trial.sandbox.jlisUrl);
    rmSync(directory, { recursive: true });
    const failure = await failureOf(refused.services.capabilities(CALLER));
    refused.close();
    expect(failure).toMatchObject({ detail: 'tls_refused', fact: 'client_certificate_refused' });
    expect(await trial.seen()).toEqual([]);
  });
});

describe('the certificate of the other side', () => {
  /** Asks it and prints how that ended; `environment` is what Node itself would obey. */
  const PROGRAM = 'dist/test/support/jlis-call-program.js';
  async function outcome(tlsDirectory: string, environment: Record<string, string>): Promise<string> {
    const settings = { JLIS_TEST_URL: trial.sandbox.jlisUrl, JLIS_TEST_TLS_DIR: tlsDirectory };
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], {
      env: { PATH: process.env['PATH'], ...settings, ...environment },
    });
    return stdout;
  }
  it('is checked, also where the environment tells Node not to', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'jlis-tls-'));
    for (const file of ['client.pem', 'client-key.pem'])
      copyFileSync(join(trial.sandbox.jlisTlsDirectory, file), join(directory, file));
    writeFileSync(join(directory, 'ca.pem'), (await TlsAuthority.create('another authority')).certificate);
    const careless = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(await outcome(trial.sandbox.jlisTlsDirectory, careless)).toBe('version 1');
    expect(await outcome(directory, careless)).toBe('tls_refused');
    rmSync(directory, { recursive: true });
  });
});

describe('a fault of the other side', () => {
  const FAULTS = [
    ['down', 'unreachable', true],
    ['hang_up', 'unreachable', true],
    ['slow', 'timeout', true],
    ['garbage', 'answer_malformed', false],
    ['too_many_requests', 'too_many_requests', true],
    ['unavailable', 'http_status', true],
    ['internal_error', 'http_status', true],
  ] as const;
  type Service =
    | 'capabilities'
    | 'serial_linkages'
    | 'counterparts'
    | 'age_checks'
    | 'consents'
    | 'consent_withdrawals'
    | 'latest_attributes';
  const METERED: readonly Service[] = ['counterparts', 'latest_attributes'];
  const asking: Record<Service, () => Promise<unknown>> = {
    capabilities: () => trial.jlis.services.capabilities(CALLER),
    serial_linkages: async () => trial.link(await trial.serialOf('renewed-new')),
    counterparts: async () => trial.counterpart('sign', await trial.serialOf('adult-valid', 'sign')),
    age_checks: async () => trial.age(await trial.serialOf('adult-valid'), 20, '2026-11-23'),
    consents: async () => trial.register(await trial.consentOf('adult-valid')),
    consent_withdrawals: () => trial.jlis.services.withdrawals({ mode: 'test', actor: 'system:worker' }),
    latest_attributes: async () => trial.attributes('none', await trial.serialOf('adult-valid', 'sign')),
  };
  const services = Object.keys(asking) as Service[];

  it.each(services.flatMap((service) => FAULTS.map(([mode, detail, passing]) => ({ service, mode, detail, passing }))))(
    'of $service, $mode, is $detail and leaves no answer',
    async ({ service, mode, detail, passing }) => {
      await trial.fault(service, mode, mode === 'slow' ? { delay_ms: 1_700 } : { retry_after_seconds: 0 });
      if (mode === 'slow') {
        trial.reconnect(1_600);
      }
      expect(await failureOf(asking[service]())).toMatchObject({ detail, mayHaveBeenSent: true });
      const { attempts } = trial.jlis.records.at(-1)!.end!;
      expect(attempts > 1).toBe(passing && !METERED.includes(service));
      // What nobody waits for any more is logged all the same when it is done.
      if (mode === 'slow') await sleep(1_700);
      expect(await trial.seen()).toHaveLength(attempts);
    },
  );

  it.each(services.filter((service) => !METERED.includes(service)))(
    'of %s that lasts for one request is not noticed',
    async (service) => {
      await trial.fault(service, 'unavailable', { times: 1, retry_after_seconds: 0 });
      await asking[service]();
      expect(await trial.seen()).toHaveLength(2);
    },
  );

  it('that hangs up after a charge is not charged twice', async () => {
    await trial.fault('counterparts', 'hang_up');
    expect(await failureOf(asking.counterparts())).toMatchObject({ detail: 'unreachable', mayHaveBeenSent: true });
    expect(await trial.seen()).toEqual([['found', true]]);
  });

  it('that names the serial asked about is garbage', async () => {
    await trial.fault('serial_linkages', 'same_serial');
    expect(await failureOf(asking.serial_linkages())).toMatchObject({
      detail: 'answer_malformed',
      fact: 'same_serial',
    });
    await trial.fault('counterparts', 'same_serial');
    expect(await failureOf(asking.counterparts())).toMatchObject({ detail: 'answer_malformed', fact: 'same_kind' });
    const { consentId, signSerial } = await trial.registered('adult-valid');
    await trial.fault('latest_attributes', 'same_serial');
    expect(await failureOf(trial.attributes(consentId, signSerial))).toMatchObject({ fact: 'same_serial' });
  });

  it('that names another person looks well-formed here: who asks has to judge it', async () => {
    await trial.fault('serial_linkages', 'wrong_person', { card: 'adult-valid' });
    expect(await asking.serial_linkages()).toEqual({
      state: 'linked',
      previousSerial: await trial.serialOf('adult-valid'),
    });
    await trial.fault('serial_linkages', 'cycle');
    expect((await trial.link(await trial.serialOf('renewed-thrice'))).state).toBe('linked');
  });
});
