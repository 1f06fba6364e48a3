import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const FOLDER = 'docs/images';
const MOST_OCTETS = 60_000;

describe('the pictures that the README shows', () => {
  it('are the committed ones, all of them, and small', () => {
    const shown = [...readFileSync('README.md', 'utf8').matchAll(/\]\(docs\/images\/([\w.-]+)\)/g)].map(
      ([, name]) => name!,
    );
    expect(shown.length).toBeGreaterThan(0);
    expect(readdirSync(FOLDER).sort()).toEqual(shown.sort());
    for (const name of shown) expect([name, statSync(join(FOLDER, name)).size <= MOST_OCTETS]).toEqual([name, true]);
  });
});
