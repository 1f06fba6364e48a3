import { setTimeout as sleep } from 'node:timers/promises';
import { beginMonthClose, isMonth, MONTH_QUEUE, type MonthJob, monthJobName, monthJobOptions } from '#lib/billing';
import { type Mode, Problem } from '#lib/platform';
import { CommandRefused } from './command-refused.js';
import { type OperatorContext, OperatorError } from './context.js';
import { addJobs } from './plan-request.js';

const WAIT_POLL_MS = 250;

/** The closing of a month, asked for at the machine. */
export interface MonthCloseRequest {
  mode: Mode;
  /** YYYY-MM in Japan. */
  month: string;
  /** Whether to wait until every statement is written. */
  wait: boolean;
  timeoutMs: number;
}

/**
 * Has the worker close a month that is over. One that is closed stays as it is.
 * @throws CommandRefused for no month; OperatorError `month_not_over`, `month_out_of_turn`, `redis_unavailable`, `close_timeout`
 */
export async function monthClose(
  context: OperatorContext,
  { mode, month, wait, timeoutMs }: MonthCloseRequest,
): Promise<void> {
  if (!isMonth(month)) throw new CommandRefused('--month is YYYY-MM');
  const { dataSource, actor } = context;
  try {
    await dataSource.transaction((manager) => beginMonthClose(manager, { mode, month, actor }));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { expected, ends_at } = error.members as { expected?: string; ends_at?: string };
    const hint = expected === undefined ? `It ends at ${ends_at ?? '?'}.` : `The next one is ${expected}.`;
    throw new OperatorError(error.code, `${month} of ${mode} cannot be closed. ${hint}`);
  }
  const job: MonthJob = { mode, month };
  if (!(await isClosed(context, mode, month)))
    await addJobs(context.redisUrl, MONTH_QUEUE, [{ name: monthJobName(job), data: job, opts: monthJobOptions(job) }]);
  const deadline = performance.now() + timeoutMs;
  while (wait && !(await isClosed(context, mode, month))) {
    if (performance.now() > deadline)
      throw new OperatorError('close_timeout', `${month} is not closed after ${timeoutMs} ms. Is the worker running?`);
    await sleep(WAIT_POLL_MS);
  }
  const state = (await isClosed(context, mode, month)) ? 'closed' : 'closing';
  context.out(JSON.stringify({ mode, month, state }));
}

async function isClosed({ dataSource }: OperatorContext, mode: Mode, month: string): Promise<boolean> {
  const rows: unknown[] = await dataSource.query(
    'select 1 from month_close where mode = $1 and month = $2 and closed_at is not null',
    [mode, month],
  );
  return rows.length > 0;
}
