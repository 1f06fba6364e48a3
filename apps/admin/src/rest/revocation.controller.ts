import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { appendAudit } from '#lib/audit';
import type { OperatorSession } from '#lib/operators';
import type { Hierarchy } from '#lib/pki';
import { Clock, type Mode, MODES, Problem } from '#lib/platform';
import {
  fitsKey,
  type Freshness,
  listPartitions,
  nextNightly,
  type PartitionCursor,
  type PartitionKey,
  readFreshness,
  readLastChanges,
  readMonthEntries,
  runProgress,
} from '#lib/revocation';
import { OperatorError } from '../context.js';
import { requestPlans } from '../plan-request.js';
import { actingOf } from './acting.js';
import { Answers, page, sortOf } from './contract.js';
import {
  partitionList,
  type PartitionsQuery,
  partitionsQuery,
  refreshAnswer,
  refreshRequest,
  type RevocationAnswer,
  revocationAnswer,
  revocationHistory,
} from './revocation-schemas.js';
import { RequirePermission, Session } from './session.guard.js';
import { LATE_MS, REDIS_URL } from './settings.js';

interface SourceRow {
  hierarchy: Hierarchy;
  crl_index_url: string;
  ocsp_url: string | null;
  layout: 'full' | 'partitioned';
  enabled: boolean;
  nightly_minute: number;
  last_attempt_at: Date | null;
  last_listed_at: Date | null;
  skipped: number;
  failures: number;
  last_failure: string | null;
}

const iso = (at: Date | null | undefined): string | null => at?.toISOString() ?? null;
const isoMs = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

function modeOf(named: string): Mode {
  const mode = MODES.find((each) => each === named);
  if (mode === undefined) throw new Problem('not_found');
  return mode;
}

/** @throws Problem `cursor_malformed` */
function partitionCursor(cursor: string, by: PartitionKey): PartitionCursor {
  const [, id, key] = /^(\d+) (.*)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id === undefined || key === undefined || !fitsKey(by, { id, key }))
    throw new Problem('cursor_malformed', { field: 'cursor' });
  return { id, key };
}

