// What @peculiar/x509 is built on asks for it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** PEM. */
export interface TlsIdentity {
  certificate: string;
  key: string;
}

/** A private authority for TLS and what it issues. */
export class TlsAuthority {
  private constructor(
    private readonly name: string,
    private readonly keys: webcrypto.CryptoKeyPair,
    /** PEM. */
    readonly certificate: string,
  ) {}

  static async create(name: string): Promise<TlsAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new TlsAuthority(name, keys, certificate.toString('pem'));
  }

  server(names: x509.JsonGeneralNames, life = currentLife()): Promise<TlsIdentity> {
    return this.issue('server', [new x509.SubjectAlternativeNameExtension(names)], life);
  }

  client(life = currentLife()): Promise<TlsIdentity> {
    return this.issue('platform operator', [], life);
  }

  private async issue(
    subject: string,
    extensions: x509.Extension[],
    life: { notBefore: Date; notAfter: Date },
  ): Promise<TlsIdentity> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${subject}`,
      issuer: `CN=${this.name}`,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...life,
      extensions: [new x509.BasicConstraintsExtension(false, undefined, true), ...extensions],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(der, 'PRIVATE KEY') };
  }
}

export const currentLife = () => lifeEnding(DAY_MS / 2);
export const expiredLife = () => lifeEnding(-60_000);
const lifeEnding = (inMs: number) => ({
  notBefore: new Date(Date.now() - DAY_MS / 2),
  notAfter: new Date(Date.now() + inMs),
});

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** A directory as `JLIS_…_TLS_DIR` names it. */
export function writeTlsDirectory(identity: TlsIdentity, authorities: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'jlis-tls-'));
  writeFileSync(join(directory, 'client.pem'), identity.certificate);
  writeFileSync(join(directory, 'client-key.pem'), identity.key, { mode: 0o600 });
  writeFileSync(join(directory, 'ca.pem'), authorities);
  return directory;
}
