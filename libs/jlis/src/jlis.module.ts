import { type DynamicModule, Module } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { METRICS } from '#lib/platform';
import { auditedRecord } from './jlis-call-record.js';
import { JlisCalls } from './jlis-calls.js';
import type { JlisOptions } from './jlis-options.js';
import { JlisMetrics } from './jlis-metrics.js';
import { JlisServices } from './jlis-services.js';

/** The J-LIS services, once in a process: connections, circuits and counts are shared by all who ask. */
@Module({})
export class JlisModule {
  static forRoot(options: JlisOptions): DynamicModule {
    return {
      module: JlisModule,
      global: true,
      providers: [
        {
          provide: JlisCalls,
          inject: [DataSource, METRICS],
          useFactory: (dataSource: DataSource, registry: Registry) =>
            new JlisCalls({
              ...options,
              metrics: new JlisMetrics(registry),
              record: auditedRecord(dataSource),
            }),
        },
        JlisServices,
      ],
      exports: [JlisServices],
    };
  }
}
