import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Certificate, Hierarchy } from '#lib/pki';
import { newId, type Tenancy, type TenantKey } from '#lib/platform';
import { TenantKeys, type KeyedTenancy } from '#lib/tenancy';
import { certificateHashOf } from './certificate-hash.js';
import { openCertificate, sealCertificate, type CertificateSecret } from './sealed-certificate.js';

/** How a tenant came to know a certificate. `presented` wins: it is the one the tenant may be told most about. */
export type Provenance = 'presented' | 'linked' | 'counterpart';

/** A certificate that a tenant knows, without what is under seal. Times in milliseconds by the clock of the mode. */
export interface KnownCertificate {
  id: string;
  /** Never one that was merged into another. */
  personId: string;
  kind: Hierarchy;
  certificateHash: Buffer;
  provenance: Provenance;
  /** Only a step between two others; never told to anybody. */
  hop: boolean;
  /** Fingerprint of the issuing anchor, where known. */
  anchor?: string;
  notAfter?: number;
  holderHash?: Buffer;
  firstSeenAt: number;
}

/** A certificate that becomes known other than by being presented. */
export interface ToldCertificate {
  personId: string;
  kind: Hierarchy;
  /** Decimal. */
  serialNumber: string;
  provenance: 'linked' | 'counterpart';
  hop?: boolean;
  anchor?: string;
  notAfter?: number;
  at: number;
}

/** A certificate seen for the first time. */
export interface Presented {
  personId: string;
  kind: Hierarchy;
  certificate: Certificate;
  certificateHash: Buffer;
  anchor: string;
  holderHash: Buffer | undefined;
  at: number;
}

interface Row {
  id: string;
  person_id: string;
  kind: Hierarchy;
  certificate_hash: Buffer;
  provenance: Provenance;
  hop: boolean;
  anchor: string | null;
  not_after: Date | null;
  holder_hash: Buffer | null;
  first_seen_at: Date;
}

const COLUMNS = 'id, person_id, kind, certificate_hash, provenance, hop, anchor, not_after, holder_hash, first_seen_at';

/** The certificates a tenant knows. All methods work in the caller's transaction of that tenant. */
@Injectable()
export class KnownCertificates {
  constructor(@Inject(TenantKeys) private readonly tenantKeys: TenantKeys) {}

  /** @param serialNumber decimal */
  async hashOf(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { kind, serialNumber }: { kind: Hierarchy; serialNumber: string },
  ): Promise<Buffer> {
    return certificateHashOf(await this.lookupKey(manager, tenancy), kind, serialNumber);
  }

  lookupKey(manager: EntityManager, tenancy: KeyedTenancy): Promise<TenantKey> {
    return this.tenantKeys.get(tenancy, tenancy.lookupKeyId, manager);
  }

  async findByHash(manager: EntityManager, hash: Buffer): Promise<KnownCertificate | undefined> {
    return (await this.findAllByHash(manager, [hash]))[0];
  }

  async findAllByHash(manager: EntityManager, hashes: readonly Buffer[]): Promise<KnownCertificate[]> {
    const rows: Row[] = await manager.query(
      `select ${COLUMNS} from person_certificate where certificate_hash = any($1)`,
      [hashes],
    );
    return rows.map(toCertificate);
  }

  async find(manager: EntityManager, id: string): Promise<KnownCertificate | undefined> {
    const rows: Row[] = await manager.query(`select ${COLUMNS} from person_certificate where id = $1`, [id]);
    return rows[0] && toCertificate(rows[0]);
  }

  /** Of these persons, hops included, in the order in which they became known. */
  async ofPersons(manager: EntityManager, personIds: readonly string[]): Promise<KnownCertificate[]> {
    const rows: Row[] = await manager.query(
      `select ${COLUMNS} from person_certificate where person_id = any($1) order by first_seen_at, id`,
      [personIds],
    );
    return rows.map(toCertificate);
  }

