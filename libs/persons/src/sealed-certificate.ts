import { open, seal, type Tenancy, type TenantKey } from '#lib/platform';

/** What is kept of a known certificate under seal. */
export interface CertificateSecret {
  /** Decimal. */
  serialNumber: string;
  /** DER, of a certificate that was presented. */
  certificate?: Uint8Array;
}

/** Binds a sealed value to its row: moved to another row, tenant or mode it does not open. */
const context = ({ tenantId, mode }: Tenancy, certificateId: string): string =>
  `person-certificate|${tenantId}|${mode}|${certificateId}`;

/** One octet with the length of the serial number in digits, its digits, and the certificate or nothing. */
export function sealCertificate(key: TenantKey, tenancy: Tenancy, id: string, secret: CertificateSecret): Buffer {
  const digits = Buffer.from(secret.serialNumber, 'latin1');
  // 20 octets (RFC 5280 §4.1.2.2) are at most 49 digits.
  if (!/^[0-9]{1,49}$/.test(secret.serialNumber)) throw new Error('serial number is not a positive decimal');
  const plain = Buffer.concat([Buffer.of(digits.length), digits, secret.certificate ?? new Uint8Array()]);
  return seal(key.encryption, plain, context(tenancy, id));
}

/** @throws Error when the sealed bytes belong to another row or were changed. */
export const openCertificate = (key: TenantKey, tenancy: Tenancy, id: string, sealed: Uint8Array): CertificateSecret =>
  secretOf(open(key.encryption, sealed, context(tenancy, id)));

/** Opens many certificates of one tenant and key. */
export class CertificateOpener {
  private readonly context: Buffer;
  private readonly prefix: number;

  constructor(
    private readonly key: TenantKey,
    tenancy: Tenancy,
  ) {
    this.context = Buffer.from(context(tenancy, NO_ID));
    this.prefix = this.context.length - NO_ID.length;
  }

  /** As `openCertificate`. */
  open(id: string, sealed: Uint8Array): CertificateSecret {
    this.context.write(id, this.prefix, 'latin1');
    return secretOf(open(this.key.encryption, sealed, this.context));
  }
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

function secretOf(plain: Buffer): CertificateSecret {
  const end = 1 + plain[0]!;
  const serialNumber = plain.toString('latin1', 1, end);
  return end === plain.length ? { serialNumber } : { serialNumber, certificate: plain.subarray(end) };
}
