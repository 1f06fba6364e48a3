import type { CertificateRecord } from '../card-record.js';
import type { CardRegistry, Issued } from '../card-registry.js';
import type { Hierarchy } from '../hierarchy.js';
import { secondsUntilLinkable } from './linkability.js';

export interface Counterpart {
  kind: Hierarchy;
  serial: string;
  /** Hex key identifier of the CA. */
  issuer_key_id?: string;
  not_after?: string;
}

export type CounterpartAnswer =
  | { state: 'found'; counterpart: Counterpart }
  | { state: 'not_found' }
  | { state: 'not_yet_linkable'; retry_after_seconds: number };

/** The other certificate on the card when `asked` was last the current one, whatever its state is now. */
function besideIt({ card, record }: Issued, kind: Hierarchy, now: number): CertificateRecord | undefined {
  const own = card.certificates[kind];
  const successor = own[own.indexOf(record) + 1];
  const others = card.certificates[otherKind(kind)].filter(({ notBefore }) => notBefore <= now);
  if (!successor) return others.at(-1);
  // Issue and renewal within one second: the first pair belongs together.
  return others.filter(({ notBefore }) => notBefore < successor.notBefore).at(-1) ?? others[0];
}

export const otherKind = (kind: Hierarchy): Hierarchy => (kind === 'sign' ? 'auth' : 'sign');

/** sign → auth and auth → sign of one card or telephone; `describe` makes the answer of what is found. */
export function findCounterpart(
  cards: CardRegistry,
  asked: { kind: Hierarchy; serial: string },
  now: number,
  describe: (kind: Hierarchy, record: CertificateRecord) => Counterpart,
): CounterpartAnswer {
  const issued = cards.findIssued(asked.kind, asked.serial);
  const found = issued && issued.record.notBefore <= now ? besideIt(issued, asked.kind, now) : undefined;
  if (!issued || !found) return { state: 'not_found' };
  const wait = secondsUntilLinkable([issued.record, found], now);
  if (wait !== undefined) return { state: 'not_yet_linkable', retry_after_seconds: wait };
  return { state: 'found', counterpart: describe(otherKind(asked.kind), found) };
}
