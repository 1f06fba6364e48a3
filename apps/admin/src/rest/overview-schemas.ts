import { z } from 'zod';
import { JOB_QUEUES } from '../job-queues.js';
import { TENANT_STATES } from '#lib/tenancy';
import { freshness } from './revocation-schemas.js';
import { mode, time, waitingApprovals } from './schemas.js';

export const overviewQuery = z.strictObject({ mode: mode.default('live') });
export type OverviewQuery = z.output<typeof overviewQuery>;

const from = time.meta({ description: 'When the hour, or the day in Japan, begins. Those with nothing are left out.' });
const counts = z.array(
  z
    .object({
      from,
      kind: z.enum(['signature', 'authentication']),
      outcome: z.enum(['valid', 'invalid', 'indeterminate']),
      checks: z.number(),
    })
    .meta({ id: 'CheckCount' }),
);
const quantiles = {
  answers: z.number(),
  p50_ms: z.number().meta({ description: 'Half took at most so long; up to a tenth too high.' }),
  p99_ms: z.number(),
};
const times = z.array(z.object({ from, ...quantiles }).meta({ id: 'AnswerTimes' }));

const checks = z
  .object({
    counted_at: time
      .nullable()
      .meta({ description: 'Everything that was durable then is counted; null: nothing yet.' }),
    hours: counts,
    days: counts,
    answer_times: z.object({
      whole: z.object(quantiles).nullable().meta({ description: 'Of the hours; null: no answers.' }),
      hours: times,
      days: times,
    }),
  })
  .meta({ id: 'OverviewChecks' });

const queues = z
  .object({
    reachable: z.boolean().meta({ description: 'Whether Redis answers; without it nothing is refreshed or swept.' }),
    queues: z.array(
      z
        .object({
          queue: z.enum(JOB_QUEUES),
          waiting: z.number(),
          active: z.number(),
          delayed: z.number(),
          failed: z.number().meta({ description: 'Of those that are kept.' }),
        })
        .meta({ id: 'QueueDepth' }),
    ),
  })
  .meta({ id: 'OverviewQueues' });

const waitingTenants = z
  .object({
    count: z.number(),
    longest: z
      .array(z.object({ id: z.string(), name: z.string(), state: z.enum(TENANT_STATES), state_since: time }))
      .meta({ description: 'Those in their state for the longest time.' }),
  })
  .meta({ id: 'OverviewTenants' });

const yen = z.number().meta({ description: 'Yen without tax.' });
const revenue = z
  .object({
    month: z.string(),
    contract_yen: yen,
    jlis_yen: yen,
    billed_yen: yen,
    tenants: z.number().meta({ description: 'In the sums.' }),
    unpriced: z.number().meta({ description: 'Tenants left out because something of theirs has no price yet.' }),
    made_at: time,
  })
  .meta({ id: 'OverviewRevenue' });

/** A part that the operator's roles may not read is null. */
export const overviewAnswer = z
  .object({
    mode,
    now: time.meta({ description: 'Real time.' }),
    checks: checks.nullable(),
    revocation: z.array(freshness).nullable(),
    queues: queues.nullable(),
    tenants: waitingTenants.nullable(),
    approvals: waitingApprovals.nullable(),
    revenue: z
      .object({ estimate: revenue.nullable().meta({ description: 'Null: none was made yet.' }) })
      .nullable()
      .meta({ description: 'An estimate: what the month would come to if it were closed now.' }),
  })
  .meta({ id: 'Overview' });
export type OverviewAnswer = z.output<typeof overviewAnswer>;
