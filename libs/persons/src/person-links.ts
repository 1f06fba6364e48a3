import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { Hierarchy } from '#lib/pki';
import { newId, type Tenancy } from '#lib/platform';
import type { KeyedTenancy } from '#lib/tenancy';
import { appendEvent } from '#lib/webhook';
import { findHolderConflict, findRenewalConflict, olderOf, type JoinConflict, type Renewal } from './join-conflict.js';
import { KnownCertificates, type KnownCertificate } from './known-certificates.js';
import { findPersons, lockPersons, mergePersons, type By, type Person } from './person.js';

/** The question to J-LIS that an answer came from. */
export interface LinkSource {
  kind: 'serial_linkage' | 'counterpart_lookup';
  id: string;
}

/** What became of an answer. Unless it is `linked`, nothing was changed. */
export type Linking =
  | { state: 'linked'; personId: string; certificateId: string }
  | { state: 'ambiguous'; detail: JoinConflict }
  /** One of the certificates belonged to a person who was deleted. */
  | { state: 'severed' };

interface Answer {
  source: LinkSource;
  /** Milliseconds, by the clock of the mode. */
  at: number;
  by: By;
}

/** Persons who turn out to be one, as they stand before they are joined. */
interface Joining {
  persons: Person[];
  certificates: KnownCertificate[];
  recorded: Renewal[];
}

/**
 * Records what J-LIS answered about certificates of a person and makes one person of those it proves to be one. To be
 * called first in a transaction that has not identified anybody: it takes the exclusive lock of {@link lockPersons}.
 */
@Injectable()
export class PersonLinks {
  constructor(@Inject(KnownCertificates) private readonly certificates: KnownCertificates) {}

  /**
   * `olderId` was renewed, over `hops`, to `newerId`; both are ids of known certificates of one kind.
   * @param hops decimal serial numbers of what lies between, the newest first; recorded and never told to anybody
   * @returns the id of the older certificate as `certificateId`
   */
  async linkRenewal(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    answer: Answer & { newerId: string; olderId: string; hops?: readonly string[] },
  ): Promise<Linking> {
    await lockPersons(manager, tenancy);
    const newer = await this.certificates.find(manager, answer.newerId);
    const older = await this.certificates.find(manager, answer.olderId);
    if (!newer || !older) return { state: 'severed' };
    const { kind } = newer;
    if (older.kind !== kind) throw new Error('a renewal is of one kind');
    const hops = await Promise.all(
      (answer.hops ?? []).map(async (serialNumber) => ({
        serialNumber,
        hash: await this.certificates.hashOf(manager, tenancy, { kind, serialNumber }),
      })),
    );
    const hashes = [newer.certificateHash, ...hops.map((hop) => hop.hash), older.certificateHash];
    if (await this.certificates.isSevered(manager, hashes, answer.at)) return { state: 'severed' };
    const nodes = await this.certificates.findAllByHash(manager, hashes);
    const joining = await this.readJoining(manager, nodes);
    const names = hashes.map((hash) => hash.toString('hex'));
    const steps = names.slice(1).map((name, index): Renewal => ({ older: name, newer: names[index]! }));
    const conflict = findRenewalConflict(joining.recorded, steps) ?? holderConflict(joining);
    if (conflict) return { state: 'ambiguous', detail: conflict };

    const personId = olderOf(joining.persons);
    const idOf = new Map(nodes.map((node) => [node.certificateHash.toString('hex'), node.id]));
    for (const { serialNumber, hash } of hops) {
      if (idOf.has(hash.toString('hex'))) continue;
      const told = { personId, kind, serialNumber, provenance: 'linked', hop: true, at: answer.at } as const;
      idOf.set(hash.toString('hex'), await this.certificates.attach(manager, tenancy, told));
    }
    let isNews = false;
    for (const step of steps) {
      const [from, to] = [idOf.get(step.older)!, idOf.get(step.newer)!];
      if (await this.insertLink(manager, tenancy, { ...answer, relation: 'renewal', from, to })) isNews = true;
    }
    await this.join(manager, tenancy, joining, { ...answer, isNews, certificateId: newer.id });
    return { state: 'linked', personId, certificateId: older.id };
  }

