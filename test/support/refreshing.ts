import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JLIS_SETTINGS, JlisModule, loadJlisOptions } from '#lib/jlis';
import { ConsentWithdrawals, PersonServicesModule } from '#lib/persons';
import { Clock, loadConfig, Logger, PlatformModule } from '#lib/platform';
import { PartitionRefresh, RefreshPlanner, RevocationRefreshModule } from '#lib/revocation';
import { keyRing } from './tenants.js';

@Module({})
class RefreshRoot {}

/** The worker's services without its queues: what it does by and by is done when a test says so. */
export class Refreshing {
  private constructor(private readonly context: INestApplicationContext) {}

  static async start(databaseUrl: string, jlisSettings: Record<string, string>): Promise<Refreshing> {
    const logger = new Logger('refresh', 'warn');
    const platform = { app: 'refresh', databaseUrl, databasePool: 4, logger };
    const context = await NestFactory.createApplicationContext(
      {
        module: RefreshRoot,
        imports: [
          PlatformModule.forRoot({ ...platform, keyRing: keyRing() }),
          JlisModule.forRoot(loadJlisOptions(loadConfig(JLIS_SETTINGS, jlisSettings))),
          PersonServicesModule,
          RevocationRefreshModule.forRoot({ crlIdleTimeoutMs: 5_000, crlThreads: 1, crlLateMinutes: 720 }),
        ],
      },
      { logger: false, abortOnError: false },
    );
    return new Refreshing(context);
  }

  stop(): Promise<void> {
    return this.context.close();
  }

  /** The time of test mode as these services have it. */
  get now(): number {
    return this.context.get(Clock).now('test');
  }

  /** Fetches the revocation lists of test mode. */
  async refresh(): Promise<void> {
    for (const hierarchy of ['sign', 'auth'] as const)
      for (const job of await this.context.get(RefreshPlanner).plan({ mode: 'test', hierarchy }))
        await this.context.get(PartitionRefresh).refresh(job);
  }

  /** Reads the withdrawals of consents at J-LIS. */
  readWithdrawals(): Promise<number | undefined> {
    return this.context.get(ConsentWithdrawals).poll('test', 0);
  }
}
