import { randomBytes, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Authorities } from './authorities.js';
import { planCatalogueCard, planCertificate } from './card-plan.js';
import {
  cardSchema,
  contentsOf,
  currentCertificate,
  PIN_TRIES,
  type CardRecord,
  type CertificateContents,
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
import { birthdayAfterIssue, wholeSecond } from './validity.js';

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

/** A certificate and the card it is or was on. */
export interface Issued {
  card: CardRecord;
  record: CertificateRecord;
}

export interface IssuedCertificate {
  /** DER. */
  certificate: Buffer;
  privateKey: KeyObject;
}

function replaceCertificate(
  card: CardRecord,
  hierarchy: Hierarchy,
  fresh: CertificateRecord,
  reason: RevocationReason,
  now: number,
): void {
  const old = currentCertificate(card, hierarchy);
  if (old) old.revocation ??= { at: wholeSecond(now), reason };
  card.certificates[hierarchy].push(fresh);
}

/** The virtual cards: the catalogue's and those issued on request. */
export class CardRegistry {
  private readonly cards = new Map<string, CardRecord>();
  private readonly bySerial = new Map<string, Issued>();
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

  /** The certificate on the card, or one that was on it: by its decimal serial, or as the `earlier`-th before it. */
  getRecord(card: CardRecord, hierarchy: Hierarchy, serial?: string, earlier = 0): CertificateRecord {
    const all = card.certificates[hierarchy];
    const record = serial === undefined ? all.at(-1 - earlier) : all.find((candidate) => candidate.serial === serial);
    if (!record)
      throw new SandboxError('certificate_not_found', `card ${card.id} has no such ${hierarchy} certificate`);
    return record;
  }

  findBySerial(hierarchy: Hierarchy, serial: bigint): CertificateRecord | undefined {
    return this.findIssued(hierarchy, serial.toString())?.record;
  }

  /** `serial` in decimal without leading zeros. */
  findIssued(hierarchy: Hierarchy, serial: string): Issued | undefined {
    return this.bySerial.get(`${hierarchy}:${serial}`);
  }

  /** Every certificate of one CA with the municipality that issued it. */
  *certificatesOf(hierarchy: Hierarchy, generation: Generation): Iterable<[CertificateRecord, municipality: string]> {
    for (const card of this.cards.values())
      for (const record of card.certificates[hierarchy])
        if (record.generation === generation) yield [record, contentsOf(card, record).municipality];
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
      device: 'card',
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
    for (const record of open) record.revocation = { at: wholeSecond(now), reason };
    this.save(card);
  }

  /** A new pair from the newest CA; what was on the card becomes superseded unless it was revoked before. */
  renew(card: CardRecord, now: number): void {
    const notAfter = birthdayAfterIssue(now, card.holder.birthDate, 5);
    const fresh = HIERARCHIES.filter((hierarchy) => currentCertificate(card, hierarchy)).map(
      (hierarchy): [Hierarchy, CertificateRecord] => [hierarchy, this.plan(card, hierarchy, now, notAfter)],
    );
    for (const [hierarchy, record] of fresh) replaceCertificate(card, hierarchy, record, 'superseded', now);
    this.keep(card);
  }

  /**
   * The resident register has other attributes from now on. The sign certificate is revoked as affiliationChanged; a
   * new one is issued when `reissue`, with the life of the auth certificate, which says nothing of them and stays.
   */
  changeHolder(card: CardRecord, changed: CertificateContents, reissue: boolean, now: number): void {
    const sign = currentCertificate(card, 'sign');
    const auth = currentCertificate(card, 'auth');
    const notAfter = auth?.notAfter ?? birthdayAfterIssue(now, changed.holder.birthDate, 5);
    if (sign && reissue && notAfter <= now)
      throw new SandboxError('bad_request', 'the auth certificate has expired: renew the card first');
    const fresh = sign && reissue ? this.plan({ ...card, ...changed }, 'sign', now, notAfter) : undefined;
    for (const record of HIERARCHIES.flatMap((hierarchy) => card.certificates[hierarchy]))
      record.contents ??= { holder: card.holder, municipality: card.municipality };
    card.holder = changed.holder;
    card.municipality = changed.municipality;
    if (fresh) replaceCertificate(card, 'sign', fresh, 'affiliationChanged', now);
    else if (sign) sign.revocation ??= { at: wholeSecond(now), reason: 'affiliationChanged' };
    this.keep(card);
  }

  private plan(
    { municipality }: Pick<CardRecord, 'municipality'>,
    hierarchy: Hierarchy,
    now: number,
    notAfter: number,
  ): CertificateRecord {
    const authority = this.authorities.active(hierarchy, now).at(-1);
    if (!authority) throw new SandboxError('bad_request', 'no CA is valid at the sandbox clock');
    const serial = this.serials.take(hierarchy);
    return planCertificate(hierarchy, serial, municipality, authority.generation, { notBefore: now, notAfter });
  }

  private async makeMaterial(
    card: CardRecord,
    hierarchy: Hierarchy,
    record: CertificateRecord,
  ): Promise<IssuedCertificate> {
    if (!record.material) {
      const { issuer } = this.authorities.get(hierarchy, record.generation);
      const { holder, municipality } = contentsOf(card, record);
      const pair = await newKeyPair();
      const entity = {
        serial: BigInt(record.serial),
        commonName: record.commonName,
        municipality: getMunicipality(municipality),
        notBefore: record.notBefore,
        notAfter: record.notAfter,
        publicKey: pair.publicKey,
      };
      const certificate =
        hierarchy === 'sign' ? signCertificate(issuer, entity, holder) : authCertificate(issuer, entity, this.ocspUrl);
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
      for (const record of card.certificates[hierarchy])
        this.bySerial.set(`${hierarchy}:${record.serial}`, { card, record });
  }
}
