import type { DataSource } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { type Mode, newRandomId, Problem } from '#lib/platform';

/** What a hold keeps beyond its time: everything of a tenant and mode, what is of one person, or one verification. */
export interface HoldScope {
  tenantId: string;
  mode: Mode;
  /** One of the two, or neither. */
  personId: string | null;
  verificationId: string | null;
}

export interface LegalHold extends HoldScope {
  id: string;
  reason: string;
  placedBy: string;
  placedAt: Date;
  liftedBy: string | null;
  liftReason: string | null;
  liftedAt: Date | null;
}

const COLUMNS = `id, tenant_id as "tenantId", mode, person_id as "personId", verification_id as "verificationId", reason,
  placed_by as "placedBy", placed_at as "placedAt", lifted_by as "liftedBy", lift_reason as "liftReason",
  lifted_at as "liftedAt"`;

/** foreign_key_violation (PostgreSQL manual, appendix A). */
const NO_SUCH_THING = '23503';

/**
 * Keeps evidence beyond its time, until the hold is lifted. As role shomei_admin or shomei_operator.
 * @throws Problem `not_found` when the tenant has no such person or verification in this mode
 */
export async function placeHold(
  dataSource: DataSource,
  { tenantId, mode, personId, verificationId }: HoldScope,
  reason: string,
  acting: Acting,
): Promise<LegalHold> {
  const id = newRandomId();
  try {
    return await dataSource.transaction(async (manager) => {
      const [hold]: LegalHold[] = await manager.query(
        `insert into legal_hold (tenant_id, mode, id, person_id, verification_id, reason, placed_by)
         values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
        [tenantId, mode, id, personId, verificationId, reason, acting.actor],
      );
      await appendAudit(manager, {
        ...acting,
        action: 'legal_hold.place',
        target: `legal_hold:${id}`,
        tenancy: { tenantId, mode },
        detail: { person_id: personId, verification_id: verificationId, reason },
      });
      return hold!;
    });
  } catch (error) {
    throw (error as { code?: unknown }).code === NO_SUCH_THING ? new Problem('not_found') : error;
  }
}

/**
 * What was kept by it alone is erased from the next run on.
 * @throws Problem `not_found`, `hold_not_open`
 */
export async function liftHold(dataSource: DataSource, id: string, reason: string, acting: Acting): Promise<LegalHold> {
  return dataSource.transaction(async (manager) => {
    const [lifted] = await manager.query<[LegalHold[], number]>(
      `update legal_hold set lifted_by = $2, lift_reason = $3, lifted_at = clock_timestamp()
       where id = $1 and lifted_at is null returning ${COLUMNS}`,
      [id, acting.actor, reason],
    );
    const hold = lifted[0];
    if (!hold) {
      const known: unknown[] = await manager.query('select 1 from legal_hold where id = $1', [id]);
      throw new Problem(known.length > 0 ? 'hold_not_open' : 'not_found');
    }
    await appendAudit(manager, {
      ...acting,
      action: 'legal_hold.lift',
      target: `legal_hold:${id}`,
      tenancy: { tenantId: hold.tenantId, mode: hold.mode },
      detail: { reason },
    });
    return hold;
  });
}

export interface HoldSearch {
  tenantId?: string;
  mode?: Mode;
  open?: boolean;
  /** Id of the last one of the page before. */
  after?: string;
  limit: number;
}

/** Newest first. */
export function listHolds(dataSource: DataSource, search: HoldSearch): Promise<LegalHold[]> {
  return dataSource.query(
    `select ${COLUMNS} from legal_hold
     where ($1::uuid is null or tenant_id = $1) and ($2::tenant_mode is null or mode = $2)
       and ($3::boolean is null or (lifted_at is null) = $3)
       and ($4::uuid is null or (placed_at, id) < (select h.placed_at, h.id from legal_hold h where h.id = $4))
     order by placed_at desc, id desc limit $5`,
    [search.tenantId ?? null, search.mode ?? null, search.open ?? null, search.after ?? null, search.limit],
  );
}

/** How long a kind of thing is kept when it was recorded from `validFrom` on. */
export interface RetentionRule {
  kind: string;
  /** Null: always. */
  validFrom: Date | null;
  /** ISO 8601 duration, such as P7Y. */
  keep: string;
  /** The law or contract that asks for it. */
  ground: string;
}

export function listRetentionRules(dataSource: DataSource): Promise<RetentionRule[]> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`set local intervalstyle = 'iso_8601'`);
    return manager.query(
      `select kind, nullif(r.valid_from, '-infinity') as "validFrom", keep::text as keep, ground
       from retention_rule r order by kind, r.valid_from`,
    );
  });
}

/** Things of a kind whose time ends in a span; the first span is what is overdue: held, or not yet got to. */
export interface RetentionDue {
  kind: string;
  /** Null: whenever before. */
  starts: Date | null;
  ends: Date;
  /** Counted up to 100,000. */
  things: number;
}

/** @param months how many to look ahead, at most 24 */
export async function readRetentionDue(dataSource: DataSource, months: number): Promise<RetentionDue[]> {
  const rows: (Omit<RetentionDue, 'things'> & { things: string })[] = await dataSource.query(
    `select kind, nullif(starts, '-infinity') as starts, ends, things from retention_due($1) order by kind, ends`,
    [months],
  );
  return rows.map((row) => ({ ...row, things: Number(row.things) }));
}
