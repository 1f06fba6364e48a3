import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MonthClosing } from './close-month.js';
import { InvoiceExporting } from './invoice-exports.js';
import { UsageEventRow } from './usage-event.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([UsageEventRow])],
  providers: [MonthClosing, InvoiceExporting],
  exports: [MonthClosing, InvoiceExporting],
})
export class BillingModule {}
