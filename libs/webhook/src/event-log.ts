import type { EntityManager } from 'typeorm';
import type { Tenancy } from '#lib/platform';
import type { EventData, EventType } from './append-event.js';

export interface StoredEvent {
  id: string;
  type: EventType;
  /** Milliseconds, by the clock of the mode. */
  occurredAt: number;
  data: EventData;
  cursor: EventCursor;
}

/** A place in the order in which events are told: by transaction, then by id. */
export interface EventCursor {
  /** Decimal: the place of the transaction's events, see `place_event` of the database. */
  xact: string;
  id: string;
}

/**
 * Events after a place, oldest first. It stops below the first event of the tenant's that is being written: what is committed
 * later has a higher place than everything told, so a reader that goes on from its last place misses nothing.
 * @param manager of a transaction in which a statement sees what was committed before it
 */
export async function listEvents(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { after, types, limit }: { after?: EventCursor; types?: readonly EventType[]; limit: number },
): Promise<StoredEvent[]> {
  // A statement of its own: the next has to see everybody who was not writing any more when this one looked.
  const [found]: { horizon: string }[] = await manager.query('select event_horizon($1, $2)::text as horizon', [
    tenantId,
    mode,
  ]);
  const rows: { id: string; xact: string; type: EventType; occurred_at: Date; data: EventData }[] = await manager.query(
    `select id, xact::text as xact, type, occurred_at, data from event
     where tenant_id = $1 and mode = $2 and xact < $7::xid8
       and ($3::xid8 is null or (xact, id) > ($3::xid8, $4::uuid))
       and ($5::text[] is null or type = any($5))
     order by event.xact, event.id limit $6`,
    [tenantId, mode, after?.xact ?? null, after?.id ?? null, types ?? null, limit, found!.horizon],
  );
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    occurredAt: row.occurred_at.getTime(),
    data: row.data,
    cursor: { xact: row.xact, id: row.id },
  }));
}

/** When an event of the tenant's happened: milliseconds, by the clock of the mode. */
export async function getEventTime(manager: EntityManager, { tenantId, mode }: Tenancy, id: string): Promise<number> {
  const rows: { occurred_at: Date }[] = await manager.query(
    'select occurred_at from event where tenant_id = $1 and mode = $2 and id = $3',
    [tenantId, mode, id],
  );
  return rows[0]!.occurred_at.getTime();
}

const CURSOR = /^([1-9][0-9]{0,19}|0)_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
const MAX_XID8 = 2n ** 64n - 1n;

export const writeEventCursor = ({ xact, id }: EventCursor): string =>
  Buffer.from(`${xact}_${id}`).toString('base64url');

/** Undefined for anything that `writeEventCursor` cannot have made. */
export function readEventCursor(text: string): EventCursor | undefined {
  const match = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const [, xact, id] = match ?? [];
  if (xact === undefined || id === undefined || BigInt(xact) > MAX_XID8) return undefined;
  return writeEventCursor({ xact, id }) === text ? { xact, id } : undefined;
}
