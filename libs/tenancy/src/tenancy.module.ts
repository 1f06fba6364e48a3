import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';
import { TenantKeys } from './tenant-keys.js';

@Module({ providers: [ApiKeys, TenantKeys], exports: [ApiKeys, TenantKeys] })
export class TenancyModule {}
