import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { type AuditEvent, searchAudit } from '#lib/audit';
import { Clock, fromPublicId, type IdPrefix, toPublicId } from '#lib/platform';
import { Answers, cursorUuid, fieldUuid, page, publicActor } from './contract.js';
import { auditList, type AuditQuery, auditQuery } from './search-schemas.js';
import { RequirePermission } from './session.guard.js';

const DEFAULT_WINDOW_MS = 30 * 86_400_000;
const PREFIX_OF: Record<string, IdPrefix> = {
  operator: 'opr',
  tenant: 'ten',
  api_key: 'key',
  approval: 'apr',
  verification: 'ver',
};

/** `operator:opr_…` as it is stored; anything else as it was typed. */
function storedName(text: string): string {
  const [noun = '', id = ''] = text.split(':', 2);
  const prefix = PREFIX_OF[noun];
  const uuid = prefix && fromPublicId(prefix, id);
  return uuid === undefined ? text : `${noun}:${uuid}`;
}

@ApiTags('audit')
@Controller('v1/audit-events')
export class AuditController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('audit:read')
  @ApiOperation({ operationId: 'searchAudit', summary: 'Search the audit trail, newest first' })
  @Answers(200, auditList, [400, 401, 403, 503])
  async search(@Query({ schema: auditQuery }) query: AuditQuery): Promise<z.output<typeof auditList>> {
    const to = query.recorded_before === undefined ? undefined : Date.parse(query.recorded_before);
    const from =
      query.recorded_after === undefined
        ? (to ?? this.clock.now('live')) - DEFAULT_WINDOW_MS
        : Date.parse(query.recorded_after);
    const cursor = cursorUuid('aud', query.cursor);
    const found = await searchAudit(this.dataSource, {
      from,
      limit: query.limit + 1,
      ...(to === undefined ? {} : { to }),
      ...(query.actor === undefined ? {} : { actor: storedName(query.actor) }),
      ...(query.action === undefined ? {} : { action: query.action }),
      ...(query.target === undefined ? {} : { target: storedName(query.target) }),
      ...(query.tenant_id === undefined ? {} : { tenantId: fieldUuid('ten', query.tenant_id, 'tenant_id') }),
      ...(query.request_id === undefined ? {} : { requestId: query.request_id }),
      ...(cursor === undefined ? {} : { after: cursor }),
    });
    const { rows, next_cursor } = page(found, query.limit, (last) => toPublicId('aud', last.id));
    return { data: rows.map(auditAnswer), next_cursor };
  }
}

const auditAnswer = (event: AuditEvent): z.output<typeof auditList>['data'][number] => ({
  id: toPublicId('aud', event.id),
  recorded_at: event.recordedAt,
  tenant_id: event.tenantId === null ? null : toPublicId('ten', event.tenantId),
  mode: event.mode,
  actor: publicActor(event.actor),
  action: event.action,
  target: publicActor(event.target),
  request_id: event.requestId,
  ip: event.ip,
  schema_version: event.schemaVersion,
  detail: event.detail,
  change: event.change,
});
