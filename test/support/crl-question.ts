import { buildCrl, CRL_AT, crlEntry, crlNumber, type CrlSpec, issuingDistributionPoint } from './crl.js';
import * as der from './der-writer.js';
import { issueEndEntity, makeAuthority, profileExtensions, type TestAuthority, type TestExtension } from './pki.js';
import {
  type Certificate,
  type CrlQuestion,
  parseCertificate,
  readCrl,
  type RevocationFinding,
  statusFromCrls,
} from '#lib/pki';

/** One certificate of one authority, and what lists of that authority make of it. */
export const authority = makeAuthority('sign', 2023);
export const authorityCertificate = parseCertificate(authority.der);
const SERIAL = 0x0abc1234;
const { crlDistributionPoints, ...otherExtensions } = profileExtensions(authority);

/** A certificate of the authority with these distribution points, or none. */
export function holder(points?: Buffer[], more: TestExtension[] = []): Certificate {
  const point = points && { ...crlDistributionPoints, value: der.sequence(...points) };
  const extensions = [...Object.values(otherExtensions), ...(point ? [point] : []), ...more];
  return parseCertificate(issueEndEntity(authority, { extensions }).der);
}
export const certificate = parseCertificate(issueEndEntity(authority).der);
export const issuer = { name: authorityCertificate.subject, publicKey: authorityCertificate.publicKey };
export const question: Omit<CrlQuestion, 'crls'> = {
  certificate,
  issuer: { ...issuer, certificate: authorityCertificate },
  anchors: [{ certificate: authorityCertificate }],
  at: CRL_AT,
};

export const ask = (
  specs: CrlSpec[],
  change: Partial<CrlQuestion> = {},
  by: TestAuthority = authority,
): RevocationFinding =>
  statusFromCrls({ ...question, crls: specs.map((spec) => readCrl(buildCrl(by, spec))), ...change });
export const outcome = (specs: CrlSpec[], change: Partial<CrlQuestion> = {}, by?: TestAuthority): string[] => {
  const { status, detail } = ask(specs, change, by);
  return detail === undefined ? [status] : [status, detail];
};

export const revokedEntry = (reason = 4): Buffer => crlEntry({ serial: SERIAL, reason });
export const revoking: CrlSpec = { entries: [revokedEntry()] };
export const flag = (n: number): Buffer => der.implicit(n, Buffer.from([0xff]));
export const scoped = (...fields: Buffer[]): CrlSpec => ({
  extensions: [crlNumber(7), issuingDistributionPoint(...fields)],
});
export const uri = (text: string): Buffer => der.implicit(6, Buffer.from(text));
export const unknownCritical = { oid: '2.5.29.99', critical: true, value: der.nul() };
