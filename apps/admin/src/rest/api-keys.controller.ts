import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import type { OperatorSession } from '#lib/operators';
import { Problem, toPublicId } from '#lib/platform';
import {
  createApiKey,
  findTenant,
  listApiKeys,
  NoSuchThing,
  revokeApiKey,
  rotateApiKey,
  type ShownApiKey,
  TenantNotLive,
} from '#lib/tenancy';
import { actingOf } from './acting.js';
import { Answers, uuidOf } from './contract.js';
import {
  type ApiKeyBody,
  apiKeyAnswer as keySchema,
  apiKeyList,
  apiKeyRequest,
  apiKeyRotation,
  type ApiKeyRotationBody,
  newApiKeyAnswer,
} from './schemas.js';
import { RequirePermission, Session } from './session.guard.js';

const apiKeyAnswer = (key: ShownApiKey): z.output<typeof keySchema> => ({
  id: toPublicId('key', key.id),
  mode: key.mode,
  name: key.name,
  last_four: key.lastFour,
  scopes: key.scopes,
  allowed_addresses: key.allowedAddresses,
  created_at: key.createdAt.toISOString(),
  expires_at: key.expiresAt?.toISOString() ?? null,
  revoked_at: key.revokedAt?.toISOString() ?? null,
  last_used_at: key.lastUsedAt?.toISOString() ?? null,
  made_by: key.madeBy === undefined ? null : toPublicId('key', key.madeBy),
  rotated_from: key.rotatedFrom === undefined ? null : toPublicId('key', key.rotatedFrom),
});

@ApiTags('api-keys')
@Controller('v1')
export class ApiKeysController {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  @Get('tenants/:id/api-keys')
  @RequirePermission('api_keys:read')
  @ApiOperation({ operationId: 'listApiKeys', summary: "List a tenant's keys of both modes, newest first" })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, apiKeyList, [401, 403, 404, 503])
  async list(@Param('id') id: string): Promise<z.output<typeof apiKeyList>> {
    const tenantId = await this.tenant(id);
    return { data: (await listApiKeys(this.dataSource, tenantId)).map(apiKeyAnswer) };
  }

  @Post('tenants/:id/api-keys')
  @RequirePermission('api_keys:write')
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make a key',
    description: 'The secret is shown this once. Without `scopes` the key has all of them but `admin`.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, newApiKeyAnswer, [400, 401, 403, 404, 409, 413, 415, 503])
  async create(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: apiKeyRequest }) body: ApiKeyBody,
  ): Promise<z.output<typeof newApiKeyAnswer>> {
    const wanted = {
      tenantId: await this.tenant(id),
      mode: body.mode,
      name: body.name,
      allowedAddresses: body.allowed_addresses,
      ...(body.scopes === undefined ? {} : { scopes: body.scopes }),
      ...(body.expires_at === undefined ? {} : { expiresAt: new Date(body.expires_at) }),
      ...actingOf(session, request),
    };
    const key = await refusing(() => createApiKey(this.dataSource, wanted));
    return { id: toPublicId('key', key.id), api_key: key.secret };
  }

  @Post('api-keys/:id/rotate')
  @RequirePermission('api_keys:write')
  @ApiOperation({
    operationId: 'rotateApiKey',
    summary: 'Replace the secret of a key',
    description:
      'Makes a key with all that this one may; this one goes on for `overlap_hours`. The secret is shown this once.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(201, newApiKeyAnswer, [400, 401, 403, 404, 409, 413, 415, 422, 503])
  async rotate(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
    @Body({ schema: apiKeyRotation }) body: ApiKeyRotationBody,
  ): Promise<z.output<typeof newApiKeyAnswer>> {
    const wanted = { id: uuidOf('key', id), overlapHours: body.overlap_hours, ...actingOf(session, request) };
    const key = await refusing(() => rotateApiKey(this.dataSource, wanted));
    return { id: toPublicId('key', key.id), api_key: key.secret };
  }

  @Post('api-keys/:id/revoke')
  @HttpCode(204)
  @RequirePermission('api_keys:write')
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke a key for good',
    description: 'Takes effect within a second.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(204, undefined, [401, 403, 404, 503])
  async revoke(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Param('id') id: string,
  ): Promise<void> {
    const wanted = { id: uuidOf('key', id), ...actingOf(session, request) };
    await refusing(() => revokeApiKey(this.dataSource, wanted));
  }

  private async tenant(id: string): Promise<string> {
    const tenant = await findTenant(this.dataSource, uuidOf('ten', id));
    if (!tenant) throw new Problem('not_found');
    return tenant.id;
  }
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoSuchThing) throw new Problem('not_found');
    if (error instanceof TenantNotLive) throw new Problem('tenant_not_live', { field: 'mode' });
    throw error;
  }
}
