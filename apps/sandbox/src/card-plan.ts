import { PIN_TRIES, type CardRecord, type CertificateRecord } from './card-record.js';
import { CATALOGUE_PINS, type CatalogueCard } from './catalogue.js';
import { GENERATION_FACTS, getMunicipality, type Generation, type Hierarchy } from './hierarchy.js';
import { birthdayAfterIssue, DAY_MS, jstTimestamp, startOfJstDay } from './validity.js';

/** Certificates are issued during office hours; noon in Japan stands for them. */
const NOON_MS = DAY_MS / 2;

/**
 * The subject CN. sign: timestamp, 5-digit sequence, 9-digit window (28 characters). auth: timestamp, 3-digit
 * sequence, municipality (23). The split after the timestamp is this sandbox's choice.
 */
export function commonName(hierarchy: Hierarchy, serial: bigint, municipality: string, issuedAt: number): string {
  const { code } = getMunicipality(municipality);
  const last = (digits: number): string => serial.toString().slice(-digits);
  return hierarchy === 'sign'
    ? `${jstTimestamp(issuedAt)}${last(5)}${code}001`
    : `${jstTimestamp(issuedAt)}${last(3)}${code}`;
}

export function planCertificate(
  hierarchy: Hierarchy,
  serial: bigint,
  municipality: string,
  generation: Generation,
  validity: { notBefore: number; notAfter: number },
): CertificateRecord {
  return {
    serial: serial.toString(),
    generation,
    commonName: commonName(hierarchy, serial, municipality, validity.notBefore),
    // X.509 times have whole seconds.
    notBefore: Math.floor(validity.notBefore / 1000) * 1000,
    notAfter: Math.min(Math.floor(validity.notAfter / 1000) * 1000, GENERATION_FACTS[generation].notAfter),
  };
}

/** A catalogue card as it is on the day of installation; `serial` gives the next serial of a hierarchy. */
export function planCatalogueCard(
  entry: CatalogueCard,
  installedAt: number,
  serial: (hierarchy: Hierarchy) => bigint,
): CardRecord {
  const issueDay =
    typeof entry.issued === 'string'
      ? Date.parse(`${entry.issued}T00:00:00+09:00`)
      : startOfJstDay(installedAt) - entry.issued * DAY_MS;
  const notBefore = Math.max(issueDay + NOON_MS, GENERATION_FACTS[entry.generation].notBefore);
  const notAfter = birthdayAfterIssue(notBefore, entry.holder.birthDate, entry.birthdays);
  const plan = (hierarchy: Hierarchy): CertificateRecord => {
    const validity = { notBefore, notAfter };
    const record = planCertificate(hierarchy, serial(hierarchy), entry.municipality, entry.generation, validity);
    const reason = entry.revoked?.[hierarchy];
    if (!entry.revoked || !reason) return record;
    const at = startOfJstDay(installedAt) - entry.revoked.daysBeforeInstall * DAY_MS + NOON_MS;
    return { ...record, revocation: { at, reason } };
  };
  return {
    id: entry.id,
    plays: entry.plays,
    origin: 'catalogue',
    municipality: entry.municipality,
    holder: entry.holder,
    pins: { ...CATALOGUE_PINS },
    triesLeft: { ...PIN_TRIES },
    certificates: { sign: entry.hasSign ? [plan('sign')] : [], auth: [plan('auth')] },
  };
}
