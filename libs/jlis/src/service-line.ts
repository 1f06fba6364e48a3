import { Agent } from 'node:https';
import { CallSlots } from './call-slots.js';
import { CircuitBreaker } from './circuit-breaker.js';
import type { JlisEndpoint } from './jlis-options.js';
import { SERVICE_NAMES, type ServiceName } from './service-contract.js';

/** Failures in a row, and a pause that ends before a person gives up. */
const CIRCUIT = { failures: 5, openMs: 10_000 };

/** All that leads to the services of one mode. Nothing of it is shared with the other mode. */
export interface ServiceLine {
  endpoint: JlisEndpoint;
  slots: CallSlots;
  circuits: ReadonlyMap<ServiceName, CircuitBreaker>;
  /** Keeps its connections. */
  kept: Agent;
  /** For metered calls: a kept connection that the other side has just closed would leave open whether it was sent. */
  fresh: Agent;
}

export function newServiceLine(endpoint: JlisEndpoint, connections: number): ServiceLine {
  const tls = {
    cert: endpoint.certificate,
    key: endpoint.key,
    // Instead of, not besides, the public authorities.
    ca: endpoint.authorities,
    minVersion: 'TLSv1.2' as const,
    // Stated, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) could say otherwise.
    rejectUnauthorized: true,
    maxSockets: connections,
  };
  const perParty = Math.ceil(connections / 4);
  return {
    endpoint,
    slots: new CallSlots({
      total: connections,
      perParty,
      waiting: connections * 4,
      waitingPerParty: perParty * 2,
    }),
    circuits: new Map(SERVICE_NAMES.map((service) => [service, new CircuitBreaker(CIRCUIT)])),
    kept: new Agent({ ...tls, keepAlive: true }),
    fresh: new Agent({ ...tls, keepAlive: false }),
  };
}
