import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CrlDelivery } from '#lib/jlis';
import { REVOCATION_ENTITIES } from './entities.js';
import { FreshnessWatch } from './freshness-watch.js';
import { INGEST_OPTIONS, type IngestOptions, PartitionRefresh } from './partition-refresh.js';
import { LATE_MS, RefreshMetrics } from './refresh-metrics.js';
import { RefreshPlanner } from './refresh-planner.js';
import { ListRetention } from './list-retention.js';

export interface RevocationRefreshOptions {
  crlIdleTimeoutMs: number;
  crlThreads: number;
  crlLateMinutes: number;
}

/** For the process that fetches revocation lists. */
@Module({})
export class RevocationRefreshModule {
  static forRoot(options: RevocationRefreshOptions): DynamicModule {
    const { crlIdleTimeoutMs, crlThreads: threads, crlLateMinutes } = options;
    return {
      module: RevocationRefreshModule,
      imports: [TypeOrmModule.forFeature(REVOCATION_ENTITIES)],
      providers: [
        RefreshPlanner,
        PartitionRefresh,
        RefreshMetrics,
        FreshnessWatch,
        ListRetention,
        { provide: LATE_MS, useValue: crlLateMinutes * 60_000 },
        { provide: INGEST_OPTIONS, useValue: { threads, crlIdleTimeoutMs } satisfies IngestOptions },
        { provide: CrlDelivery, useFactory: () => new CrlDelivery({ idleTimeoutMs: crlIdleTimeoutMs }) },
      ],
      exports: [RefreshPlanner, PartitionRefresh, FreshnessWatch, ListRetention, INGEST_OPTIONS],
    };
  }
}
