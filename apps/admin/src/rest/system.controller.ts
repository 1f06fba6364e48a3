import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { appendAudit } from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import type { Hierarchy } from '#lib/pki';
import { Problem, runningPrograms, type ShownSetting } from '#lib/platform';
import { OperatorError } from '../context.js';
import { inRedis, JOB_QUEUES, type JobQueue } from '../job-queues.js';
import { listJobs, type QueuedJob, readQueues, retryFailedJobs, retryJob } from '../queued-jobs.js';
import { actingOf } from './acting.js';
import { Answers } from './contract.js';
import { RequirePermission, Session } from './session.guard.js';
import { REDIS_URL, SHOWN_SETTINGS } from './settings.js';
import {
  jobList,
  jobsQuery,
  type JobsQuery,
  queueList,
  type QueueListAnswer,
  type QueuedJobAnswer,
  retryAnswer,
  systemAnswer,
  type SystemAnswer,
} from './system-schemas.js';

const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** What runs, in which version, how it does, and what the worker has to do. Nobody is named. */
@ApiTags('system')
@Controller('v1/system')
export class SystemController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(REDIS_URL) private readonly redisUrl: string | undefined,
    @Inject(SHOWN_SETTINGS) private readonly settings: readonly ShownSetting[],
  ) {}

  @Get()
  @RequirePermission('system:read')
  @ApiOperation({ operationId: 'getSystem', summary: 'Versions and health of the parts, and the settings' })
  @Answers(200, systemAnswer, [401, 403, 503])
  async get(): Promise<SystemAnswer> {
    const [database, redis, programs] = await Promise.all([
      this.database(),
      this.redis(),
      runningPrograms(this.dataSource),
    ]);
    return {
      programs: programs.map(({ startedAt, ...program }) => ({
        ...program,
        started_at: new Date(startedAt).toISOString(),
      })),
      database,
      redis,
      settings: [...this.settings],
    };
  }

  @Get('queues')
  @RequirePermission('system:read')
  @ApiOperation({ operationId: 'listJobQueues', summary: "The worker's queues: jobs by state, and schedules" })
  @Answers(200, queueList, [401, 403, 503])
  async queues(): Promise<QueueListAnswer> {
    const found = await answered(readQueues(this.redisUrl));
    return {
      data: found.map(({ schedules, ...queue }) => ({
        ...queue,
        schedules: schedules.map(({ next, ...schedule }) => ({ ...schedule, next_at: isoOrNull(next) })),
      })),
    };
  }

  @Get('queues/:queue/jobs')
  @RequirePermission('system:read')
  @ApiOperation({
    operationId: 'listJobs',
    summary: 'Jobs that failed, newest first, or that wait for their next attempt, soonest first',
  })
  @ApiParam({ name: 'queue', enum: [...JOB_QUEUES] })
  @Answers(200, jobList, [400, 401, 403, 404, 503])
  async jobs(
    @Param('queue') named: string,
    @Query({ schema: jobsQuery }) { state, cursor, limit }: JobsQuery,
  ): Promise<z.output<typeof jobList>> {
    const queue = queueOf(named);
    const offset = offsetOf(cursor);
    const { jobs, more } = await answered(listJobs(this.redisUrl, queue, { state, offset, limit }));
    const partitions = await this.partitions(jobs.flatMap(({ subject }) => subject.partitionId ?? []));
    return {
      data: jobs.map((job) => jobAnswer(queue, job, partitions)),
      next_cursor: more ? String(offset + limit) : null,
    };
  }

  @Post('queues/:queue/jobs/:id/retry')
  @HttpCode(202)
  @RequirePermission('system:retry')
  @ApiOperation({ operationId: 'retryJob', summary: 'Have the worker do a job again now' })
  @ApiParam({ name: 'queue', enum: [...JOB_QUEUES] })
  @ApiParam({ name: 'id', type: String })
  @Answers(202, retryAnswer, [401, 403, 404, 409, 503])
  async retry(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('queue') named: string,
    @Param('id') id: string,
  ): Promise<z.output<typeof retryAnswer>> {
    const queue = queueOf(named);
    const record = (job: { name: string; state: string }): Promise<void> =>
      appendAudit(this.dataSource, {
        ...actingOf(session, request),
        action: 'job.retry',
        target: `queue:${queue}`,
        detail: { job: id, ...job },
      });
    await answered(retryJob(this.redisUrl, queue, id, record));
    return { retried: 1 };
  }

  @Post('queues/:queue/retry-failed')
  @HttpCode(202)
  @RequirePermission('system:retry')
  @ApiOperation({ operationId: 'retryFailedJobs', summary: 'Have the worker do every failed job of a queue again' })
  @ApiParam({ name: 'queue', enum: [...JOB_QUEUES] })
  @Answers(202, retryAnswer, [401, 403, 404, 503])
  async retryFailed(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('queue') named: string,
  ): Promise<z.output<typeof retryAnswer>> {
    const queue = queueOf(named);
    const record = (failed: number): Promise<void> =>
      appendAudit(this.dataSource, {
        ...actingOf(session, request),
        action: 'job.retry_failed',
        target: `queue:${queue}`,
        detail: { failed },
      });
    return { retried: await answered(retryFailedJobs(this.redisUrl, queue, record)) };
  }

  private async database(): Promise<SystemAnswer['database']> {
    const began = performance.now();
    const [found]: { version: string; migration: string; migrations: number }[] = await this.dataSource.query(
      `select current_setting('server_version') as version, count(*)::int as migrations,
         (select name from schema_migration order by id desc limit 1) as migration
       from schema_migration`,
    );
    return { ...found!, answer_ms: Math.round(performance.now() - began) };
  }

  private async redis(): Promise<SystemAnswer['redis']> {
    if (this.redisUrl === undefined) return { state: 'not_set', version: null, answer_ms: null };
    try {
      return await inRedis(this.redisUrl, async ({ redis }) => {
        const began = performance.now();
        const facts = await redis.info('server');
        const version = /^(?:valkey|redis)_version:(\S+)/m.exec(facts)?.[1] ?? null;
        return { state: 'up' as const, version, answer_ms: Math.round(performance.now() - began) };
      });
    } catch (error) {
      if (error instanceof OperatorError) return { state: 'down', version: null, answer_ms: null };
      throw error;
    }
  }

  /** What partitions are called, by their ids. */
  private async partitions(ids: readonly string[]): Promise<Map<string, { hierarchy: Hierarchy; name: string }>> {
    if (ids.length === 0) return new Map();
    const rows: { id: string; hierarchy: Hierarchy; name: string }[] = await this.dataSource.query(
      'select id, hierarchy, name from crl_partition where id = any($1::bigint[])',
      [ids],
    );
    return new Map(rows.map(({ id, ...partition }) => [id, partition]));
  }
}

