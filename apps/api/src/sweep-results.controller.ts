import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Inject, type OnModuleDestroy, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type FileEncoding, StatusSweeps, type SweepResult } from '#lib/monitoring';
import type { By, ConclusionCode } from '#lib/persons';
import { CSV_BOM, csvRow, encodeCp932, fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { LimitedAs } from './endpoint-class.js';
import { Answers } from './contract.js';
import {
  rejectionAnswer,
  SWEEP_CSV_COLUMNS,
  sweepAnswer,
  sweepCsvRow,
  sweepResultAnswer,
} from './status-sweeps.answers.js';
import { sweepUuid } from './status-sweeps.controller.js';
import {
  rejectionList,
  rejectionListQuery,
  sweepResultCsvQuery,
  sweepResultList,
  sweepResultListQuery,
} from './status-sweeps.schemas.js';

/** Persons read by one transaction of an export. */
const PAGE = 5_000;
/** Between two looks at a sweep's progress, and the longest one stream of it lasts, milliseconds. */
const LOOK_MS = 1_000;
const STREAM_MS = 10 * 60_000;
/** Of one tenant in this process. */
const MOST_STREAMS = 10;

const byOf = ({ apiKeyId }: Principal, request: FastifyRequest): By => ({
  actor: `api_key:${apiKeyId}`,
  requestId: request.id,
});

@ApiTags('status sweeps')
@ApiBearerAuth()
@Controller('v1/status-sweeps/:id')
export class SweepResultsController implements OnModuleDestroy {
  private readonly streams = new Map<string, number>();
  private readonly stopping = new AbortController();

  constructor(@Inject(StatusSweeps) private readonly sweeps: StatusSweeps) {}

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  @Get('results')
  @RequireScope('sweeps:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'listStatusSweepResults',
    summary: 'What a sweep has found so far, by person',
    description: 'A running sweep adds persons to the end. The read is recorded.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, sweepResultList, [400, 401, 403, 404, 409, 503])
  async results(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query({ schema: sweepResultListQuery }) query: z.output<typeof sweepResultListQuery>,
  ): Promise<z.output<typeof sweepResultList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('per', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    // One more than asked for tells whether there is a next page.
    const page = {
      limit: query.limit + 1,
      ...(after === undefined ? {} : { after }),
      ...(query.conclusion === undefined ? {} : { conclusion: query.conclusion }),
    };
    const found = await this.sweeps.results(principal, sweepUuid(id), page, byOf(principal, request));
    const told = found.slice(0, query.limit);
    const last = told.at(-1);
    return {
      data: told.map(sweepResultAnswer),
      next_cursor: found.length > query.limit && last ? toPublicId('per', last.personId) : null,
    };
  }

  @Get('results.csv')
  @RequireScope('sweeps:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'exportStatusSweepResults',
    summary: 'The same as a table',
    description:
      'UTF-8 with byte order mark, or CP932 (Windows-31J), with CRLF. A text that a spreadsheet would run is led by an apostrophe. The read is recorded.',
  })
  @ApiParam({ name: 'id', type: String })
  @ApiProduces('text/csv')
  @Answers(200, z.string(), [400, 401, 403, 404, 409, 422, 503])
  async csv(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query({ schema: sweepResultCsvQuery }) query: z.output<typeof sweepResultCsvQuery>,
  ): Promise<StreamableFile> {
    const uuid = sweepUuid(id);
    const { encoding } = query;
    // Before the first octet is sent: half a file would be worse than none.
    await this.sweeps.checkTable(principal, uuid, encoding);
    const pages = this.pages(principal, uuid, query.conclusion, byOf(principal, request));
    async function* rows(): AsyncGenerator<Buffer> {
      yield encode(csvRow(SWEEP_CSV_COLUMNS), encoding, CSV_BOM);
      for await (const page of pages)
        yield encode(page.map((result) => sweepCsvRow(sweepResultAnswer(result))).join(''), encoding);
    }
    return new StreamableFile(Readable.from(rows(), { objectMode: false }), {
      type: `text/csv; charset=${encoding === 'cp932' ? 'windows-31j' : 'utf-8'}`,
      disposition: `attachment; filename="status-sweep-${id}.csv"`,
    });
  }

  /** A transaction for each page: none is open while the caller reads. */
  private async *pages(
    principal: Principal,
    id: string,
    conclusion: ConclusionCode | undefined,
    by: By,
  ): AsyncGenerator<SweepResult[]> {
    let after: string | undefined;
    for (;;) {
      const page = { limit: PAGE, ...(after === undefined ? {} : { after }), ...(conclusion ? { conclusion } : {}) };
      const found = await this.sweeps.results(principal, id, page, by);
      if (found.length > 0) yield found;
      if (found.length < PAGE) return;
      after = found.at(-1)!.personId;
    }
  }

  @Get('rejections')
  @RequireScope('sweeps:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listStatusSweepRejections', summary: 'Lines of the request that stand for nobody' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, rejectionList, [400, 401, 403, 404, 409, 503])
  async rejections(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Query({ schema: rejectionListQuery }) { cursor, limit }: z.output<typeof rejectionListQuery>,
  ): Promise<z.output<typeof rejectionList>> {
    const after = cursor === undefined ? 0 : /^[1-9][0-9]{0,8}$/.test(cursor) ? Number(cursor) : undefined;
    if (after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    const found = await this.sweeps.rejections(principal, sweepUuid(id), { after, limit: limit + 1 });
    const page = found.slice(0, limit);
    return {
      data: page.map(rejectionAnswer),
      next_cursor: found.length > limit ? String(page.at(-1)!.line) : null,
    };
  }

  @Get('progress')
  @RequireScope('sweeps:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'streamStatusSweepProgress',
    summary: 'A sweep as it goes on, as server-sent events',
    description:
      'An event `progress` with the `StatusSweep` at once and whenever it has changed, and one `end` when it has ended. The stream itself ends after that, and after ten minutes.',
  })
  @ApiParam({ name: 'id', type: String })
  @ApiProduces('text/event-stream')
  @Answers(200, z.string(), [401, 403, 404, 503])
  async progress(@Caller() principal: Principal, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const uuid = sweepUuid(id);
    await this.sweeps.get(principal, uuid);
    const key = `${principal.tenantId}|${principal.mode}`;
    const open = this.streams.get(key) ?? 0;
    if (open >= MOST_STREAMS) throw new Problem('too_many_streams');
    this.streams.set(key, open + 1);
    const stream = Readable.from(this.look(principal, uuid), { objectMode: false });
    stream.once('close', () => {
      const left = (this.streams.get(key) ?? 1) - 1;
      if (left > 0) this.streams.set(key, left);
      else this.streams.delete(key);
    });
    await reply.type('text/event-stream; charset=utf-8').send(stream);
  }

  private async *look(principal: Principal, id: string): AsyncGenerator<string> {
    const deadline = performance.now() + STREAM_MS;
    let told = '';
    while (!this.stopping.signal.aborted && performance.now() < deadline) {
      const sweep = await this.sweeps.get(principal, id);
      const isOver = sweep.endedAt !== undefined;
      const data = JSON.stringify(sweepAnswer(sweep));
      const state = `${sweep.state} ${sweep.done} ${sweep.total}`;
      // A comment shows whoever waits that somebody is still there.
      yield state === told ? ': still the same\n\n' : `event: ${isOver ? 'end' : 'progress'}\ndata: ${data}\n\n`;
      told = state;
      if (isOver) return;
      await sleep(LOOK_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}

const encode = (text: string, encoding: FileEncoding, mark = ''): Buffer =>
  encoding === 'cp932' ? encodeCp932(text) : Buffer.from(mark + text);
