import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CrlDelivery } from '#lib/jlis';
import { REVOCATION_ENTITIES } from './entities.js';
import { PartitionRefresh } from './partition-refresh.js';
import { RefreshPlanner } from './refresh-planner.js';

/** For the process that fetches revocation lists. */
@Module({})
export class RevocationRefreshModule {
  static forRoot(options: { crlIdleTimeoutMs: number }): DynamicModule {
    return {
      module: RevocationRefreshModule,
      imports: [TypeOrmModule.forFeature(REVOCATION_ENTITIES)],
      providers: [
        RefreshPlanner,
        PartitionRefresh,
        { provide: CrlDelivery, useFactory: () => new CrlDelivery({ idleTimeoutMs: options.crlIdleTimeoutMs }) },
      ],
      exports: [RefreshPlanner, PartitionRefresh],
    };
  }
}
