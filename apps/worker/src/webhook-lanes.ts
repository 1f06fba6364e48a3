import type { DueEndpoint } from '#lib/webhook';

/** Endpoints that a process sends to at a time. */
export const LANES = 32;
/** Of these those that fail, which mostly wait, */
export const FAILING_LANES = 16;
/** and those of one tenant. */
export const TENANT_LANES = 4;

/**
 * Which due endpoints get a lane beside the busy ones, in the order given. Neither a tenant with many endpoints nor
 * receivers that do not answer can take all lanes.
 */
export function admit(due: readonly DueEndpoint[], busy: readonly DueEndpoint[]): DueEndpoint[] {
  const running = [...busy];
  const admitted: DueEndpoint[] = [];
  for (const endpoint of due) {
    if (running.length >= LANES) break;
    const { id, failing, tenancy } = endpoint;
    if (running.some((each) => each.id === id)) continue;
    if (failing && running.filter((each) => each.failing).length >= FAILING_LANES) continue;
    if (running.filter((each) => each.tenancy.tenantId === tenancy.tenantId).length >= TENANT_LANES) continue;
    running.push(endpoint);
    admitted.push(endpoint);
  }
  return admitted;
}