  /**
   * `counterpart` is the certificate of the other kind of the holder of `certificateId`.
   * @returns the id of the counterpart as `certificateId`
   */
  async linkCounterpart(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    answer: Answer & {
      certificateId: string;
      counterpart: { kind: Hierarchy; serialNumber: string; anchor?: string; notAfter?: number };
    },
  ): Promise<Linking> {
    await lockPersons(manager, tenancy);
    const known = await this.certificates.find(manager, answer.certificateId);
    if (!known) return { state: 'severed' };
    const { counterpart } = answer;
    if (counterpart.kind === known.kind) throw new Error('a counterpart is of the other kind');
    const hash = await this.certificates.hashOf(manager, tenancy, counterpart);
    if (await this.certificates.isSevered(manager, [hash, known.certificateHash], answer.at))
      return { state: 'severed' };
    const other = await this.certificates.findByHash(manager, hash);
    const joining = await this.readJoining(manager, other ? [known, other] : [known]);
    const conflict = holderConflict(joining);
    if (conflict) return { state: 'ambiguous', detail: conflict };

    const personId = olderOf(joining.persons);
    const certificateId =
      other?.id ??
      (await this.certificates.attach(manager, tenancy, {
        ...counterpart,
        personId,
        provenance: 'counterpart',
        at: answer.at,
      }));
    if (other?.hop) await this.certificates.markCounterpart(manager, other.id, counterpart);
    const [from, to] = known.kind === 'sign' ? [known.id, certificateId] : [certificateId, known.id];
    const isNews = await this.insertLink(manager, tenancy, { ...answer, relation: 'counterpart', from, to });
    await this.join(manager, tenancy, joining, { ...answer, isNews, certificateId });
    return { state: 'linked', personId, certificateId };
  }

  private async readJoining(manager: EntityManager, nodes: readonly KnownCertificate[]): Promise<Joining> {
    const personIds = [...new Set(nodes.map((node) => node.personId))];
    const certificates = await this.certificates.ofPersons(manager, personIds);
    const names = new Map(certificates.map(({ id, certificateHash }) => [id, certificateHash.toString('hex')]));
    // Both ends of a renewal are of one person, so the persons' own certificates are all there is to look at.
    const links: { from_id: string; to_id: string }[] = await manager.query(
      `select from_id, to_id from certificate_link where relation = 'renewal' and from_id = any($1)`,
      [[...names.keys()]],
    );
    return {
      persons: await findPersons(manager, personIds),
      certificates,
      recorded: links.map(({ from_id, to_id }) => ({ older: names.get(from_id)!, newer: names.get(to_id)! })),
    };
  }

  /** False when it had been recorded before. */
  private async insertLink(
    manager: EntityManager,
    { tenantId, mode }: Tenancy,
    link: Answer & { relation: 'renewal' | 'counterpart'; from: string; to: string },
  ): Promise<boolean> {
    const made: unknown[] = await manager.query(
      `insert into certificate_link (tenant_id, mode, id, relation, from_id, to_id, source, source_id, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (tenant_id, mode, relation, from_id, to_id) do nothing returning id`,
      [
        tenantId,
        mode,
        newId(Date.now()),
        link.relation,
        link.from,
        link.to,
        link.source.kind,
        link.source.id,
        new Date(link.at),
      ],
    );
    return made.length === 1;
  }

  /** Tells of a link that is news, and makes one person of all. */
  private async join(
    manager: EntityManager,
    tenancy: Tenancy,
    { persons }: Joining,
    { source, at, by, isNews, certificateId }: Answer & { isNews: boolean; certificateId: string },
  ): Promise<void> {
    const because = `${source.kind}:${source.id}`;
    const personId = await mergePersons(manager, tenancy, { persons, at, by, because });
    if (!isNews) return;
    await appendEvent(manager, tenancy, {
      type: 'person.linked',
      at,
      data: {
        person_id: personId,
        certificate_id: certificateId,
        ...(source.kind === 'serial_linkage' ? { serial_linkage_id: source.id } : {}),
      },
    });
    await appendAudit(manager, {
      ...by,
      action: 'person.link',
      target: `person:${personId}`,
      detail: { certificate: certificateId, because },
      tenancy,
    });
  }
}

const holderConflict = ({ certificates }: Joining): JoinConflict | undefined =>
  findHolderConflict(certificates.map((certificate) => certificate.holderHash));
