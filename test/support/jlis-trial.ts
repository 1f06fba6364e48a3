import { randomUUID } from 'node:crypto';
import type { SignedConsent } from '#lib/jlis';
import { base64, type Hierarchy, SandboxClient } from './card.js';
import { CALLER, CONSENT, connectClient, type TestClient } from './jlis-rig.js';
import { TestSandbox } from './sandbox.js';

/** The client of the J-LIS services with the sandbox at its other end, which shares no code with it. */
export class JlisTrial {
  readonly cards: SandboxClient;
  jlis: TestClient;

  private constructor(readonly sandbox: TestSandbox) {
    this.cards = new SandboxClient(sandbox.url);
    this.jlis = this.connect();
  }

  static async start(): Promise<JlisTrial> {
    return new JlisTrial(await TestSandbox.start());
  }

  async stop(): Promise<void> {
    this.jlis.close();
    await this.sandbox.stop();
  }

  /** Nothing wrong, the present, an empty log, and a new client: the circuits of the old one may be open. */
  async reset(): Promise<void> {
    this.reconnect();
    await this.sandbox.healthy();
    await this.sandbox.call('PUT', '/control/clock', { offset_ms: 0 });
    await this.sandbox.call('PUT', '/control/jlis', { chained_linkage: false });
    await this.sandbox.call('DELETE', '/control/jlis/requests');
  }

  reconnect(timeoutMs?: number): void {
    this.jlis.close();
    this.jlis = this.connect(timeoutMs);
  }

  private connect(timeoutMs = 3_000): TestClient {
    return connectClient(this.sandbox.jlisTlsDirectory, this.sandbox.jlisUrl, { timeoutMs });
  }

  async serialOf(card: string, kind: Hierarchy = 'auth'): Promise<string> {
    const { certificates } = (await this.sandbox.call('GET', `/cards/${card}`)) as {
      certificates: Partial<Record<Hierarchy, { serial: string }>>;
    };
    return certificates[kind]!.serial;
  }

  /** What J-LIS has in its log: outcome and charge of each request. */
  async seen(): Promise<[string, boolean][]> {
    const { requests } = (await this.sandbox.call('GET', '/control/jlis/requests')) as {
      requests: { outcome: string; metered: boolean }[];
    };
    return requests.map(({ outcome, metered }) => [outcome, metered]);
  }

  fault(service: string, mode: string, more: object = {}): Promise<void> {
    return this.sandbox.faults({ jlis: { [service]: { mode, ...more } } });
  }

  link(serial: string) {
    return this.jlis.services.linkSerial({ ...CALLER, serial, consent: CONSENT });
  }

  counterpart(kind: Hierarchy, serial: string) {
    return this.jlis.services.findCounterpart({ ...CALLER, kind, serial, consent: CONSENT });
  }

  age(serial: string, age: number, on: string) {
    return this.jlis.services.checkAge({ ...CALLER, serial, age, on });
  }

  attributes(consentId: string, signSerial: string) {
    return this.jlis.services.latestAttributes({ ...CALLER, consentId, signSerial });
  }

  /** A consent that the card has signed. */
  async consentOf(card: string): Promise<SignedConsent> {
    const document = Buffer.from('I agree that my bank may ask for my newest attributes.');
    const how = { padding: 'pkcs1_v15', digest_algorithm: 'sha256' } as const;
    const signed = await this.cards.signRaw(card, { content: base64(document), ...how });
    const now = Date.now();
    return {
      signSerial: await this.serialOf(card, 'sign'),
      textVersion: '2026-1',
      givenAt: new Date(now - 1_000).toISOString(),
      expiresAt: new Date(now + 86_400_000).toISOString(),
      document,
      signature: Buffer.from(signed.signature, 'base64'),
      certificate: Buffer.from(signed.certificate, 'base64'),
      digestAlgorithm: how.digest_algorithm,
      padding: how.padding,
    };
  }

  register(consent: SignedConsent, callId: string = randomUUID()) {
    return this.jlis.services.registerConsent({ ...CALLER, callId }, consent);
  }

  async registered(card: string): Promise<{ consentId: string; signSerial: string }> {
    const consent = await this.consentOf(card);
    const answer = await this.register(consent);
    if (answer.state !== 'registered') throw new Error('the consent was refused');
    return { consentId: answer.consentId, signSerial: consent.signSerial };
  }
}