/** @throws Problem `queue_unavailable` */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof OperatorError) throw new Problem('queue_unavailable');
    throw error;
  }
}

function queueOf(named: string): JobQueue {
  const queue = JOB_QUEUES.find((each) => each === named);
  if (queue === undefined) throw new Problem('not_found');
  return queue;
}

/** @throws Problem `cursor_malformed` */
function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,9}$/.test(cursor)) throw new Problem('cursor_malformed', { field: 'cursor' });
  return Number(cursor);
}

function jobAnswer(
  queue: JobQueue,
  { subject: { partitionId, sweepId, ...subject }, addedAt, lastAttemptAt, dueAt, reason, ...job }: QueuedJob,
  partitions: ReadonlyMap<string, { hierarchy: Hierarchy; name: string }>,
): QueuedJobAnswer {
  const partition = partitionId === undefined ? undefined : partitions.get(partitionId);
  return {
    ...job,
    queue,
    subject: {
      ...subject,
      ...(sweepId === undefined ? {} : { sweep_id: sweepId }),
      ...(partition === undefined ? {} : { hierarchy: partition.hierarchy, partition: partition.name }),
    },
    reason: reason ?? null,
    added_at: new Date(addedAt).toISOString(),
    last_attempt_at: isoOrNull(lastAttemptAt),
    due_at: isoOrNull(dueAt),
  };
}
