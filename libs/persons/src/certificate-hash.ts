import { readAttributes, type Certificate, type Hierarchy } from '#lib/pki';
import { keyedHash, KeyedHasher, type TenantKey } from '#lib/platform';

/**
 * What a certificate is found again by: serial numbers are unique within a hierarchy (RFC 5280 §4.1.2.2) and say whose
 * they are, so only their hash under the tenant's lookup key is stored in the clear.
 * @param serialNumber decimal
 */
export const certificateHashOf = (lookupKey: TenantKey, kind: Hierarchy, serialNumber: string): Buffer =>
  keyedHash(lookupKey, named(kind, serialNumber));

const named = (kind: Hierarchy, serialNumber: string): string => `${kind}|${serialNumber}`;

/** Makes the same of many serial numbers. */
export class CertificateHasher {
  private readonly hasher: KeyedHasher;

  constructor(lookupKey: TenantKey) {
    this.hasher = new KeyedHasher(lookupKey);
  }

  /** Puts the hash into the 32 octets from `at`. @param serialNumber decimal */
  put(kind: Hierarchy, serialNumber: string, into: Buffer, at: number): void {
    this.hasher.put(named(kind, serialNumber), into, at);
  }
}

/**
 * Keyed hash of the birth date in a sign certificate. A birth date never changes, so two sign certificates in which it
 * differs are of two people. Undefined for certificates without attributes.
 */
export function holderHashOf(lookupKey: TenantKey, certificate: Certificate): Buffer | undefined {
  const read = readAttributes(certificate);
  return read.present ? birthDateHashOf(lookupKey, read.attributes.date_of_birth.raw) : undefined;
}

/** @param raw as in a certificate, `EYYYYMMDD` */
export const birthDateHashOf = (lookupKey: TenantKey, raw: string): Buffer => keyedHash(lookupKey, `birth_date|${raw}`);
