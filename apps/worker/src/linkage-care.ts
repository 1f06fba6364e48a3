import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import { type DueLinkage, PendingLinkages } from '#lib/persons';
import { Logger, METRICS, type Mode, MODES } from '#lib/platform';
import { RepeatedWork } from './repeated-work.js';
import { runInLanes } from './run-in-lanes.js';

/** Milliseconds between two looks at what is due. */
const LOOK_MS = 5_000;
/** What one look takes up; the tenants take turns in it. */
const AT_ONCE = 200;
/** Tenants worked for at the same time, each with one question at a time. */
const LANES = 8;
/** After that long the next look is due, with others' turns, milliseconds. */
const ROUND_MS = 30_000;

/** Tries pending linkages again when they are due. Needs the database and J-LIS; each mode goes by itself. */
@Injectable()
export class LinkageCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;
  private readonly attempts: Counter<'mode' | 'outcome'>;
  private readonly due: Gauge<'mode'>;
  private stopping = false;

  constructor(
    @Inject(PendingLinkages) private readonly pending: PendingLinkages,
    @Inject(Logger) private readonly logger: Logger,
    @Inject(METRICS) registry: Registry,
  ) {
    this.work = new RepeatedWork(logger);
    this.attempts = new Counter({
      name: 'shomei_linkage_attempts_total',
      help: 'Attempts to resolve a pending linkage by what they came to.',
      labelNames: ['mode', 'outcome'],
      registers: [registry],
    });
    this.due = new Gauge({
      name: 'shomei_linkages_due',
      help: `Pending linkages due at the last look, of which at most ${AT_ONCE} are counted.`,
      labelNames: ['mode'],
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    for (const mode of MODES) this.work.every(LOOK_MS, 'linkage_care_failed', () => this.look(mode));
  }

  /** An attempt under way is let finish; if there is no time for that, another process takes it up. */
  onModuleDestroy(): Promise<void> {
    this.stopping = true;
    return this.work.stop();
  }

  private async look(mode: Mode): Promise<void> {
    const due = await this.pending.findDue(mode, AT_ONCE);
    this.due.set({ mode }, due.length);
    const end = performance.now() + ROUND_MS;
    const goOn = (): boolean => !this.stopping && performance.now() < end;
    const laneOf = ({ tenancy }: DueLinkage): string => tenancy.tenantId;
    await runInLanes(due, { laneOf, lanes: LANES, goOn }, (linkage) => this.attempt(linkage));
  }

  private async attempt({ tenancy, id }: DueLinkage): Promise<void> {
    const { mode } = tenancy;
    try {
      this.attempts.inc({ mode, outcome: await this.pending.attempt(tenancy, id) });
    } catch (error) {
      // One that cannot be worked on, for example for want of its key, keeps nobody else's from it.
      this.attempts.inc({ mode, outcome: 'failed' });
      this.logger.error('linkage_attempt_failed', { linkage: id, mode, error });
    }
  }
}
