import { describe, expect, it } from '@jest/globals';
import type { DueEndpoint } from '#lib/webhook';
import { admit, FAILING_LANES, LANES, TENANT_LANES } from './webhook-lanes.js';

let made = 0;
const endpoint = (tenantId = `tenant ${++made}`, failing = false): DueEndpoint => ({
  tenancy: { tenantId, mode: 'test' },
  id: `endpoint ${++made}`,
  failing,
});
const many = (n: number, make: () => DueEndpoint): DueEndpoint[] => Array.from({ length: n }, make);

describe('lanes of a process', () => {
  it('are no more than there are, with those that are busy', () => {
    const busy = many(LANES - 3, () => endpoint());
    expect(
      admit(
        many(10, () => endpoint()),
        busy,
      ),
    ).toHaveLength(3);
  });
  it('are never two for one endpoint', () => {
    const one = endpoint();
    expect(admit([one], [one])).toEqual([]);
  });
  it('go to one tenant up to its share, however many endpoints it has', () => {
    const other = endpoint();
    const due = [...many(20, () => endpoint('crowd')), other];
    const admitted = admit(due, []);
    expect(admitted).toHaveLength(TENANT_LANES + 1);
    expect(admitted).toContain(other);
  });
  it('are kept for endpoints that answer, however many do not', () => {
    const well = endpoint();
    const due = [...many(LANES * 2, () => endpoint(undefined, true)), well];
    const admitted = admit(due, []);
    expect(admitted).toHaveLength(FAILING_LANES + 1);
    expect(admitted).toContain(well);
  });
});
