import 'reflect-metadata';
import { createDataSource, hostThread, type KeyRing, type Mode, type ThreadWork } from '#lib/platform';
import { OcspSources, readListsAt, type ListsAt } from '#lib/revocation';
import { TenantKeys } from '#lib/tenancy';
import { SweepSteps, type StepOutcome, type SweepJob } from './sweep-steps.js';

/** What the thread is started with. */
export interface MonitoringThreadData {
  databaseUrl: string;
  keyRing: KeyRing;
  ocspTimeoutMs: number;
}

export interface MonitoringRequest {
  sweep: SweepJob;
  /** How far the clock of the mode is ahead of the system's, milliseconds. */
  clockOffsetMs: number;
}

const CONNECTIONS = 4;
/** Sets of lists held: a sweep keeps to its own when newer lists come. */
const MOST_SETS = 2;

/** Sweeps, beside the thread that runs the queues: a chunk is a second of work without a break. */
hostThread(
  ({ databaseUrl, keyRing, ocspTimeoutMs }: MonitoringThreadData): ThreadWork<MonitoringRequest, StepOutcome> => {
    const dataSource = createDataSource({ url: databaseUrl, pool: CONNECTIONS, applicationName: 'shomei-monitoring' });
    const held = new Map<string, Promise<ListsAt>>();
    let connected: Promise<unknown> | undefined;
    let stopping = false;
    const listsAt = (mode: Mode, epoch: string): Promise<ListsAt> => {
      const key = `${mode} ${epoch}`;
      const lists = held.get(key) ?? readListsAt(dataSource, mode, epoch);
      // The one used longest ago goes first.
      held.delete(key);
      held.set(key, lists);
      for (const oldest of held.keys()) if (held.size > MOST_SETS) held.delete(oldest);
      lists.catch(() => held.delete(key));
      return lists;
    };
    const ocsp = (mode: Mode): Promise<OcspSources> => OcspSources.read(dataSource, mode, { timeoutMs: ocspTimeoutMs });
    const steps = new SweepSteps(dataSource, new TenantKeys(dataSource, keyRing), { listsAt, ocsp });
    return {
      answer: async ({ sweep, clockOffsetMs }) => {
        connected ??= dataSource.initialize().catch((error: unknown) => {
          // The next request tries again.
          connected = undefined;
          throw error;
        });
        await connected;
        return steps.step(
          sweep,
          () => Date.now() + clockOffsetMs,
          () => !stopping,
        );
      },
      stop: () => {
        stopping = true;
      },
      close: async () => {
        if (dataSource.isInitialized) await dataSource.destroy();
      },
    };
  },
);
