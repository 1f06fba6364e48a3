import {
  certificateStatus,
  currentCertificate,
  isRevoked,
  type CardRecord,
  type CertificateRecord,
} from './card-record.js';
import { personOf } from './certificate-history.js';
import { HIERARCHIES, type Hierarchy } from './hierarchy.js';

const iso = (ms: number): string => new Date(ms).toISOString();

function certificateView(record: CertificateRecord, now: number): Record<string, unknown> {
  const revocation = isRevoked(record, now) ? record.revocation : undefined;
  return {
    serial: record.serial,
    generation: record.generation,
    not_before: iso(record.notBefore),
    not_after: iso(record.notAfter),
    status: certificateStatus(record, now),
    revocation: revocation ? { reason: revocation.reason, at: iso(revocation.at) } : null,
  };
}

/** A card as the API shows it at `now`, PINs included: they are test data. */
export function cardView(card: CardRecord, now: number): Record<string, unknown> {
  const { holder } = card;
  const current = (hierarchy: Hierarchy): Record<string, unknown> | null => {
    const record = currentCertificate(card, hierarchy);
    return record ? certificateView(record, now) : null;
  };
  return {
    id: card.id,
    plays: card.plays,
    origin: card.origin,
    device: card.device,
    person: personOf(card),
    municipality: card.municipality,
    holder: {
      name: holder.name,
      name_substitution: holder.nameSubstitution,
      sex: holder.sex,
      birth_date: holder.birthDate,
      address: holder.address,
      address_substitution: holder.addressSubstitution,
    },
    pins: card.pins,
    tries_left: card.triesLeft,
    certificates: { sign: current('sign'), auth: current('auth') },
    former: HIERARCHIES.flatMap((hierarchy) =>
      card.certificates[hierarchy].slice(0, -1).map((record) => ({ hierarchy, ...certificateView(record, now) })),
    ),
  };
}
