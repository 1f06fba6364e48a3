import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Schemas } from '#lib/api-client';
import { authorityKeyId, buildCrl, crlEntry, crlNumber } from './crl.js';
import { AUTHORITY_LIFE, CARD_LIFE, DAY_MS, fingerprintOf, signedBy } from './own-authority.js';
import {
  issueEndEntity,
  LIVE_SIGN_POLICY,
  makeAuthority,
  profileExtensions,
  rsaKey,
  type TestAuthority,
} from './pki.js';

const HOUR_MS = 3_600_000;

/**
 * A sign authority in the shape of the real ones, whose key the test holds, and the delivery of its lists. Nothing of
 * the sandbox can be live, so this is how a live verification is tried.
 */
export class LiveAuthority {
  private revoked: number[] = [];
  private number = 0;

  private constructor(
    private readonly authority: TestAuthority,
    private readonly server: Server,
  ) {}

  static async start(): Promise<LiveAuthority> {
    const key = rsaKey('live authority');
    const authority = makeAuthority('sign', 2023, { ...AUTHORITY_LIFE, organization: 'JPKI', key });
    const server = createServer();
    const live = new LiveAuthority(authority, server);
    server.on('request', (request, response) => {
      const isList = request.url === '/full.crl';
      response.setHeader('content-type', isList ? 'application/pkix-crl' : 'application/json');
      response.end(isList ? live.list() : live.index());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return live;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  get indexUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/index.json`;
  }

  /** DER of the root, and what an operator compares it by. */
  get root(): { certificate: Buffer; fingerprint: string } {
    return { certificate: this.authority.der, fingerprint: fingerprintOf(this.authority.der) };
  }

  /** A signature verification's body by the holder of a new certificate, whose DER is told. */
  sign(serial: number): { body: Schemas['RawSignature']; certificate: Buffer } {
    const extensions = Object.values(profileExtensions(this.authority, LIVE_SIGN_POLICY));
    const holder = issueEndEntity(this.authority, { ...CARD_LIFE, serial, extensions });
    return { body: signedBy(holder), certificate: holder.der };
  }

  /** From the next list on. */
  revoke(serial: number): void {
    this.revoked.push(serial);
  }

  private list(): Buffer {
    const now = Date.now();
    const entries = this.revoked.map((serial) => crlEntry({ serial, reason: 4 }));
    return buildCrl(this.authority, {
      // Each list is newer than the last, and none is of the future.
      thisUpdate: now - HOUR_MS + ++this.number * 1_000,
      nextUpdate: now + DAY_MS,
      // RFC 5280 §5.1.2.6: absent when there is none.
      entries: entries.length === 0 ? null : entries,
      extensions: [authorityKeyId(this.authority.key.keyId), crlNumber(this.number)],
    });
  }

  private index(): string {
    const issuer_key_id = this.authority.key.keyId.toString('hex');
    return JSON.stringify({
      partitions: [{ name: 'full', path: 'full.crl', issuer_key_id, distribution_point: null }],
    });
  }
}
