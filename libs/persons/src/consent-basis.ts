import type { EntityManager } from 'typeorm';
import type { Tenancy } from '#lib/platform';
import type { Contract } from '#lib/tenancy';
import {
  checkConsent,
  type ConsentFault,
  type ConsentPurpose,
  type GivenConsent,
  type UsableConsent,
} from './consent-check.js';
import { findConsent, findValidConsent, recordConsent } from './consent.js';

/** The consent on which J-LIS may be asked: one that is kept when it is used, or one that is kept already. */
export type ConsentBasis = Omit<UsableConsent, 'source'> & (Pick<UsableConsent, 'source'> | { consentId: string });

export type BasisCheck = { usable: true; basis: ConsentBasis } | { usable: false; fault: ConsentFault };

/**
 * On what consent J-LIS may be asked about a person: the one that came with the call, else one registered beforehand.
 * @param person absent for one seen for the first time
 * @param at milliseconds, by the clock of the mode
 */
export async function findConsentBasis(
  manager: EntityManager,
  question: {
    purpose: Exclude<ConsentPurpose, 'latest_attributes'>;
    given: GivenConsent | undefined;
    contract: Contract;
    person: { id: string; createdAt: number } | undefined;
    at: number;
  },
): Promise<BasisCheck> {
  const { purpose, given, contract, person, at } = question;
  const stated = checkConsent(purpose, given, contract, at, person?.createdAt);
  if (stated.usable) return { usable: true, basis: stated.consent };
  const registered = person && (await findValidConsent(manager, { personId: person.id, purpose, at }));
  if (!registered) return { usable: false, fault: stated.fault };
  const { id, textVersion, givenAt, covers, expiresAt } = registered;
  return { usable: true, basis: { consentId: id, textVersion, givenAt, covers, expiresAt } };
}

/** Whether the consent still stands after J-LIS was asked on it: one kept already may have been withdrawn meanwhile. */
export async function isStillGiven(manager: EntityManager, basis: ConsentBasis): Promise<boolean> {
  if (!('consentId' in basis)) return true;
  const consent = await findConsent(manager, basis.consentId);
  return consent !== undefined && consent.withdrawal === undefined;
}

/** Keeps the consent that was used, unless it is kept already; its id. */
export async function keepConsent(
  manager: EntityManager,
  tenancy: Tenancy,
  used: { basis: ConsentBasis; purpose: ConsentPurpose; personId: string; at: number },
): Promise<string> {
  const { basis, purpose, personId, at } = used;
  if ('consentId' in basis) return basis.consentId;
  return recordConsent(manager, tenancy, { ...basis, purpose, personId }, at);
}
