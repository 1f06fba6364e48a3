import type { EntityManager } from 'typeorm';
import { CSV_BOM, csvRow, type Mode, Problem, toPublicId } from '#lib/platform';
import type { Month } from './japan-month.js';
import type { UsageEvent } from './usage-event.js';

type Queries = Pick<EntityManager, 'query'>;

interface Row {
  tenant_id: string;
  name: string;
  certificate_kind: 'sign' | 'auth';
  meter: UsageEvent['meter'];
  method: UsageEvent['method'];
  purpose: UsageEvent['purpose'];
  events: string;
  decided: string;
  counted: string;
}

const HEADER = [
  'month',
  'service_id',
  'service_name',
  'certificate_kind',
  'item',
  'method',
  'purpose',
  'events',
  'decided',
  'counted',
  'basis',
];

/**
 * The monthly report to J-LIS, CSV in UTF-8 with a byte order mark: what each service provider asked, by certificate kind,
 * method and purpose. `counted` is what the tariff counts. Checks by list leave no trace at J-LIS: they are
 * `self_reported`. Made of the statements alone, so the same bytes every time. Operators' role.
 * @throws Problem `month_not_closed`
 */
export async function jlisReport(manager: Queries, mode: Mode, month: Month): Promise<string> {
  await mustBeClosed(manager, mode, month);
  const rows: Row[] = await manager.query(
    `select s.tenant_id, t.name, u.certificate_kind, u.meter, u.method, u.purpose, sum(u.events) as events,
       coalesce(sum(u.events) filter (where u.outcome <> 'indeterminate'), 0) as decided,
       coalesce(sum(u.events) filter (where u.outcome <> 'indeterminate' and u.jlis <> 'again'), 0) as counted
     from statement s join tenant t on t.id = s.tenant_id,
       jsonb_to_recordset(s.content::jsonb -> 'usage') as u(meter text, method text, purpose text, outcome text, jlis text,
         events bigint, certificate_kind text)
     where s.mode = $1 and s.month = $2 group by 1, 2, 3, 4, 5, 6 order by 1, 3, 4, 5, 6`,
    [mode, month],
  );
  const lines = rows.map((row) =>
    csvRow([
      month,
      toPublicId('ten', row.tenant_id),
      row.name,
      row.certificate_kind,
      row.meter,
      row.method,
      row.purpose,
      Number(row.events),
      Number(row.decided),
      Number(row.counted),
      row.method === 'crl' ? 'self_reported' : 'asked',
    ]),
  );
  return CSV_BOM + csvRow(HEADER) + lines.join('');
}

/** @throws Problem `month_not_closed` */
export async function mustBeClosed(manager: Queries, mode: Mode, month: Month): Promise<void> {
  const closed: unknown[] = await manager.query(
    'select 1 from month_close where mode = $1 and month = $2 and closed_at is not null',
    [mode, month],
  );
  if (closed.length === 0) throw new Problem('month_not_closed');
}
