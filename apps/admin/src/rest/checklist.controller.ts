import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { OperatorAccounts, type OperatorSession } from '#lib/operators';
import { KEY_RING, type KeyRing, Problem } from '#lib/platform';
import {
  attachFile,
  CHECKLIST_ITEMS,
  type ChecklistItem,
  confirmItem,
  FILE_TYPES,
  readChecklist,
  readFile,
  reopenItem,
  withdrawFile,
} from '#lib/tenancy';
import { actingOf } from './acting.js';
import { operatorNames } from './approval-answer.js';
import { checklistAnswer } from './checklist-answer.js';
import {
  type ChecklistAnswer,
  checklistAnswer as checklistSchema,
  confirmRequest,
  reasonRequest,
  type UploadQuery,
  uploadQuery,
} from './checklist-schemas.js';
import { Answers, fieldUuid, uuidOf } from './contract.js';
import { declaredType, TakesFile } from './file-body.js';
import { RequirePermission, Session } from './session.guard.js';

function itemOf(name: string): ChecklistItem {
  const item = CHECKLIST_ITEMS.find((each) => each === name);
  if (item === undefined) throw new Problem('not_found');
  return item;
}
const ofTenant = ApiParam({ name: 'id', type: String });
const ofItem = ApiParam({ name: 'item', enum: [...CHECKLIST_ITEMS] });
const ofFile = ApiParam({ name: 'file', type: String });

/** What has to be in order before J-LIS is notified, and the files that show it. */
@ApiTags('onboarding')
@Controller('v1/tenants/:id/checklist')
export class ChecklistController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(OperatorAccounts) private readonly accounts: OperatorAccounts,
  ) {}

  @Get()
  @RequirePermission('checklist:read')
  @ApiOperation({
    operationId: 'getChecklist',
    summary: 'Get the checklist of a tenant',
    description: 'Names of files may name people: each reading is an audit event.',
  })
  @ofTenant
  @Answers(200, checklistSchema, [401, 403, 404, 503])
  async get(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<ChecklistAnswer> {
    return this.answer(uuidOf('ten', id), session, request);
  }

  @Post('items/:item/confirm')
  @HttpCode(200)
  @RequirePermission('checklist:write')
  @ApiOperation({
    operationId: 'confirmChecklistItem',
    summary: 'Confirm that the files of an item show what they should',
    description: 'A further file, or one withdrawn, opens the item again. `connection_test` checks itself.',
  })
  @ofTenant
  @ofItem
  @Answers(200, checklistSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async confirm(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('item') item: string,
    @Body({ schema: confirmRequest }) { note }: z.output<typeof confirmRequest>,
  ): Promise<ChecklistAnswer> {
    const tenantId = uuidOf('ten', id);
    await confirmItem(this.dataSource, {
      ...this.acting(session, request),
      tenantId,
      item: itemOf(item),
      ...(note === undefined ? {} : { note }),
    });
    return this.answer(tenantId, session, request);
  }

  @Post('items/:item/reopen')
  @HttpCode(200)
  @RequirePermission('checklist:write')
  @ApiOperation({ operationId: 'reopenChecklistItem', summary: 'Take the confirmation of an item back' })
  @ofTenant
  @ofItem
  @Answers(200, checklistSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async reopen(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('item') item: string,
    @Body({ schema: reasonRequest }) { reason }: z.output<typeof reasonRequest>,
  ): Promise<ChecklistAnswer> {
    const tenantId = uuidOf('ten', id);
    await reopenItem(this.dataSource, { ...actingOf(session, request), tenantId, item: itemOf(item), reason });
    return this.answer(tenantId, session, request);
  }

  @Post('items/:item/files')
  @TakesFile()
  @RequirePermission('checklist:write')
  @ApiOperation({
    operationId: 'attachChecklistFile',
    summary: 'Attach a file to an item',
    description:
      'The body is the file, up to 10 MiB; the Content-Type says what it is and is held against the content. A file with `replaces` withdraws the one before.',
  })
  @ofTenant
  @ofItem
  @ApiConsumes(...Object.keys(FILE_TYPES))
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Answers(201, checklistSchema, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async attach(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('item') item: string,
    @Query({ schema: uploadQuery }) query: UploadQuery,
  ): Promise<ChecklistAnswer> {
    const tenantId = uuidOf('ten', id);
    await attachFile(this.dataSource, this.keyRing, {
      ...this.acting(session, request),
      tenantId,
      item: itemOf(item),
      name: query.name,
      type: declaredType(request.headers['content-type']),
      content: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      ...(query.replaces === undefined ? {} : { replaces: fieldUuid('fil', query.replaces, 'replaces') }),
      ...(query.reason === undefined ? {} : { reason: query.reason }),
    });
    return this.answer(tenantId, session, request);
  }

  @Get('files/:file')
  @RequirePermission('checklist:read')
  @ApiOperation({
    operationId: 'readChecklistFile',
    summary: 'Get a file as it was uploaded',
    description: 'Also a withdrawn one. Each reading is an audit event.',
  })
  @ofTenant
  @ofFile
  @ApiProduces(...Object.keys(FILE_TYPES))
  @Answers(200, undefined, [401, 403, 404, 503])
  async read(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('file') named: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const reading = { tenantId: uuidOf('ten', id), id: uuidOf('fil', named), ...actingOf(session, request) };
    const { file, content } = await readFile(this.dataSource, this.keyRing, reading);
    // Saved, never shown: what is in a file must not run at the console's address (RFC 6266, RFC 8187).
    void reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`);
    return new StreamableFile(content, { type: file.type, length: content.length });
  }

  @Post('files/:file/withdraw')
  @HttpCode(200)
  @RequirePermission('checklist:write')
  @ApiOperation({
    operationId: 'withdrawChecklistFile',
    summary: 'Withdraw a file',
    description: 'It is kept and stays readable; its item is open again.',
  })
  @ofTenant
  @ofFile
  @Answers(200, checklistSchema, [400, 401, 403, 404, 409, 413, 415, 503])
  async withdraw(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Param('file') named: string,
    @Body({ schema: reasonRequest }) { reason }: z.output<typeof reasonRequest>,
  ): Promise<ChecklistAnswer> {
    const tenantId = uuidOf('ten', id);
    const file = { tenantId, id: uuidOf('fil', named), reason, ...this.acting(session, request) };
    await withdrawFile(this.dataSource, file);
    return this.answer(tenantId, session, request);
  }

  private acting(
    session: OperatorSession,
    request: FastifyRequest,
  ): ReturnType<typeof actingOf> & { operatorId: string } {
    return { ...actingOf(session, request), operatorId: session.operatorId };
  }

  private async answer(tenantId: string, session: OperatorSession, request: FastifyRequest): Promise<ChecklistAnswer> {
    const reading = { tenantId, ...actingOf(session, request) };
    const checklist = await readChecklist(this.dataSource, this.keyRing, reading);
    return checklistAnswer(checklist, await operatorNames(this.accounts));
  }
}
