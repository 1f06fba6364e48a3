import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable, Logger } from '#lib/platform';

/** The database writes a key's last use at most once in this time whatever it is told; asking more often is waste. */
const NOTED_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Tells the database when keys were last used: after the request, and never instead of it. */
@Injectable()
export class ApiKeyUses {
  private readonly notedAt = new Map<string, number>();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  note(keyHash: string): void {
    const now = performance.now();
    const notedAt = this.notedAt.get(keyHash);
    if (notedAt !== undefined && now - notedAt < NOTED_MS) return;
    if (this.notedAt.size >= MAX_REMEMBERED) this.notedAt.clear();
    this.notedAt.set(keyHash, now);
    setImmediate(() => void this.write(keyHash));
  }

  private async write(keyHash: string): Promise<void> {
    try {
      await this.dataSource.query('select note_api_key_use($1)', [Buffer.from(keyHash, 'hex')]);
    } catch (error) {
      this.notedAt.delete(keyHash);
      // The requests themselves tell of an outage.
      if (!isDatabaseUnavailable(error)) this.logger.error('api_key_use_not_noted', { error });
    }
  }
}
