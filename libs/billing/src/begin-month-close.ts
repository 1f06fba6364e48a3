import type { EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import { type Mode, Problem } from '#lib/platform';
import { type Month, periodOf, startOf } from './japan-month.js';

/** The transaction that begins a closing. @throws Problem `month_not_over`, `month_out_of_turn` */
export async function beginMonthClose(
  manager: EntityManager,
  { mode, month, ...acting }: Acting & { mode: Mode; month: Month },
): Promise<void> {
  const rows: {
    refusal: 'month_not_over' | 'month_out_of_turn' | null;
    expected: Month | null;
    begun: boolean | null;
  }[] = await manager.query('select refusal, expected, begun from begin_month_close($1, $2, $3)', [
    mode,
    month,
    acting.actor,
  ]);
  const { refusal, expected, begun } = rows[0]!;
  if (refusal === 'month_not_over')
    throw new Problem(refusal, { ends_at: new Date(startOf(periodOf(month).until)).toISOString() });
  if (refusal !== null) throw new Problem(refusal, { expected });
  if (begun)
    await appendAudit(manager, {
      ...acting,
      action: 'month.begin_close',
      target: `month:${mode}:${month}`,
      detail: {},
    });
}
