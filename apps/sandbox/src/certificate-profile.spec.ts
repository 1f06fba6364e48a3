import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import * as asn1js from 'asn1js';
import type { Hierarchy } from './hierarchy.js';
import { Sandbox } from './sandbox.js';

const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
}, 60_000);
afterAll(() => rmSync(stateDirectory, { recursive: true }));

async function der(id: string, hierarchy: Hierarchy): Promise<Buffer> {
  const card = sandbox.cards.get(id);
  return (await sandbox.cards.material(card, hierarchy, sandbox.cards.getRecord(card, hierarchy))).certificate;
}

/** Extensions as [OID, critical, DER value], in the order of the certificate. */
const extensions = (bytes: Buffer): [string, boolean, Buffer][] =>
  new x509.X509Certificate(bytes).extensions.map(({ type, critical, value }) => [type, critical, Buffer.from(value)]);
const extension = (bytes: Buffer, oid: string): Buffer => extensions(bytes).find(([type]) => type === oid)![2];
const criticalities = (bytes: Buffer): Record<string, boolean> =>
  Object.fromEntries(extensions(bytes).map(([type, critical]) => [type, critical]));

const children = (node: asn1js.AsnType | undefined): asn1js.AsnType[] =>
  node instanceof asn1js.Constructed ? node.valueBlock.value : [];

describe('the roots', () => {
  test('all generations of a hierarchy share one name and differ in key', () => {
    for (const hierarchy of ['sign', 'auth'] as const) {
      const roots = sandbox.authorities.all(hierarchy).map(({ certificate }) => new NodeCertificate(certificate));
      expect(new Set(roots.map(({ subject }) => subject)).size).toBe(1);
      expect(new Set(roots.map(({ fingerprint256 }) => fingerprint256)).size).toBe(3);
      expect(roots.every((root) => root.verify(root.publicKey) && root.ca && root.issuer === root.subject)).toBe(true);
      expect(roots.map(({ validTo }) => new Date(validTo).toISOString())).toEqual([
        '2025-10-19T14:59:59.000Z',
        '2029-09-14T14:59:59.000Z',
        '2033-07-15T14:59:59.000Z',
      ]);
    }
  });

  test('carry critical keyUsage and basicConstraints, a key identifier, and no authority key identifier', () => {
    const [root] = sandbox.authorities.all('sign');
    expect(criticalities(root!.certificate)).toEqual({
      '2.5.29.15': true,
      '2.5.29.17': false,
      '2.5.29.19': true,
      '2.5.29.31': false,
      '2.5.29.14': false,
    });
    const usages = new x509.X509Certificate(root!.certificate).getExtension(x509.KeyUsagesExtension)!.usages;
    expect(usages).toBe(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign);
  });
});

