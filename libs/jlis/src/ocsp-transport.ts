import { exchangeWhole } from './exchange.js';

/** An answer for one certificate with its responder's certificate has about 2 KB. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Carries OCSP requests over HTTP POST (RFC 6960 appendix A.1). The answer is not looked at. */
export class OcspTransport {
  constructor(private readonly options: { timeoutMs: number }) {}

  /** @throws JlisUnavailable */
  ask(url: string, request: Uint8Array): Promise<Buffer> {
    const { timeoutMs } = this.options;
    return exchangeWhole(
      new URL(url),
      {
        method: 'POST',
        headers: {
          'content-type': 'application/ocsp-request',
          accept: 'application/ocsp-response',
          'accept-encoding': 'identity',
        },
        body: request,
      },
      { idleTimeoutMs: timeoutMs, totalTimeoutMs: timeoutMs, maxBytes: MAX_RESPONSE_BYTES },
    );
  }
}
