import { certificateStatus, contentsOf } from '../card-record.js';
import type { CardRegistry, Issued } from '../card-registry.js';
import { certificateHistory } from '../certificate-history.js';

export interface Attributes {
  name: string;
  name_substitution: string;
  sex: string;
  /** EYYYYMMDD. */
  date_of_birth: string;
  address: string;
  address_substitution: string;
}

export type AttributesAnswer =
  | { state: 'updated'; attributes: Attributes; serial: string }
  | { state: 'unchanged' }
  | { state: 'no_new_certificate' };

export function attributesOf({ card, record }: Issued): Attributes {
  const { holder } = contentsOf(card, record);
  return {
    name: holder.name,
    name_substitution: holder.nameSubstitution,
    sex: holder.sex,
    date_of_birth: holder.birthDate,
    address: holder.address,
    address_substitution: holder.addressSubstitution,
  };
}

/** What the newest sign certificate of the holder says, when that is not `known`. */
export function latestAttributes(cards: CardRegistry, known: Issued, now: number): AttributesAnswer {
  const newest = certificateHistory(cards, known.card, 'sign')
    .filter(({ record }) => record.notBefore <= now)
    .at(-1);
  if (!newest || certificateStatus(newest.record, now) !== 'good') return { state: 'no_new_certificate' };
  if (newest.record === known.record) return { state: 'unchanged' };
  return { state: 'updated', attributes: attributesOf(newest), serial: newest.record.serial };
}
