import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { UsageEvent } from '#lib/billing';
import type { RevocationFinding } from '#lib/pki';
import { newId, Problem, withTenant, type Tenancy } from '#lib/platform';
import type { Disclosure } from '#lib/tenancy';
import { disclosureOf, readCounterpartDisclosure } from './certificate-disclosure.js';
import {
  CertificateQuestion,
  stateOf,
  type CertificateStatus,
  type OpenedCertificate,
} from './certificate-question.js';
import type { ConclusionCode } from './conclusion.js';
import { factsToTell, judgePerson, type ToldStatus } from './judge-person.js';
import { KnownCertificates, type KnownCertificate } from './known-certificates.js';
import { findLivingPerson, type By } from './person.js';

/** What a person's certificates say together; made of plain values, for it is stored with a verification. */
export interface PersonStatus {
  /** Milliseconds, by the clock of the mode. */
  checkedAt: number;
  code: ConclusionCode;
  /** Milliseconds; absent: not confirmed. */
  aliveAsOf?: number;
  sign?: ToldStatus;
  auth?: ToldStatus;
  usage: Pick<UsageEvent, 'id' | 'meter' | 'method'>[];
}

/** A certificate as a list of a person's certificates shows it. */
export interface ListedCertificate {
  certificate: KnownCertificate;
  disclosure: Disclosure;
  status?: CertificateStatus;
}

/** A certificate whose status was found a moment ago and is not asked for again. */
interface JustChecked {
  certificateHash: Buffer;
  finding: RevocationFinding;
}

interface Opened {
  personId: string;
  disclosure: Disclosure;
  certificates: OpenedCertificate[];
}

/** Status checks of persons (現況確認): by the lists, each question metered and each read recorded. */
@Injectable()
export class PersonStatuses {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(CertificateQuestion) private readonly question: CertificateQuestion,
  ) {}

  /** What the person's certificates say now. @throws Problem `not_found` */
  async get(tenancy: Tenancy, id: string, how: { at: number; by: By }): Promise<PersonStatus> {
    const opened = await this.open(tenancy, id);
    if (!opened) throw new Problem('not_found');
    return this.judge(tenancy, opened, how);
  }

  /**
   * The same beside a verification, when certificates of both kinds are known; else undefined, and nothing is asked.
   * The tenant asked who is there: the check of the other certificate is counted and never charged.
   * @param store keeps the status, in the transaction that meters it
   */
  async beside(
    tenancy: Tenancy,
    id: string,
    how: {
      at: number;
      by: By;
      just: JustChecked;
      store: (manager: EntityManager, status: PersonStatus) => Promise<void>;
    },
  ): Promise<PersonStatus | undefined> {
    const opened = await this.open(tenancy, id);
    const kinds = new Set(opened?.certificates.map(({ certificate }) => certificate.kind));
    return opened && kinds.size === 2 ? this.judge(tenancy, opened, how) : undefined;
  }

  /** Every certificate of the person that may be told of, with its status. @throws Problem `not_found` */
  async list(
    tenancy: Tenancy,
    id: string,
    { at, by }: { at: number; by: By },
  ): Promise<{ personId: string; certificates: ListedCertificate[] }> {
    const opened = await this.open(tenancy, id, { all: true });
    if (!opened) throw new Problem('not_found');
    const listed: ListedCertificate[] = [];
    for (const one of opened.certificates) {
      const disclosure = disclosureOf(one.certificate, opened.disclosure);
      const asked = disclosure === 'status' ? await this.question.ask(tenancy, one, at) : undefined;
      listed.push({ certificate: one.certificate, disclosure, ...(asked ? { status: asked } : {}) });
    }
    const { personId } = opened;
    const checkId = newId(Date.now());
    await withTenant(this.dataSource, tenancy, async (manager) => {
      const asked = listed.flatMap(({ status }) => (status ? [status] : []));
      await this.question.meter(manager, tenancy, asked, { checkId, personId, at, askedFor: true });
      await appendAudit(manager, { ...by, action: 'person.read_certificates', target: `person:${personId}`, tenancy });
    });
    return { personId, certificates: listed };
  }

  private open(tenancy: Tenancy, id: string, { all = false } = {}): Promise<Opened | undefined> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const person = await findLivingPerson(manager, id);
      if (!person) return undefined;
      // The policy is the platform's and of real time, whatever the clock of test says.
      const disclosure = await readCounterpartDisclosure(manager, tenancy, Date.now());
      const certificates: OpenedCertificate[] = [];
      for (const certificate of await this.certificates.ofPersons(manager, [person.id]))
        if (!certificate.hop && (all || disclosureOf(certificate, disclosure) !== 'none'))
          certificates.push({ certificate, secret: await this.certificates.open(manager, tenancy, certificate.id) });
      return { personId: person.id, disclosure, certificates };
    });
  }

  private async judge(
    tenancy: Tenancy,
    { personId, disclosure, certificates }: Opened,
    how: {
      at: number;
      by: By;
      just?: JustChecked;
      store?: (manager: EntityManager, status: PersonStatus) => Promise<void>;
    },
  ): Promise<PersonStatus> {
    const { at, by, just } = how;
    const { code, aliveAsOf, sign, auth, asked } = await judgePerson(certificates, 'both', (one) =>
      just?.certificateHash.equals(one.certificate.certificateHash)
        ? { certificate: one.certificate, state: stateOf(just.finding) }
        : this.question.ask(tenancy, one, at),
    );
    const told = (status: CertificateStatus): ToldStatus => ({
      certificateId: status.certificate.id,
      ...factsToTell(status, disclosure),
    });
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const checkId = newId(Date.now());
      const askedFor = just === undefined;
      const usage = await this.question.meter(manager, tenancy, asked, { checkId, personId, at, askedFor });
      const status: PersonStatus = {
        checkedAt: at,
        code,
        ...(aliveAsOf === undefined ? {} : { aliveAsOf }),
        ...(sign ? { sign: told(sign) } : {}),
        ...(auth ? { auth: told(auth) } : {}),
        usage: usage.map(({ id, meter, method }) => ({ id, meter, method })),
      };
      await appendAudit(manager, { ...by, action: 'person.read_status', target: `person:${personId}`, tenancy });
      await how.store?.(manager, status);
      return status;
    });
  }
}