describe('an end-entity certificate read by an independent reader', () => {
  test('is signed by the CA its key identifier names, and by no other of the same name', async () => {
    const certificate = new NodeCertificate(await der('adult-valid-2019', 'sign'));
    const verdicts = sandbox.authorities
      .all('sign')
      .map((authority) => certificate.verify(new NodeCertificate(authority.certificate).publicKey));
    expect(verdicts).toEqual([false, true, false]);
  });

  test('sign: extensions, subject and key are those of the JPKI profile', async () => {
    const bytes = await der('adult-valid', 'sign');
    expect(criticalities(bytes)).toEqual({
      '2.5.29.15': true,
      '2.5.29.17': false,
      '2.5.29.32': true,
      '2.5.29.18': false,
      '2.5.29.31': false,
      '2.5.29.35': false,
      '2.5.29.14': false,
    });
    const certificate = new x509.X509Certificate(bytes);
    expect(certificate.subject).toMatch(/^C=JP, L=Tokyo-to, L=Kakuu-ku, CN=\d{28}$/);
    expect(certificate.getExtension(x509.KeyUsagesExtension)!.usages).toBe(
      x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.nonRepudiation,
    );
    expect(certificate.getExtension(x509.CertificatePolicyExtension)!.policies).toEqual(['1.2.392.200149.8.5.1.0.20']);
    expect(certificate.notAfter.toISOString()).toMatch(/T14:59:59\.000Z$/);
    const details = new NodeCertificate(bytes).publicKey.asymmetricKeyDetails;
    expect(details).toMatchObject({ modulusLength: 2048, publicExponent: 65_537n });
    expect(certificate.serialNumber).toHaveLength(8);
  });

  test('auth: client authentication and OCSP address, nothing about the holder', async () => {
    const bytes = await der('adult-valid', 'auth');
    expect(criticalities(bytes)).toEqual({
      '2.5.29.15': true,
      '2.5.29.37': false,
      '1.3.6.1.5.5.7.1.1': false,
      '2.5.29.32': true,
      '2.5.29.18': false,
      '2.5.29.31': false,
      '2.5.29.35': false,
      '2.5.29.14': false,
    });
    const certificate = new x509.X509Certificate(bytes);
    expect(certificate.subject).toMatch(/^C=JP, CN=\d{23}$/);
    expect(certificate.getExtension(x509.ExtendedKeyUsageExtension)!.usages).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.getExtension(x509.CertificatePolicyExtension)!.policies).toEqual(['1.2.392.200149.8.5.1.0.30']);
    const access = certificate.getExtension(x509.AuthorityInfoAccessExtension)!;
    expect(access.ocsp.map(({ value }) => value)).toEqual(['http://127.0.0.1:4010/ocsp/auth']);
  });

  test('the six attributes stand in the order of real certificates', async () => {
    const names = children(asn1js.fromBER(extension(await der('rare-kanji', 'sign'), '2.5.29.17')).result);
    const read = names.map((name) => {
      const [oid, value] = children(name);
      const [text] = children(value);
      return [
        oid instanceof asn1js.ObjectIdentifier && oid.valueBlock.toString(),
        text instanceof asn1js.Utf8String && text.valueBlock.value,
      ];
    });
    const arc = '1.2.392.200149.8.5.5';
    expect(read).toEqual([
      [`${arc}.1`, '吉見　高志'],
      [`${arc}.4`, '319640229'],
      [`${arc}.3`, '1'],
      [`${arc}.5`, '東京都架空区崎町１２番地'],
      [`${arc}.2`, '10010'],
      [`${arc}.6`, '000000100000'],
    ]);
  });

  test('the authority key identifier has key, name and serial of the CA certificate', async () => {
    const root = new x509.X509Certificate(sandbox.authorities.get('auth', '2023').certificate);
    const aki = extension(await der('adult-valid', 'auth'), '2.5.29.35');
    const [keyId, issuer, serial] = children(asn1js.fromBER(aki).result);
    const octets = (part: asn1js.AsnType | undefined): string =>
      part instanceof asn1js.Primitive ? Buffer.from(part.valueBlock.valueHexView).toString('hex') : 'not primitive';
    expect(octets(keyId)).toBe(root.getExtension(x509.SubjectKeyIdentifierExtension)!.keyId);
    expect(octets(serial)).toBe(root.serialNumber);
    const [directoryName] = children(issuer);
    const [name] = children(directoryName);
    expect(Buffer.from(name!.toBER())).toEqual(Buffer.from(root.subjectName.toArrayBuffer()));
  });

  test('the CRL distribution point is one directory name and no address', async () => {
    const value = extension(await der('moved', 'sign'), '2.5.29.31');
    const points = new x509.CRLDistributionPointsExtension(new x509.Extension('2.5.29.31', false, value).rawData)
      .distributionPoints;
    const names = points.flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? []);
    const forms = names.map((name) =>
      Object.entries(name).flatMap(([form, value]) => (value === undefined ? [] : [form])),
    );
    expect(forms).toEqual([['directoryName']]);
  });
});
