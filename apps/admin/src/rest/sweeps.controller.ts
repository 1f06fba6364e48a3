import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { type FoundSweep, searchSweeps, sweepProgress } from '#lib/monitoring';
import { Problem, toPublicId } from '#lib/platform';
import { Answers, cursorUuid, fieldUuid, orderOf, page, uuidOf } from './contract.js';
import { RequirePermission } from './session.guard.js';
import { foundSweep, foundSweepList, sweepQuery } from './sweep-schemas.js';

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

type Lists = NonNullable<FoundSweep['snapshot']>['sign'];
const listsAnswer = ({ lists, entries, missing, stale, oldestThisUpdate, newestThisUpdate, sha256 }: Lists) => ({
  lists,
  entries,
  missing,
  stale,
  oldest_this_update: iso(oldestThisUpdate),
  newest_this_update: iso(newestThisUpdate),
  sha256,
});

function sweepAnswer(sweep: FoundSweep): z.output<typeof foundSweep> {
  const { snapshot } = sweep;
  const { perSecond, secondsLeft } = sweepProgress(sweep);
  return {
    id: toPublicId('swp', sweep.id),
    tenant_id: toPublicId('ten', sweep.tenantId),
    mode: sweep.mode,
    state: sweep.state,
    selection: sweep.selection,
    certificates: sweep.certificates,
    method: sweep.method,
    created_at: iso(sweep.createdAt)!,
    checked_at: iso(sweep.checkedAt),
    began_at: iso(sweep.beganAt),
    ended_at: iso(sweep.endedAt),
    results_erased_at: iso(sweep.resultsErasedAt),
    snapshot: snapshot
      ? { epoch: snapshot.epoch, sign: listsAnswer(snapshot.sign), auth: listsAnswer(snapshot.auth) }
      : null,
    done: sweep.done,
    total: sweep.total ?? null,
    persons_a_second: perSecond === undefined ? null : Math.round(perSecond),
    seconds_left: secondsLeft === undefined ? null : Math.ceil(secondsLeft),
    summary: { ...sweep.summary },
    rejected: sweep.rejected,
    failure: sweep.failure ?? null,
  };
}

/** Status sweeps of all tenants: how far they are and what they come to. Nobody in them. */
@ApiTags('status sweeps')
@Controller('v1/status-sweeps')
export class SweepsController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get()
  @RequirePermission('sweeps:read')
  @ApiOperation({ operationId: 'listSweeps', summary: 'List status sweeps, newest first unless asked otherwise' })
  @Answers(200, foundSweepList, [400, 401, 403, 503])
  async list(
    @Query({ schema: sweepQuery }) query: z.output<typeof sweepQuery>,
  ): Promise<z.output<typeof foundSweepList>> {
    const { mode, state, limit } = query;
    const tenantId = query.tenant_id === undefined ? undefined : fieldUuid('ten', query.tenant_id, 'tenant_id');
    const after = cursorUuid('swp', query.cursor);
    const found = await searchSweeps(this.dataSource, {
      order: orderOf(query.sort),
      limit: limit + 1,
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(mode === undefined ? {} : { mode }),
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after }),
    });
    const { rows, next_cursor } = page(found, limit, (last) => toPublicId('swp', last.id));
    return { data: rows.map(sweepAnswer), next_cursor };
  }

  @Get(':id')
  @RequirePermission('sweeps:read')
  @ApiOperation({ operationId: 'getSweep', summary: 'Get one status sweep with its progress' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, foundSweep, [401, 403, 404, 503])
  async get(@Param('id') id: string): Promise<z.output<typeof foundSweep>> {
    const [found] = await searchSweeps(this.dataSource, { id: uuidOf('swp', id), limit: 1 });
    if (!found) throw new Problem('not_found');
    return sweepAnswer(found);
  }
}
