import type { EntityManager } from 'typeorm';
import { readInIndexOrder, type Tenancy } from '#lib/platform';
import type { Disclosure } from '#lib/tenancy';
import type { EventType } from '#lib/webhook';

/**
 * `at`: milliseconds by the clock of the mode; `day`: the day of Japan then; `disclosure`: what may be told now of
 * certificates known by a counterpart lookup only.
 */
interface When {
  at: number;
  day: string;
  disclosure: Disclosure;
}

const STATUS_CHANGED: EventType = 'person.status_changed';
const EXPIRING: EventType = 'person.certificate_expiring';

/**
 * One event for each person about whom something is to be told: whatever lists said of either certificate is one change
 * of the person. Who was told of a change today is told of another one tomorrow. In the tenant's transaction; the same
 * statement that writes the event marks what it tells, so nothing is told twice or lost.
 * @returns how many
 */
export async function tellChanges(manager: EntityManager, { tenantId, mode }: Tenancy, when: When): Promise<number> {
  await readInIndexOrder(manager);
  const told: { n: number }[] = await manager.query(
    `with due as (
       select distinct c.person_id from (
         select certificate_id from status_change
         where tenant_id = $1 and mode = $2 and event_id is null order by certificate_id offset 0) s
       cross join lateral (
         select person_id, provenance from person_certificate
         where tenant_id = $1 and mode = $2 and id >= s.certificate_id and id <= s.certificate_id order by id limit 1) c
       where c.provenance <> 'counterpart' or $6 <> 'none'),
     noticed as (
       insert into status_notice (tenant_id, mode, person_id, day, event_id)
       select $1, $2, person_id, $3, gen_random_uuid() from due
       on conflict do nothing returning person_id, event_id),
     -- Looked up one by one, see readInIndexOrder, and written by their place.
     marked as (
       update status_change s set event_id = m.event_id from (
         select n.event_id, u.place from noticed n
         cross join lateral (
           select id from person_certificate where tenant_id = $1 and mode = $2 and person_id = n.person_id
           order by first_seen_at, id offset 0) c
         cross join lateral (
           select ctid as place from status_change
           where tenant_id = $1 and mode = $2 and certificate_id >= c.id and certificate_id <= c.id and event_id is null
           order by certificate_id offset 0) u) m
       where s.ctid = m.place and s.tenant_id = $1 and s.mode = $2),
     written as (
       insert into event (tenant_id, mode, id, type, occurred_at, data)
       select $1, $2, event_id, $5, $4, jsonb_build_object('person_id', person_id) from noticed)
     select count(*)::int as n from noticed`,
    [tenantId, mode, when.day, new Date(when.at), STATUS_CHANGED, when.disclosure],
  );
  return told[0]!.n;
}

/**
 * One event for each certificate that ends within 60, within 30 and within 7 days, as far as the tenant may know its end,
 * and knows of no successor and no revocation. One that was met late is told of once.
 * @returns how many
 */
export async function tellExpiring(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { at, disclosure }: When,
): Promise<number> {
  const told: { n: number }[] = await manager.query(
    `with ending as (
       select c.id, c.person_id, (case when c.not_after <= $3::timestamptz + interval '7 days' then 7
         when c.not_after <= $3::timestamptz + interval '30 days' then 30 else 60 end)::smallint as days
       from person_certificate c
       where c.tenant_id = $1 and c.mode = $2 and not c.hop
         and c.not_after > $3 and c.not_after <= $3::timestamptz + interval '60 days'
         and (c.provenance <> 'counterpart' or $4 = 'status')
         and not exists (select 1 from certificate_link l
           where l.tenant_id = $1 and l.mode = $2 and l.relation = 'renewal' and l.from_id = c.id)
         and not exists (select 1 from status_change s
           where s.tenant_id = $1 and s.mode = $2 and s.certificate_id = c.id)),
     noticed as (
       insert into expiry_notice (tenant_id, mode, certificate_id, days, event_id)
       select $1, $2, e.id, e.days, gen_random_uuid() from ending e
       -- After a clock was moved back, what comes later was told before.
       where not exists (select 1 from expiry_notice n
         where n.tenant_id = $1 and n.mode = $2 and n.certificate_id = e.id and n.days <= e.days)
       on conflict do nothing returning certificate_id, event_id),
     written as (
       insert into event (tenant_id, mode, id, type, occurred_at, data)
       select $1, $2, n.event_id, $5, $3,
         jsonb_build_object('person_id', e.person_id, 'certificate_id', e.id)
       from noticed n join ending e on e.id = n.certificate_id)
     select count(*)::int as n from noticed`,
    [tenantId, mode, new Date(at), disclosure, EXPIRING],
  );
  return told[0]!.n;
}