  /** Whether one of these certificates belonged to a person who was deleted, and that still has to be respected. */
  async isSevered(manager: EntityManager, hashes: readonly Buffer[], at: number): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      'select 1 from certificate_tombstone where certificate_hash = any($1) and expires_at > $2 limit 1',
      [hashes, new Date(at)],
    );
    return rows.length > 0;
  }

  /**
   * Opens serial number and, of a presented one, the certificate. The caller records the read.
   * @throws Error when there is no such row.
   */
  async open(manager: EntityManager, tenancy: Tenancy, id: string): Promise<CertificateSecret> {
    const rows: { tenant_key_id: string; sealed: Buffer }[] = await manager.query(
      'select tenant_key_id, sealed from person_certificate where id = $1',
      [id],
    );
    const row = rows[0];
    if (!row) throw new Error(`no known certificate ${id}`);
    return openCertificate(await this.tenantKeys.get(tenancy, row.tenant_key_id, manager), tenancy, id, row.sealed);
  }

  /** Records a certificate that J-LIS told of. Under the exclusive lock of {@link lockPersons}. */
  async attach(manager: EntityManager, tenancy: KeyedTenancy, told: ToldCertificate): Promise<string> {
    const id = newId(Date.now());
    const { kind, serialNumber } = told;
    const key = await this.tenantKeys.get(tenancy, tenancy.tenantKeyId, manager);
    await manager.query(
      `insert into person_certificate (tenant_id, mode, id, person_id, kind, certificate_hash, provenance, hop, anchor,
         not_after, tenant_key_id, sealed, first_seen_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        tenancy.tenantId,
        tenancy.mode,
        id,
        told.personId,
        kind,
        await this.hashOf(manager, tenancy, { kind, serialNumber }),
        told.provenance,
        told.hop ?? false,
        told.anchor ?? null,
        told.notAfter === undefined ? null : new Date(told.notAfter),
        tenancy.tenantKeyId,
        sealCertificate(key, tenancy, id, { serialNumber }),
        new Date(told.at),
      ],
    );
    return id;
  }

  /** Turns a mere step between two others into one that was told as a counterpart. */
  async markCounterpart(
    manager: EntityManager,
    id: string,
    { anchor, notAfter }: { anchor?: string; notAfter?: number },
  ): Promise<void> {
    await manager.query(
      `update person_certificate set provenance = 'counterpart', hop = false, anchor = $2, not_after = $3 where id = $1`,
      [id, anchor ?? null, notAfter === undefined ? null : new Date(notAfter)],
    );
  }

  /** Turns one that was only told of into one that was presented. */
  async markPresented(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    id: string,
    seen: { certificate: Certificate; anchor: string; holderHash: Buffer | undefined; at: number },
  ): Promise<void> {
    const { certificate, anchor, holderHash, at } = seen;
    await manager.query(
      `update person_certificate set provenance = 'presented', hop = false, anchor = $2, not_after = $3,
         holder_hash = $4, tenant_key_id = $5, sealed = $6, presented_at = $7
       where id = $1`,
      [
        id,
        anchor,
        new Date(certificate.notAfter),
        holderHash ?? null,
        tenancy.tenantKeyId,
        await this.sealPresented(manager, tenancy, id, certificate),
        new Date(at),
      ],
    );
  }

  /**
   * A person nobody has seen before, with the certificate that was presented. Undefined when the certificate is known by
   * now: then nothing was written.
   */
  insertWithPerson(manager: EntityManager, tenancy: KeyedTenancy, seen: Presented): Promise<string | undefined> {
    // One statement, the certificate first: its unique hash decides a race, and the loser leaves no person behind.
    const person = `insert into person (tenant_id, mode, id, created_at)
      select $1, $2, person_id, $12 from certificate returning id`;
    return this.insertPresented(manager, tenancy, seen, person);
  }

  /** A certificate that was presented, of a person who is known. Undefined as for {@link insertWithPerson}. */
  insertForPerson(manager: EntityManager, tenancy: KeyedTenancy, seen: Presented): Promise<string | undefined> {
    return this.insertPresented(manager, tenancy, seen, 'select person_id from certificate');
  }

  private async insertPresented(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    seen: Presented,
    then: string,
  ): Promise<string | undefined> {
    const id = newId(Date.now());
    const made: unknown[] = await manager.query(
      `with certificate as (
         insert into person_certificate (tenant_id, mode, id, person_id, kind, certificate_hash, provenance, anchor,
           not_after, holder_hash, tenant_key_id, sealed, first_seen_at, presented_at)
         values ($1, $2, $3, $4, $5, $6, 'presented', $7, $8, $9, $10, $11, $12, $12)
         on conflict (tenant_id, mode, certificate_hash) do nothing
         returning person_id)
       ${then}`,
      [
        tenancy.tenantId,
        tenancy.mode,
        id,
        seen.personId,
        seen.kind,
        seen.certificateHash,
        seen.anchor,
        new Date(seen.certificate.notAfter),
        seen.holderHash ?? null,
        tenancy.tenantKeyId,
        await this.sealPresented(manager, tenancy, id, seen.certificate),
        new Date(seen.at),
      ],
    );
    return made.length === 1 ? id : undefined;
  }

  private async sealPresented(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    id: string,
    certificate: Certificate,
  ): Promise<Buffer> {
    const key = await this.tenantKeys.get(tenancy, tenancy.tenantKeyId, manager);
    const { serialNumber, raw } = certificate;
    return sealCertificate(key, tenancy, id, { serialNumber, certificate: raw });
  }
}

function toCertificate(row: Row): KnownCertificate {
  return {
    id: row.id,
    personId: row.person_id,
    kind: row.kind,
    certificateHash: row.certificate_hash,
    provenance: row.provenance,
    hop: row.hop,
    firstSeenAt: row.first_seen_at.getTime(),
    ...(row.anchor === null ? {} : { anchor: row.anchor }),
    ...(row.not_after === null ? {} : { notAfter: row.not_after.getTime() }),
    ...(row.holder_hash === null ? {} : { holderHash: row.holder_hash }),
  };
}
