import { randomBytes, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Authorities } from './authorities.js';
import { planCatalogueCard, planCertificate } from './card-plan.js';
import {
  cardSchema,
  currentCertificate,
  PIN_TRIES,
  type CardRecord,
  type CertificateRecord,
  type RevocationReason,
} from './card-record.js';
import { CATALOGUE, CATALOGUE_PINS, catalogueVersion } from './catalogue.js';
import { authCertificate, signCertificate, type HolderAttributes } from './certificate-profile.js';
import { getMunicipality, HIERARCHIES, type Generation, type Hierarchy } from './hierarchy.js';
import { newKeyPair, readPrivateKey, toMaterial } from './key-pair.js';
import { SandboxError } from './sandbox-error.js';
import type { SerialCounters } from './serial-counters.js';
import type { StateStore } from './state-store.js';
import { birthdayAfterIssue } from './validity.js';

const CATALOGUE_FILE = 'catalogue.json';
const FOLDER = 'cards';
/** Every card is a file and stays in memory. */
const MAX_CARDS = 20_000;

export interface IssueRequest {
  id?: string | undefined;
  holder: HolderAttributes;
  municipality: string;
  generation: Generation;
  hasSign: boolean;
  pins?: { sign?: string | undefined; auth?: string | undefined };
  /** Milliseconds. */
  notBefore: number;
  notAfter?: number | undefined;
}

export interface IssuedCertificate {
  /** DER. */
  certificate: Buffer;
  privateKey: KeyObject;
}

/** The virtual cards: the catalogue's and those issued on request. */
export class CardRegistry {
  private readonly cards = new Map<string, CardRecord>();
  private readonly bySerial = new Map<string, CertificateRecord>();
  private readonly making = new Map<CertificateRecord, Promise<IssuedCertificate>>();

  constructor(
    private readonly store: StateStore,
    private readonly authorities: Authorities,
    private readonly serials: SerialCounters,
    private readonly ocspUrl: string,
  ) {
    for (const file of store.list(FOLDER)) {
      const card = store.read(file, cardSchema);
      if (card) this.index(card);
    }
  }

  /** Adds the catalogue cards that the state does not have yet. */
  installCatalogue(now: number): void {
    const installed = this.store.read(CATALOGUE_FILE, z.object({ version: z.number().int() }))?.version ?? 0;
    if (installed >= catalogueVersion) return;
    // A crash half-way leaves the old version on disk; cards already there keep their certificates.
    for (const entry of CATALOGUE)
      if (entry.since > installed && !this.cards.has(entry.id))
        this.keep(planCatalogueCard(entry, now, (hierarchy) => this.serials.take(hierarchy)));
    this.store.write(CATALOGUE_FILE, { version: catalogueVersion });
  }

  list(): CardRecord[] {
    return [...this.cards.values()];
  }

  get(id: string): CardRecord {
    const card = this.cards.get(id);
    if (!card) throw new SandboxError('card_not_found', `there is no card ${id}`);
    return card;
  }

  /** The certificate on the card, or an earlier one of the card by its decimal serial. */
  getRecord(card: CardRecord, hierarchy: Hierarchy, serial?: string): CertificateRecord {
    const record =
      serial === undefined
        ? currentCertificate(card, hierarchy)
        : card.certificates[hierarchy].find((candidate) => candidate.serial === serial);
    if (!record)
      throw new SandboxError('certificate_not_found', `card ${card.id} has no such ${hierarchy} certificate`);
    return record;
  }

  findBySerial(hierarchy: Hierarchy, serial: bigint): CertificateRecord | undefined {
    return this.bySerial.get(`${hierarchy}:${serial}`);
  }

  /** Every certificate of one CA with the municipality that issued it. */
  *certificatesOf(hierarchy: Hierarchy, generation: Generation): Iterable<[CertificateRecord, municipality: string]> {
    for (const card of this.cards.values())
      for (const record of card.certificates[hierarchy])
        if (record.generation === generation) yield [record, card.municipality];
  }

  /** Key and certificate of `record`, made on first use. */
  material(card: CardRecord, hierarchy: Hierarchy, record: CertificateRecord): Promise<IssuedCertificate> {
    let made = this.making.get(record);
    if (!made) {
      made = this.makeMaterial(card, hierarchy, record);
      this.making.set(record, made);
      // A failure (a full disk) must not answer every later request.
      made.catch(() => this.making.delete(record));
    }
    return made;
  }

