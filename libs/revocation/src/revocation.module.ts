import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OcspTransport } from '#lib/jlis';
import { AnchorStore } from './anchor-store.js';
import { REVOCATION_ENTITIES } from './entities.js';
import { ResidentMetrics } from './resident-metrics.js';
import { RevocationData } from './revocation-data.js';
import { RevocationHistory } from './revocation-history.js';
import { RevocationService } from './revocation-service.js';
import { SerialStatuses } from './serial-statuses.js';

/** For processes that ask about certificates. Start-up fails when a mode holds an anchor of the other. */
@Module({})
export class RevocationModule {
  static forRoot(options: { ocspTimeoutMs: number }): DynamicModule {
    return {
      module: RevocationModule,
      imports: [TypeOrmModule.forFeature(REVOCATION_ENTITIES)],
      providers: [
        AnchorStore,
        RevocationData,
        RevocationService,
        RevocationHistory,
        SerialStatuses,
        ResidentMetrics,
        { provide: OcspTransport, useFactory: () => new OcspTransport({ timeoutMs: options.ocspTimeoutMs }) },
      ],
      exports: [AnchorStore, RevocationData, RevocationService, RevocationHistory, SerialStatuses],
    };
  }
}
