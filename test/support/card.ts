import type { Schemas } from '#lib/api-client';

export type Hierarchy = 'sign' | 'auth';
export type Padding = Schemas['RawSignature']['padding'];
export type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** PINs of the catalogue's cards, and of those issued here. */
const PINS = { sign: 'TEST1234', auth: '1234' } as const;

interface SigningOptions {
  certificate?: Hierarchy;
  /** How many renewals back; 0 is the current certificate. */
  earlier?: number;
  padding?: Padding;
  digest_algorithm?: Digest;
  /** Base64; one of the two. */
  content?: string;
  digest?: string;
}

export interface CmsOptions extends SigningOptions {
  detached?: boolean;
  signer_id?: 'issuer_serial' | 'ski';
  signed_attributes?: boolean;
  signing_time?: string;
}

export type OcspFault =
  'none' | 'down' | 'slow' | 'try_later' | 'bad_signature' | 'garbage' | 'wrong_nonce' | 'stale' | 'unknown';

export type JlisService =
  | 'capabilities'
  | 'serial_linkages'
  | 'counterparts'
  | 'age_checks'
  | 'consents'
  | 'consent_withdrawals'
  | 'latest_attributes';
export type JlisFault =
  | 'none'
  | 'down'
  | 'hang_up'
  | 'slow'
  | 'garbage'
  | 'too_many_requests'
  | 'unavailable'
  | 'internal_error'
  | 'wrong_person'
  | 'same_serial'
  | 'cycle';

export const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

/** The J-LIS sandbox as a test uses it; docs/sandbox.md. */
export class SandboxClient {
  constructor(readonly url: string) {}

  /** A valid card of the test's own; its id. */
  async issue(facts: Record<string, unknown> = {}): Promise<string> {
    const card = await this.ask<{ id: string }>('POST', '/cards', {
      sign_pin: PINS.sign,
      auth_pin: PINS.auth,
      ...facts,
    });
    return card.id;
  }

  async certificate(card: string, hierarchy: Hierarchy = 'sign'): Promise<string> {
    return (await this.ask<{ certificate: string }>('GET', `/cards/${card}/certificates/${hierarchy}`)).certificate;
  }

  /** The card's bare signature, in base64, and its certificate. */
  signRaw(card: string, options: SigningOptions): Promise<{ certificate: string; signature: string }> {
    const certificate = options.certificate ?? 'sign';
    return this.ask('POST', `/cards/${card}/sign`, { ...options, certificate, pin: PINS[certificate] });
  }

  /** A ContentInfo in base64. */
  async signCms(card: string, options: CmsOptions): Promise<string> {
    const { detached, signer_id, signed_attributes, signing_time, ...signing } = options;
    const certificate = signing.certificate ?? 'sign';
    const answer = await this.ask<{ cms: string }>('POST', `/cards/${card}/sign`, {
      ...signing,
      certificate,
      pin: PINS[certificate],
      format: 'cms',
      cms: { detached, signer_id, signed_attributes, signing_time },
    });
    return answer.cms;
  }

  async revoke(card: string, certificate: Hierarchy | 'both', reason: string): Promise<void> {
    await this.ask('POST', `/control/cards/${card}/revoke`, { certificate, reason });
  }

  /** What OCSP does wrong from now on. */
  async ocspFault(mode: OcspFault, delayMs = 0): Promise<void> {
    await this.ask('PUT', '/control/faults', { ocsp: { mode, delay_ms: delayMs } });
  }

  /** OCSP requests since the last `takeOcspCount`. */
  async ocspCount(): Promise<number> {
    return (await this.ask<{ ocsp: number }>('GET', '/control/requests')).ocsp;
  }

  /** The same, and begins anew; one that comes in between the two is lost. */
  async takeOcspCount(): Promise<number> {
    const ocsp = await this.ocspCount();
    await this.ask('DELETE', '/control/requests');
    return ocsp;
  }

