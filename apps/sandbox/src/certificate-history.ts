import type { CardRecord } from './card-record.js';
import type { CardRegistry, Issued } from './card-registry.js';
import { CATALOGUE } from './catalogue.js';
import type { Hierarchy } from './hierarchy.js';

/** Cards installed by an earlier catalogue do not say it themselves. */
const CATALOGUE_PERSONS = new Map(CATALOGUE.flatMap(({ id, person }) => (person === undefined ? [] : [[id, person]])));

/** Who holds the card, as a text that only this sandbox knows. */
export const personOf = (card: CardRecord): string => card.person ?? CATALOGUE_PERSONS.get(card.id) ?? card.id;

/**
 * Every certificate of one hierarchy that the holder of `card` had on this kind of device, oldest first, whatever
 * became of it. Telephones have issue records of their own.
 */
export function certificateHistory(cards: CardRegistry, card: CardRecord, hierarchy: Hierarchy): Issued[] {
  const person = personOf(card);
  return cards
    .list()
    .filter((candidate) => candidate.device === card.device && personOf(candidate) === person)
    .flatMap((candidate) => candidate.certificates[hierarchy].map((record) => ({ card: candidate, record })))
    .sort((one, other) => one.record.notBefore - other.record.notBefore || compareSerials(one, other));
}

const compareSerials = (one: Issued, other: Issued): number =>
  BigInt(one.record.serial) < BigInt(other.record.serial) ? -1 : 1;

/** The position of `serial` in a history; -1 when it is not there. */
export const positionIn = (history: readonly Issued[], serial: string): number =>
  history.findIndex(({ record }) => record.serial === serial);
