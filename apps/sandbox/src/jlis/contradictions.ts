import { currentCertificate } from '../card-record.js';
import type { CardRegistry } from '../card-registry.js';
import { otherKind } from './counterpart.js';
import type { JlisDesk } from './jlis-desk.js';
import type { JlisFault } from './jlis-faults.js';
import type { AttributesRequest, CounterpartRequest, LinkageRequest } from './jlis-request.js';
import type { ServiceAnswer } from './jlis-service.js';
import { attributesOf } from './latest-attributes.js';

const linked = (serial: string | undefined): ServiceAnswer => ({
  body: serial === undefined ? { state: 'not_found' } : { state: 'linked', previous_serial: serial },
  outcome: serial === undefined ? 'not_found' : 'linked',
  metered: false,
});

/** Well-formed linkages that are false. */
export function contradictLinkage(
  desk: JlisDesk,
  cards: CardRegistry,
  { mode, card }: JlisFault,
  { serial }: LinkageRequest,
): ServiceAnswer | undefined {
  if (mode === 'same_serial') return linked(serial);
  if (mode === 'cycle') return linked(desk.ring(serial)?.record.serial);
  return mode === 'wrong_person' ? linked(currentCertificate(cards.get(card), 'auth')?.serial) : undefined;
}

/** Well-formed counterparts that are false: another holder's, or the number asked about. */
export function contradictCounterpart(
  desk: JlisDesk,
  cards: CardRegistry,
  { mode, card }: JlisFault,
  asked: CounterpartRequest,
): ServiceAnswer | undefined {
  const found = (counterpart: object): ServiceAnswer => ({
    body: { state: 'found', counterpart },
    outcome: 'found',
    metered: true,
  });
  if (mode === 'same_serial') return found({ kind: asked.kind, serial: asked.serial });
  if (mode !== 'wrong_person') return undefined;
  const kind = otherKind(asked.kind);
  return found(desk.describe(kind, cards.getRecord(cards.get(card), kind)));
}

/** Attributes of another holder, or news that name the certificate known already. */
export function contradictAttributes(
  cards: CardRegistry,
  { mode, card: wrong }: JlisFault,
  { sign_serial }: AttributesRequest,
): ServiceAnswer | undefined {
  const same = mode === 'same_serial' ? cards.findIssued('sign', sign_serial) : undefined;
  if (mode !== 'wrong_person' && !same) return undefined;
  const card = same?.card ?? cards.get(wrong);
  const record = same?.record ?? cards.getRecord(card, 'sign');
  const body = { state: 'updated', attributes: attributesOf({ card, record }), serial: record.serial };
  return { body, outcome: 'updated', metered: true };
}
