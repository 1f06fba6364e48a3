import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from './logger.js';
import { Thread, ThreadFailed, threadProgram } from './thread.js';

/** Answers with how many requests this thread has had; a thread runs no TypeScript, so it is written out. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
let count = 0;
parentPort.on('message', (message) => {
  if (message === 'stop') return parentPort.close();
  const { id, request } = message;
  if (request === 'die') process.exit(3);
  if (request === 'fail') return parentPort.postMessage({ kind: 'failure', id, error: { name: 'Planted', message: 'x' } });
  if (request === 'silence') return;
  parentPort.postMessage({ kind: 'part', id, value: workerData });
  parentPort.postMessage({ kind: 'answer', id, value: ++count });
});`;

let directory: string;
let program: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'shomei-thread-'));
  program = join(directory, 'program.cjs');
  writeFileSync(program, PROGRAM);
});
afterAll(() => rmSync(directory, { recursive: true }));

const start = (idleMs = 60_000): Thread<string, number, string> =>
  new Thread<string, number, string>({ program, data: 'given', logger: new Logger('test', 'silent'), idleMs });

describe('a thread', () => {
  it('answers, in parts first, with what it was started with', async () => {
    const thread = start();
    const parts: string[] = [];
    expect(await thread.ask('count', (part) => parts.push(part))).toBe(1);
    expect(await thread.ask('count')).toBe(2);
    expect(parts).toEqual(['given']);
    await thread.stop();
  });

  it('that fails a request goes on with the next', async () => {
    const thread = start();
    await expect(thread.ask('fail')).rejects.toMatchObject({ fault: { name: 'Planted' } });
    expect(await thread.ask('count')).toBe(1);
    await thread.stop();
  });

  it('that dies fails all it had not answered, and is replaced for the next request', async () => {
    const thread = start();
    const unanswered = thread.ask('silence');
    expect(await thread.ask('count')).toBe(1);
    const dying = thread.ask('die');
    await expect(dying).rejects.toBeInstanceOf(ThreadFailed);
    await expect(unanswered).rejects.toBeInstanceOf(ThreadFailed);
    expect(thread.load).toBe(0);
    expect(await thread.ask('count')).toBe(1);
    await thread.stop();
  });

  it('without work for a while ends, and another takes the next request', async () => {
    const thread = start(50);
    expect(await thread.ask('count')).toBe(1);
    expect(await thread.ask('count')).toBe(2);
    await sleep(200);
    expect(await thread.ask('count')).toBe(1);
    await thread.stop();
  });

  it('that was never asked has nothing to stop', async () => {
    await start().stop();
  });
});

describe('the program of a thread', () => {
  it.each([
    ['/app/dist/shared/thread-x.js', '/app/dist/libs/revocation/src/a.js'],
    ['/dist/libs/app/libs/platform/src/thread.ts', '/dist/libs/app/dist/libs/revocation/src/a.js'],
  ])('that %s starts is %s', (module, found) => {
    expect(threadProgram('revocation', 'a', module)).toBe(found);
  });
});