  issue(request: IssueRequest): CardRecord {
    const id = request.id ?? `card-${randomBytes(6).toString('hex')}`;
    if (this.cards.has(id)) throw new SandboxError('card_exists', `card ${id} exists`);
    if (this.cards.size >= MAX_CARDS) throw new SandboxError('card_limit', `there are ${MAX_CARDS} cards already`);
    const { notBefore } = request;
    const validity = {
      notBefore,
      notAfter: request.notAfter ?? birthdayAfterIssue(notBefore, request.holder.birthDate, 5),
    };
    const plan = (hierarchy: Hierarchy): CertificateRecord =>
      planCertificate(hierarchy, this.serials.take(hierarchy), request.municipality, request.generation, validity);
    const card: CardRecord = {
      id,
      plays: 'Issued on request.',
      origin: 'issued',
      municipality: request.municipality,
      holder: request.holder,
      pins: { sign: request.pins?.sign ?? CATALOGUE_PINS.sign, auth: request.pins?.auth ?? CATALOGUE_PINS.auth },
      triesLeft: { ...PIN_TRIES },
      certificates: { sign: request.hasSign ? [plan('sign')] : [], auth: [plan('auth')] },
    };
    this.keep(card);
    return card;
  }

  /** Counts a wrong entry down and throws; a right one resets the count. */
  enterPin(card: CardRecord, hierarchy: Hierarchy, pin: string): void {
    if (card.triesLeft[hierarchy] === 0) throw new SandboxError('pin_locked', `the ${hierarchy} PIN is locked`);
    const right = pin === card.pins[hierarchy];
    const left = right ? PIN_TRIES[hierarchy] : card.triesLeft[hierarchy] - 1;
    if (left !== card.triesLeft[hierarchy]) {
      card.triesLeft[hierarchy] = left;
      this.save(card);
    }
    if (!right) throw new SandboxError('pin_wrong', `the ${hierarchy} PIN is wrong`, { tries_left: left });
  }

  unlock(card: CardRecord): void {
    card.triesLeft = { ...PIN_TRIES };
    this.save(card);
  }

  /** Revokes the current certificates named; revocation is final, a second one is refused. */
  revoke(card: CardRecord, hierarchies: readonly Hierarchy[], reason: RevocationReason, now: number): void {
    const records = hierarchies.flatMap((hierarchy) => currentCertificate(card, hierarchy) ?? []);
    if (records.length === 0)
      throw new SandboxError('certificate_not_found', `card ${card.id} has no such certificate`);
    const open = records.filter((record) => !record.revocation);
    if (open.length === 0) throw new SandboxError('already_revoked', `card ${card.id}: revoked before`);
    for (const record of open) record.revocation = { at: Math.floor(now / 1000) * 1000, reason };
    this.save(card);
  }

  /** A new pair from the newest CA; what was on the card becomes superseded unless it was revoked before. */
  renew(card: CardRecord, now: number): void {
    const fresh = HIERARCHIES.map((hierarchy): [Hierarchy, CertificateRecord] | undefined => {
      const authority = this.authorities.active(hierarchy, now).at(-1);
      if (!authority) throw new SandboxError('bad_request', 'no CA is valid at the sandbox clock');
      if (!currentCertificate(card, hierarchy)) return undefined;
      const validity = { notBefore: now, notAfter: birthdayAfterIssue(now, card.holder.birthDate, 5) };
      const serial = this.serials.take(hierarchy);
      return [hierarchy, planCertificate(hierarchy, serial, card.municipality, authority.generation, validity)];
    });
    for (const [hierarchy, record] of fresh.filter((entry) => entry !== undefined)) {
      const old = this.getRecord(card, hierarchy);
      old.revocation ??= { at: Math.floor(now / 1000) * 1000, reason: 'superseded' };
      card.certificates[hierarchy].push(record);
    }
    this.keep(card);
  }

  private async makeMaterial(
    card: CardRecord,
    hierarchy: Hierarchy,
    record: CertificateRecord,
  ): Promise<IssuedCertificate> {
    if (!record.material) {
      const { issuer } = this.authorities.get(hierarchy, record.generation);
      const pair = await newKeyPair();
      const entity = {
        serial: BigInt(record.serial),
        commonName: record.commonName,
        municipality: getMunicipality(card.municipality),
        notBefore: record.notBefore,
        notAfter: record.notAfter,
        publicKey: pair.publicKey,
      };
      const certificate =
        hierarchy === 'sign'
          ? signCertificate(issuer, entity, card.holder)
          : authCertificate(issuer, entity, this.ocspUrl);
      record.material = toMaterial(pair.privateKey, certificate);
      this.save(card);
    }
    const { privateKey, certificate } = record.material;
    return {
      certificate: Buffer.from(certificate, 'base64'),
      privateKey: readPrivateKey(privateKey),
    };
  }

  private keep(card: CardRecord): void {
    this.save(card);
    this.index(card);
  }

  private save(card: CardRecord): void {
    this.store.write(`${FOLDER}/${card.id}.json`, card);
  }

  private index(card: CardRecord): void {
    this.cards.set(card.id, card);
    for (const hierarchy of HIERARCHIES)
      for (const record of card.certificates[hierarchy]) this.bySerial.set(`${hierarchy}:${record.serial}`, record);
  }
}