/** How fresh the revocation data are, and what to do when they are not. */
@ApiTags('revocation')
@Controller('v1/revocation/:mode')
export class RevocationController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(LATE_MS) private readonly lateMs: number,
    @Inject(REDIS_URL) private readonly redisUrl: string | undefined,
  ) {}

  @Get()
  @RequirePermission('revocation:read')
  @ApiOperation({ operationId: 'getRevocation', summary: 'Sources, freshness and the progress of the last refresh' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, revocationAnswer, [401, 403, 404, 503])
  async get(@Param('mode') named: string): Promise<RevocationAnswer> {
    const mode = modeOf(named);
    const sources: SourceRow[] = await this.dataSource.query(
      `select hierarchy, crl_index_url, ocsp_url, layout, enabled, nightly_minute, last_attempt_at, last_listed_at,
         skipped, failures, last_failure
       from revocation_source where mode = $1 order by hierarchy`,
      [mode],
    );
    const now = this.clock.now(mode);
    const freshness = await readFreshness(this.dataSource, mode, now, this.lateMs);
    return {
      mode,
      now: new Date(now).toISOString(),
      sources: sources.map((source) => ({
        ...source,
        next_due_at: new Date(nextNightly(source.nightly_minute, this.clock.now('live'))).toISOString(),
        last_attempt_at: iso(source.last_attempt_at),
        last_listed_at: iso(source.last_listed_at),
      })),
      freshness: freshness.map(freshnessAnswer),
    };
  }

  @Get('history')
  @RequirePermission('revocation:read')
  @ApiOperation({
    operationId: 'getRevocationHistory',
    summary: 'Entries at the end of each month, and what the newest lists changed',
  })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, revocationHistory, [401, 403, 404, 503])
  async history(@Param('mode') named: string): Promise<z.output<typeof revocationHistory>> {
    const mode = modeOf(named);
    const changed = await readLastChanges(this.dataSource, mode);
    return {
      months: await readMonthEntries(this.dataSource, mode, this.clock.now('live')),
      last_changes: changed.map(({ hierarchy, newestAt, wholeLists, changes }) => ({
        hierarchy,
        newest_at: newestAt.toISOString(),
        whole_lists: wholeLists,
        changes,
      })),
    };
  }

  @Get('partitions')
  @RequirePermission('revocation:read')
  @ApiOperation({ operationId: 'listPartitions', summary: 'List partitions; at first those that need a look' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @Answers(200, partitionList, [400, 401, 403, 404, 503])
  async partitions(
    @Param('mode') named: string,
    @Query({ schema: partitionsQuery }) query: PartitionsQuery,
  ): Promise<z.output<typeof partitionList>> {
    const mode = modeOf(named);
    const sort = sortOf(query.sort ?? 'next_update');
    const after = query.cursor === undefined ? undefined : partitionCursor(query.cursor, sort.by);
    const found = await listPartitions(this.dataSource, {
      mode,
      at: this.clock.now(mode),
      lateMs: this.lateMs,
      sort,
      limit: query.limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(query.hierarchy === undefined ? {} : { hierarchy: query.hierarchy }),
      ...(query.state === undefined ? {} : { state: query.state }),
      ...(query.name === undefined ? {} : { name: query.name }),
    });
    const { rows, next_cursor } = page(found, query.limit, ({ cursor: { id, key } }) =>
      Buffer.from(`${id} ${key}`).toString('base64url'),
    );
    return {
      data: rows.map((partition) => ({
        hierarchy: partition.hierarchy,
        name: partition.name,
        generation: partition.generation,
        states: partition.states,
        crl_number: partition.crlNumber ?? null,
        this_update: iso(partition.thisUpdate),
        next_update: iso(partition.nextUpdate),
        entries: partition.entries,
        last_attempt_at: iso(partition.lastAttemptAt),
        last_success_at: iso(partition.lastSuccessAt),
        failures: partition.failures,
        last_failure: partition.lastFailure ?? null,
      })),
      next_cursor,
    };
  }

  @Post('refresh')
  @HttpCode(202)
  @RequirePermission('revocation:refresh')
  @ApiOperation({ operationId: 'refreshRevocation', summary: 'Have the worker fetch the lists now' })
  @ApiParam({ name: 'mode', enum: [...MODES] })
  @ApiBody({ required: false })
  @Answers(202, refreshAnswer, [400, 401, 403, 404, 413, 415, 503])
  async refresh(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('mode') named: string,
    @Body({ schema: refreshRequest }) body: z.output<typeof refreshRequest>,
  ): Promise<z.output<typeof refreshAnswer>> {
    const mode = modeOf(named);
    const sources: { hierarchy: Hierarchy }[] = await this.dataSource.query(
      `select hierarchy from revocation_source
       where mode = $1 and enabled and ($2::text is null or hierarchy = $2) order by hierarchy`,
      [mode, body?.hierarchy ?? null],
    );
    if (sources.length === 0) throw new Problem('not_found');
    const requested = sources.map(({ hierarchy }) => hierarchy);
    await appendAudit(this.dataSource, {
      ...actingOf(session, request),
      action: 'revocation.request_refresh',
      target: `revocation_source:${mode}`,
      detail: { hierarchies: requested },
    });
    try {
      await requestPlans(
        this.redisUrl,
        requested.map((hierarchy) => ({ mode, hierarchy })),
      );
    } catch (error) {
      if (error instanceof OperatorError) throw new Problem('queue_unavailable');
      throw error;
    }
    return { requested };
  }
}

export function freshnessAnswer(state: Freshness): RevocationAnswer['freshness'][number] {
  const { perSecond, secondsTaken, secondsLeft } = runProgress(state.run, state.now);
  return {
    hierarchy: state.hierarchy,
    generation: state.generation,
    partitions: state.partitions,
    entries: state.entries,
    missing: state.missing,
    failing: state.failing,
    stale: state.stale,
    late: state.late,
    oldest_success_at: isoMs(state.oldestSuccessAt),
    soonest_next_update: isoMs(state.soonestNextUpdate),
    run: {
      started_at: new Date(state.run.startedAt).toISOString(),
      done: state.run.done,
      failed: state.run.failed,
      total: state.run.total,
      partitions_a_second: perSecond ?? null,
      seconds_taken: secondsTaken,
      seconds_left: secondsLeft ?? null,
    },
  };
}
