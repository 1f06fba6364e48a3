import { describe, expect, it } from '@jest/globals';
import { parseProgramName, programName, VERSION } from './running-program.js';

describe('the name of a process’s connections', () => {
  it('fits what PostgreSQL keeps of a name, and says what runs since when', () => {
    const name = programName('worker');
    expect(name.length).toBeLessThanOrEqual(63);
    expect(parseProgramName(name)).toEqual({
      app: 'worker',
      version: VERSION,
      node: process.versions.node,
      startedAt: Math.floor(performance.timeOrigin),
    });
    expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
  });

  it.each([
    '',
    'psql',
    'shomei-snapshots',
    'shomei-api/1.0.0',
    'shomei-api/1.0.0 node/20.0.0 0',
    'x shomei-api/1 node/1 0-0000',
  ])('is none of ours: %j', (name) => expect(parseProgramName(name)).toBeUndefined());
});
