import { setTimeout as sleep } from 'node:timers/promises';
import { type Mode, MODES } from '#lib/platform';
import { JlisCall, type JlisCaller, type PlatformCaller } from './jlis-call.js';
import type { RecordJlisCall } from './jlis-call-record.js';
import type { JlisOptions } from './jlis-options.js';
import type { JlisMetrics } from './jlis-metrics.js';
import { JlisUnavailable } from './jlis-unavailable.js';
import { malformed, readAnswer, ServiceRefusal } from './read-answer.js';
import { retryDelay } from './retry-delay.js';
import type { ServiceAnswer, ServiceName, ServiceRequest } from './service-contract.js';
import { newServiceLine, type ServiceLine } from './service-line.js';
import { tlsExchange, type TlsLimits } from './tls-exchange.js';

export interface JlisCallsOptions extends JlisOptions {
  metrics: JlisMetrics;
  record: RecordJlisCall;
  /** A clock that only goes forward, milliseconds. */
  steadyNow?: () => number;
}

/** In both directions. */
const MAX_BODY_BYTES = 64 * 1024;
/** Faults of the way or of a proxy. */
const FAULTY_STATUS: ReadonlySet<unknown> = new Set([502, 503, 504]);

type Contradiction = (answer: unknown) => string | undefined;

/** Makes calls of J-LIS services: within their deadline, bounded in number, recorded whatever their end. */
export class JlisCalls {
  private readonly lines: ReadonlyMap<Mode, ServiceLine>;
  private readonly now: () => number;

  constructor(private readonly options: JlisCallsOptions) {
    const { endpoints, connections, metrics, steadyNow = () => performance.now() } = options;
    this.now = steadyNow;
    const lines = MODES.flatMap((mode) => {
      const endpoint = endpoints[mode];
      return endpoint ? [{ mode, line: newServiceLine(endpoint, connections) }] : [];
    });
    this.lines = new Map(lines.map(({ mode, line }) => [mode, line]));
    metrics.watch({
      circuits: () =>
        lines.flatMap(({ mode, line }) =>
          [...line.circuits].map(([service, circuit]) => ({ mode, service, state: circuit.state(this.now()) })),
        ),
      underWay: () => lines.map(({ mode, line }) => ({ mode, calls: line.slots.inUse })),
      certificates: () => lines.map(({ mode, line }) => ({ mode, notAfter: line.endpoint.notAfter })),
    });
  }

  /**
   * One call with its attempts. It returns when its record is durable.
   * @param contradiction tells what in a well-formed answer cannot be, if anything.
   * @throws JlisUnavailable, ServiceRefusal; an error of `record`, after which the answer is lost.
   */
  async call<S extends ServiceName>(
    service: S,
    caller: JlisCaller | PlatformCaller,
    request: ServiceRequest<S>,
    contradiction: (answer: ServiceAnswer<S>) => string | undefined = () => undefined,
  ): Promise<ServiceAnswer<S>> {
    const call = new JlisCall(service, caller, request);
    const startedAt = this.now();
    const deadline = startedAt + Math.min(caller.timeoutMs ?? Infinity, this.options.timeoutMs);
    const finish = async (outcome: string, fact?: string | number): Promise<void> => {
      const durationMs = this.now() - startedAt;
      this.options.metrics.ended(caller.mode, service, outcome, durationMs);
      const end = { outcome, attempts: call.attempts, durationMs, ...(fact === undefined ? {} : { fact }) };
      await this.options.record({ ...call.record, end });
    };
    let answer: ServiceAnswer<S>;
    try {
      // Both casts rest on readAnswer, which has parsed the answer by the schema of this service.
      answer = (await this.attempts(call, deadline, contradiction as Contradiction)) as ServiceAnswer<S>;
    } catch (error) {
      if (error instanceof JlisUnavailable) await finish(error.detail, error.fact);
      else if (error instanceof ServiceRefusal) await finish(error.code);
      else this.options.metrics.ended(caller.mode, service, 'internal', this.now() - startedAt);
      throw error;
    }
    await finish('state' in answer ? answer.state : 'answered');
    return answer;
  }

  /** Ends the connections that are kept. */
  close(): void {
    for (const { kept, fresh } of this.lines.values()) for (const agent of [kept, fresh]) agent.destroy();
  }

  private async attempts(call: JlisCall, deadline: number, contradiction: Contradiction): Promise<unknown> {
    const { mode, service } = call.record;
    const line = this.lines.get(mode);
    if (!line) throw new JlisUnavailable('not_configured', mode);
    let failed: JlisUnavailable | undefined;
    for (;;)
      try {
        return await this.attempt(line, call, deadline, contradiction);
      } catch (error) {
        if (!(error instanceof JlisUnavailable)) throw error;
        // The first attempt's failure tells more than that a second one was not made.
        if (failed && NOT_ASKED.has(error.detail)) throw failed;
        failed = error;
        const delay = retryDelay(error, {
          attempt: call.attempts,
          metered: call.row.metered,
          remainingMs: deadline - this.now(),
          random: Math.random(),
        });
        if (delay === undefined) throw error;
        await sleep(delay);
        this.options.metrics.retried(mode, service);
      }
  }

  private async attempt(
    line: ServiceLine,
    call: JlisCall,
    deadline: number,
    contradiction: Contradiction,
  ): Promise<unknown> {
    const circuit = line.circuits.get(call.record.service)!;
    // Nobody waits for a connection only to be turned away.
    if (!circuit.admits(this.now())) throw new JlisUnavailable('circuit_open');
    const release = await line.slots.take(call.party, Math.max(0, deadline - this.now()) / 4);
    try {
      // A process that dies during a metered call must not leave a charge of which nothing here tells.
      if (call.row.metered && call.attempts === 0) await this.options.record(call.record);
      // Time spent in our own line or storage says nothing about the service.
      if (this.now() >= deadline) throw new JlisUnavailable('timeout', 'not_sent');
      const passage = circuit.enter(this.now());
      if (!passage) throw new JlisUnavailable('circuit_open');
      call.attempts++;
      try {
        const answer = await tlsExchange(call.message(line), within(deadline - this.now()));
        const parsed = readAnswer(call.row, answer);
        const fact = contradiction(parsed);
        if (fact !== undefined) throw malformed(fact);
        circuit.succeeded(passage);
        return parsed;
      } catch (error) {
        if (isFault(error)) circuit.failed(passage, this.now());
        else circuit.succeeded(passage);
        throw error;
      }
    } finally {
      release();
    }
  }
}

const NOT_ASKED: ReadonlySet<string> = new Set(['circuit_open', 'too_busy']);

/**
 * Whether the service is to be left alone for a while. Not for what may be due to the thing asked, such as a 500, a
 * garbled answer or a rate limit: otherwise one tenant's questions could close the service to all.
 */
function isFault(error: unknown): boolean {
  if (!(error instanceof JlisUnavailable)) return false;
  if (error.detail === 'http_status') return FAULTY_STATUS.has(error.fact);
  return error.detail === 'timeout' || error.detail === 'unreachable' || error.detail === 'tls_refused';
}

/** Shares of the time left: a connection that does not come about leaves time for another one. */
function within(remainingMs: number): TlsLimits {
  const totalTimeoutMs = Math.max(1, remainingMs);
  return {
    totalTimeoutMs,
    connectTimeoutMs: totalTimeoutMs / 4,
    idleTimeoutMs: totalTimeoutMs / 2,
    maxBytes: MAX_BODY_BYTES,
  };
}
