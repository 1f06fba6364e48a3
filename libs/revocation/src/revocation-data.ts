import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Hierarchy } from '#lib/pki';
import { Logger, MODES, type Mode } from '#lib/platform';
import { AnchorStore } from './anchor-store.js';
import { RevocationSourceRow } from './entities.js';
import { ReplacedBuffers } from './replaced-buffers.js';
import { ResidentSet } from './resident-set.js';
import { SnapshotLoader } from './snapshot-loader.js';

/** How long a change in the database may go unnoticed, milliseconds. */
const POLL_MS = 1_000;

/**
 * What this process knows about revocation: lists, sources and anchors of both modes, kept up to date by polling one
 * row per mode. When the database cannot be asked, what is held goes on answering until it is stale by its own times.
 */
@Injectable()
export class RevocationData implements OnModuleInit, OnModuleDestroy {
  private readonly lists: Record<Mode, ResidentSet> = { live: new ResidentSet(), test: new ResidentSet() };
  private readonly ocspUrls = new Map<string, string>();
  private readonly seen = new Map<Mode, bigint>();
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> | undefined;
  private turn = Promise.resolve();
  private stopped = false;
  private failing = false;
  private readonly loader: SnapshotLoader;
  private readonly replaced = new ReplacedBuffers();
  private takenOverAt: number | undefined;
  private firstLoadMs: number | undefined;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(Logger) private readonly logger: Logger,
  ) {
    this.loader = new SnapshotLoader(dataSource, logger);
  }

  async onModuleInit(): Promise<void> {
    const startedAt = performance.now();
    await this.anchors.load();
    await this.refresh();
    const ms = Math.round(performance.now() - startedAt);
    this.firstLoadMs = ms;
    for (const mode of MODES) this.logger.log('revocation_loaded', { mode, ms, ...this.lists[mode].stats });
    this.schedule();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.polling;
    await this.loader.stop();
    this.replaced.stop();
  }

  /** How current this process is: milliseconds since it last knew to hold all there is, and what its start took. */
  get currency(): { ageMs?: number; firstLoadMs?: number } {
    return {
      ...(this.takenOverAt === undefined ? {} : { ageMs: performance.now() - this.takenOverAt }),
      ...(this.firstLoadMs === undefined ? {} : { firstLoadMs: this.firstLoadMs }),
    };
  }

  set(mode: Mode): ResidentSet {
    return this.lists[mode];
  }

  ocspUrl(mode: Mode, hierarchy: Hierarchy): string | undefined {
    return this.ocspUrls.get(`${mode} ${hierarchy}`);
  }

  /**
   * Takes over every change committed before the call. One at a time: of two that read the same partition, the one that
   * saw its older head might put it in last.
   */
  refresh(): Promise<void> {
    const next = (): Promise<void> => this.readChanges();
    // How the one before ended is told to whoever asked for it.
    this.turn = this.turn.then(next, next);
    return this.turn;
  }

  private async readChanges(): Promise<void> {
    const askedAt = performance.now();
    const rows: { mode: Mode; epoch: string }[] = await this.dataSource.query(
      `select mode, epoch from revocation_epoch order by mode`,
    );
    for (const { mode, epoch } of rows) {
      const now = BigInt(epoch);
      let seen = this.seen.get(mode) ?? -1n;
      if (now < seen) {
        // A restored database. Its epochs may stand for other lists than those seen under them.
        this.logger.error('revocation_epoch_went_back', { mode, seen: String(seen), epoch });
        seen = -1n;
      }
      if (now > seen) await this.takeOver(mode, seen, now);
    }
    this.takenOverAt = askedAt;
  }

  /**
   * Loads what changed after `seen`. The epoch was read first, so all changes up to it are visible now; a failure on the
   * way leaves `seen` as it was and the next poll does it again.
   */
  private async takeOver(mode: Mode, seen: bigint, epoch: bigint): Promise<void> {
    await this.anchors.reload(mode);
    const sources = await this.dataSource.getRepository(RevocationSourceRow).findBy({ mode });
    for (const hierarchy of ['sign', 'auth'] as const) {
      const url = sources.find((source) => source.hierarchy === hierarchy && source.enabled)?.ocspUrl;
      if (url) this.ocspUrls.set(`${mode} ${hierarchy}`, url);
      else this.ocspUrls.delete(`${mode} ${hierarchy}`);
    }
    const changed = await this.loader.load(mode, seen, {
      put: (list) => this.replaced.add(this.lists[mode].put(list)),
      corrupt: ({ partitionId, crlId, rule }) =>
        this.logger.error('snapshot_corrupt', { mode, partition: partitionId, crl: crlId, rule }),
    });
    this.seen.set(mode, epoch);
    if (seen >= 0n) this.logger.log('revocation_updated', { mode, epoch: String(epoch), partitions: changed });
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.polling = this.poll();
    }, POLL_MS);
    this.timer.unref();
  }

  private async poll(): Promise<void> {
    try {
      await this.refresh();
      if (this.failing) this.logger.log('revocation_poll_recovered');
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.logger.error('revocation_poll_failed', { error });
      this.failing = true;
    }
    this.schedule();
  }
}
