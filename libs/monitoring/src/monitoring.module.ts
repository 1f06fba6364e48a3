import { Module, type DynamicModule } from '@nestjs/common';
import { TenancyModule } from '#lib/tenancy';
import { ChangeWatch } from './change-watch.js';
import { MONITORING_OPTIONS, MonitoringHost, type MonitoringOptions } from './monitoring-host.js';
import { StatusSweeps } from './status-sweeps.js';
import { SweepFiles } from './sweep-files.js';

/** Sweeps as tenants ask for them. */
@Module({ providers: [StatusSweeps, SweepFiles], exports: [StatusSweeps, SweepFiles] })
export class MonitoringModule {}

/** For the process that carries them out. */
@Module({})
export class MonitoringWorkModule {
  static forRoot(options: MonitoringOptions): DynamicModule {
    return {
      module: MonitoringWorkModule,
      imports: [TenancyModule],
      providers: [ChangeWatch, MonitoringHost, { provide: MONITORING_OPTIONS, useValue: options }],
      exports: [ChangeWatch, MonitoringHost],
    };
  }
}
