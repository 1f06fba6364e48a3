import type { DataSource } from 'typeorm';
import {
  firstIdOf,
  type Mode,
  MODES,
  type PageOrder,
  Problem,
  readingByTime,
  readInIndexOrder,
  type Tenancy,
  withTenant,
} from '#lib/platform';
import type { EventType } from './append-event.js';
import { listDeliveriesOfEvent, type WebhookDelivery } from './delivery-log.js';
import { ORIGIN } from './endpoint-health.js';

/** An event as operators see it: what and when, without what it is about. */
export interface EventHead {
  id: string;
  mode: Mode;
  type: EventType;
  /** By the clock of the mode. */
  occurredAt: Date;
  /** Real time. */
  recordedAt: Date;
}

/** The same with what became of it at each endpoint that there still is; of their URLs the origin alone. */
export interface ToldEvent extends EventHead {
  deliveries: readonly (WebhookDelivery & { origin: string })[];
}

export interface EventSearch {
  type?: EventType;
  /** Real time, half-open. */
  recordedAfter?: Date;
  recordedBefore?: Date;
  /** Newest first unless asked otherwise. */
  order?: PageOrder;
  /** Id of the last one of the page before. */
  after?: string;
  limit: number;
}

const COLUMNS = 'id, mode, type, occurred_at as "occurredAt", recorded_at as "recordedAt"';

/**
 * Events of a tenant by when they were recorded, read in the order of the primary key: a page costs what it shows, and of
 * one type what lies between. Behind row-level security only the whole key is known to be the index's order.
 */
export const listEventHeads = (
  dataSource: DataSource,
  tenancy: Tenancy,
  { type, recordedAfter, recordedBefore, order, after, limit }: EventSearch,
): Promise<EventHead[]> =>
  withTenant(dataSource, tenancy, async (manager) => {
    const { direction, beyond } = readingByTime(order);
    await readInIndexOrder(manager);
    const rows: EventHead[] = await manager.query(
      `select ${COLUMNS} from event
       where tenant_id = $1 and mode = $2 and ($3::text is null or type = $3) and ($4::uuid is null or id ${beyond} $4)
         and ($5::uuid is null or id >= $5) and ($6::uuid is null or id < $6)
       order by tenant_id ${direction}, mode ${direction}, id ${direction} limit $7`,
      [
        tenancy.tenantId,
        tenancy.mode,
        type ?? null,
        after ?? null,
        // An id is made when its event is recorded.
        recordedAfter ? firstIdOf(recordedAfter.getTime()) : null,
        recordedBefore ? firstIdOf(recordedBefore.getTime()) : null,
        limit,
      ],
    );
    return rows;
  });

/** One event of a tenant in whichever mode, with its deliveries. @throws Problem `not_found` */
export async function getToldEvent(dataSource: DataSource, tenantId: string, eventId: string): Promise<ToldEvent> {
  for (const mode of MODES) {
    const tenancy = { tenantId, mode };
    const found = await withTenant(dataSource, tenancy, async (manager) => {
      const place = [tenantId, mode];
      const [head]: EventHead[] = await manager.query(
        `select ${COLUMNS} from event where tenant_id = $1 and mode = $2 and id = $3`,
        [...place, eventId],
      );
      if (!head) return undefined;
      const endpoints: { id: string; origin: string }[] = await manager.query(
        `select id, ${ORIGIN} as origin from webhook_endpoint where tenant_id = $1 and mode = $2 and deleted_at is null`,
        place,
      );
      const origins = new Map(endpoints.map(({ id, origin }) => [id, origin]));
      const deliveries = await listDeliveriesOfEvent(manager, tenancy, [...origins.keys()], eventId);
      return { ...head, deliveries: deliveries.map((each) => ({ ...each, origin: origins.get(each.endpointId)! })) };
    });
    if (found) return found;
  }
  throw new Problem('not_found');
}
