import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { KeyRing } from './config.js';
import { Clock } from './clock.js';
import { Logger } from './logger.js';

/** Injection token of the key ring. */
export const KEY_RING = Symbol('KEY_RING');

export interface PlatformOptions {
  app: string;
  databaseUrl: string;
  databasePool: number;
  keyRing: KeyRing;
  logger: Logger;
}

/** What every process has: one database pool under its role, the clock, the log and the key ring. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: options.databaseUrl,
          autoLoadEntities: true,
          synchronize: false,
          migrationsRun: false,
          retryAttempts: 0,
          applicationName: `shomei-${options.app}`,
          extra: { max: options.databasePool, connectionTimeoutMillis: 5_000, statement_timeout: 60_000 },
        }),
      ],
      providers: [
        { provide: Logger, useValue: options.logger },
        { provide: KEY_RING, useValue: options.keyRing },
        Clock,
      ],
      exports: [Logger, KEY_RING, Clock],
    };
  }
}
