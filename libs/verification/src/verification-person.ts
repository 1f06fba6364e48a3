import type { EntityManager } from 'typeorm';
import {
  type CounterpartLookup,
  findCounterpartLookup,
  findLinkage,
  type Identification,
  type PersonStatus,
  type SerialLinkage,
} from '#lib/persons';
import type { Tenancy } from '#lib/platform';

/** Whose certificate a verification was made with, as its tenant sees it. */
export interface VerificationPerson {
  state: Identification['state'];
  /** As found then. */
  id?: string;
  isNew: boolean;
  /** The survivor, when that person has turned out to be another one since. */
  mergedInto?: string;
  /** As concluded then, when certificates of both kinds were known. */
  status?: PersonStatus;
  /** What became of the question for the certificate before it, as that is now. */
  linkage?: SerialLinkage;
  counterpart?: CounterpartLookup;
}

/** What identifying gave, to be kept. */
export interface FoundPerson {
  state: Identification['state'];
  personId?: string;
  isNew: boolean;
  linkageId?: string;
  counterpartId?: string;
}

/** Keeps what identifying gave; what a first try has kept stays, but for a counterpart that it did not get. */
export async function storeVerificationPerson(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  verificationId: string,
  found: FoundPerson,
): Promise<void> {
  await manager.query(
    `insert into verification_person as kept (tenant_id, mode, verification_id, state, person_id, person_is_new,
       serial_linkage_id, counterpart_lookup_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (tenant_id, mode, verification_id)
       do update set counterpart_lookup_id = coalesce(kept.counterpart_lookup_id, excluded.counterpart_lookup_id)`,
    [
      tenantId,
      mode,
      verificationId,
      found.state,
      found.personId ?? null,
      found.isNew,
      found.linkageId ?? null,
      found.counterpartId ?? null,
    ],
  );
}

/** Keeps what the person's certificates said beside a verification. */
export async function storePersonStatus(
  manager: EntityManager,
  verificationId: string,
  status: PersonStatus,
): Promise<void> {
  await manager.query('update verification_person set status = $2 where verification_id = $1', [
    verificationId,
    JSON.stringify(status),
  ]);
}

/** Undefined when nobody asked whose it was, or the answer is still to be found. */
export async function findVerificationPerson(
  manager: EntityManager,
  verificationId: string,
): Promise<VerificationPerson | undefined> {
  const rows: {
    state: VerificationPerson['state'];
    person_id: string | null;
    person_is_new: boolean;
    merged_into: string | null;
    status: PersonStatus | null;
    serial_linkage_id: string | null;
    counterpart_lookup_id: string | null;
  }[] = await manager.query(
    `select v.state, v.person_id, v.person_is_new, v.status, v.serial_linkage_id, v.counterpart_lookup_id,
       p.merged_into
     from verification_person v
     left join person p on p.tenant_id = v.tenant_id and p.mode = v.mode and p.id = v.person_id
     where v.verification_id = $1`,
    [verificationId],
  );
  const row = rows[0];
  if (!row) return undefined;
  const linkage = row.serial_linkage_id === null ? undefined : await findLinkage(manager, row.serial_linkage_id);
  const counterpart =
    row.counterpart_lookup_id === null ? undefined : await findCounterpartLookup(manager, row.counterpart_lookup_id);
  return {
    state: row.state,
    isNew: row.person_is_new,
    ...(row.person_id === null ? {} : { id: row.person_id }),
    ...(row.merged_into === null ? {} : { mergedInto: row.merged_into }),
    ...(row.status === null ? {} : { status: row.status }),
    ...(linkage ? { linkage } : {}),
    ...(counterpart ? { counterpart } : {}),
  };
}
