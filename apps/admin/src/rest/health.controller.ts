import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { Logger, Problem } from '#lib/platform';
import { Open } from './session.guard.js';

/** A database that is frozen is not ready either. */
const READY_TIMEOUT_MS = 2_000;

@ApiExcludeController()
@Open()
@Controller('health')
export class HealthController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(): Promise<{ status: 'ok' }> {
    try {
      await Promise.race([
        this.dataSource.query('select 1'),
        sleep(READY_TIMEOUT_MS).then(() => Promise.reject(new Error('timed out'))),
      ]);
    } catch (error) {
      this.logger.warn('not_ready', { error });
      throw new Problem('storage_unavailable');
    }
    return { status: 'ok' };
  }
}
