import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsageEventRow } from './usage-event.entity.js';

@Module({ imports: [TypeOrmModule.forFeature([UsageEventRow])] })
export class BillingModule {}
