import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import pg from 'pg';
import { Registry } from 'prom-client';
import type { KeyRing } from './config.js';
import { Clock } from './clock.js';
import { BACKGROUND_QUERY_TIMEOUT_MS, poolOptions } from './database.js';
import { Logger } from './logger.js';
import { programName } from './running-program.js';

/** Injection token of the key ring. */
export const KEY_RING = Symbol('KEY_RING');

/** Injection token of the registry that holds the process's metrics. */
export const METRICS = Symbol('METRICS');

export interface PlatformOptions {
  app: string;
  databaseUrl: string;
  databasePool: number;
  /** Longest statement, milliseconds; absent: that of background work. */
  queryTimeoutMs?: number;
  keyRing: KeyRing;
  logger: Logger;
  /** Absent: metrics are counted and shown to nobody. */
  metrics?: Registry;
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
          driver: pg,
          url: options.databaseUrl,
          autoLoadEntities: true,
          synchronize: false,
          migrationsRun: false,
          retryAttempts: 0,
          applicationName: programName(options.app),
          extra: poolOptions(options.databasePool, options.queryTimeoutMs ?? BACKGROUND_QUERY_TIMEOUT_MS),
        }),
      ],
      providers: [
        { provide: Logger, useValue: options.logger },
        { provide: KEY_RING, useValue: options.keyRing },
        { provide: METRICS, useValue: options.metrics ?? new Registry() },
        Clock,
      ],
      exports: [Logger, KEY_RING, METRICS, Clock],
    };
  }
}
