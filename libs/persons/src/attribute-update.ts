import type { EntityManager } from 'typeorm';
import type { Attributes } from '#lib/pki';
import { open, seal, type Tenancy, type TenantKey } from '#lib/platform';
import { idsOfPerson } from './person.js';

/** What became of one person's question. */
export const UPDATE_STATES = [
  'updated',
  'unchanged',
  'no_new_certificate',
  'consent_missing',
  'withdrawn',
  'unavailable',
  'person_unknown',
] as const;
export type UpdateState = (typeof UPDATE_STATES)[number];

export interface PersonUpdate {
  /** As asked, whatever the person has been merged into. */
  personId: string;
  /** `delivered`: updated, and the attributes went out with the first answer. */
  state: UpdateState | 'delivered';
  /** With `updated` only, and in the first answer only. */
  attributes?: Attributes;
}

export interface AttributeUpdate {
  id: string;
  /** Milliseconds, by the clock of the mode. */
  createdAt: number;
  /** In the order of the ids asked for. */
  results: PersonUpdate[];
}

/** What is kept of one answer. Of the attributes nothing is; of what they came from, the sealed serial. */
export interface KeptResult {
  personId: string;
  state: UpdateState;
  consentId?: string;
  /** Decimal, with `updated`: the certificate whose attributes were delivered. */
  serial?: string;
}

const context = ({ tenantId, mode }: Tenancy, updateId: string, personId: string): string =>
  `attribute-update|${tenantId}|${mode}|${updateId}|${personId}`;

export async function insertUpdate(
  manager: EntityManager,
  tenancy: Tenancy,
  update: { id: string; createdAt: number; results: readonly KeptResult[] },
  key: TenantKey,
): Promise<void> {
  const { tenantId, mode } = tenancy;
  const at = new Date(update.createdAt);
  await manager.query('insert into attribute_update (tenant_id, mode, id, created_at) values ($1, $2, $3, $4)', [
    tenantId,
    mode,
    update.id,
    at,
  ]);
  for (const { personId, state, consentId, serial } of update.results)
    await manager.query(
      `insert into attribute_update_result (tenant_id, mode, attribute_update_id, person_id, state, decided_at,
         consent_id, tenant_key_id, sealed_serial)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        tenantId,
        mode,
        update.id,
        personId,
        state,
        at,
        consentId ?? null,
        serial === undefined ? null : key.id,
        serial === undefined ? null : seal(key.encryption, Buffer.from(serial), context(tenancy, update.id, personId)),
      ],
    );
}

/**
 * A stored update in the order `personIds` were asked for; what was delivered is not there to be told again, and of a
 * person who was deleted since nothing is.
 */
export async function findUpdate(
  manager: EntityManager,
  id: string,
  personIds: readonly string[],
): Promise<AttributeUpdate | undefined> {
  const rows: { created_at: Date; person_id: string; state: UpdateState }[] = await manager.query(
    `select u.created_at, r.person_id,
       case when p.deleted_at is null then r.state else 'person_unknown' end as state
     from attribute_update u
     join attribute_update_result r on r.tenant_id = u.tenant_id and r.mode = u.mode and r.attribute_update_id = u.id
     left join person p on p.tenant_id = r.tenant_id and p.mode = r.mode and p.id = r.person_id
     where u.id = $1`,
    [id],
  );
  const first = rows[0];
  if (!first) return undefined;
  const states = new Map(rows.map(({ person_id, state }) => [person_id, state]));
  return {
    id,
    createdAt: first.created_at.getTime(),
    results: personIds.map((personId) => {
      const state = states.get(personId)!;
      return { personId, state: state === 'updated' ? 'delivered' : state };
    }),
  };
}

/**
 * The certificate whose attributes were delivered last for a person, and when.
 * @param keyOf gives the tenant key by its id
 */
export async function findLastDelivery(
  manager: EntityManager,
  tenancy: Tenancy,
  personId: string,
  keyOf: (id: string) => Promise<TenantKey>,
): Promise<{ serial: string; at: number } | undefined> {
  const rows: {
    attribute_update_id: string;
    person_id: string;
    decided_at: Date;
    tenant_key_id: string;
    sealed_serial: Buffer;
  }[] = await manager.query(
    `select attribute_update_id, person_id, decided_at, tenant_key_id, sealed_serial from attribute_update_result
     where person_id = any($1) and sealed_serial is not null order by decided_at desc, attribute_update_id desc limit 1`,
    [await idsOfPerson(manager, personId)],
  );
  const row = rows[0];
  if (!row) return undefined;
  const key = await keyOf(row.tenant_key_id);
  const serial = open(key.encryption, row.sealed_serial, context(tenancy, row.attribute_update_id, row.person_id));
  return { serial: serial.toString(), at: row.decided_at.getTime() };
}
