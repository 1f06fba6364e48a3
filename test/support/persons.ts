import { createHash, randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import {
  certificateHashOf,
  KnownCertificates,
  PersonLinks,
  PersonRegister,
  type Identification,
  type Linking,
  type Proof,
} from '#lib/persons';
import { parseCertificate } from '#lib/pki';
import { withTenant } from '#lib/platform';
import { TenantKeys, type Principal } from '#lib/tenancy';
import {
  attributesDer,
  CARD_HOLDER,
  issueEndEntity,
  makeAuthority,
  profileExtensions,
  type TestHierarchy,
} from './pki.js';
import { keyRing, type TestTenant } from './tenants.js';
import { WIDE_LIMITS } from './limits.js';

/** The authorities that certificates of {@link PersonBench} are issued by. */
export const AUTHORITIES = {
  sign: makeAuthority('sign', 2023, { organization: 'JPKI-TEST' }),
  auth: makeAuthority('auth', 2023, { organization: 'JPKI-TEST' }),
};
export const fingerprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');
export const BY = { actor: 'api_key:test', requestId: 'req_test' };

/** A certificate somebody holds. `birthDate` as in the certificate, of sign certificates. */
export interface HeldCertificate {
  kind: TestHierarchy;
  serial: number;
  birthDate?: string;
  notAfter?: string;
}

export const principalOf = (tenant: TestTenant): Principal => ({
  ...tenant,
  lookupKeyId: tenant.tenantKeyId,
  scopes: [],
  referenceFormat: null,
  revocationMethods: ['crl'],
  limits: WIDE_LIMITS,
});

/** The register of persons as one process has it, on the pool of one role. */
export class PersonBench {
  readonly tenantKeys: TenantKeys;
  readonly certificates: KnownCertificates;
  readonly register: PersonRegister;
  readonly links: PersonLinks;

  constructor(readonly dataSource: DataSource) {
    this.tenantKeys = new TenantKeys(dataSource, keyRing());
    this.certificates = new KnownCertificates(this.tenantKeys);
    this.register = new PersonRegister(this.certificates);
    this.links = new PersonLinks(this.certificates);
  }

  as<T>(tenant: TestTenant, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.dataSource, tenant, work);
  }

  /** What a successful check at `at` would prove. */
  async proof(tenant: TestTenant, held: HeldCertificate, at: number): Promise<Proof> {
    const { kind, serial, birthDate = CARD_HOLDER.dateOfBirth, notAfter } = held;
    const extensions = profileExtensions(AUTHORITIES[kind]);
    if (extensions.san) extensions.san.value = attributesDer({ ...CARD_HOLDER, dateOfBirth: birthDate });
    const { der } = issueEndEntity(AUTHORITIES[kind], {
      serial,
      extensions: Object.values(extensions),
      ...(notAfter === undefined ? {} : { notAfter }),
    });
    const lookupKey = await this.tenantKeys.get(tenant, tenant.tenantKeyId);
    return {
      verificationId: randomUUID(),
      kind,
      certificate: parseCertificate(der),
      certificateHash: certificateHashOf(lookupKey, kind, String(serial)),
      anchor: fingerprintOf(AUTHORITIES[kind].der),
      decidedAt: at,
    };
  }

  async identify(tenant: TestTenant, held: HeldCertificate, at: number): Promise<Identification> {
    const proof = await this.proof(tenant, held, at);
    return this.as(tenant, (manager) => this.register.identify(manager, principalOf(tenant), { proof, at, by: BY }));
  }

  /** The ids of a person who must be identified. */
  async person(
    tenant: TestTenant,
    held: HeldCertificate,
    at: number,
  ): Promise<{ personId: string; certificateId: string }> {
    const found = await this.identify(tenant, held, at);
    if (found.state !== 'identified') throw new Error(`${held.kind} ${held.serial} is ${found.state}`);
    return found;
  }

  renewal(
    tenant: TestTenant,
    answer: { newerId: string; olderId: string; hops?: readonly string[] },
    at: number,
  ): Promise<Linking> {
    const source = { kind: 'serial_linkage', id: randomUUID() } as const;
    return this.as(tenant, (manager) =>
      this.links.linkRenewal(manager, principalOf(tenant), { ...answer, source, at, by: BY }),
    );
  }

  counterpart(
    tenant: TestTenant,
    certificateId: string,
    { kind, serial }: { kind: TestHierarchy; serial: number },
    at: number,
  ): Promise<Linking> {
    const source = { kind: 'counterpart_lookup', id: randomUUID() } as const;
    const counterpart = { kind, serialNumber: String(serial) };
    return this.as(tenant, (manager) =>
      this.links.linkCounterpart(manager, principalOf(tenant), { certificateId, counterpart, source, at, by: BY }),
    );
  }
}
