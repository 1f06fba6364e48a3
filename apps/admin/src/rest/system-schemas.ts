import { z } from 'zod';
import { JOB_QUEUES } from '../job-queues.js';
import { LISTED_STATES } from '../queued-jobs.js';
import { cursor, limit, mode, time } from './schemas.js';
import { hierarchy } from './revocation-schemas.js';

const queue = z.enum(JOB_QUEUES);

export const systemAnswer = z
  .object({
    programs: z
      .array(z.object({ app: z.string(), version: z.string(), node: z.string(), started_at: time }))
      .meta({ description: 'Processes that are connected to the database now.' }),
    database: z.object({
      version: z.string(),
      migration: z.string().meta({ description: 'The newest one that was carried out.' }),
      migrations: z.number(),
      answer_ms: z.number(),
    }),
    redis: z.object({
      state: z.enum(['up', 'down', 'not_set']),
      version: z.string().nullable(),
      answer_ms: z.number().nullable(),
    }),
    settings: z
      .array(
        z.object({
          name: z.string(),
          secret: z.boolean(),
          value: z.string().nullable(),
          source: z.enum(['environment', 'file', 'default', 'none']),
        }),
      )
      .meta({ description: 'Of the admin program itself; no secret has a value here.' }),
  })
  .meta({ id: 'System' });
export type SystemAnswer = z.output<typeof systemAnswer>;

export const queueList = z
  .object({
    data: z.array(
      z
        .object({
          queue,
          active: z.number(),
          waiting: z.number().meta({ description: 'For a free hand.' }),
          delayed: z.number().meta({ description: 'For their next attempt; what a schedule will bring is none yet.' }),
          failed: z.number().meta({ description: 'Given up, as far as they are kept.' }),
          schedules: z.array(
            z.object({ name: z.string(), pattern: z.string(), zone: z.string(), next_at: time.nullable() }),
          ),
        })
        .meta({ id: 'JobQueue' }),
    ),
  })
  .meta({ id: 'JobQueueList' });
export type QueueListAnswer = z.output<typeof queueList>;

export const jobsQuery = z.strictObject({
  state: z.enum(LISTED_STATES).default('failed'),
  cursor,
  limit,
});
export type JobsQuery = z.output<typeof jobsQuery>;

export const jobList = z
  .object({
    data: z.array(
      z
        .object({
          id: z.string(),
          queue,
          name: z.string(),
          state: z.enum(LISTED_STATES),
          subject: z
            .object({
              mode: mode.optional(),
              hierarchy: hierarchy.optional(),
              partition: z.string().optional(),
              sweep_id: z.string().optional(),
              month: z.string().optional(),
            })
            .meta({ description: 'Which work it is; nothing else of its data.' }),
          attempts: z.number(),
          reason: z.string().nullable(),
          added_at: time,
          last_attempt_at: time.nullable(),
          due_at: time.nullable(),
        })
        .meta({ id: 'QueuedJob' }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'QueuedJobList' });
export type QueuedJobAnswer = z.output<typeof jobList>['data'][number];

export const retryAnswer = z
  .object({ retried: z.number().meta({ description: 'How many jobs the worker has been told to do again.' }) })
  .meta({ id: 'JobsRetried' });