  /** A new pair on the card, issued now by the sandbox's clock; the old one becomes superseded. */
  async renew(card: string): Promise<void> {
    await this.ask('POST', `/control/cards/${card}/renew`);
  }

  /** Moves the sandbox's own clock; the platform has another. */
  async moveClock(offsetMs: number): Promise<void> {
    await this.ask('PUT', '/control/clock', { offset_ms: offsetMs });
  }

  /** A card renewed so long ago, by the sandbox's clock, `times` times: J-LIS can connect its certificates. */
  async issueRenewed(times = 1, agoMs = 3 * 3_600_000, facts: Record<string, unknown> = {}): Promise<string> {
    await this.moveClock(-agoMs);
    try {
      const card = await this.issue(facts);
      for (let time = 0; time < times; time++) await this.renew(card);
      return card;
    } finally {
      await this.moveClock(0);
    }
  }

  /** Whether J-LIS answers about superseded serials. */
  async chainLinkages(chained: boolean): Promise<void> {
    await this.ask('PUT', '/control/jlis', { chained_linkage: chained });
  }

  /** Ends every fault. */
  async healthy(): Promise<void> {
    await this.ask('DELETE', '/control/faults');
  }

  /** What a J-LIS service does wrong from now on, `times` times; docs/sandbox.md. */
  async jlisFault(service: JlisService, mode: JlisFault, options: Record<string, unknown> = {}): Promise<void> {
    await this.ask('PUT', '/control/faults', { jlis: { [service]: { mode, ...options } } });
  }

  /** Requests that the J-LIS services served, the newest first, since `forgetJlisRequests`. */
  async jlisRequests(): Promise<{ service: string; request_id: string; outcome: string; metered: boolean }[]> {
    const path = '/control/jlis/requests?limit=1000';
    return (await this.ask<{ requests: Awaited<ReturnType<SandboxClient['jlisRequests']>> }>('GET', path)).requests;
  }

  async forgetJlisRequests(): Promise<void> {
    await this.ask('DELETE', '/control/jlis/requests');
  }

  /** The holder moves house: a new sign certificate with these facts, the old one revoked. */
  async move(card: string, facts: { name?: string; address?: string; sign?: boolean }): Promise<void> {
    await this.ask('POST', `/control/cards/${card}/move`, facts);
  }

  /** Consents to latest attributes that J-LIS holds. */
  async jlisConsents(): Promise<{ consent_id: string; service_id: string }[]> {
    return (await this.ask<{ consents: { consent_id: string; service_id: string }[] }>('GET', '/control/consents'))
      .consents;
  }

  /** The holder withdraws every consent at J-LIS. */
  async withdrawConsents(card: string): Promise<string[]> {
    return (await this.ask<{ withdrawn: string[] }>('POST', `/control/cards/${card}/withdraw-consents`, {})).withdrawn;
  }

  anchors(): Promise<{ hierarchy: Hierarchy; generation: string; fingerprint: string; certificate: string }[]> {
    return this.ask('GET', '/anchors');
  }

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`sandbox: ${method} ${path} was answered with ${answer.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

export interface RawOptions {
  card?: string;
  certificate?: Hierarchy;
  text?: string;
  padding?: Padding;
  digest_algorithm?: Schemas['RawSignature']['digest_algorithm'];
}

/** The body of a signature verification: `text` signed by a card, raw, with its content. */
export async function rawBody(sandbox: SandboxClient, options: RawOptions = {}): Promise<Schemas['RawSignature']> {
  const { card = 'adult-valid', padding = 'pkcs1_v15', digest_algorithm = 'sha256', certificate = 'sign' } = options;
  const content = base64(options.text ?? 'contract 1');
  const signed = await sandbox.signRaw(card, { certificate, content, padding, digest_algorithm });
  return { format: 'raw', ...signed, padding, digest_algorithm, content };
}
