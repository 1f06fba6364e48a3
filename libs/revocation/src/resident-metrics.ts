import { Inject, Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { METRICS, MODES } from '#lib/platform';
import { RevocationData } from './revocation-data.js';

/** What a process that answers about revocation holds, and how current it is. */
@Injectable()
export class ResidentMetrics {
  constructor(@Inject(METRICS) registry: Registry, @Inject(RevocationData) data: RevocationData) {
    const registers = [registry];
    const perMode = (name: string, help: string, value: (mode: (typeof MODES)[number]) => number | undefined): void => {
      new Gauge({
        name,
        help,
        labelNames: ['mode'],
        registers,
        collect() {
          this.reset();
          for (const mode of MODES) {
            const found = value(mode);
            if (found !== undefined) this.set({ mode }, found);
          }
        },
      });
    };
    perMode('shomei_resident_partitions', 'Lists in memory.', (mode) => data.set(mode).stats.partitions);
    perMode('shomei_resident_entries', 'Revoked serials in memory.', (mode) => data.set(mode).stats.entries);
    perMode('shomei_resident_soonest_next_update_timestamp_seconds', 'The first nextUpdate in memory.', (mode) => {
      let soonest = Infinity;
      for (const { nextUpdate } of data.set(mode).lists()) soonest = Math.min(soonest, nextUpdate);
      return soonest === Infinity ? undefined : soonest / 1000;
    });
    const single = (name: string, help: string, value: () => number | undefined): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const found = value();
          if (found !== undefined) this.set(found);
        },
      });
    };
    single('shomei_resident_age_seconds', 'Since this process last knew to hold all there is.', () => {
      const { ageMs } = data.currency;
      return ageMs === undefined ? undefined : ageMs / 1000;
    });
    single('shomei_resident_first_load_seconds', 'What loading took at the start.', () => {
      const { firstLoadMs } = data.currency;
      return firstLoadMs === undefined ? undefined : firstLoadMs / 1000;
    });
  }
}
