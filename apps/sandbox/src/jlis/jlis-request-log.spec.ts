import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateStore } from '../state-store.js';
import { JlisRequestLog, type RequestEntry } from './jlis-request-log.js';

let directory: string;
const KEPT = 50;
const open = (): JlisRequestLog => new JlisRequestLog(new StateStore(directory), KEPT);
const entry = (change: Partial<RequestEntry> = {}): RequestEntry => ({
  service: 'counterparts',
  service_id: 'ten_a',
  request_id: '0193d5e0-0000-7000-8000-000000000000',
  at: '2026-11-23T00:00:00.000Z',
  outcome: 'found',
  metered: true,
  ...change,
});
const files = (): string[] => readdirSync(join(directory, 'jlis-requests'));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('requests and counts survive a restart', () => {
  const log = open();
  log.append(entry());
  log.append(entry());
  log.append(entry({ outcome: 'not_found', metered: false }));
  const again = open();
  expect(again.entries(10)).toEqual([entry(), entry(), entry({ outcome: 'not_found', metered: false })]);
  expect(again.totals).toEqual([
    { service: 'counterparts', service_id: 'ten_a', outcome: 'found', metered: true, requests: 2 },
    { service: 'counterparts', service_id: 'ten_a', outcome: 'not_found', metered: false, requests: 1 },
  ]);
});

test('a line torn by a crash is left out, and what comes after it is whole', () => {
  open().append(entry());
  appendFileSync(join(directory, 'jlis-requests', files()[0]!), '{"service":"count');
  open().append(entry({ outcome: 'not_found', metered: false }));
  expect(
    open()
      .entries(10)
      .map(({ outcome }) => outcome),
  ).toEqual(['found', 'not_found']);
});

test('old entries are dropped, their counts stay', () => {
  const log = open();
  const total = KEPT + 31;
  for (let i = 0; i < total; i++) log.append(entry());
  expect(files().length).toBeLessThanOrEqual(7);
  for (const opened of [log, open()]) {
    expect(opened.totals.map(({ requests }) => requests)).toEqual([total]);
    expect(opened.entries(Infinity).length).toBeGreaterThanOrEqual(KEPT);
    expect(opened.entries(Infinity).length).toBeLessThan(total);
  }
});

test('a reset forgets everything, for good', () => {
  const log = open();
  log.append(entry());
  log.reset();
  expect([log.totals, log.entries(10)]).toEqual([[], []]);
  log.append(entry({ service_id: 'ten_b' }));
  expect(open().totals.map(({ service_id }) => service_id)).toEqual(['ten_b']);
});
