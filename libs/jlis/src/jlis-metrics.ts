import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Mode } from '#lib/platform';
import { CIRCUIT_STATES, type CircuitState } from './circuit-breaker.js';
import type { ServiceName } from './service-contract.js';

/** What is looked up when the metrics are read. */
export interface JlisState {
  circuits(): { mode: Mode; service: ServiceName; state: CircuitState }[];
  underWay(): { mode: Mode; calls: number }[];
  certificates(): { mode: Mode; notAfter: number }[];
}

/** Calls of the J-LIS services by this process. */
export class JlisMetrics {
  private readonly calls: Counter<'mode' | 'service' | 'outcome'>;
  private readonly retries: Counter<'mode' | 'service'>;
  private readonly seconds: Histogram<'mode' | 'service'>;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    this.calls = new Counter({
      name: 'shomei_jlis_calls_total',
      help: 'Calls of a J-LIS service by their end.',
      labelNames: ['mode', 'service', 'outcome'],
      registers,
    });
    this.retries = new Counter({
      name: 'shomei_jlis_retries_total',
      help: 'Attempts after the first one of a call.',
      labelNames: ['mode', 'service'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'shomei_jlis_call_seconds',
      help: 'Duration of a call with all its attempts and waits.',
      labelNames: ['mode', 'service'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
  }

  ended(mode: Mode, service: ServiceName, outcome: string, durationMs: number): void {
    this.calls.inc({ mode, service, outcome });
    this.seconds.observe({ mode, service }, durationMs / 1000);
  }

  retried(mode: Mode, service: ServiceName): void {
    this.retries.inc({ mode, service });
  }

  /** Shows what `state` tells at the time the metrics are read. */
  watch(state: JlisState): void {
    const registers = [this.registry];
    new Gauge({
      name: 'shomei_jlis_circuit_state',
      help: '0 closed, 1 half open, 2 open: the service is not asked.',
      labelNames: ['mode', 'service'],
      registers,
      collect() {
        for (const { state: circuit, ...labels } of state.circuits()) this.set(labels, CIRCUIT_STATES.indexOf(circuit));
      },
    });
    new Gauge({
      name: 'shomei_jlis_calls_under_way',
      help: 'Calls that hold a connection.',
      labelNames: ['mode'],
      registers,
      collect() {
        for (const { mode, calls } of state.underWay()) this.set({ mode }, calls);
      },
    });
    new Gauge({
      name: 'shomei_jlis_client_certificate_not_after_timestamp_seconds',
      help: 'End of the certificate by which J-LIS knows us.',
      labelNames: ['mode'],
      registers,
      collect() {
        for (const { mode, notAfter } of state.certificates()) this.set({ mode }, notAfter / 1000);
      },
    });
  }
}
