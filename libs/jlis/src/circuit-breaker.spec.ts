import { describe, expect, it } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

const breaker = () => new CircuitBreaker({ failures: 3, openMs: 1_000 });
function fail(circuit: CircuitBreaker, times: number, now: number): void {
  for (let i = 0; i < times; i++) circuit.failed(circuit.enter(now)!, now);
}

describe('a circuit', () => {
  it('opens after the stated number of failures in a row and not before', () => {
    const circuit = breaker();
    fail(circuit, 2, 0);
    expect(circuit.state(0)).toBe('closed');
    fail(circuit, 1, 0);
    expect([circuit.state(0), circuit.admits(999), circuit.enter(999)]).toEqual(['open', false, undefined]);
  });
  it('counts only failures that no success interrupts', () => {
    const circuit = breaker();
    fail(circuit, 2, 0);
    circuit.succeeded(circuit.enter(0)!);
    fail(circuit, 2, 0);
    expect(circuit.state(0)).toBe('closed');
  });
  it('lets one call through when its time is over, and no second one beside it', () => {
    const circuit = breaker();
    fail(circuit, 3, 0);
    expect([circuit.state(1_000), circuit.enter(1_000)]).toEqual(['half_open', { probe: true }]);
    expect([circuit.admits(1_000), circuit.enter(5_000)]).toEqual([false, undefined]);
  });
  it('closes when that call succeeds', () => {
    const circuit = breaker();
    fail(circuit, 3, 0);
    circuit.succeeded(circuit.enter(1_000)!);
    expect([circuit.state(1_000), circuit.enter(1_000)]).toEqual(['closed', { probe: false }]);
  });
  it('opens for the whole time again when that call fails', () => {
    const circuit = breaker();
    fail(circuit, 3, 0);
    fail(circuit, 1, 1_200);
    expect([circuit.state(2_199), circuit.state(2_200)]).toEqual(['open', 'half_open']);
  });
  it('is not kept open by calls that were under way when it opened', () => {
    const circuit = breaker();
    const early = circuit.enter(0)!;
    fail(circuit, 3, 0);
    circuit.failed(early, 900);
    expect(circuit.state(1_000)).toBe('half_open');
  });
});
