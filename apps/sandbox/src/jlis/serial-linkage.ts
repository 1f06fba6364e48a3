import { certificateStatus } from '../card-record.js';
import type { CardRegistry } from '../card-registry.js';
import { certificateHistory, positionIn } from '../certificate-history.js';
import { secondsUntilLinkable } from './linkability.js';

export type LinkageAnswer =
  | { state: 'linked'; previous_serial: string }
  | { state: 'not_found' }
  | { state: 'not_yet_linkable'; retry_after_seconds: number };

/**
 * The auth certificate its holder had directly before `serial`. Only a good certificate is asked about; with `chained`
 * also one that has a successor, so that a caller can go back over several renewals.
 */
export function linkSerial(cards: CardRegistry, serial: string, chained: boolean, now: number): LinkageAnswer {
  const asked = cards.findIssued('auth', serial);
  if (!asked) return { state: 'not_found' };
  const history = certificateHistory(cards, asked.card, 'auth').filter(({ record }) => record.notBefore <= now);
  const position = positionIn(history, serial);
  const hasSuccessor = position < history.length - 1;
  const answerable = hasSuccessor ? chained : certificateStatus(asked.record, now) === 'good';
  if (!answerable) return { state: 'not_found' };
  const wait = secondsUntilLinkable([asked.record], now);
  if (wait !== undefined) return { state: 'not_yet_linkable', retry_after_seconds: wait };
  const previous = history[position - 1];
  return previous ? { state: 'linked', previous_serial: previous.record.serial } : { state: 'not_found' };
}
