import {
  BoxOpener,
  open,
  plaintextOf,
  putUuidText,
  seal,
  type SealedPlace,
  type Tenancy,
  type TenantKey,
} from '#lib/platform';

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
export function openCertificate(key: TenantKey, tenancy: Tenancy, id: string, sealed: Uint8Array): CertificateSecret {
  const plain = open(key.encryption, sealed, context(tenancy, id));
  return secretOf(plain, 0, plain.length);
}

/** Opens the certificates of many rows of one tenant and key in one go. */
export class CertificateOpener {
  private readonly boxes: BoxOpener;

  constructor(key: TenantKey, tenancy: Tenancy) {
    this.boxes = new BoxOpener(key.encryption, Buffer.from(context(tenancy, '')), UUID_TEXT);
  }

  /**
   * Opens what is sealed where it lies; the certificates given are part of `octets`.
   * @param idAtOf where `octets` have the id of the row of the value at a place, 16 of them
   * @throws Error when any of them belongs to another row or was changed
   */
  open(octets: Buffer, places: readonly SealedPlace[], idAtOf: (index: number) => number): CertificateSecret[] {
    this.boxes.open(octets, places, (index, context, at) => putUuidText(octets, idAtOf(index), context, at));
    return places.map((place) => {
      const { start, end } = plaintextOf(place);
      return secretOf(octets, start, end);
    });
  }
}

const UUID_TEXT = 36;

function secretOf(octets: Buffer, start: number, end: number): CertificateSecret {
  const digitsEnd = start + 1 + octets[start]!;
  const serialNumber = octets.toString('latin1', start + 1, digitsEnd);
  return digitsEnd === end ? { serialNumber } : { serialNumber, certificate: octets.subarray(digitsEnd, end) };
}
