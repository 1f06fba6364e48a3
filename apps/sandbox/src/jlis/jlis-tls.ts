import { X509Certificate } from 'node:crypto';
import type { StateStore } from '../state-store.js';
import { DAY_MS } from '../validity.js';
import {
  certificatePem,
  keyPem,
  readKey,
  tlsAuthority,
  tlsCertificate,
  type Life,
  type TlsIdentity,
  type TlsSubject,
} from './tls-certificate.js';

/** Files of this folder under the state directory; `refused` holds certificates that must not get in. */
const FOLDER = 'jlis-tls';
const AUTHORITY_NAME = 'J-LIS sandbox TLS CA';
const AUTHORITY_LIFE_MS = 3650 * DAY_MS;
const LEAF_LIFE_MS = 1095 * DAY_MS;
/** Below this much life a certificate is made anew at start. */
const RENEW_BEFORE_MS = 60 * DAY_MS;
/** Machines whose clocks are a little behind must accept a certificate made just now. */
const BACKDATED_MS = DAY_MS;
const HOSTS = ['127.0.0.1', '::1', 'localhost', 'sandbox'];

/** What the mutually authenticated listener needs. */
export interface JlisTls {
  /** PEM. */
  ca: string;
  cert: string;
  key: string;
  /** SHA-256 of the platform operator's certificate, as `getPeerCertificate().fingerprint256` writes it. */
  clientFingerprint: string;
}

const lifeFrom = (now: number, lengthMs: number): Life => ({ notBefore: now - BACKDATED_MS, notAfter: now + lengthMs });

/** The CA's key is not among the files a platform operator is given. */
const keyFile = (name: string): string => (name === 'ca' ? 'jlis-ca-key.pem' : `${FOLDER}/${name}-key.pem`);

function readIdentity(store: StateStore, name: string): TlsIdentity | undefined {
  const certificate = store.readBytes(`${FOLDER}/${name}.pem`);
  const privateKey = store.readBytes(keyFile(name));
  if (!certificate || !privateKey) return undefined;
  const body = privateKey.toString('ascii').replace(/-----[^-]+-----|\s/g, '');
  return { certificate: new X509Certificate(certificate).raw, privateKey: Buffer.from(body, 'base64') };
}

function writeIdentity(store: StateStore, name: string, identity: TlsIdentity): void {
  store.writeBytes(keyFile(name), Buffer.from(keyPem(identity)));
  store.writeBytes(`${FOLDER}/${name}.pem`, Buffer.from(certificatePem(identity)));
}

const lasts = (identity: TlsIdentity, now: number): boolean =>
  Date.parse(new X509Certificate(identity.certificate).validTo) - now > RENEW_BEFORE_MS;

/** A crash between the two files of an identity leaves a key that is not the certificate's. */
const fits = ({ certificate, privateKey }: TlsIdentity, authority: TlsIdentity): boolean => {
  const read = new X509Certificate(certificate);
  return read.checkPrivateKey(readKey(privateKey)) && read.verify(new X509Certificate(authority.certificate).publicKey);
};

/**
 * Reads the CA and the client certificate from `store`, or makes them there; the server's certificate is made at every
 * start. `now` is real time, not the sandbox clock: connections do not follow a moved clock.
 */
export function openJlisTls(store: StateStore, host: string | undefined, now: number): JlisTls {
  const kept = readIdentity(store, 'ca');
  const usable = kept && fits(kept, kept) && lasts(kept, now);
  const authority = usable ? kept : tlsAuthority(AUTHORITY_NAME, lifeFrom(now, AUTHORITY_LIFE_MS));
  if (!usable) writeIdentity(store, 'ca', authority);

  const issue = (subject: Omit<TlsSubject, 'life'>, life = lifeFrom(now, LEAF_LIFE_MS)): TlsIdentity =>
    tlsCertificate(authority, AUTHORITY_NAME, { ...subject, life });
  const keptClient = readIdentity(store, 'client');
  const clientUsable = keptClient && fits(keptClient, authority) && lasts(keptClient, now);
  const client = clientUsable ? keptClient : issue({ commonName: 'platform operator', purpose: 'client' });
  if (!clientUsable) {
    writeIdentity(store, 'client', client);
    const operator = { commonName: 'platform operator', purpose: 'client' } as const;
    const past = { notBefore: now - 40 * DAY_MS, notAfter: now - 10 * DAY_MS };
    writeIdentity(store, 'refused/expired', issue(operator, past));
    writeIdentity(store, 'refused/stranger', issue({ commonName: 'somebody else', purpose: 'client' }));
    // The same names, another key: only the signature tells that this is not the CA.
    const wrongAuthority = tlsAuthority(AUTHORITY_NAME, lifeFrom(now, LEAF_LIFE_MS));
    const life = lifeFrom(now, LEAF_LIFE_MS);
    writeIdentity(store, 'refused/wrong-ca', tlsCertificate(wrongAuthority, AUTHORITY_NAME, { ...operator, life }));
  }
  const hosts = [...new Set(host === undefined ? HOSTS : [...HOSTS, host])];
  const server = issue({ commonName: 'J-LIS sandbox', purpose: 'server', hosts });
  return {
    ca: certificatePem(authority),
    cert: certificatePem(server),
    key: keyPem(server),
    clientFingerprint: new X509Certificate(client.certificate).fingerprint256,
  };
}
