import { reasonCode, type RevocationReason } from './card-record.js';
import { signed, type Issuer } from './certificate-profile.js';
import {
  booleanTrue,
  context,
  contextPrimitive,
  enumerated,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  time,
} from './der-writer.js';
import { caName } from './hierarchy.js';
import { OID } from './oids.js';

export interface CrlContent {
  number: number;
  /** Milliseconds. */
  thisUpdate: number;
  nextUpdate: number;
  /** DER Name; makes the CRL a partition with a critical issuingDistributionPoint. */
  distributionPoint?: Buffer | undefined;
  /** DER of the entries, one after another. */
  entries: Uint8Array[];
}

/** One revokedCertificates element. An unspecified reason is left out (RFC 5280 §5.3.1). */
export function crlEntry(serial: bigint, at: number, reason: RevocationReason): Buffer {
  const code = reasonCode(reason);
  const extensions = code === 0 ? [] : [sequence(sequence(oid(OID.reasonCode), octetString(enumerated(code))))];
  return sequence(integer(serial), time(at), ...extensions);
}

/** Below the range of synthetic serials lie all serials of cards. */
export const SYNTHETIC_BASE = 0x40000000;
const SYNTHETIC_RANGE = 0x40000000;
export const MAX_SYNTHETIC_ENTRIES = 10_000_000;

/**
 * `count` entries with distinct 4-octet serials in scattered order. A linear congruential sequence of full period
 * (Hull–Dobell: odd increment, multiplier ≡ 1 mod 4) visits every value of its range once.
 */
export function syntheticEntries(count: number, seed: number, at: number): Buffer {
  const template = crlEntry(BigInt(SYNTHETIC_BASE), at, 'superseded');
  const serialOffset = template.indexOf(Buffer.from([0x40, 0, 0, 0]));
  const all = Buffer.alloc(template.length * count);
  let value = seed % SYNTHETIC_RANGE;
  for (let i = 0; i < count; i++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) & (SYNTHETIC_RANGE - 1);
    template.copy(all, i * template.length);
    all.writeUInt32BE(SYNTHETIC_BASE + value, i * template.length + serialOffset);
  }
  return all;
}

const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [booleanTrue()] : []), octetString(value));

/** A v2 CRL (RFC 5280 §5.1) with AKI, CRLNumber and, for a partition, a critical IDP. */
export function crl(issuer: Issuer, content: CrlContent): Buffer {
  const extensions = [
    extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, issuer.keyId))),
    extension(OID.crlNumber, integer(content.number)),
    ...(content.distributionPoint
      ? [
          extension(
            OID.issuingDistributionPoint,
            sequence(context(0, context(0, context(4, content.distributionPoint)))),
            true,
          ),
        ]
      : []),
  ];
  // revokedCertificates is absent, not empty, when nothing is revoked (RFC 5280 §5.1.2.6).
  const revoked = content.entries.some((entry) => entry.length > 0) ? [sequence(...content.entries)] : [];
  const tbs = sequence(
    integer(1),
    sequence(oid(OID.sha256WithRsa), nullValue()),
    caName(issuer.hierarchy),
    time(content.thisUpdate),
    time(content.nextUpdate),
    ...revoked,
    context(0, sequence(...extensions)),
  );
  return signed(tbs, issuer.privateKey);
}
