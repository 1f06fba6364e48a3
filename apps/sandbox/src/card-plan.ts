import { PIN_TRIES, type CardRecord, type CertificateRecord } from './card-record.js';
import { CATALOGUE_PINS, type CatalogueCard } from './catalogue.js';
import { GENERATION_FACTS, GENERATIONS, getMunicipality, type Generation, type Hierarchy } from './hierarchy.js';
import { birthdayAfterIssue, DAY_MS, jstTimestamp, startOfJstDay, wholeSecond } from './validity.js';

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
    notBefore: wholeSecond(validity.notBefore),
    notAfter: Math.min(wholeSecond(validity.notAfter), GENERATION_FACTS[generation].notAfter),
  };
}

/** The newest CA of a hierarchy that issued at `ms`; both hierarchies change on the same day. */
const generationAt = (ms: number): Generation =>
  [...GENERATIONS].reverse().find((generation) => GENERATION_FACTS[generation].notBefore <= ms) ?? GENERATIONS[0];

/** When the pairs of a catalogue card were issued, oldest first; the last one is on the card. */
function issueTimes(entry: CatalogueCard, installedAt: number): number[] {
  const daysBefore = (days: number): number => startOfJstDay(installedAt) - days * DAY_MS + NOON_MS;
  const current = (): number => {
    if (entry.issued === 0) return installedAt;
    if (typeof entry.issued === 'number') return daysBefore(entry.issued);
    return Date.parse(`${entry.issued}T00:00:00+09:00`) + NOON_MS;
  };
  return [...(entry.earlier ?? []).map(daysBefore), Math.max(current(), GENERATION_FACTS[entry.generation].notBefore)];
}

/** A catalogue card as it is on the day of installation; `serial` gives the next serial of a hierarchy. */
export function planCatalogueCard(
  entry: CatalogueCard,
  installedAt: number,
  serial: (hierarchy: Hierarchy) => bigint,
): CardRecord {
  const times = issueTimes(entry, installedAt);
  const plan = (hierarchy: Hierarchy, notBefore: number, index: number): CertificateRecord => {
    const notAfter = birthdayAfterIssue(notBefore, entry.holder.birthDate, entry.birthdays);
    const successor = times[index + 1];
    const generation = successor === undefined ? entry.generation : generationAt(notBefore);
    const validity = { notBefore, notAfter };
    const record = planCertificate(hierarchy, serial(hierarchy), entry.municipality, generation, validity);
    if (successor !== undefined) return { ...record, revocation: { at: wholeSecond(successor), reason: 'superseded' } };
    const reason = entry.revoked?.[hierarchy];
    if (!entry.revoked || !reason) return record;
    const at = startOfJstDay(installedAt) - entry.revoked.daysBeforeInstall * DAY_MS + NOON_MS;
    return { ...record, revocation: { at, reason } };
  };
  const all = (hierarchy: Hierarchy): CertificateRecord[] =>
    times.map((notBefore, index) => plan(hierarchy, notBefore, index));
  return {
    id: entry.id,
    plays: entry.plays,
    origin: 'catalogue',
    ...(entry.person === undefined ? {} : { person: entry.person }),
    device: entry.device ?? 'card',
    municipality: entry.municipality,
    holder: entry.holder,
    pins: { ...CATALOGUE_PINS },
    triesLeft: { ...PIN_TRIES },
    certificates: { sign: entry.hasSign ? all('sign') : [], auth: all('auth') },
  };
}
