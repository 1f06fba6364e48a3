import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { fromPublicId, Problem, toPublicId, type Mode } from '#lib/platform';
import { OwnApiKeys, type MadeKey, type OwnApiKey, type Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import {
  apiKeyAnswer,
  apiKeyList,
  apiKeyListQuery,
  apiKeyRequest,
  apiKeyRotation,
  newApiKeyAnswer,
  type ApiKeyAnswer,
  type ApiKeyBody,
  type ApiKeyListQuery,
  type ApiKeyRotationBody,
  type NewApiKeyAnswer,
} from './api-keys.schemas.js';
import { callOf } from './call.js';
import { Answers, IdempotencyHeader, markReplay } from './contract.js';
import { LimitedAs } from './endpoint-class.js';

@ApiTags('API keys')
@ApiBearerAuth()
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(OwnApiKeys) private readonly apiKeys: OwnApiKeys) {}

  @Post()
  @RequireScope('admin')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key of this tenant and mode',
    description: 'Never wider than the key that makes it: in its scopes, its addresses or its life.',
  })
  @IdempotencyHeader()
  @Answers(201, newApiKeyAnswer, [400, 401, 403, 409, 413, 415, 422, 503])
  async create(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Body({ schema: apiKeyRequest }) body: ApiKeyBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewApiKeyAnswer> {
    const made = await this.apiKeys.create(
      principal,
      {
        name: body.name,
        scopes: body.scopes,
        allowedAddresses: body.allowed_addresses,
        expiresAt: typeof body.expires_at === 'string' ? new Date(body.expires_at) : body.expires_at,
      },
      callOf(request, body),
    );
    return newAnswerOf(made, principal, reply);
  }

  @Get()
  @RequireScope('admin')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listApiKeys', summary: 'List the keys of this tenant and mode, newest first' })
  @Answers(200, apiKeyList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: apiKeyListQuery }) query: ApiKeyListQuery,
  ): Promise<z.output<typeof apiKeyList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('key', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    // One more than asked for tells whether there is a next page.
    const limit = query.limit + 1;
    const found = await this.apiKeys.list(principal, { limit, ...(after === undefined ? {} : { after }) });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map((key) => answerOf(key, principal.mode)),
      next_cursor: found.length > query.limit && last ? toPublicId('key', last.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('admin')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'getApiKey', summary: 'Get one key' })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, apiKeyAnswer, [401, 403, 404, 503])
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<ApiKeyAnswer> {
    return answerOf(await this.apiKeys.get(principal, uuidOf(id)), principal.mode);
  }

  @Post(':id/rotate')
  @RequireScope('admin')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'rotateApiKey',
    summary: 'Replace the secret of a key',
    description:
      'Makes a key with all that this one may; this one goes on for `overlap_hours`. A key that may more than the caller’s cannot be rotated with it.',
  })
  @ApiParam({ name: 'id', type: String })
  @IdempotencyHeader()
  @Answers(201, newApiKeyAnswer, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async rotate(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body({ schema: apiKeyRotation }) body: ApiKeyRotationBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewApiKeyAnswer> {
    const wanted = { id: uuidOf(id), overlapHours: body.overlap_hours };
    return newAnswerOf(await this.apiKeys.rotate(principal, wanted, callOf(request, body)), principal, reply);
  }

  @Post(':id/revoke')
  @HttpCode(200)
  @RequireScope('admin')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke a key for good',
    description:
      'Within a second it reads nothing, and from this moment on it stores nothing. May be repeated. Keys that it has made stay; `made_by` tells which.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, apiKeyAnswer, [401, 403, 404, 503])
  async revoke(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<ApiKeyAnswer> {
    return answerOf(await this.apiKeys.revoke(principal, uuidOf(id), request.id), principal.mode);
  }
}

function uuidOf(id: string): string {
  const uuid = fromPublicId('key', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

const isoOrNull = (date: Date | undefined): string | null => date?.toISOString() ?? null;
const keyIdOrNull = (id: string | undefined): string | null => (id === undefined ? null : toPublicId('key', id));

const answerOf = (key: OwnApiKey, mode: Mode): ApiKeyAnswer => ({
  id: toPublicId('key', key.id),
  name: key.name,
  prefix: `shm_${mode}_`,
  last_four: key.lastFour,
  scopes: [...key.scopes],
  allowed_addresses: [...key.allowedAddresses],
  created_at: key.createdAt.toISOString(),
  expires_at: isoOrNull(key.expiresAt),
  revoked_at: isoOrNull(key.revokedAt),
  last_used_at: isoOrNull(key.lastUsedAt),
  made_by: keyIdOrNull(key.madeBy),
  rotated_from: keyIdOrNull(key.rotatedFrom),
});

function newAnswerOf({ key, secret, replayed }: MadeKey, { mode }: Principal, reply: FastifyReply): NewApiKeyAnswer {
  markReplay(reply, replayed);
  return { ...answerOf(key, mode), secret: secret ?? null };
}
