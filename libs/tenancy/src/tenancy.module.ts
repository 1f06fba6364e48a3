import { Module } from '@nestjs/common';
import { ApiKeyUses } from './api-key-uses.js';
import { ApiKeys } from './api-keys.js';
import { OwnApiKeys } from './own-api-keys.js';
import { TenantKeys } from './tenant-keys.js';

@Module({ providers: [ApiKeys, ApiKeyUses, OwnApiKeys, TenantKeys], exports: [ApiKeys, OwnApiKeys, TenantKeys] })
export class TenancyModule {}
